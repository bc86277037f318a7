//! Running the tests, and keeping what came of them.

use common::clock;
use common::console::{Console, Verbosity};
use common::engine::RunRequest;
use common::evidence::Tested;
use common::fault::Status;
use common::process::{Exit, Input};
use common::report::{Outcome, TestOutcome, Verdict};
use common::session::{Finding, Session};
use common::waiver;

use crate::account::Account;
use crate::args::Args;
use crate::bench::Bench;
use crate::container::{self, Caller};
use crate::error::Error;
use crate::memory::Memory;
use crate::native::{self, Limits};
use crate::plan::Plan;
use crate::ran::{End, Ran, fault, follow};
use crate::reports::{self, Results};
use crate::summary::{Failures, Headline, Summary};
use crate::transcript::{Ending, Transcript};
use crate::verdict::{self, Judgement};

/// Tests the image that `args` mean.
pub(crate) fn run(args: &Args, console: &Console) -> Result<Status, Error> {
    let mut session = Session::open("image-test", &args.shared, console)?;
    reports::check_writable(&args.reports)?;
    let bench = Bench::set_up((args.image.as_deref(), args.waivers), &session.document, console)?;
    let image = bench.image(args.image.as_deref(), &mut session)?;
    let caller = Caller::ours().with_document(args.shared.document.is_some());
    let around = container::around(&image, args.dev, (&bench.settings, &caller), console)?;
    let plan = Plan::new(args, around.clone(), image);
    let memory = Memory::of(&plan, args, &bench)?;
    if let Some(earlier) = memory.whole() {
        return take_over(&bench, earlier.clone(), args, session);
    }
    container::begin(&around, &bench.engine, console)?;
    test(&bench, (&plan, memory), args, session)
}

/// Gives the answer of a run that passed, since nothing has changed since.
fn take_over(bench: &Bench<'_>, tested: Tested, args: &Args, mut session: Session) -> Result<Status, Error> {
    let notice = format!("nothing changed since {}, when all passed (--again runs the tests)", tested.at);
    bench.console.notice(&notice);
    session.note(notice);
    tell_needless(bench, &tested.outcome, &mut session);
    show(bench, &tested.outcome, 0);
    let mission = bench.settings.deployment.as_str();
    let seconds = tested.outcome.environments.iter().filter_map(|environment| environment.seconds).sum();
    let status = Status::Done;
    reports::write(&args.reports, &Results { mission, tested: &tested, seconds, status: status.code() })?;
    finish(session, tested, status)
}

/// Runs the tests, and gives the status to end with after printing the document.
fn test(
    bench: &Bench<'_>,
    (plan, memory): (&Plan, Memory),
    args: &Args,
    mut session: Session,
) -> Result<Status, Error> {
    bench.console.status(plan);
    let ran = if args.native { run_native(bench, (plan, &memory), args) } else { run_scripts(bench, plan) }?;
    let fault = fault(bench, plan, &ran);
    let started = fault.is_none() || ran.account.has_begun();
    let took = ran.took;
    let Concluded { found, judged, status } = conclude(bench, args, ran);
    if started {
        // The fault itself is told at the end, and is the first of the reasons.
        show(bench, &judged, usize::from(fault.is_some()));
    }
    if fault.is_none() {
        tell_needless(bench, &judged, &mut session);
    }
    let (image, inputs, at) = (plan.image.clone(), Some(memory.inputs), session.started());
    let tested = |outcome: TestOutcome| {
        let verdict = if outcome.reasons.is_empty() { Verdict::Yes } else { Verdict::No };
        Tested { image: image.clone(), at, verdict, outcome, inputs: inputs.clone() }
    };
    let (found, judged) = (tested(found), tested(judged));
    // A run that somebody stopped says nothing about the image; one that never began, nothing lasting.
    let interrupted = matches!(fault, Some(Error::Engine(_)));
    if !interrupted {
        let status = fault.as_ref().map_or(status, common::fault::Fault::status).code();
        let mission = bench.settings.deployment.as_str();
        let seconds = round(took.as_secs_f64());
        reports::write(&args.reports, &Results { mission, tested: &judged, seconds, status })?;
    }
    if args.dev {
        bench.console.notice("nothing is recorded: what was tested is not what the image holds (--dev)");
    } else if started && !interrupted {
        bench.store.write(&plan.image.id, &found)?;
    }
    match fault {
        Some(fault) => Err(fault),
        None => finish(session, judged, status),
    }
}

/// The document with our report, and the status: the container's own, if it failed.
fn finish(session: Session, tested: Tested, status: Status) -> Result<Status, Error> {
    let headline = Headline(&tested.outcome).to_string();
    let outcome = Outcome::Test(tested.outcome);
    session.finish(Finding { verdict: tested.verdict, image: Some(tested.image), outcome }, &headline)?;
    Ok(status)
}

/// Runs the image's own scripts.
fn run_scripts(bench: &Bench<'_>, plan: &Plan) -> Result<Ran, Error> {
    follow(bench, &plan.request, Account::Transcript(Transcript::new()))
}

/// Runs what the repository asks for ourselves.
fn run_native(bench: &Bench<'_>, (plan, memory): (&Plan, &Memory), args: &Args) -> Result<Ran, Error> {
    native::notice_empty(&bench.specs, bench.console);
    let how = (args.jobs, Limits::new(args.timeout));
    let prepared = native::prepare((&bench.specs, memory), &bench.settings, &bench.store, how)?;
    let input = Input::File(prepared.payload.path().to_owned());
    let request = RunRequest { input, ..plan.request.clone() };
    follow(bench, &request, Account::Native(prepared.results))
}

/// What came of a run.
struct Concluded {
    /// As it was found, for the evidence: whoever goes by that judges waivers at that time.
    found: TestOutcome,
    /// As the waivers of today have it.
    judged: TestOutcome,
    /// The status of the latter.
    status: Status,
}

/// The results, completed and judged.
fn conclude(bench: &Bench<'_>, args: &Args, ran: Ran) -> Concluded {
    let cut = |words: String| Ending { clean: false, cut_short: true, words };
    let (exit, ending) = match ran.end {
        End::Exited(exit) => (exit, ran.account.ending(exit)),
        End::TimeLimit(limit) => (
            Exit::Code(Status::TimeLimit.code()),
            cut(format!("the time limit of {} s passed", limit.as_secs())),
        ),
        End::Interrupted(number) => (Exit::Signal(number), cut(format!("signal {number} stopped the run"))),
    };
    let runner = ran.account.runner();
    let mut environments = ran.account.finish(&ending, ran.took, &bench.specs);
    for environment in &mut environments {
        environment.seconds = environment.seconds.map(clock::to_the_millisecond);
        for case in &mut environment.cases {
            case.seconds = case.seconds.map(clock::to_the_millisecond);
        }
    }
    let outcome = TestOutcome {
        runner,
        container_status: exit.status().code(),
        log: Some(ran.log),
        environments,
        ..TestOutcome::default()
    };
    let waivers = bench.waivers.judge(&waiver::red(&outcome), clock::wall());
    let judge = |outcome: TestOutcome| {
        let Judgement { status, reasons } = verdict::judge(&outcome, exit, &ending, args.allow);
        (TestOutcome { reasons, ..outcome }, status)
    };
    let (found, _) = judge(outcome.clone());
    let (judged, status) = judge(TestOutcome { waivers, ..outcome });
    Concluded { found, judged, status }
}

/// Says which waivers of tests nothing needs any more.
fn tell_needless(bench: &Bench<'_>, outcome: &TestOutcome, session: &mut Session) {
    for needless in bench.waivers.needless(&waiver::red(outcome), &["import", "notebook", "script"]) {
        bench.console.notice(needless.needless());
        session.note(needless.needless());
    }
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
