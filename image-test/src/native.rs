//! The tests straight from the repository's specs, without the image's own scripts: a small program
//! of ours (`runner/`, in the image's Python) runs each import, notebook and script in a process of
//! its own, several side by side, and tells each result as a line of JSON.

mod event;
mod limits;
mod order;
mod payload;
mod planned;
mod results;

use common::console::Console;
use common::evidence::Store;
use common::settings::Settings;
use tempfile::NamedTempFile;

pub(crate) use limits::Limits;
pub(crate) use payload::{BOOT, PayloadError, Venv};
pub(crate) use planned::Planned;
pub(crate) use results::Results;

use crate::memory::Memory;
use crate::specs::Spec;
use order::Durations;

/// A run made ready: what the container reads, and what its results are put into.
#[derive(Debug)]
pub(crate) struct Prepared {
    /// The runner, the request and the specs; gone when dropped.
    pub(crate) payload: NamedTempFile,
    /// No result yet.
    pub(crate) results: Results,
}

/// Makes the tests of `specs` ready; `jobs` of them side by side, or as many as the container has
/// processors. What `memory` still knows the result of is not run.
pub(crate) fn prepare(
    (specs, memory): (&[Spec], &Memory),
    settings: &Settings,
    store: &Store,
    (jobs, limits): (Option<u16>, Limits),
) -> Result<Prepared, PayloadError> {
    let planned = Planned::all(specs);
    let known: Vec<_> = planned.iter().map(|one| memory.result(one)).collect();
    let mut order = order::longest_first(&planned, &Durations::earlier(store));
    order.retain(|&id| known[id].is_none());
    let request = payload::Request::new(&planned, &order, jobs, limits);
    let payload = payload::write(&request, None, &settings.deployment().environments_dir())?;
    Ok(Prepared { payload, results: Results::new(specs, planned).taking_over(known) })
}

/// Makes those tests of `spec` ready that are `planned`, in an environment that is made first.
pub(crate) fn prepare_in(
    venv: &Venv<'_>,
    (spec, planned): (&Spec, &[Planned]),
    settings: &Settings,
    (jobs, limits): (Option<u16>, Limits),
) -> Result<Prepared, PayloadError> {
    let order: Vec<usize> = (0..planned.len()).collect();
    let request = payload::Request::new(planned, &order, jobs, limits).making(venv);
    let payload = payload::write(&request, Some(venv), &settings.deployment().environments_dir())?;
    Ok(Prepared { payload, results: Results::new(std::slice::from_ref(spec), planned.to_vec()) })
}

/// Tells which environments there is nothing to run of.
pub(crate) fn notice_empty(specs: &[Spec], console: &Console) {
    for spec in specs.iter().filter(|spec| spec.is_empty()) {
        console.notice(format_args!("skipping {}: it has no tests", spec.environment));
    }
}
