//! Which image a run is about: by its id, because a name can move between two steps of a release.

use common::console::Console;
use common::engine::{self, Engine, EngineError};
use common::evidence::Store;
use common::report::ImageIdentity;
use common::session::Session;
use common::subject::{self, Subject};

use crate::error::Error;

/// The image `named` on the command line; else the one that the document's last image-build made;
/// else the one last built in this clone; else what the mission's tag names.
///
/// # Errors
/// It is not there, or the engine failed.
pub(crate) fn find(
    named: Option<&str>,
    session: &Session,
    store: &Store,
    (engine, console): (&Engine, &Console),
) -> Result<ImageIdentity, Error> {
    let image = match Subject::of(named, &session.document, store)? {
        Subject::Recorded(image) => image,
        Subject::Named(name) => {
            let facts = engine.inspect(&name, console)?;
            let engine = engine.to_string();
            let facts = facts.ok_or_else(|| EngineError::NoImage { image: name.clone(), engine })?;
            return Ok(ImageIdentity { name, id: facts.id });
        }
    };
    confirm(&image, engine, console)?;
    Ok(image)
}

/// The engine that has the image which [`find`] finds.
///
/// # Errors
/// There is none that works, or the note of the last build is damaged.
pub(crate) fn engine(named: Option<&str>, session: &Session, console: &Console) -> Result<Engine, Error> {
    let document = &session.document;
    let store = Store::in_state(&document.settings.state_dir());
    let context = subject::context(named, document, &store)?;
    Ok(engine::choose_in(context.as_deref(), document.settings.engine, console)?)
}

/// The recorded image must still be there. If its name has moved on, the user is told.
fn confirm(image: &ImageIdentity, engine: &Engine, console: &Console) -> Result<(), Error> {
    let ImageIdentity { name, id } = image;
    let now = engine.inspect(name, console)?.map(|facts| facts.id);
    if now.as_ref() == Some(id) {
        return Ok(());
    }
    if engine.inspect(id.as_str(), console)?.is_none() {
        return Err(Error::Gone { name: name.clone(), id: id.clone(), engine: engine.to_string() });
    }
    let now = now.map_or("nothing".to_owned(), |id| id.short().to_owned());
    console.warn(format_args!("{name} names {now} now; what was built here, {}, is read", id.short()));
    Ok(())
}
