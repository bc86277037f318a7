//! Several missions at a time: what they share is made once, the rest side by side.
//!
//! Each mission is a run of this very program with a document of its own, so that a failure or a lock
//! is that mission's alone. Missions with nothing to do are found out beforehand, and confirmed by
//! one question for all of them.

mod queue;
mod size;
mod summary;

use std::collections::BTreeSet;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use common::console::Console;
use common::deployment;
use common::document::Document;
use common::engine::EngineError;
use common::fault::Status;
use common::missions;
use common::process::{self, Invocation};
use common::report::Report;
use common::session::{self, Session};
use common::settings::Settings;
use common::sibling;

use crate::apply::{self, Sifted};
use crate::args::Args;
use crate::error::Error;
use crate::memory::Need;
use queue::{Limits, Next, Queue, State, Task};
use summary::{Outcome, Row, Summary};

pub(crate) use size::Size;

/// The settings of every mission that `args` name, or of the configured one alone.
///
/// # Errors
/// There is no such mission, or they cannot be listed.
pub(crate) fn missions(args: &Args, settings: &Settings) -> Result<Vec<Settings>, Error> {
    let names: Vec<_> = if args.many.all.is_some() {
        deployment::missions(&settings.root)?
    } else {
        let named = args.missions().map(|name| deployment::mission(&settings.root, name));
        let mut seen = BTreeSet::new();
        let named = named.collect::<Result<Vec<_>, _>>()?;
        named.into_iter().filter(|name| seen.insert(name.clone())).collect()
    };
    if names.is_empty() {
        return Ok(vec![settings.clone()]);
    }
    Ok(names.into_iter().map(|name| missions::settings_of(settings, name)).collect())
}

/// Builds all of `missions`; the status is that of the first failure.
///
/// # Errors
/// We were told to stop, or the document cannot be printed.
pub(crate) fn run(
    args: &Args,
    session: &Session,
    missions: Vec<Settings>,
    console: &Console,
) -> Result<Status, Error> {
    let Sifted { idle, busy } = apply::sift(args, session, missions, console)?;
    let mut rows: Vec<Row> = idle.iter().map(|(mission, _)| stood(mission.deployment.as_str())).collect();
    let mut document = session.document.clone();
    document.reports.extend(idle.into_iter().map(|(_, report)| report));
    let fleet = Fleet::new(args, session, busy, console);
    let status = fleet.run(&mut document, &mut rows)?;
    let summary = Summary(rows);
    summary.to_string().lines().for_each(|line| console.status(line));
    session::pass_on(&document, args.json, &summary)?;
    Ok(status)
}

fn stood(name: &str) -> Row {
    Row { name: name.to_owned(), result: Outcome::Stood, waited: None }
}

/// One run under way.
struct Fleet<'a> {
    console: &'a Console,
    jobs: Vec<Job>,
    queue: Mutex<(Queue, Vec<Option<Ended>>)>,
    ended: Condvar,
    start: Instant,
    workers: usize,
}

/// What a task runs.
struct Job {
    settings: Settings,
    arguments: Vec<String>,
    /// The docker context that it runs in.
    host: Option<String>,
}

/// How a task came to its end.
struct Ended {
    began: Instant,
    took: Duration,
    status: Status,
    reports: Vec<Report>,
}

impl<'a> Fleet<'a> {
    fn new(args: &Args, session: &Session, missions: Vec<Settings>, console: &'a Console) -> Self {
        let hosts: Vec<Option<String>> = if args.many.hosts.is_empty() {
            vec![None]
        } else {
            args.many.hosts.iter().cloned().map(Some).collect()
        };
        let arguments = passed_on(args, session);
        let (mut tasks, mut jobs) = (Vec::new(), Vec::new());
        let used = hosts.len().min(missions.len());
        // One alone makes what is below it by itself.
        let shares = missions.len() > used;
        for (place, host) in hosts.iter().enumerate().take(if shares { used } else { 0 }) {
            let settings = missions[place].clone();
            let name = host.as_ref().map_or("common".to_owned(), |host| format!("common@{host}"));
            let memory = Need::of_common(&settings, args.many.memory_per_build).bytes;
            tasks.push(Task { name, after: None, place, memory });
            let arguments = [arguments.clone(), vec!["--common-only".to_owned()]].concat();
            jobs.push(Job { settings, arguments, host: host.clone() });
        }
        let arguments = if shares { upon_common(arguments) } else { arguments };
        for (number, settings) in missions.into_iter().enumerate() {
            let place = number % used;
            let name = settings.deployment.to_string();
            let memory = Need::of_mission(&settings, args.many.memory_per_build).bytes;
            tasks.push(Task { name, after: shares.then_some(place), place, memory });
            let of = |path| missions::file_of_mission(path, settings.deployment.as_str());
            let timings = args.timings.as_deref().map(|path| format!("--timings={}", of(path).display()));
            let arguments = arguments.iter().cloned().chain(timings).collect();
            jobs.push(Job { settings, arguments, host: hosts[place].clone() });
        }
        let limits = Limits {
            jobs: args.many.jobs.get(),
            memory: args.many.memory,
            keep_going: args.many.keep_going || missions::is_ci(),
        };
        let workers = tasks.len();
        let results = tasks.iter().map(|_| None).collect();
        let queue = Mutex::new((Queue::new(tasks, limits), results));
        Self { console, jobs, queue, ended: Condvar::new(), start: Instant::now(), workers }
    }

    /// Runs every task, and adds what came of each to `document` and `rows`.
    fn run(self, document: &mut Document, rows: &mut Vec<Row>) -> Result<Status, Error> {
        std::thread::scope(|scope| {
            for _ in 0..self.workers {
                scope.spawn(|| self.work());
            }
        });
        process::check_interrupted().map_err(EngineError::from)?;
        let (queue, results) = self.queue.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut first = Status::Done;
        for (number, result) in results.into_iter().enumerate() {
            rows.push(row(&queue, number, result.as_ref(), self.start));
            let Some(result) = result else { continue };
            document.reports.extend(result.reports);
            if first == Status::Done {
                first = result.status;
            }
        }
        Ok(first)
    }

    fn lock(&self) -> MutexGuard<'_, (Queue, Vec<Option<Ended>>)> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What one thread does: takes what can begin, until nothing is left.
    fn work(&self) {
        let mut guard = self.lock();
        loop {
            let next = if process::check_interrupted().is_err() { Next::Over } else { guard.0.next() };
            let number = match next {
                Next::Start(number) => number,
                Next::Wait => {
                    guard = self.ended.wait(guard).unwrap_or_else(PoisonError::into_inner);
                    continue;
                }
                Next::Over => break,
            };
            let name = guard.0.tasks[number].name.clone();
            drop(guard);
            let ended = self.jobs[number].run(&name, self.console);
            guard = self.lock();
            guard.0.end(number, ended.status == Status::Done);
            guard.1[number] = Some(ended);
            self.ended.notify_all();
        }
        self.ended.notify_all();
    }
}

impl Job {
    fn run(&self, name: &str, console: &Console) -> Ended {
        let began = Instant::now();
        let document = Document::new(self.settings.clone());
        let call = Invocation::new(sibling::program("image-build"))
            .args(self.arguments.iter().cloned())
            .args(["--json", "-"]);
        // A variable that names a daemon would go before the context.
        let call = match &self.host {
            Some(host) => {
                call.arg(format!("--host={host}")).env("DOCKER_CONTEXT", host).env("DOCKER_HOST", "")
            }
            None => call,
        };
        let (status, reports) = missions::run_one(("image-build", name), call, &document, console);
        Ended { began, took: began.elapsed(), status, reports }
    }
}

fn row(queue: &Queue, number: usize, ended: Option<&Ended>, start: Instant) -> Row {
    let name = queue.tasks[number].name.clone();
    let result = match (queue.states[number], ended) {
        (State::Done, Some(ended)) => Outcome::Done(ended.took),
        (_, Some(ended)) => Outcome::Failed(ended.took, ended.status.code()),
        (_, None) => Outcome::Dropped,
    };
    let waited = ended
        .zip(queue.waited_for[number])
        .map(|(ended, whom)| (ended.began.duration_since(start), queue.tasks[whom].name.clone()));
    Row { name, result, waited }
}

/// What of our own command line each mission's run gets too. The moment is one for all.
fn passed_on(args: &Args, session: &Session) -> Vec<String> {
    let mut words = apply::passed_on(args, session);
    words.extend(args.inputs.place_words().into_iter().filter(|word| word != "--load"));
    let voice = args.place.voice;
    words.extend(voice.quiet.then(|| "--quiet".to_owned()));
    words.extend(voice.verbose.then(|| "--verbose".to_owned()));
    words
}

/// What a mission's run gets of `words` where what it shares was made before: that is not forced twice.
fn upon_common(words: Vec<String>) -> Vec<String> {
    let words = words.into_iter().filter(|word| word != "--refresh-base");
    let words = words.map(|word| match word.as_str() {
        "--force" | "--from=base" | "--from=common" => "--from=mission".to_owned(),
        _ => word,
    });
    words.collect()
}
