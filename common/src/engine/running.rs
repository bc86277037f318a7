//! Commands in fresh containers.

use std::io::IsTerminal as _;

use super::answer;
use super::container::Container;
use super::podman::{self, Quirk};
use super::{Engine, EngineError, Kind, RunRequest};
use super::{buildah, docker};
use crate::console::Console;
use crate::process::{self, Exit, Input, Invocation};

impl Engine {
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
}
