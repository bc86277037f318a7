//! Requests as calls of buildah, which has no daemon and no containers that run: a working container
//! is made, commands run in it, and it is removed.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use super::answer::Form;
use super::docker;
use super::podman;
use super::words::{self, Switch};
use super::{BuildRequest, Engine, RunRequest};
use crate::process::Invocation;

/// What `docker run` takes and `buildah run` does not need: it changes nothing here.
const RUN_NEEDLESS: [Switch; 10] = [
    Switch::Alone("--rm"),
    Switch::Alone("-i"),
    Switch::Alone("--interactive"),
    Switch::Alone("-t"),
    Switch::Alone("--tty"),
    Switch::Alone("-it"),
    Switch::Alone("--init"),
    Switch::Alone("--sig-proxy"),
    Switch::Valued("--platform"),
    Switch::Valued("--pull"),
];

/// What `docker run` takes and `buildah run` cannot do: the user is told.
const RUN_LACKS: [Switch; 14] = [
    Switch::Valued("-p"),
    Switch::Valued("--publish"),
    Switch::Valued("--group-add"),
    Switch::Valued("--name"),
    Switch::Valued("--label"),
    Switch::Valued("--ulimit"),
    Switch::Valued("--memory"),
    Switch::Valued("-m"),
    Switch::Valued("--cpus"),
    Switch::Valued("--shm-size"),
    Switch::Valued("--security-opt"),
    Switch::Valued("--gpus"),
    Switch::Valued("--entrypoint"),
    Switch::Valued("--add-host"),
];

/// `buildah bud`, with cached layers, as docker does by itself.
pub(super) fn build(engine: &Engine, request: &BuildRequest) -> Invocation {
    let network = network(request.network.as_deref());
    let mut call = engine.call().arg("bud").args(podman::isolation(&request.words, network.as_deref()));
    call = call.args(podman::format(&request.words));
    if !words::has(&request.words, "--layers") {
        call = call.arg("--layers");
    }
    let words = words::with_oci_platform(words::without(&request.words, &podman::BUILD_LACKS));
    let request = BuildRequest { network, ..request.clone() };
    docker::described(podman::timestamp(call.args(words), &request), &request, true)
}

/// A working container. It stays until it is removed.
pub(super) fn from(engine: &Engine, image: &str, name: &str) -> Invocation {
    engine.call().args(["from", "--pull=never", "--name", name, image])
}

/// Runs `command` in the working container `name`; its settings are those of `request`.
///
/// The command is complete: unlike docker, buildah knows no entry point and no default command here.
pub(super) fn run(engine: &Engine, request: &RunRequest, name: &str, command: &[String]) -> Invocation {
    let call = engine.call().arg("run");
    inside(call, request).arg(name).arg("--").args(command).input(request.input.clone())
}

/// As [`run`], for a person at a terminal.
pub(super) fn run_attached(
    engine: &Engine,
    request: &RunRequest,
    name: &str,
    command: &[String],
) -> Invocation {
    let call = engine.call().args(["run", "--terminal"]);
    inside(call, request).arg(name).arg("--").args(command)
}

fn inside(call: Invocation, request: &RunRequest) -> Invocation {
    let network = network(request.network.as_deref());
    let mut call = call.args(podman::isolation(&request.words, network.as_deref()));
    let words = words::without(&words::without(&request.words, &RUN_NEEDLESS), &RUN_LACKS);
    call = call.args(words.into_iter().map(renamed));
    for (name, value) in &request.variables {
        call = call.arg("--env").arg(format!("{name}={value}"));
    }
    for mount in &request.mounts {
        call = call.arg("--volume").arg(mount.word());
    }
    call.option("--network", network)
}

/// Short names that buildah spells out.
fn renamed(word: String) -> String {
    match word.as_str() {
        "-u" => "--user".to_owned(),
        "-w" | "--workdir" => "--workingdir".to_owned(),
        "-h" => "--hostname".to_owned(),
        _ => word,
    }
}

/// Docker's names for "one of its own" are no names of buildah, where that is the default.
fn network(asked: Option<&str>) -> Option<String> {
    asked.filter(|name| !["bridge", "default"].contains(name)).map(str::to_owned)
}

/// Holds back what buildah itself says when the command in it ends with a status other than 0, so
/// that `sink` gets the command's own lines alone, as from the other engines.
pub(super) fn without_epilogue(sink: &mut dyn FnMut(&[u8])) -> impl FnMut(&[u8]) {
    let mut held: Vec<Vec<u8>> = Vec::new();
    move |line| {
        let is_epilogue = |start: &[u8]| {
            line.strip_prefix(start).is_some_and(|n| !n.is_empty() && n.iter().all(u8::is_ascii_digit))
        };
        if is_epilogue(b"subprocess exited with status ") || is_epilogue(b"Error: exit status ") {
            held.push(line.to_owned());
            return;
        }
        // Not at the end, so the command said it.
        held.drain(..).for_each(|line| sink(&line));
        sink(line);
    }
}

/// The switches of `request` that have no effect here and would elsewhere.
pub(super) fn left_out(request: &RunRequest) -> Vec<&'static str> {
    words::named(&request.words, &RUN_LACKS)
}

/// Makes the working container's files visible on the host, and prints where.
pub(super) fn mount(engine: &Engine, name: &str) -> Invocation {
    engine.call().args(["mount", name])
}

/// As [`mount`], for somebody who is not root: it is seen only by what [`unshared`] runs.
pub(super) fn mount_unshared(engine: &Engine, name: &str) -> Invocation {
    engine.call().arg("unshare").arg(&engine.program).args(["mount", name])
}

/// What stands at `path` of the host, as somebody sees it who is not root: a letter, and where a
/// link leads.
pub(super) fn look_unshared(engine: &Engine, name: &str, path: &Path) -> Invocation {
    unshared(engine, name).arg("find").arg(path).args(["-maxdepth", "0", "-printf", "%y%l"])
}

/// `what` in the directory `dir` of the host as a tar stream, as somebody sees it who is not root.
pub(super) fn tar_unshared(engine: &Engine, name: &str, dir: &Path, what: &OsStr) -> Invocation {
    // In front of a name that may begin with a dash.
    let mut inside = OsString::from("./");
    inside.push(what);
    unshared(engine, name).args(["tar", "--create", "--file", "-", "--directory"]).arg(dir).arg(inside)
}

/// Runs a program of the host where the user is root of what they own, with the container mounted.
fn unshared(engine: &Engine, name: &str) -> Invocation {
    engine.call().args(["unshare", "--mount"]).arg(format!("IMAGE_ROOT={name}")).env("LC_ALL", "C")
}

/// The names of all working containers of this user.
pub(super) fn list(engine: &Engine) -> Invocation {
    engine.call().args(["containers", "--noheading", "--format", "{{.ContainerName}}"])
}

/// What it knows of an image, as JSON.
pub(super) fn inspect(engine: &Engine, image: &str) -> Invocation {
    engine.call().args(["inspect", "--type", "image", image])
}

/// All images with their ids and names, as JSON.
pub(super) fn images(engine: &Engine) -> Invocation {
    engine.call().args(["images", "--json", "--no-trunc"])
}

/// The image as an archive of its own form, which keeps its configuration byte for byte. Run in the
/// file's directory: behind a colon buildah would look for a name.
pub(super) fn save(engine: &Engine, image: &str, file: &Path, form: Form) -> Invocation {
    let (dir, name) = podman::split(file);
    let mut target = OsString::from(form.archive());
    target.push(":");
    target.push(name);
    engine.call().args(["push", "--quiet", image]).arg(target).dir(dir)
}

/// A root file system as an image: into the empty working container `name`, then committed.
pub(super) fn import(engine: &Engine, archive: &Path, tag: &str, name: &str) -> [Invocation; 3] {
    [
        engine.call().args(["from", "--name", name, "scratch"]),
        engine.call().args(["add", "--quiet", name]).arg(archive).arg("/"),
        engine.call().args(["commit", "--quiet", name, tag]),
    ]
}

/// The working container `name` as an image of one layer, in the form that keeps all settings.
pub(super) fn commit_squashed(engine: &Engine, name: &str, tag: &str) -> Invocation {
    engine.call().args(["commit", "--quiet", "--squash", "--format", "docker", name, tag])
}

#[cfg(test)]
mod tests {
    use super::super::Kind;
    use super::super::calls::tests::{build_request, engine, run_request, shown};
    use super::*;

    #[test]
    fn a_build_keeps_layers_and_needs_no_privileges() {
        let mut request = build_request();
        request.arguments.truncate(1);
        request.network = Some("host".to_owned());
        assert_eq!(
            shown(&build(&engine(Kind::Buildah), &request)),
            "buildah bud --isolation chroot --format docker --layers --rm --force-rm --build-arg OWNER=spacetelescope \
             --build-arg REGISTRY= --platform linux/amd64 --tag notebook-common \
             --build-arg BASE_IMAGE=spacetelescope/scipy-notebook --network host --file Dockerfile.cached ."
        );
        request.network = Some("bridge".to_owned());
        assert!(!shown(&build(&engine(Kind::Buildah), &request)).contains("--network"));
    }

    #[test]
    fn a_run_is_translated() {
        let mut request = run_request(&[]);
        request.words = crate::shell::split_unquoted(
            "--rm -it -e A=1 --platform linux/amd64 -u jovyan -p 8888:8888 --group-add users",
        );
        request.variables.clear();
        request.network = Some("none".to_owned());
        let command = ["tini".to_owned(), "--".to_owned(), "a b".to_owned()];
        let rest = "-e A=1 --user jovyan --volume /host:/home/jovyan --network none n -- tini -- 'a b'";
        let buildah = engine(Kind::Buildah);
        assert_eq!(shown(&run(&buildah, &request, "n", &command)), format!("buildah run {rest}"));
        let attached = run_attached(&buildah, &request, "n", &command);
        assert_eq!(shown(&attached), format!("buildah run --terminal {rest}"));
        assert_eq!(left_out(&request), ["-p", "--group-add"]);
    }

    #[test]
    fn what_buildah_says_at_the_end_is_not_the_commands() {
        let mut lines = Vec::new();
        let mut sink = |line: &[u8]| lines.push(String::from_utf8(line.to_vec()).unwrap());
        let mut filtered = without_epilogue(&mut sink);
        let said =
            ["a", "Error: exit status 3", "b", "Error: exit status", "subprocess exited with status 42"];
        for line in said {
            filtered(line.as_bytes());
        }
        filtered(b"Error: exit status 42");
        drop(filtered);
        assert_eq!(lines, said[..4]);
    }

    #[test]
    fn the_small_calls() {
        let buildah = engine(Kind::Buildah);
        assert_eq!(shown(&from(&buildah, "i", "n")), "buildah from --pull=never --name n i");
        assert_eq!(shown(&mount(&buildah, "n")), "buildah mount n");
        assert_eq!(shown(&mount_unshared(&buildah, "n")), "buildah unshare buildah mount n");
        let unshared = "buildah unshare --mount IMAGE_ROOT=n";
        assert_eq!(
            shown(&look_unshared(&buildah, "n", Path::new("/m/opt"))),
            format!("{unshared} find /m/opt -maxdepth 0 -printf %y%l")
        );
        assert_eq!(
            shown(&tar_unshared(&buildah, "n", Path::new("/m/opt"), OsStr::new("-x"))),
            format!("{unshared} tar --create --file - --directory /m/opt ./-x")
        );
        assert_eq!(shown(&inspect(&buildah, "i")), "buildah inspect --type image i");
        let call = save(&buildah, "i", Path::new("/12:00/a.tar"), Form::Oci);
        assert_eq!(shown(&call), "buildah push --quiet i oci-archive:a.tar");
        assert_eq!(call.directory(), Some(Path::new("/12:00")));
        let steps = import(&buildah, Path::new("r.tar"), "t", "n");
        assert_eq!(
            steps.each_ref().map(shown),
            ["buildah from --name n scratch", "buildah add --quiet n r.tar /", "buildah commit --quiet n t"]
        );
    }
}
