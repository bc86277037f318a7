//! Which call an engine gets for what is asked: the three side by side.

use std::path::Path;

use super::answer::Form;
use super::{BuildRequest, Engine, Kind, buildah, docker, podman};
use crate::process::Invocation;

/// `call` in the docker context `context`. A variable that names a daemon would go before it.
pub(super) fn within(call: Invocation, context: Option<&str>) -> Invocation {
    match context {
        Some(context) => call.env("DOCKER_CONTEXT", context).env("DOCKER_HOST", ""),
        None => call,
    }
}

impl Engine {
    /// Whether this is docker with its old builder, which has no cache mounts and no secrets.
    #[must_use]
    pub fn is_legacy(&self) -> bool {
        self.kind == Kind::Docker && !self.capabilities.cache_mounts
    }

    /// The program alone.
    pub(super) fn call(&self) -> Invocation {
        within(Invocation::new(self.program.as_os_str()), self.context.as_deref())
    }

    /// The call that [`Self::build`] makes, for plans.
    #[must_use]
    pub fn build_call(&self, request: &BuildRequest) -> Invocation {
        match self.kind {
            Kind::Docker => docker::build(self, request),
            Kind::Podman => podman::build(self, request),
            Kind::Buildah => buildah::build(self, request),
        }
    }

    pub(super) fn inspect_call(&self, image: &str) -> Invocation {
        match self.kind {
            Kind::Docker | Kind::Podman => docker::inspect(self, image),
            Kind::Buildah => buildah::inspect(self, image),
        }
    }

    /// Asks for the ids of `images` at once.
    pub(super) fn ids_call(&self, images: &[&str]) -> Invocation {
        match self.kind {
            Kind::Docker | Kind::Podman => docker::inspect_all(self, images),
            Kind::Buildah => buildah::images(self),
        }
    }

    /// Makes a container that is not started.
    pub(super) fn create_call(&self, image: &str, name: &str) -> Invocation {
        match self.kind {
            Kind::Docker | Kind::Podman => docker::create(self, image, name),
            Kind::Buildah => buildah::from(self, image, name),
        }
    }

    pub(super) fn remove_call(&self, name: &str) -> Invocation {
        match self.kind {
            Kind::Docker | Kind::Podman => docker::remove(self, name),
            Kind::Buildah => self.call().args(["rm", name]).cleanup(),
        }
    }

    /// What must come before the removal of a container that runs: podman asks it to end, and gives
    /// it ten seconds, before it does what docker does at once.
    pub(super) fn kill_call(&self, name: &str) -> Option<Invocation> {
        (self.kind == Kind::Podman).then(|| self.call().args(["kill", name]).cleanup())
    }

    pub(super) fn list_call(&self) -> Invocation {
        match self.kind {
            Kind::Docker | Kind::Podman => docker::list(self),
            Kind::Buildah => buildah::list(self),
        }
    }

    pub(super) fn save_call(&self, image: &str, file: &Path, form: Form) -> Invocation {
        match self.kind {
            Kind::Docker => docker::save(self, image, file),
            Kind::Podman => podman::save(self, image, file, form),
            Kind::Buildah => buildah::save(self, image, file, form),
        }
    }

    pub(super) fn tag_call(&self, image: &str, name: &str) -> Invocation {
        self.call().args(["tag", image, name])
    }

    pub(super) fn remove_image_call(&self, image: &str) -> Invocation {
        self.call().args(["rmi", image])
    }

    pub(super) fn pull_call(&self, reference: &str) -> Invocation {
        self.call().args(["pull", reference])
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::{Capabilities, Mount, RunRequest};
    use super::*;
    use crate::shell::split_unquoted;

    /// An engine of `kind` whose program is its bare name, so that calls read well.
    pub(in super::super) fn engine(kind: Kind) -> Engine {
        let (program, empty_copy) = match kind {
            Kind::Docker => ("docker", true),
            Kind::Podman => ("podman", false),
            Kind::Buildah => ("buildah", false),
        };
        let capabilities = Capabilities { cache_mounts: true, secrets: true, empty_copy };
        Engine { kind, program: program.into(), version: "1".to_owned(), capabilities, context: None }
    }

    pub(in super::super) fn build_request() -> BuildRequest {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        BuildRequest {
            context: "/r/deployments/common".into(),
            dockerfile: "Dockerfile.cached".to_owned(),
            tag: "notebook-common".to_owned(),
            words: split_unquoted(
                "--rm --force-rm --build-arg OWNER=spacetelescope --build-arg REGISTRY= --progress plain \
                 --platform linux/amd64",
            ),
            arguments: vec![
                pair("BASE_IMAGE", "spacetelescope/scipy-notebook"),
                pair("PIP_SWITCHES", "--no-color --default-timeout 100"),
            ],
            ..BuildRequest::default()
        }
    }

    pub(in super::super) fn run_request(command: &[&str]) -> RunRequest {
        RunRequest {
            image: "notebook-roman:latest".to_owned(),
            words: split_unquoted("--rm -e JUPYTER_ENABLE_LAB=yes --platform linux/amd64"),
            command: command.iter().map(|w| (*w).to_owned()).collect(),
            variables: vec![("A".to_owned(), "b c".to_owned())],
            mounts: vec![Mount { source: "/host".into(), target: "/home/jovyan".to_owned() }],
            ..RunRequest::default()
        }
    }

    pub(in super::super) fn shown(call: &Invocation) -> String {
        call.to_string()
    }

    #[test]
    fn names_move_by_the_same_words_everywhere() {
        for (kind, name) in [(Kind::Docker, "docker"), (Kind::Podman, "podman"), (Kind::Buildah, "buildah")] {
            let engine = engine(kind);
            assert_eq!(shown(&engine.tag_call("a", "b")), format!("{name} tag a b"));
            assert_eq!(shown(&engine.remove_image_call("a")), format!("{name} rmi a"));
            assert_eq!(shown(&engine.pull_call("q/a:1")), format!("{name} pull q/a:1"));
            let kill = engine.kill_call("n").map(|call| shown(&call));
            assert_eq!(kill.as_deref(), (kind == Kind::Podman).then_some("podman kill n"));
        }
    }
}
