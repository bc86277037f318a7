//! Which engine works here, and what it can do: each is asked, because a version string alone says
//! little (one docker may lack its builder while the next on PATH works).

use std::collections::BTreeSet;
use std::env;
use std::ffi::OsStr;
use std::fmt;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::calls::within;
use super::{Engine, EngineError, Kind};
use crate::console::Console;
use crate::process::{self, Captured, Invocation, ProcessError};
use crate::settings::EngineChoice;

/// How long one question may take. A daemon behind `ssh://` needs some seconds.
const PATIENCE: Duration = Duration::from_secs(10);

/// What an engine can do, as found by asking.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// `RUN --mount=type=cache`.
    pub cache_mounts: bool,
    /// `RUN --mount=type=secret`.
    pub secrets: bool,
    /// A `COPY` whose pattern matches nothing is no error.
    pub empty_copy: bool,
}

impl Capabilities {
    /// Newer ones are sent only what is taken, and miss the directory in which a pattern matches nothing.
    const BUILDKIT: Self = Self { cache_mounts: true, secrets: true, empty_copy: false };
    const OLDER_BUILDKIT: Self = Self { empty_copy: true, ..Self::BUILDKIT };
    const BUILDAH: Self = Self { cache_mounts: true, secrets: true, empty_copy: false };
    const LEGACY: Self = Self { cache_mounts: false, secrets: false, empty_copy: false };
}

impl fmt::Display for Capabilities {
    /// `cache mounts, secrets, no empty COPY`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let no = |can: bool| if can { "" } else { "no " };
        write!(
            f,
            "{}cache mounts, {}secrets, {}empty COPY",
            no(self.cache_mounts),
            no(self.secrets),
            no(self.empty_copy)
        )
    }
}

/// One program that was asked, and what came of it.
struct Tried {
    program: PathBuf,
    /// The engine, or why it is none.
    found: Result<Engine, String>,
}

impl fmt::Display for Tried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.found {
            Ok(engine) => write!(f, "{engine}: works; {}", engine.capabilities),
            Err(reason) => write!(f, "{}: {reason}", self.program.display()),
        }
    }
}

/// The engine for `choice`; for `Auto` the first that works of docker, podman and buildah. Which one,
/// and what was passed over and why, is said on `console`.
///
/// # Errors
/// None works; the error lists what was tried and why not. We were told to stop.
pub fn choose(choice: EngineChoice, console: &Console) -> Result<Engine, EngineError> {
    choose_in(None, choice, console)
}

/// As [`choose`], in the docker context `context` if there is one: only docker has such.
///
/// # Errors
/// As [`choose`].
pub fn choose_in(
    context: Option<&str>,
    choice: EngineChoice,
    console: &Console,
) -> Result<Engine, EngineError> {
    look_for(&env::var_os("PATH").unwrap_or_default(), context, choice, console)
}

/// As [`choose`], with the programs on `path` instead of PATH.
#[cfg(any(test, feature = "testing"))]
pub(crate) fn choose_on(
    path: &OsStr,
    choice: EngineChoice,
    console: &Console,
) -> Result<Engine, EngineError> {
    look_for(path, None, choice, console)
}

fn look_for(
    path: &OsStr,
    context: Option<&str>,
    choice: EngineChoice,
    console: &Console,
) -> Result<Engine, EngineError> {
    let mut found = Vec::new();
    let all = candidates(choice).iter();
    for &(kind, builder) in all.filter(|(kind, _)| context.is_none() || *kind == Kind::Docker) {
        let programs = programs(kind, path);
        if programs.is_empty() {
            found.push(format!("{kind}: not on PATH"));
        }
        for program in programs {
            let tried = ask((kind, builder), program, context, console)?;
            if let Ok(engine) = tried.found {
                say(&engine, &found, console);
                return Ok(engine);
            }
            found.push(tried.to_string());
        }
    }
    Err(EngineError::None { found })
}

/// Everything there is to say about the engines here, one line each: for `--engine-info`.
///
/// # Errors
/// We were told to stop.
pub fn report(console: &Console) -> Result<Vec<String>, EngineError> {
    let mut lines = Vec::new();
    let path = env::var_os("PATH").unwrap_or_default();
    for &(kind, builder) in candidates(EngineChoice::Auto) {
        let programs = programs(kind, &path);
        if programs.is_empty() {
            lines.push(format!("{kind}: not on PATH"));
        }
        for program in programs {
            lines.push(ask((kind, builder), program, None, console)?.to_string());
        }
    }
    Ok(lines)
}

fn say(engine: &Engine, passed_over: &[String], console: &Console) {
    let legacy = if engine.is_legacy() { ", its legacy builder" } else { "" };
    console.status(format_args!("engine: {engine}{legacy}"));
    for reason in passed_over {
        console.status(format_args!("  not {reason}"));
    }
}

/// Which builder of docker is meant.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Builder {
    /// `BuildKit`, or that of podman and buildah.
    Modern,
    Legacy,
}

const fn candidates(choice: EngineChoice) -> &'static [(Kind, Builder)] {
    use Builder::{Legacy, Modern};
    match choice {
        EngineChoice::Auto => &[(Kind::Docker, Modern), (Kind::Podman, Modern), (Kind::Buildah, Modern)],
        EngineChoice::Docker => &[(Kind::Docker, Modern)],
        EngineChoice::DockerLegacy => &[(Kind::Docker, Legacy)],
        EngineChoice::Podman => &[(Kind::Podman, Modern)],
        EngineChoice::Buildah => &[(Kind::Buildah, Modern)],
    }
}

/// Every program of that name on PATH, each once: `/bin` is often a link to `/usr/bin`.
fn programs(kind: Kind, path: &OsStr) -> Vec<PathBuf> {
    let mut seen = BTreeSet::new();
    let all = env::split_paths(path).filter(|dir| dir.is_absolute()).map(|dir| dir.join(kind.name()));
    all.filter(|program| is_executable(program))
        .filter(|program| program.canonicalize().is_ok_and(|real| seen.insert(real)))
        .collect()
}

fn is_executable(path: &Path) -> bool {
    path.metadata().is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0)
}

fn ask(
    (kind, builder): (Kind, Builder),
    program: PathBuf,
    context: Option<&str>,
    console: &Console,
) -> Result<Tried, EngineError> {
    let asking = Asking { program: &program, context, console };
    let found = match kind {
        Kind::Docker => asking.docker(builder),
        Kind::Podman => asking.podman(),
        Kind::Buildah => asking.buildah(),
    };
    let found = match found {
        Ok((version, capabilities)) => {
            let context = context.map(str::to_owned);
            Ok(Engine { kind, program: program.clone(), version, capabilities, context })
        }
        Err(Refusal::Reason(reason)) => Err(reason),
        Err(Refusal::Stopped(error)) => return Err(error.into()),
    };
    Ok(Tried { program, found })
}

/// Why a program is not the engine.
enum Refusal {
    Reason(String),
    /// We were told to stop: nothing is to be concluded from that.
    Stopped(ProcessError),
}

impl From<ProcessError> for Refusal {
    fn from(error: ProcessError) -> Self {
        match error {
            ProcessError::Interrupted(_) => Self::Stopped(error),
            error => Self::Reason(error.to_string()),
        }
    }
}

type Answer = Result<(String, Capabilities), Refusal>;

struct Asking<'a> {
    program: &'a Path,
    context: Option<&'a str>,
    console: &'a Console,
}

impl Asking<'_> {
    fn call(&self, args: &[&str]) -> Result<Captured, Refusal> {
        let call = within(Invocation::new(self.program), self.context);
        let call = call.args(args.iter().copied()).limit(PATIENCE);
        Ok(process::capture(&call, self.console)?)
    }

    fn answer(&self, args: &[&str]) -> Result<String, Refusal> {
        let captured = self.call(args)?;
        if captured.exit.is_success() {
            return Ok(captured.text());
        }
        let said = String::from_utf8_lossy(&captured.stderr).into_owned();
        let first = said.lines().find(|line| !line.trim().is_empty());
        Err(Refusal::Reason(first.map_or_else(
            || format!("`{}` ended with {}", args.join(" "), captured.exit),
            |line| line.trim().to_owned(),
        )))
    }

    fn docker(&self, builder: Builder) -> Answer {
        // A podman that goes by docker's name has no server, and is found under its own.
        let versions = self.answer(&["version", "--format", "{{.Client.Version}} {{.Server.Version}}"])?;
        let Some((client, server)) = versions.split_once(' ').filter(|(_, s)| major(s).is_some()) else {
            return Err(Refusal::Reason(format!("told no version of a server: {versions:?}")));
        };
        let version =
            if client == server { client.to_owned() } else { format!("{client} with server {server}") };
        if builder == Builder::Legacy {
            return Ok((version, Capabilities::LEGACY));
        }
        // Until 22 BuildKit was part of the client; since 23 it is a plugin, often packaged apart.
        let built_in = major(client).is_some_and(|m| m < 23);
        if !built_in && !self.call(&["buildx", "version"])?.exit.is_success() {
            return Err(Refusal::Reason(format!(
                "{version} has no buildx, so no BuildKit; --engine docker-legacy would take its old builder"
            )));
        }
        let is_old = built_in && major(server).is_some_and(|m| m < 23);
        Ok((version, if is_old { Capabilities::OLDER_BUILDKIT } else { Capabilities::BUILDKIT }))
    }

    fn podman(&self) -> Answer {
        let version = self.answer(&["version", "--format", "{{.Client.Version}}"])?;
        // Opens the storage, which is what fails where podman cannot work; `info` is much slower.
        self.answer(&["ps", "--quiet"])?;
        Ok((version, Capabilities::BUILDAH))
    }

    fn buildah(&self) -> Answer {
        let told = self.answer(&["--version"])?;
        self.answer(&["containers", "--quiet"])?;
        // buildah version 1.28.2 (image-spec …)
        let version = told.split_ascii_whitespace().find(|word| major(word).is_some());
        Ok((version.unwrap_or("of unknown version").to_owned(), Capabilities::BUILDAH))
    }
}

/// The first number of a version.
fn major(version: &str) -> Option<u32> {
    version.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::FakeEngine;

    fn path_of(engines: &[&FakeEngine]) -> std::ffi::OsString {
        env::join_paths(engines.iter().map(|e| e.path())).unwrap()
    }

    fn chosen(engines: &[&FakeEngine], choice: EngineChoice) -> Result<Engine, EngineError> {
        choose_on(&path_of(engines), choice, &Console::silent())
    }

    #[test]
    fn the_first_that_works_is_taken_docker_before_podman_before_buildah() {
        let (docker, podman, buildah) = (FakeEngine::docker(), FakeEngine::podman(), FakeEngine::buildah());
        let all = [&buildah, &podman, &docker];
        let check = |kind| assert_eq!(chosen(&all, EngineChoice::Auto).unwrap().kind, kind);
        check(Kind::Docker);
        docker.fail_saying("version", 1, "Cannot connect to the Docker daemon at unix:///x");
        check(Kind::Podman);
        podman.fail_saying("ps", 125, "storage is broken");
        check(Kind::Buildah);
        assert_eq!(chosen(&all, EngineChoice::Buildah).unwrap().version, "1.28.2");
    }

    #[test]
    fn a_docker_without_its_builder_is_passed_over_for_the_next_one_on_path() {
        let (old, new) = (FakeEngine::docker(), FakeEngine::docker());
        old.without_buildkit();
        let engine = chosen(&[&old, &new], EngineChoice::Docker).unwrap();
        assert_eq!(engine.program, new.program());
        assert_eq!(engine.capabilities, Capabilities::BUILDKIT);
        let legacy = chosen(&[&old, &new], EngineChoice::DockerLegacy).unwrap();
        assert!(legacy.program == old.program() && legacy.is_legacy());
    }

    /// A `COPY` that matches nothing ended the build where nothing else was taken from that directory.
    #[test]
    fn only_the_oldest_builders_take_a_copy_of_nothing_as_it_is() {
        let docker = FakeEngine::docker();
        for (versions, expected) in
            [("20.10.24+dfsg1 20.10.24+dfsg1", true), ("20.10.24 28.5.2", false), ("28.5.2 20.10.24", false)]
        {
            docker.print("version", versions, 0);
            let engine = chosen(&[&docker], EngineChoice::Docker).unwrap();
            assert_eq!(engine.capabilities.empty_copy, expected, "{versions}");
        }
    }

    #[test]
    fn if_none_works_each_is_named_with_its_reason() {
        let (docker, podman) = (FakeEngine::docker(), FakeEngine::podman());
        docker.without_buildkit();
        podman.fail_saying("ps", 125, "\nError: storage is broken\nmore");
        let error = chosen(&[&docker, &podman], EngineChoice::Auto).unwrap_err();
        let program = |engine: &FakeEngine| engine.program().display().to_string();
        assert_eq!(
            error.to_string(),
            format!(
                "no container engine works here:\n  {}: 28.2.2 has no buildx, so no BuildKit; \
                 --engine docker-legacy would take its old builder\n  {}: Error: storage is broken\n  \
                 buildah: not on PATH",
                program(&docker),
                program(&podman)
            )
        );
    }

    #[test]
    fn a_daemon_that_is_down_is_no_engine_and_neither_is_podman_under_dockers_name() {
        let docker = FakeEngine::docker();
        for answer in ["24.0.7 ", "4.3.1 <no value>", "nonsense"] {
            docker.print("version", answer, 0);
            let error = chosen(&[&docker], EngineChoice::Docker).unwrap_err().to_string();
            assert!(error.contains("told no version of a server"), "{answer}: {error}");
        }
    }

    #[test]
    fn a_context_is_dockers_alone_and_goes_before_a_daemon_that_the_environment_names() {
        let (podman, docker) = (FakeEngine::podman(), FakeEngine::docker());
        let look = |engines: &[&FakeEngine]| {
            look_for(&path_of(engines), Some("far"), EngineChoice::Auto, &Console::silent())
        };
        let engine = look(&[&podman, &docker]).unwrap();
        let variables = [("DOCKER_CONTEXT", "far"), ("DOCKER_HOST", "")].map(|(n, v)| (n.into(), v.into()));
        assert_eq!(engine.inspect_call("a").environment(), variables);
        assert!(engine.to_string().ends_with(" in the context far"), "{engine}");
        assert!(look(&[&podman]).is_err(), "podman has no contexts of docker");
    }

    #[test]
    fn a_working_docker_costs_two_questions_at_most() {
        let docker = FakeEngine::docker();
        chosen(&[&docker], EngineChoice::Auto).unwrap();
        let verbs: Vec<String> = docker.calls().iter().map(|c| c.verb().to_owned()).collect();
        assert_eq!(verbs, ["version", "buildx"]);
    }

    #[test]
    fn the_first_number_of_a_version() {
        for (text, number) in
            [("20.10.24+dfsg1", Some(20)), ("v1", None), ("", None), ("<no value>", None), ("5", Some(5))]
        {
            assert_eq!(major(text), number, "{text}");
        }
    }
}
