//! What tools do with an engine.

use std::path::Path;

use super::{BuildRequest, Engine, EngineError, ImageFacts, RunRequest, Visitor};
use crate::console::Console;
use crate::process::Exit;

impl Engine {
    /// What the engine knows of `image` (a name or an id); `None` if it has no such image.
    ///
    /// # Errors
    /// The engine failed, or its answer makes no sense.
    pub fn inspect(&self, _image: &str, _console: &Console) -> Result<Option<ImageFacts>, EngineError> {
        todo!()
    }

    /// Builds an image; each line that the engine prints goes to `sink`. A status other than 0 is
    /// no error here.
    ///
    /// # Errors
    /// The engine cannot be run, or we were told to stop.
    pub fn build(
        &self,
        _request: &BuildRequest,
        _console: &Console,
        _sink: &mut dyn FnMut(&[u8]),
    ) -> Result<Exit, EngineError> {
        todo!()
    }

    /// Runs a command in a fresh container, named and labelled so that it is removed also when we
    /// are stopped; each line it prints goes to `sink`. The exit is the command's own.
    ///
    /// # Errors
    /// The engine cannot be run, or we were told to stop.
    pub fn run(
        &self,
        _request: &RunRequest,
        _console: &Console,
        _sink: &mut dyn FnMut(&[u8]),
    ) -> Result<Exit, EngineError> {
        todo!()
    }

    /// Shows `visit` each file below `path` of `image`, without running the image.
    ///
    /// # Errors
    /// The image or the path is not there, the engine failed, or `visit` did.
    pub fn read_tree(
        &self,
        _image: &str,
        _path: &str,
        _console: &Console,
        _visit: Visitor<'_>,
    ) -> Result<(), EngineError> {
        todo!()
    }

    /// Shows `visit` each file of the whole `image`, without running it.
    ///
    /// # Errors
    /// As [`Self::read_tree`].
    pub fn read_all(&self, _image: &str, _console: &Console, _visit: Visitor<'_>) -> Result<(), EngineError> {
        todo!()
    }

    /// Writes `image` to `file` as an archive whose configuration blob is byte for byte that of the
    /// image, so that its digest is the image's id: a docker archive from docker, an OCI archive
    /// from podman and buildah.
    ///
    /// # Errors
    /// The image is not there, or the engine failed.
    pub fn save(&self, _image: &str, _file: &Path, _console: &Console) -> Result<(), EngineError> {
        todo!()
    }

    /// Gives `image` the further name `name`.
    ///
    /// # Errors
    /// The engine failed.
    pub fn tag(&self, _image: &str, _name: &str, _console: &Console) -> Result<(), EngineError> {
        todo!()
    }

    /// Removes the name `image`, and the image if it was its last.
    ///
    /// # Errors
    /// The engine failed.
    pub fn remove_image(&self, _image: &str, _console: &Console) -> Result<(), EngineError> {
        todo!()
    }

    /// Fetches `reference` from its registry; each line printed goes to `sink`.
    ///
    /// # Errors
    /// The engine cannot be run, or we were told to stop.
    pub fn pull(
        &self,
        _reference: &str,
        _console: &Console,
        _sink: &mut dyn FnMut(&[u8]),
    ) -> Result<Exit, EngineError> {
        todo!()
    }

    /// Makes an image `tag` of one layer from a root file system in the tar file `archive`.
    ///
    /// # Errors
    /// The engine failed.
    pub fn import(&self, _archive: &Path, _tag: &str, _console: &Console) -> Result<(), EngineError> {
        todo!()
    }
}
