//! Requests as calls of podman, where they differ from those of docker.

use std::ffi::OsStr;
use std::path::Path;

use rustix::process::Resource;

use super::answer::Form;
use super::docker;
use super::words::{self, Switch};
use super::{BuildRequest, Engine, RunRequest};
use crate::process::Invocation;

/// Switches that only docker's builders know. None of them changes what is built.
pub(super) const BUILD_LACKS: [Switch; 8] = [
    Switch::Valued("--progress"),
    Switch::Valued("--builder"),
    Switch::Valued("--provenance"),
    Switch::Valued("--sbom"),
    Switch::Valued("--attest"),
    Switch::Valued("--cache-from"),
    Switch::Valued("--cache-to"),
    Switch::Alone("--load"),
];

/// What some hosts need before podman can run a container; found out by trying.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Quirk {
    /// Nothing.
    #[default]
    None,
    /// These limits in place of podman's defaults, which a process without `CAP_SYS_RESOURCE` may
    /// not set.
    Limits(Limits),
    /// Those, and runc: crun does not start on a host with both kinds of cgroups.
    LimitsAndRunc(Limits),
}

/// How many files and processes; both, because podman sets its default for the one not given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limits {
    pub(super) files: u64,
    pub(super) processes: u64,
}

impl Limits {
    /// What podman asks for by itself where nothing stands against it.
    const MOST: u64 = 1_048_576;

    /// As high as podman may go when we start it: it lowers its own number of processes to that of
    /// the whole system before it starts the container.
    pub(super) fn ours() -> Self {
        let most = |resource| {
            let limit = rustix::process::getrlimit(resource).maximum;
            limit.unwrap_or(Self::MOST).min(Self::MOST)
        };
        let system = std::fs::read_to_string("/proc/sys/kernel/pid_max");
        let system = system.ok().and_then(|text| text.trim().parse().ok()).unwrap_or(Self::MOST);
        Self { files: most(Resource::Nofile), processes: most(Resource::Nproc).min(system) }
    }

    fn words(self) -> Vec<String> {
        let Self { files, processes } = self;
        let word = |name: &str, most: u64| format!("{name}={most}:{most}");
        vec!["--ulimit".to_owned(), word("nofile", files), "--ulimit".to_owned(), word("nproc", processes)]
    }
}

impl Quirk {
    /// All there are, the least first.
    pub(super) fn all() -> [Self; 3] {
        let limits = Limits::ours();
        [Self::None, Self::Limits(limits), Self::LimitsAndRunc(limits)]
    }

    /// What comes before the verb.
    const fn global(&self) -> &'static [&'static str] {
        match self {
            Self::None | Self::Limits(_) => &[],
            Self::LimitsAndRunc(_) => &["--runtime", "runc"],
        }
    }

    /// What comes behind `run`.
    fn run(&self) -> Vec<String> {
        match self {
            Self::None => Vec::new(),
            Self::Limits(limits) | Self::LimitsAndRunc(limits) => limits.words(),
        }
    }
}

/// `podman build`.
pub(super) fn build(engine: &Engine, request: &BuildRequest) -> Invocation {
    let call = engine.call().arg("build");
    let call = call.args(isolation(&request.words, request.network.as_deref())).args(format(&request.words));
    let words = words::with_oci_platform(words::without(&request.words, &BUILD_LACKS));
    docker::described(timestamp(call.args(words), request), request, true)
}

/// The time that the image and all its files get.
pub(super) fn timestamp(call: Invocation, request: &BuildRequest) -> Invocation {
    call.option("--timestamp", request.epoch.map(|seconds| seconds.to_string()))
}

/// A chroot, the one isolation that works in every place where any does; but it has no network of
/// its own, so where one is asked for, the engine's default must do.
pub(super) fn isolation(words: &[String], network: Option<&str>) -> &'static [&'static str] {
    let network = network.or_else(|| words::value(words, "--network"));
    let is_own = network.is_some_and(|name| name != "host");
    if is_own || words::has(words, "--isolation") { &[] } else { &["--isolation", "chroot"] }
}

/// Docker's form of an image. The OCI form, which podman and buildah would take by themselves, has
/// no `SHELL` and no `HEALTHCHECK`: both would be left out, and with `SHELL` the `pipefail` of all
/// images built upon this one.
pub(super) fn format(words: &[String]) -> &'static [&'static str] {
    if words::has(words, "--format") { &[] } else { &["--format", "docker"] }
}

/// `podman run`, with what this host needs.
pub(super) fn run(engine: &Engine, request: &RunRequest, name: &str, quirk: &Quirk) -> Invocation {
    docker::run(engine.call().args(quirk.global().iter().copied()), &fit(request, quirk), name)
}

/// As [`run`], for a person at a terminal.
pub(super) fn run_attached(
    engine: &Engine,
    request: &RunRequest,
    name: &str,
    quirk: &Quirk,
    tty: bool,
) -> Invocation {
    let program = engine.call().args(quirk.global().iter().copied());
    docker::run_attached(program, &fit(request, quirk), name, tty)
}

/// The words of `request` made fit for podman; the quirk's first, so that the user's win.
fn fit(request: &RunRequest, quirk: &Quirk) -> RunRequest {
    let mut words = quirk.run();
    words.extend(words::with_oci_platform(request.words.clone()));
    RunRequest { words, ..request.clone() }
}

/// A container of `image` that does as good as nothing, to see whether containers start here.
pub(super) fn try_run(engine: &Engine, image: &str, name: &str, quirk: &Quirk) -> Invocation {
    let request = RunRequest {
        image: image.to_owned(),
        words: ["--rm", "--pull=never", "--network=none", "--entrypoint="].map(str::to_owned).to_vec(),
        command: vec!["true".to_owned()],
        ..RunRequest::default()
    };
    run(engine, &request, name, quirk)
}

/// `path` of the container as a tar stream; podman follows a link by itself.
pub(super) fn copy_out(engine: &Engine, name: &str, path: &str) -> Invocation {
    engine.call().arg("cp").arg(format!("{name}:{path}")).arg("-")
}

/// The image as an archive of its own form, which keeps its configuration byte for byte. Run in the
/// file's directory: podman takes no path with a colon.
pub(super) fn save(engine: &Engine, image: &str, file: &Path, form: Form) -> Invocation {
    let (dir, name) = split(file);
    let call = engine.call().args(["save", "--format", form.archive(), "--output"]);
    call.arg(name).arg(image).dir(dir)
}

/// A file's directory and its name there.
pub(super) fn split(file: &Path) -> (&Path, &OsStr) {
    let dir = file.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    (dir, file.file_name().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::super::Kind;
    use super::super::calls::tests::{build_request, engine, run_request, shown};
    use super::*;

    #[test]
    fn a_build_is_dockers_without_what_only_docker_knows() {
        let mut request = build_request();
        request.words = crate::shell::split_unquoted(
            "--rm --force-rm --progress plain --platform linux/aarch64 --load --cache-from type=gha",
        );
        request.arguments.truncate(1);
        assert_eq!(
            shown(&build(&engine(Kind::Podman), &request)),
            "podman build --isolation chroot --format docker --rm --force-rm --platform linux/arm64 --tag notebook-common \
             --build-arg BASE_IMAGE=spacetelescope/scipy-notebook --file Dockerfile.cached ."
        );
        request.words = vec!["--isolation=oci".to_owned()];
        let text = shown(&build(&engine(Kind::Podman), &request));
        assert!(text.starts_with("podman build --format docker --isolation=oci --tag"), "{text}");
    }

    #[test]
    fn a_network_of_its_own_is_not_for_a_chroot() {
        let check = |words: &str, network, chroot: bool| {
            let words = crate::shell::split_unquoted(words);
            assert_eq!(!isolation(&words, network).is_empty(), chroot, "{words:?} {network:?}");
        };
        check("", None, true);
        check("", Some("host"), true);
        check("--network=host", None, true);
        check("", Some("none"), false);
        check("--network none", None, false);
        check("--isolation rootless", None, false);
    }

    #[test]
    fn a_quirk_adds_what_the_host_needs_and_no_more() {
        let podman = engine(Kind::Podman);
        let limits = Limits { files: 512, processes: 99 };
        let text = |quirk| shown(&run(&podman, &run_request(&["true"]), "n", &quirk));
        assert!(text(Quirk::None).starts_with("podman run --rm -e "));
        let two = "run --ulimit nofile=512:512 --ulimit nproc=99:99 --rm -e ";
        assert!(text(Quirk::Limits(limits)).starts_with(&format!("podman {two}")));
        assert!(text(Quirk::LimitsAndRunc(limits)).starts_with(&format!("podman --runtime runc {two}")));
        let attached = run_attached(&podman, &run_request(&[]), "n", &Quirk::LimitsAndRunc(limits), false);
        assert!(shown(&attached).starts_with("podman --runtime runc run --ulimit "));
    }

    #[test]
    fn the_small_calls() {
        let podman = engine(Kind::Podman);
        assert_eq!(shown(&copy_out(&podman, "n", "/opt")), "podman cp n:/opt -");
        let call = save(&podman, "i", Path::new("/12:00/a.tar"), Form::Docker);
        assert_eq!(shown(&call), "podman save --format docker-archive --output a.tar i");
        assert_eq!(call.directory(), Some(Path::new("/12:00")));
        assert_eq!(save(&podman, "i", Path::new("a.tar"), Form::Oci).directory(), Some(Path::new(".")));
        assert!(shown(&try_run(&podman, "i", "n", &Quirk::None)).ends_with(" i true"));
    }
}
