//! `image-freeze copy`: files out of an image, through a container that is never started and always
//! removed (D19).

mod landing;
mod writer;

use std::io::Read;
use std::path::Path;

use common::console::Console;
use common::engine::FileEntry;
use common::fault::Status;
use common::session::Session;

use crate::args::CopyArgs;
use crate::error::Error;
use crate::image;
use landing::{Landing, Source};
use writer::Writer;

/// Copies.
///
/// # Errors
/// The image or the path is not there, or it cannot be written.
pub(crate) fn run(args: &CopyArgs, console: &Console) -> Result<Status, Error> {
    let session = Session::open("image-freeze copy", &args.place.shared(), console)?;
    let settings = &session.document.settings;
    let source = Source::new(&args.source);
    // What is wrong with DEST is found before the engine is asked.
    let landing = Landing::look_at(&args.dest)?;
    let engine = image::engine(args.image.as_deref(), &session, console)?;
    engine.sweep_containers(console)?;
    let image = args.image.clone().unwrap_or_else(|| settings.notebook_id());
    let mut writer = Writer::new(&source, &landing);
    let mut visit = |entry: &FileEntry<'_>, content: &mut dyn Read| writer.take(entry, content);
    let read = engine.read_tree(&image, source.path(), console, &mut visit);
    let copied = writer.finish(read)?;
    for (path, reason) in &copied.left_out {
        console.warn(format_args!("{} is left out: {reason}", Path::new(source.path()).join(path).display()));
    }
    let files = if copied.files == 1 { "file" } else { "files" };
    let (count, to) = (copied.files, copied.to.display());
    console.status(format_args!("copied {count} {files} of {image}:{} to {to}", source.path()));
    Ok(Status::Done)
}
