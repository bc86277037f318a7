//! The engine that worked last time, so that a run with nothing to do need not look for one again:
//! asking each costs more than the rest of such a run.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use common::engine::{Capabilities, Engine, Kind};
use common::settings::EngineChoice;
use common::state_file;

use crate::key;

/// The programs that could be an engine.
const PROGRAMS: [Kind; 3] = [Kind::Docker, Kind::Podman, Kind::Buildah];

#[derive(Serialize, Deserialize)]
struct Remembered {
    /// Everything that the choice went by.
    grounds: Grounds,
    kind: String,
    program: PathBuf,
    version: String,
    cache_mounts: bool,
    secrets: bool,
    empty_copy: bool,
}

/// What decides which engine works, as far as it can be seen without asking one.
#[derive(PartialEq, Eq, Serialize, Deserialize)]
struct Grounds {
    /// Every program that could be one, and when it was changed last, in nanoseconds since 1970.
    programs: Vec<(PathBuf, u128)>,
    /// Where the environment leads it to.
    place: Option<String>,
    /// When the user's own choice of a docker context was changed last.
    config: u128,
}

/// The engine that [`keep`] was last told of for `choice`, if nothing that it was found by changed.
pub(crate) fn recall(state_dir: &Path, choice: EngineChoice) -> Option<Engine> {
    let text = std::fs::read(file(state_dir, choice)).ok()?;
    let known: Remembered = serde_json::from_slice(&text).ok()?;
    let kind = PROGRAMS.into_iter().find(|kind| kind.name() == known.kind)?;
    let capabilities = Capabilities {
        cache_mounts: known.cache_mounts,
        secrets: known.secrets,
        empty_copy: known.empty_copy,
    };
    let engine = Engine { kind, program: known.program, version: known.version, capabilities, context: None };
    (known.grounds == Grounds::now()).then_some(engine)
}

/// Remembers that `engine` is the one for `choice`. That it cannot be is no reason to fail.
pub(crate) fn keep(state_dir: &Path, choice: EngineChoice, engine: &Engine) {
    let known = Remembered {
        grounds: Grounds::now(),
        kind: engine.kind.name().to_owned(),
        program: engine.program.clone(),
        version: engine.version.clone(),
        cache_mounts: engine.capabilities.cache_mounts,
        secrets: engine.capabilities.secrets,
        empty_copy: engine.capabilities.empty_copy,
    };
    if let Ok(text) = serde_json::to_vec_pretty(&known) {
        _ = state_file::replace(&file(state_dir, choice), &text, 0o644);
    }
}

fn file(state_dir: &Path, choice: EngineChoice) -> PathBuf {
    let place = key::place().map(|place| format!("-{place}")).unwrap_or_default();
    state_dir.join(format!("engine-{choice}{place}.json"))
}

impl Grounds {
    fn now() -> Self {
        let path = env::var_os("PATH").unwrap_or_default();
        let config = env::var_os("DOCKER_CONFIG").map(PathBuf::from);
        let config = config.or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".docker")));
        Self {
            programs: programs(&path),
            place: key::place(),
            config: config.and_then(|dir| modified(&dir.join("config.json"))).unwrap_or_default(),
        }
    }
}

fn programs(path: &OsStr) -> Vec<(PathBuf, u128)> {
    let dirs = env::split_paths(path).filter(|dir| dir.is_absolute());
    let all = dirs.flat_map(|dir| PROGRAMS.map(|kind| dir.join(kind.name())));
    all.filter_map(|program| modified(&program).map(|time| (program, time))).collect()
}

fn modified(path: &Path) -> Option<u128> {
    let time: SystemTime = path.metadata().ok()?.modified().ok()?;
    Some(time.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos())
}

#[cfg(test)]
mod tests {
    use super::*;
    use common::testing::FakeEngine;

    #[test]
    fn an_engine_is_recalled_until_what_it_was_found_by_changes() {
        let dir = tempfile::tempdir().unwrap();
        let fake = FakeEngine::podman();
        let engine = fake.engine();
        assert_eq!(recall(dir.path(), EngineChoice::Auto), None);
        keep(dir.path(), EngineChoice::Auto, &engine);
        assert_eq!(recall(dir.path(), EngineChoice::Auto), Some(engine));
        assert_eq!(recall(dir.path(), EngineChoice::Docker), None);
        let path = dir.path().join("engine-auto.json");
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, text.replace("\"config\": 0", "\"config\": 1")).unwrap();
        let unchanged = std::fs::read_to_string(&path).unwrap() == text;
        assert!(unchanged || recall(dir.path(), EngineChoice::Auto).is_none());
    }

    #[test]
    fn another_program_on_path_is_seen() {
        let fake = FakeEngine::docker();
        assert_eq!(programs(&fake.path()).len(), 1);
        std::fs::write(fake.program().with_file_name("podman"), "").unwrap();
        assert_eq!(programs(&fake.path()).len(), 2);
    }
}
