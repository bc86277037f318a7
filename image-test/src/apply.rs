//! Running the tests, and keeping what came of them.

use std::time::{Duration, Instant};

use common::console::{Console, Verbosity};
use common::engine::EngineError;
use common::evidence::Tested;
use common::fault::Status;
use common::process::{Exit, ProcessError};
use common::report::{Outcome, TestOutcome};
use common::session::{Finding, Session};

use crate::args::Args;
use crate::bench::Bench;
use crate::cross_check;
use crate::error::Error;
use crate::log::Log;
use crate::plan::Plan;
use crate::refusal::{self, Refusal};
use crate::reports::{self, Results};
use crate::summary::{Failures, Headline, Summary};
use crate::transcript::{Ending, Transcript};
use crate::verdict::{self, Judgement};

/// A run that ended.
struct Ran {
    transcript: Transcript,
    end: End,
    took: Duration,
    log: String,
}

/// How it ended.
enum End {
    /// By itself.
    Exited(Exit),
    /// By the time limit.
    TimeLimit(Duration),
    /// By a signal that we were sent.
    Interrupted(u8),
}

/// Tests the image that `args` mean.
pub(crate) fn run(args: &Args, console: &Console) -> Result<Status, Error> {
    let mut session = Session::open("image-test", &args.shared, console)?;
    reports::check_writable(&args.reports)?;
    let bench = Bench::set_up(&session.document.settings, console)?;
    let image = bench.image(args.image.as_deref(), &mut session)?;
    let plan = Plan::new(args, &bench.settings, image);
    test(&bench, &plan, args, session)
}

/// Runs the tests, and gives the status to end with after printing the document.
fn test(bench: &Bench<'_>, plan: &Plan, args: &Args, session: Session) -> Result<Status, Error> {
    bench.console.status(plan);
    let ran = run_tests(bench, plan)?;
    let fault = fault(bench, plan, &ran);
    let started = fault.is_none() || ran.transcript.has_begun();
    let took = ran.took;
    let (outcome, judgement) = conclude(bench, args, ran);
    if started {
        // The fault itself is told at the end, and is the first of the reasons.
        show(bench, &outcome, usize::from(fault.is_some()));
    }
    let tested =
        Tested { image: plan.image.clone(), at: session.started(), verdict: judgement.verdict, outcome };
    // A run that somebody stopped says nothing about the image; one that never began, nothing lasting.
    let interrupted = matches!(fault, Some(Error::Engine(_)));
    if !interrupted {
        let status = fault.as_ref().map_or(judgement.status, common::fault::Fault::status).code();
        let mission = bench.settings.deployment.as_str();
        let seconds = round(took.as_secs_f64());
        reports::write(&args.reports, &Results { mission, tested: &tested, seconds, status })?;
    }
    if started && !interrupted {
        bench.store.write(&plan.image.id, &tested)?;
    }
    match fault {
        Some(fault) => Err(fault),
        None => finish(session, tested, &judgement),
    }
}

/// The document with our report, and the status of the judgement: the container's own, if it failed.
fn finish(session: Session, tested: Tested, judgement: &Judgement) -> Result<Status, Error> {
    let headline = Headline(&tested.outcome).to_string();
    let outcome = Outcome::Test(tested.outcome);
    session.finish(Finding { verdict: tested.verdict, image: Some(tested.image), outcome }, &headline)?;
    Ok(judgement.status)
}

fn run_tests(bench: &Bench<'_>, plan: &Plan) -> Result<Ran, Error> {
    let console = bench.console;
    let mut log = Log::create(&bench.state, &bench.settings)?;
    let mut transcript = Transcript::new();
    let clock = Instant::now();
    let end = bench.engine.run(&plan.request, console, &mut |line| {
        transcript.line(line, clock.elapsed());
        log.line(line, console);
        console.child_line(line);
    });
    let end = match end {
        Ok(exit) => End::Exited(exit),
        Err(EngineError::Call(ProcessError::TimeLimit { limit, .. })) => End::TimeLimit(limit),
        Err(EngineError::Call(ProcessError::Interrupted(number))) => End::Interrupted(number),
        Err(error) => return Err(error.into()),
    };
    Ok(Ran { transcript, end, took: clock.elapsed(), log: log.relative_to(&bench.settings.root) })
}

/// What kept the tests from coming to an end of their own.
fn fault(bench: &Bench<'_>, plan: &Plan, ran: &Ran) -> Option<Error> {
    let exit = match &ran.end {
        End::TimeLimit(limit) => return Some(Error::TimeLimit { seconds: limit.as_secs() }),
        End::Interrupted(number) => {
            return Some(Error::Engine(EngineError::Call(ProcessError::Interrupted(*number))));
        }
        End::Exited(exit) => *exit,
    };
    if ran.transcript.has_begun() {
        return None;
    }
    let (refusal, said) = refusal::refusal(exit, ran.transcript.last_lines())?;
    let (image, said) = (plan.image.name.clone(), said.to_owned());
    Some(match refusal {
        Refusal::NoTest => Error::NoTest { image, said },
        Refusal::NotExecutable => Error::NotExecutable { image, said },
        Refusal::Engine(status) => {
            Error::NotStarted { engine: bench.engine.to_string(), image, status, said }
        }
    })
}

/// The results, completed and judged.
fn conclude(bench: &Bench<'_>, args: &Args, ran: Ran) -> (TestOutcome, Judgement) {
    let cut = |words: String| Ending { clean: false, cut_short: true, words };
    let (exit, ending) = match ran.end {
        End::Exited(exit) => (exit, verdict::ending(exit, ran.transcript.last_lines())),
        End::TimeLimit(limit) => (
            Exit::Code(Status::TimeLimit.code()),
            cut(format!("the time limit of {} s passed", limit.as_secs())),
        ),
        End::Interrupted(number) => (Exit::Signal(number), cut(format!("signal {number} stopped the run"))),
    };
    let observed = ran.transcript.finish(&ending, ran.took);
    let mut environments = cross_check::complete(observed, &bench.specs, ending.clean);
    for environment in &mut environments {
        environment.seconds = environment.seconds.map(round);
        for case in &mut environment.cases {
            case.seconds = case.seconds.map(round);
        }
    }
    let judgement = verdict::judge(exit, &ending, &environments, args.allow);
    let outcome = TestOutcome {
        container_status: exit.status().code(),
        reasons: judgement.reasons.clone(),
        log: Some(ran.log),
        environments,
    };
    (outcome, judgement)
}

/// The table, or only what failed if we are to be quiet; then the reasons but for the first `told`.
fn show(bench: &Bench<'_>, outcome: &TestOutcome, told: usize) {
    let console = bench.console;
    if console.verbosity() == Verbosity::Quiet {
        console.raw(Failures(outcome));
    } else {
        console.raw(format_args!("\n{}\n", Summary(outcome)));
    }
    if let Some(log) = outcome.log.as_deref().filter(|_| !outcome.reasons.is_empty()) {
        console
            .status(format_args!("all that was printed is in {}", bench.settings.root.join(log).display()));
    }
    for reason in outcome.reasons.iter().skip(told) {
        console.error(reason);
    }
    if outcome.reasons.is_empty() {
        console.status(Headline(outcome).to_string().trim_end());
    }
}

/// Milliseconds are as much as a wall clock is worth.
fn round(seconds: f64) -> f64 {
    (seconds * 1000.0).round() / 1000.0
}
