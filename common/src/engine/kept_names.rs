//! Names that are given away for a while.

use super::{Engine, EngineError, answer};
use crate::console::Console;
use crate::digest::Digest;
use crate::process;

/// What names meant: they mean it again when this is dropped, also after we were told to stop. A name that
/// meant nothing keeps what it was given.
#[derive(Debug)]
pub struct KeptNames<'a> {
    engine: &'a Engine,
    console: &'a Console,
    before: Vec<(String, Digest)>,
}

impl<'a> KeptNames<'a> {
    /// Notes what `names` mean now.
    ///
    /// # Errors
    /// The engine failed.
    pub fn of(names: &[String], engine: &'a Engine, console: &'a Console) -> Result<Self, EngineError> {
        let mut before = Vec::new();
        for name in names {
            if let Some(facts) = engine.inspect(name, console)? {
                before.push((name.clone(), facts.id));
            }
        }
        Ok(Self { engine, console, before })
    }

    /// Whether `name` still means `id`.
    fn still(&self, name: &str, id: &Digest) -> bool {
        let call = self.engine.inspect_call(name);
        let looked = process::capture(&call.clone().cleanup(), self.console).ok();
        let told = looked.filter(|captured| captured.exit.is_success());
        let image = told.and_then(|told| answer::image(self.engine.kind, &call, &told.text()).ok());
        image.is_some_and(|image| image.facts.id == *id)
    }
}

impl Drop for KeptNames<'_> {
    fn drop(&mut self) {
        for (name, id) in &self.before {
            if self.still(name, id) {
                continue;
            }
            let call = self.engine.tag_call(id.as_str(), name).cleanup();
            if let Err(error) = process::text(&call, self.console) {
                self.console.warn(format_args!("{name} meant {id} before, and does not again: {error}"));
            }
        }
    }
}
