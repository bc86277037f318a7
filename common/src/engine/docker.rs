//! Requests as calls of docker. Podman understands most of these too.

use std::path::Path;

use super::words::{self, Switch};
use super::{BuildRequest, Engine, RunRequest};
use crate::process::{Input, Invocation};

/// What only `BuildKit` knows; 28.2 without buildx ends with 125 at `--progress`, and the rest are
/// about builders that the old one is not.
const LEGACY_LACKS: [Switch; 8] = [
    Switch::Valued("--progress"),
    Switch::Valued("--builder"),
    Switch::Valued("--secret"),
    Switch::Valued("--ssh"),
    Switch::Valued("--provenance"),
    Switch::Valued("--sbom"),
    Switch::Valued("--attest"),
    Switch::Alone("--load"),
];

/// Newer builders state by themselves how each image was made. Where docker keeps images in containerd's store,
/// it then tells the image by the digest of a list of image and statement, which is another one in every build,
/// also of what did not change. A switch that asks for a statement is obeyed all the same.
const UNATTESTED: (&str, &str) = ("BUILDX_NO_DEFAULT_ATTESTATIONS", "1");

/// `docker build WORDS --tag T --build-arg K=V … --secret … --network N --file F .` in the context:
/// the order of the original's own calls.
pub(super) fn build(engine: &Engine, request: &BuildRequest) -> Invocation {
    // Said both ways: the user's shell has what setup-env exported.
    let (words, buildkit) = if engine.is_legacy() {
        (words::without(&request.words, &LEGACY_LACKS), "0")
    } else {
        (request.words.clone(), "1")
    };
    let call = engine.call().arg("build").args(words);
    let call = described(call, &dated(request), engine.capabilities.secrets).env("DOCKER_BUILDKIT", buildkit);
    let (name, value) = UNATTESTED;
    if engine.is_legacy() { call } else { call.env(name, value) }
}

/// The moment that the image counts as made at comes as a build argument, which newer builders know by itself
/// and older ones pass over.
fn dated(request: &BuildRequest) -> BuildRequest {
    let mut request = request.clone();
    let epoch = request.epoch.map(|seconds| ("SOURCE_DATE_EPOCH".to_owned(), seconds.to_string()));
    request.arguments.extend(epoch);
    request
}

/// The part of a build's call that is the same for all engines.
pub(super) fn described(call: Invocation, request: &BuildRequest, secrets: bool) -> Invocation {
    let mut call = call.arg("--tag").arg(&request.tag);
    for (name, value) in &request.arguments {
        call = call.arg("--build-arg").arg(format!("{name}={value}"));
    }
    for (name, value) in &request.labels {
        call = call.arg("--label").arg(format!("{name}={value}"));
    }
    // An engine that has no secrets cannot be given one; see `Capabilities::secrets`.
    for secret in request.secrets.iter().filter(|_| secrets) {
        let mut word = std::ffi::OsString::from(format!("id={},src=", secret.id));
        word.push(&secret.source);
        call = call.arg("--secret").arg(word);
    }
    for (name, value) in &request.environment {
        call = call.env(name, value);
    }
    call.option("--network", request.network.as_deref())
        .arg("--file")
        .arg(&request.dockerfile)
        .arg(".")
        .dir(&request.context)
}

/// `docker run WORDS --name N --label … IMAGE CMD…`.
///
/// The client is expendable: it would pass a signal on to the container's first process, which
/// ignores those that it does not handle; removing the container ends it at once.
pub(super) fn run(program: Invocation, request: &RunRequest, name: &str) -> Invocation {
    let mut call = program.arg("run").args(&request.words);
    if request.input != Input::Nothing {
        call = call.arg("--interactive");
    }
    let call = container(call, request, name).arg(&request.image).args(&request.command);
    call.input(request.input.clone()).expendable()
}

/// As [`run`], for a person at a terminal.
pub(super) fn run_attached(program: Invocation, request: &RunRequest, name: &str, tty: bool) -> Invocation {
    let call = program.arg("run").args(&request.words).arg("--interactive");
    let call = if tty { call.arg("--tty") } else { call };
    container(call, request, name).arg(&request.image).args(&request.command)
}

fn container(call: Invocation, request: &RunRequest, name: &str) -> Invocation {
    let mut call = marked(call, name);
    for (name, value) in &request.variables {
        call = call.arg("--env").arg(format!("{name}={value}"));
    }
    for mount in &request.mounts {
        call = call.arg("--volume").arg(mount.word());
    }
    call.option("--network", request.network.as_deref())
}

/// Marks a container as ours, so that it is found again whatever becomes of us.
fn marked(call: Invocation, name: &str) -> Invocation {
    let [process, host] = super::container::labels();
    call.arg("--name").arg(name).arg("--label").arg(process).arg("--label").arg(host)
}

/// A container that is never started. The command is a formality for images that have none.
pub(super) fn create(engine: &Engine, image: &str, name: &str) -> Invocation {
    let call = engine.call().args(["create", "--pull", "never"]);
    marked(call, name).arg(image).arg("true")
}

/// `path` of the container as a tar stream. A link is followed (docker says `invalid symlink` else).
pub(super) fn copy_out(engine: &Engine, name: &str, path: &str) -> Invocation {
    engine.call().args(["cp", "-L"]).arg(format!("{name}:{path}")).arg("-")
}

/// The whole container as a tar stream.
pub(super) fn export(engine: &Engine, name: &str) -> Invocation {
    engine.call().args(["export", name])
}

/// Removes a container, also a running one.
pub(super) fn remove(engine: &Engine, name: &str) -> Invocation {
    engine.call().args(["rm", "--force", "--volumes", name]).cleanup()
}

/// The names of all containers that this host's tools made.
pub(super) fn list(engine: &Engine) -> Invocation {
    let [_, host] = super::container::labels();
    let filter = format!("label={host}");
    engine.call().args(["ps", "--all", "--filter", &filter, "--format", "{{.Names}}"])
}

/// What it knows of an image, as a JSON list of one. (With `--format {{json .}}` docker prints an
/// object, and podman still a list.)
pub(super) fn inspect(engine: &Engine, image: &str) -> Invocation {
    engine.call().args(["image", "inspect", image])
}

/// What it knows of several images, as one JSON list of those that are there.
pub(super) fn inspect_all(engine: &Engine, images: &[&str]) -> Invocation {
    engine.call().args(["image", "inspect"]).args(images.iter().copied())
}

/// The image as an archive.
pub(super) fn save(engine: &Engine, image: &str, file: &Path) -> Invocation {
    engine.call().arg("save").arg("--output").arg(file).arg(image)
}

/// A root file system as an image.
pub(super) fn import(engine: &Engine, archive: &Path, tag: &str) -> Invocation {
    engine.call().arg("import").arg(archive).arg(tag)
}

/// A root file system that comes on standard input as an image, for `platform` if that is not the
/// engine's own.
pub(super) fn import_stream(engine: &Engine, tag: &str, platform: Option<&str>) -> Invocation {
    engine.call().arg("import").option("--platform", platform).arg("-").arg(tag)
}

#[cfg(test)]
mod tests {
    use super::super::calls::tests::{build_request, engine, run_request, shown};
    use super::super::{Capabilities, Kind};
    use super::*;

    /// The recorded call of the original, with its values that contain blanks as one word each.
    #[test]
    fn a_build_is_that_of_the_contract() {
        let call = build(&engine(Kind::Docker), &build_request());
        assert_eq!(
            shown(&call),
            "docker build --rm --force-rm --build-arg OWNER=spacetelescope --build-arg REGISTRY= --progress plain \
             --platform linux/amd64 --tag notebook-common --build-arg BASE_IMAGE=spacetelescope/scipy-notebook \
             --build-arg 'PIP_SWITCHES=--no-color --default-timeout 100' --file Dockerfile.cached ."
        );
        assert_eq!(call.directory(), Some(Path::new("/r/deployments/common")));
        let environment = [("DOCKER_BUILDKIT", "1"), ("BUILDX_NO_DEFAULT_ATTESTATIONS", "1")];
        assert_eq!(call.environment(), environment.map(|(name, value)| (name.into(), value.into())));
    }

    #[test]
    fn secrets_and_the_network_come_before_the_file() {
        let mut request = build_request();
        request.words.clear();
        request.arguments.clear();
        request.secrets = vec![super::super::Secret { id: "ca".to_owned(), source: "/etc/ca.pem".into() }];
        request.network = Some("host".to_owned());
        request.labels = vec![("l".to_owned(), "a b".to_owned())];
        let call = build(&engine(Kind::Docker), &request);
        assert_eq!(
            shown(&call),
            "docker build --tag notebook-common --label 'l=a b' --secret id=ca,src=/etc/ca.pem --network host --file Dockerfile.cached ."
        );
    }

    #[test]
    fn a_moment_is_said_only_if_it_is_wanted() {
        let mut request = BuildRequest { epoch: Some(7), ..build_request() };
        request.words.clear();
        request.arguments.truncate(1);
        assert_eq!(
            shown(&build(&engine(Kind::Docker), &request)),
            "docker build --tag notebook-common --build-arg BASE_IMAGE=spacetelescope/scipy-notebook \
             --build-arg SOURCE_DATE_EPOCH=7 --file Dockerfile.cached ."
        );
        request.arguments.clear();
        let shown = |kind| shown(&engine(kind).build_call(&request));
        assert!(shown(Kind::Podman).contains(" --timestamp 7 --tag "), "{}", shown(Kind::Podman));
        assert!(shown(Kind::Buildah).contains(" --timestamp 7 --tag "), "{}", shown(Kind::Buildah));
    }

    #[test]
    fn the_legacy_builder_gets_nothing_that_it_does_not_know() {
        let mut legacy = engine(Kind::Docker);
        legacy.capabilities = Capabilities::default();
        let mut request = build_request();
        request.secrets = vec![super::super::Secret { id: "ca".to_owned(), source: "/etc/ca.pem".into() }];
        let call = build(&legacy, &request);
        let text = shown(&call);
        assert!(!text.contains("--progress") && !text.contains("--secret"), "{text}");
        assert_eq!(call.environment(), [("DOCKER_BUILDKIT".into(), "0".into())]);
    }

    /// D30: the command was split and globbed again on the host.
    #[test]
    fn d30_a_run_keeps_each_word_of_the_command() {
        let call = run(engine(Kind::Docker).call(), &run_request(&["bash", "-c", "echo hi there", "*"]), "n");
        let [process, host] = super::super::container::labels();
        assert_eq!(
            shown(&call),
            format!(
                "docker run --rm -e JUPYTER_ENABLE_LAB=yes --platform linux/amd64 --name n --label {process} \
                 --label {host} --env A='b c' --volume /host:/home/jovyan notebook-roman:latest \
                 bash -c 'echo hi there' '*'"
            )
            .replace("A='b c'", "'A=b c'")
        );
    }

    #[test]
    fn a_person_gets_a_terminal_and_the_signals() {
        let call = run_attached(engine(Kind::Docker).call(), &run_request(&[]), "n", true);
        let text = shown(&call);
        assert!(text.contains(" --interactive --tty "), "{text}");
        assert!(text.ends_with(" notebook-roman:latest"), "{text}");
    }

    #[test]
    fn the_small_calls() {
        let docker = engine(Kind::Docker);
        assert_eq!(shown(&copy_out(&docker, "n", "/opt/env-frozen")), "docker cp -L n:/opt/env-frozen -");
        assert_eq!(shown(&export(&docker, "n")), "docker export n");
        assert_eq!(shown(&remove(&docker, "n")), "docker rm --force --volumes n");
        assert_eq!(shown(&inspect(&docker, "i")), "docker image inspect i");
        assert_eq!(shown(&save(&docker, "i", Path::new("/a b"))), "docker save --output '/a b' i");
        assert_eq!(shown(&import(&docker, Path::new("r.tar"), "t")), "docker import r.tar t");
        assert!(
            shown(&create(&docker, "i", "n")).starts_with("docker create --pull never --name n --label ")
        );
    }
}
