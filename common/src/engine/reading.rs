//! The files of an image, one by one as they pass by.

use std::ffi::OsStr;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::answer;
use super::archive::{self, Content};
use super::container::Container;
use super::mounted::Look;
use super::podman;
use super::{Engine, EngineError, Kind, Visitor};
use super::{buildah, docker, mounted};
use crate::console::Console;
use crate::process::{self, Invocation, ProcessError};

impl Engine {
    /// Shows `visit` each file below `path` of `image`, without running the image. If `path` is
    /// itself a file, that is shown under its own name; if it is a link, what it leads to.
    ///
    /// # Errors
    /// The image or the path is not there, the engine failed, or `visit` did.
    pub fn read_tree(
        &self,
        image: &str,
        path: &str,
        console: &Console,
        visit: Visitor<'_>,
    ) -> Result<(), EngineError> {
        let container = self.container_of(image, console)?;
        let no_path = || EngineError::NoPath { image: image.to_owned(), path: path.to_owned() };
        let call = match self.kind {
            Kind::Docker => docker::copy_out(self, container.name(), path),
            Kind::Podman => podman::copy_out(self, container.name(), path),
            Kind::Buildah if is_root() => {
                let root = self.mount(&container, console)?;
                let top = mounted::resolve(&root, path, &mut mounted::look);
                let top = top.map_err(|e| unreadable(image, e))?.ok_or_else(no_path)?;
                return mounted::walk(&top, false, visit).map_err(|e| unreadable(image, e));
            }
            Kind::Buildah => {
                let root = self.mount_unshared(&container, console)?;
                let mut look = |path: &Path| self.look_unshared(&container, path, console);
                let top = mounted::resolve(&root, path, &mut look)?.ok_or_else(no_path)?;
                let (dir, file) = podman::split(&top);
                buildah::tar_unshared(self, container.name(), dir, file)
            }
        };
        let read = stream_of(&call, image, console, &mut |stream| {
            archive::walk(stream, Content::Below, &mut *visit)
        });
        read.map_err(|error| match error {
            EngineError::Call(ProcessError::Failed { stderr, .. }) if answer::is_no_path(&stderr) => {
                no_path()
            }
            error => error,
        })
    }

    /// Shows `visit` each file of the whole `image`, without running it. Empty files that engines
    /// put into every container (`/etc/hosts` and the like) are not shown.
    ///
    /// # Errors
    /// As [`Self::read_tree`].
    pub fn read_all(&self, image: &str, console: &Console, visit: Visitor<'_>) -> Result<(), EngineError> {
        let container = self.container_of(image, console)?;
        let call = match self.kind {
            Kind::Docker | Kind::Podman => docker::export(self, container.name()),
            Kind::Buildah if is_root() => {
                let root = self.mount(&container, console)?;
                return mounted::walk(&root, true, visit).map_err(|e| unreadable(image, e));
            }
            Kind::Buildah => {
                let root = self.mount_unshared(&container, console)?;
                buildah::tar_unshared(self, container.name(), &root, OsStr::new("."))
            }
        };
        stream_of(&call, image, console, &mut |stream| archive::walk(stream, Content::Root, &mut *visit))
    }

    /// A container of `image` that is not started.
    pub(super) fn container_of<'a>(
        &'a self,
        image: &str,
        console: &'a Console,
    ) -> Result<Container<'a>, EngineError> {
        let container = Container::new(self, console);
        let made = process::text(&self.create_call(image, container.name()), console);
        self.needing(image, made, console)?;
        Ok(container)
    }

    fn mount(&self, container: &Container<'_>, console: &Console) -> Result<PathBuf, EngineError> {
        Ok(process::text(&buildah::mount(self, container.name()), console)?.into())
    }

    fn mount_unshared(&self, container: &Container<'_>, console: &Console) -> Result<PathBuf, EngineError> {
        Ok(process::text(&buildah::mount_unshared(self, container.name()), console)?.into())
    }

    fn look_unshared(
        &self,
        container: &Container<'_>,
        path: &Path,
        console: &Console,
    ) -> Result<Look, EngineError> {
        let call = buildah::look_unshared(self, container.name(), path);
        let captured = process::capture(&call, console)?;
        if captured.exit.is_success() {
            return Ok(answer::look(&captured.stdout));
        }
        if answer::is_no_file(&String::from_utf8_lossy(&captured.stderr)) {
            return Ok(Look::Missing);
        }
        Err(call.failed(&captured).into())
    }
}

fn stream_of(
    call: &Invocation,
    image: &str,
    console: &Console,
    consume: &mut dyn FnMut(&mut dyn Read) -> std::io::Result<()>,
) -> Result<(), EngineError> {
    process::read(call, console, &mut |stream| consume(stream).map_err(|e| unreadable(image, e)))
}

/// Buildah shows its containers' files to root alone; everybody else sees their own in a name space.
fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

fn unreadable(image: &str, source: std::io::Error) -> EngineError {
    EngineError::Archive { image: image.to_owned(), source }
}
