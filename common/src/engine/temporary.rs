//! An image that is needed for a while only.

use super::Engine;
use super::container::fresh_name;
use crate::console::Console;
use crate::process;

/// The name of an image about to be made, which is removed when dropped, also after we were told to
/// stop: with the name goes the image, if nothing else was built upon it.
#[derive(Debug)]
pub struct TemporaryImage<'a> {
    engine: &'a Engine,
    console: &'a Console,
    name: String,
}

impl<'a> TemporaryImage<'a> {
    /// A name that no other image has: `PREFIX-…`. Guarded from before the image is there.
    #[must_use]
    pub fn new(prefix: &str, engine: &'a Engine, console: &'a Console) -> Self {
        Self { engine, console, name: format!("{prefix}-{}", fresh_name()) }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for TemporaryImage<'_> {
    fn drop(&mut self) {
        let looked = process::capture(&self.engine.inspect_call(&self.name).cleanup(), self.console);
        if looked.is_ok_and(|captured| captured.exit.is_success()) {
            let call = self.engine.remove_image_call(&self.name).cleanup();
            let removed = process::text(&call, self.console);
            if let Err(error) = removed {
                self.console.warn(format_args!("the temporary image {} is left: {error}", self.name));
            }
        }
    }
}
