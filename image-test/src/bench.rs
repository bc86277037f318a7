//! What a run needs, made ready before it, so that nothing is found missing after it.

use common::cli::WaiverArgs;
use common::console::Console;
use common::deployment::Deployment;
use common::document::Document;
use common::engine::{self, Engine};
use common::evidence::Store;
use common::report::ImageIdentity;
use common::session::Session;
use common::settings::Settings;
use common::state_dir::StateDir;
use common::subject::{self, Subject};
use common::waiver::MissionWaivers;

use crate::error::Error;
use crate::image;
use crate::specs::{self, Spec};

/// The engine, the clone's own directory, and what the repository asks for.
#[derive(Debug)]
pub(crate) struct Bench<'a> {
    pub(crate) console: &'a Console,
    pub(crate) settings: Settings,
    pub(crate) engine: Engine,
    pub(crate) store: Store,
    pub(crate) state: StateDir,
    pub(crate) specs: Vec<Spec>,
    /// The failures that are known and accepted.
    pub(crate) waivers: MissionWaivers,
}

impl<'a> Bench<'a> {
    /// Makes everything ready.
    pub(crate) fn set_up(
        (typed, waivers): (Option<&str>, WaiverArgs),
        document: &Document,
        console: &'a Console,
    ) -> Result<Self, Error> {
        let settings = &document.settings;
        let waivers = waivers.of(&settings.deployment())?;
        let state = StateDir::open(&settings.root)?;
        let specs = asked_for(&settings.deployment(), console)?;
        let store = Store::in_state(state.path());
        let context = subject::context(typed, document, &store)?;
        let engine = engine::choose_in(context.as_deref(), settings.engine, console)?;
        engine.sweep_containers(console)?;
        Ok(Self { console, settings: settings.clone(), engine, store, state, specs, waivers })
    }

    /// The image to test, as it is in the engine. Warns if its name stands for another one by now.
    pub(crate) fn image(&self, typed: Option<&str>, session: &mut Session) -> Result<ImageIdentity, Error> {
        match image::meant(typed, &session.document, &self.store)? {
            Subject::Named(name) => match self.engine.inspect(&name, self.console)? {
                Some(facts) => Ok(ImageIdentity { name, id: facts.id }),
                None => Err(Error::NoImage { name, engine: self.engine.to_string() }),
            },
            Subject::Recorded(image) => {
                if self.engine.inspect(image.id.as_str(), self.console)?.is_none() {
                    return Err(Error::Gone { image, engine: self.engine.to_string() });
                }
                self.warn_if_moved(&image, session)?;
                Ok(image)
            }
        }
    }

    fn warn_if_moved(&self, image: &ImageIdentity, session: &mut Session) -> Result<(), Error> {
        let other = match self.engine.inspect(&image.name, self.console)? {
            Some(now) if now.id == image.id => return Ok(()),
            Some(now) => format!("stands for another image now ({})", now.id.short()),
            None => "stands for no image any more".to_owned(),
        };
        let (name, id) = (&image.name, image.id.short());
        let text = format!("the name {name} {other}; the image that was built ({id}) is the one tested");
        self.console.warn(&text);
        session.note(text);
        Ok(())
    }
}

/// What the repository asks to be tested. A repository without environments asks for nothing, which
/// is worth a word: then nothing can be found missing.
fn asked_for(deployment: &Deployment, console: &Console) -> Result<Vec<Spec>, Error> {
    let dir = deployment.environments_dir();
    if !dir.is_dir() {
        console.notice(format_args!("{} is not there: what should be tested is not known", dir.display()));
        return Ok(Vec::new());
    }
    Ok(specs::read(deployment)?)
}
