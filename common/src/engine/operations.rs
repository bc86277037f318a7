//! What tools do with an engine.

use std::ffi::OsStr;
use std::io::{IsTerminal as _, Read};
use std::path::{Path, PathBuf};

use super::answer::{self, Image};
use super::archive::{self, Content};
use super::container::Container;
use super::mounted::Look;
use super::podman::{self, Quirk};
use super::{BuildRequest, Engine, EngineError, ImageFacts, Kind, RunRequest, Visitor};
use super::{buildah, docker, mounted};
use crate::console::Console;
use crate::digest::Digest;
use crate::process::{self, Exit, Input, Invocation, ProcessError};

impl Engine {
    /// What the engine knows of `image` (a name or an id); `None` if it has no such image.
    ///
    /// # Errors
    /// The engine failed, or its answer makes no sense.
    pub fn inspect(&self, image: &str, console: &Console) -> Result<Option<ImageFacts>, EngineError> {
        Ok(self.look_at(image, console)?.map(|image| image.facts))
    }

    pub(super) fn look_at(&self, image: &str, console: &Console) -> Result<Option<Image>, EngineError> {
        let call = self.inspect_call(image);
        let captured = process::capture(&call, console)?;
        if captured.exit.is_success() {
            return answer::image(self.kind, &call, &captured.text()).map(Some);
        }
        if answer::is_no_image(&String::from_utf8_lossy(&captured.stderr)) {
            return Ok(None);
        }
        Err(call.failed(&captured).into())
    }

    /// The ids of `images`, in their order, in one call if all are there.
    ///
    /// # Errors
    /// The engine failed, or its answer makes no sense.
    pub fn ids(&self, images: &[&str], console: &Console) -> Result<Vec<Option<Digest>>, EngineError> {
        let captured = process::capture(&self.ids_call(images), console)?;
        if captured.exit.is_success()
            && let Some(ids) = answer::ids(self.kind, images, &captured.text())
        {
            return Ok(ids);
        }
        let id = |image: &&str| Ok(self.inspect(image, console)?.map(|facts| facts.id));
        images.iter().map(id).collect()
    }

    /// Whether `--progress=rawjson` makes a build tell its progress as JSON: its help says so. An engine
    /// that cannot be asked has none.
    #[must_use]
    pub fn has_raw_progress(&self, console: &Console) -> bool {
        if self.kind != Kind::Docker || self.is_legacy() {
            return false;
        }
        let call = self.call().args(["buildx", "build", "--help"]);
        process::capture(&call, console)
            .is_ok_and(|told| told.exit.is_success() && told.text().contains("rawjson"))
    }

    /// Builds an image; each line that the engine prints goes to `sink`. A status other than 0 is
    /// no error here.
    ///
    /// # Errors
    /// The engine cannot be run, or we were told to stop.
    pub fn build(
        &self,
        request: &BuildRequest,
        console: &Console,
        sink: &mut dyn FnMut(&[u8]),
    ) -> Result<Exit, EngineError> {
        Ok(process::stream(&self.build_call(request), console, sink)?)
    }

    /// Runs a command in a fresh container, named and labelled so that it is removed also when we
    /// are stopped; each line it prints goes to `sink`. The exit is the command's own.
    ///
    /// # Errors
    /// The engine cannot be run, the request's time limit passed, or we were told to stop. Buildah:
    /// there is no such image; docker and podman say so themselves and end with 125.
    pub fn run(
        &self,
        request: &RunRequest,
        console: &Console,
        sink: &mut dyn FnMut(&[u8]),
    ) -> Result<Exit, EngineError> {
        let container = Container::new(self, console);
        let call = self.detached_call(request, &container, console)?;
        let call = match request.limit {
            None => call,
            Some(limit) => call.limit(limit),
        };
        Ok(match self.kind {
            Kind::Docker | Kind::Podman => process::stream(&call, console, sink)?,
            Kind::Buildah => process::stream(&call, console, &mut buildah::without_epilogue(sink))?,
        })
    }

    /// As [`Self::run`], with both of the command's output streams as ours, byte for byte. It reads
    /// our standard input if the request's own words ask for that (`-i`), and nothing otherwise.
    ///
    /// # Errors
    /// As [`Self::run`]; there is no time limit.
    pub fn run_through(&self, request: &RunRequest, console: &Console) -> Result<Exit, EngineError> {
        let container = Container::new(self, console);
        let call = self.detached_call(request, &container, console)?;
        let reads = ["-i", "-t", "-it", "-ti", "--interactive", "--tty"];
        if request.words.iter().any(|word| reads.contains(&word.as_str())) {
            return Ok(process::attach(&call.input(Input::Ours), console)?);
        }
        Ok(process::pass(&call, console)?)
    }

    fn detached_call(
        &self,
        request: &RunRequest,
        container: &Container<'_>,
        console: &Console,
    ) -> Result<Invocation, EngineError> {
        Ok(match self.kind {
            Kind::Docker => docker::run(self.call(), request, container.name()),
            Kind::Podman => {
                let quirk = self.podman_quirk(&request.image, console)?;
                podman::run(self, request, container.name(), &quirk)
            }
            Kind::Buildah => {
                let command = self.working_container(request, container, console)?;
                buildah::run(self, request, container.name(), &command)
            }
        })
    }

    /// As [`Self::run`], on our own three streams: for a person's shell. The container gets a
    /// terminal if our standard input is one.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub fn run_attached(&self, request: &RunRequest, console: &Console) -> Result<Exit, EngineError> {
        let container = Container::new(self, console);
        let tty = std::io::stdin().is_terminal();
        let call = match self.kind {
            Kind::Docker => docker::run_attached(self.call(), request, container.name(), tty),
            Kind::Podman => {
                let quirk = self.podman_quirk(&request.image, console)?;
                podman::run_attached(self, request, container.name(), &quirk, tty)
            }
            Kind::Buildah => {
                let command = self.working_container(request, &container, console)?;
                if tty {
                    buildah::run_attached(self, request, container.name(), &command)
                } else {
                    buildah::run(self, request, container.name(), &command)
                }
            }
        };
        Ok(process::attach(&call.input(Input::Ours), console)?)
    }

    /// What podman needs to run a container here, found by trying on the image itself.
    fn podman_quirk(&self, image: &str, console: &Console) -> Result<Quirk, EngineError> {
        for quirk in Quirk::all() {
            let trial = Container::new(self, console);
            let captured = process::capture(&podman::try_run(self, image, trial.name(), &quirk), console)?;
            // Any other complaint, such as an image without `true`, is for the real run to make.
            if captured.exit.is_success()
                || !answer::is_podman_quirk(&String::from_utf8_lossy(&captured.stderr))
            {
                return Ok(quirk);
            }
        }
        Ok(Quirk::None)
    }

    /// Makes buildah's working container for `request`, and gives the whole command to run in it.
    fn working_container(
        &self,
        request: &RunRequest,
        container: &Container<'_>,
        console: &Console,
    ) -> Result<Vec<String>, EngineError> {
        let Some(image) = self.look_at(&request.image, console)? else {
            return Err(self.no_image(&request.image));
        };
        for switch in buildah::left_out(request) {
            console.warn(format_args!("buildah cannot do what {switch} asks for; it is left out"));
        }
        process::text(&self.create_call(&request.image, container.name()), console)?;
        let words = if request.command.is_empty() { &image.config.cmd } else { &request.command };
        Ok([image.config.entrypoint.as_slice(), words.as_slice()].concat())
    }

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

    /// Writes `image` to `file` as an archive whose configuration blob is byte for byte that of the
    /// image, so that its digest is the image's id: a docker archive, or from podman and buildah an
    /// OCI archive if the image has that form.
    ///
    /// # Errors
    /// The image is not there, or the engine failed.
    pub fn save(&self, image: &str, file: &Path, console: &Console) -> Result<(), EngineError> {
        let Some(Image { form, .. }) = self.look_at(image, console)? else {
            return Err(self.no_image(image));
        };
        process::text(&self.save_call(image, file, form), console)?;
        Ok(())
    }

    /// Gives `image` the further name `name`.
    ///
    /// # Errors
    /// The image is not there, or the engine failed.
    pub fn tag(&self, image: &str, name: &str, console: &Console) -> Result<(), EngineError> {
        let tagged = process::text(&self.tag_call(image, name), console);
        self.needing(image, tagged, console)
    }

    /// Removes the name `image`, and the image if it was its last.
    ///
    /// # Errors
    /// The image is not there, or the engine failed.
    pub fn remove_image(&self, image: &str, console: &Console) -> Result<(), EngineError> {
        let removed = process::text(&self.remove_image_call(image), console);
        self.needing(image, removed, console)
    }

    /// Fetches `reference` from its registry; each line printed goes to `sink`.
    ///
    /// # Errors
    /// The engine cannot be run, or we were told to stop.
    pub fn pull(
        &self,
        reference: &str,
        console: &Console,
        sink: &mut dyn FnMut(&[u8]),
    ) -> Result<Exit, EngineError> {
        Ok(process::stream(&self.pull_call(reference), console, sink)?)
    }

    /// Makes an image `tag` of one layer from a root file system in the tar file `archive`.
    ///
    /// # Errors
    /// The engine failed.
    pub fn import(&self, archive: &Path, tag: &str, console: &Console) -> Result<(), EngineError> {
        if self.kind != Kind::Buildah {
            process::text(&docker::import(self, archive, tag), console)?;
            return Ok(());
        }
        let container = Container::new(self, console);
        for call in buildah::import(self, archive, tag, container.name()) {
            process::text(&call, console)?;
        }
        Ok(())
    }

    /// Makes a failure plain whose cause is that `image` is not there. The engine is asked, because
    /// each says it in other words.
    fn needing<T>(
        &self,
        image: &str,
        result: Result<T, ProcessError>,
        console: &Console,
    ) -> Result<(), EngineError> {
        match result {
            Ok(_) => Ok(()),
            Err(error @ ProcessError::Failed { .. }) => match self.inspect(image, console)? {
                Some(_) => Err(error.into()),
                None => Err(self.no_image(image)),
            },
            Err(error) => Err(error.into()),
        }
    }

    pub(super) fn no_image(&self, image: &str) -> EngineError {
        EngineError::NoImage { image: image.to_owned(), engine: self.to_string() }
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

#[cfg(test)]
mod tests;
