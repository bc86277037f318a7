//! One environment of a mixture of two locks, made and tested in a container of its own.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use common::engine::{Mount, RunRequest};
use common::process::Input;
use common::state_file::StateFileError;

use super::change::Lock;
use super::error::BisectError;
use crate::account::Account;
use crate::bench::Bench;
use crate::error::Error;
use crate::native::{self, Limits, Planned, Venv};
use crate::plan::Plan;
use crate::ran;
use crate::specs::Spec;

/// Where uv keeps what it fetched, in the container: the next trial fetches nothing twice.
const CACHE: &str = "/tmp/image-test-uv-cache";

/// What all trials of an environment have in common.
pub(crate) struct Lab<'a> {
    pub(crate) bench: &'a Bench<'a>,
    pub(crate) plan: &'a Plan,
    pub(crate) spec: &'a Spec,
    pub(crate) how: (Option<u16>, Limits),
    pub(crate) ca_bundle: Option<PathBuf>,
    /// This machine's uv, once it turned out that the image has none.
    pub(crate) uv: Option<PathBuf>,
}

/// What came of a trial.
pub(crate) enum Trial {
    /// The environment was made, and every test ran.
    Tested(Tested),
    /// There is none of this mixture, or its tests came to no end.
    Untestable(String),
}

/// A trial that came to its end.
pub(crate) struct Tested {
    /// Those of the tests that failed.
    pub(crate) failing: Vec<Planned>,
    /// What is installed and does not fit together.
    pub(crate) complaints: Vec<String>,
    /// The uv that made it.
    pub(crate) uv: String,
}

impl Lab<'_> {
    /// Runs the tests `planned` in an environment of `lock`.
    pub(crate) fn test(&mut self, lock: &Lock, planned: &[Planned]) -> Result<Trial, Error> {
        let trial = self.attempt(lock, planned)?;
        if !matches!(&trial, Trial::Untestable(why) if why == "no uv") {
            return Ok(trial);
        }
        // Taken along only where it must be: it is tens of megabytes.
        self.uv = Some(on_path("uv").filter(|_| self.uv.is_none()).ok_or(BisectError::NoUv)?);
        self.attempt(lock, planned)
    }

    fn attempt(&self, lock: &Lock, planned: &[Planned]) -> Result<Trial, Error> {
        let (bench, plan) = (self.bench, self.plan);
        let venv = Venv {
            environment: &self.spec.environment,
            lock: &lock.text(),
            uv: self.uv.as_deref(),
            ca_bundle: self.ca_bundle.as_deref(),
        };
        let prepared = native::prepare_in(&venv, (self.spec, planned), &bench.settings, self.how)?;
        let request = self.request(prepared.payload.path().to_owned())?;
        let ran = ran::follow(bench, &request, Account::Native(prepared.results))?;
        if let Some(fault) = ran::fault(bench, plan, &ran) {
            return Err(fault);
        }
        let Account::Native(results) = ran.account else { unreachable!("it was given as one") };
        let made = match results.venv() {
            Some(Ok(made)) if results.has_ended() => made.clone(),
            Some(Err(why)) => return Ok(Trial::Untestable(why.clone())),
            Some(Ok(_)) | None => return Ok(Trial::Untestable("its tests came to no end".to_owned())),
        };
        let failing = planned.iter().zip(results.passed()).filter(|(_, passed)| !passed);
        Ok(Trial::Tested(Tested {
            failing: failing.map(|(one, _)| one.clone()).collect(),
            complaints: made.complaints,
            uv: made.uv,
        }))
    }

    fn request(&self, payload: PathBuf) -> Result<RunRequest, Error> {
        let cache = self.bench.state.dir("cache/uv")?;
        // The container's user is somebody else here.
        let open = fs::Permissions::from_mode(0o1777);
        fs::set_permissions(&cache, open).map_err(|source| StateFileError::new("open", &cache, source))?;
        let mut request = RunRequest { input: Input::File(payload), ..self.plan.request.clone() };
        request.mounts.push(Mount { source: cache, target: CACHE.to_owned() });
        request.variables.insert(0, ("UV_CACHE_DIR".to_owned(), CACHE.to_owned()));
        Ok(request)
    }
}

fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|dir| dir.join(name)).find(|program| program.is_file())
}
