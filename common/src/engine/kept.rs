//! Names that somebody else will give to other images for a while.

use super::{Engine, EngineError, TemporaryImage};
use crate::console::Console;
use crate::process;

/// Names, and the images that they mean now: they will mean these again when this is dropped, also after we
/// were told to stop. A name that means nothing now will mean nothing then.
#[derive(Debug)]
pub struct KeptNames<'a> {
    engine: &'a Engine,
    console: &'a Console,
    /// Each name, and a further one that keeps its image meanwhile.
    names: Vec<(String, Option<TemporaryImage<'a>>)>,
}

impl<'a> KeptNames<'a> {
    /// Keeps `names`; the further names begin with `prefix`.
    ///
    /// # Errors
    /// The engine failed. What was kept so far is let go.
    pub fn keep(
        names: &[String],
        prefix: &str,
        engine: &'a Engine,
        console: &'a Console,
    ) -> Result<Self, EngineError> {
        let mut kept = Self { engine, console, names: Vec::new() };
        for name in names {
            let stands = engine.inspect(name, console)?.is_some();
            let further = stands.then(|| TemporaryImage::new(prefix, engine, console));
            if let Some(further) = &further {
                engine.tag(name, further.name(), console)?;
            }
            kept.names.push((name.clone(), further));
        }
        Ok(kept)
    }
}

impl Drop for KeptNames<'_> {
    fn drop(&mut self) {
        for (name, further) in &self.names {
            // What it means now goes unless it has another name: else it would stay without any.
            _ = process::text(&self.engine.remove_image_call(name).cleanup(), self.console);
            let Some(further) = further else { continue };
            let call = self.engine.tag_call(further.name(), name);
            if let Err(error) = process::text(&call.cleanup(), self.console) {
                self.console.warn(format_args!("{name} means another image now: {error}"));
            }
        }
    }
}
