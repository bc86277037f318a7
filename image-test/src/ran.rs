//! A run in a container from its start to its end, and what kept it from coming there.

use std::time::{Duration, Instant};

use common::engine::{EngineError, RunRequest};
use common::process::{Exit, ProcessError};

use crate::account::Account;
use crate::bench::Bench;
use crate::error::Error;
use crate::log::Log;
use crate::plan::{Plan, TEST};
use crate::refusal::{self, Refusal};

/// A run that ended.
pub(crate) struct Ran {
    pub(crate) account: Account,
    pub(crate) end: End,
    pub(crate) took: Duration,
    pub(crate) log: String,
}

/// How it ended.
pub(crate) enum End {
    /// By itself.
    Exited(Exit),
    /// By the time limit.
    TimeLimit(Duration),
    /// By a signal that we were sent.
    Interrupted(u8),
}

/// Runs `request` and takes down what it tells.
pub(crate) fn follow(bench: &Bench<'_>, request: &RunRequest, mut account: Account) -> Result<Ran, Error> {
    let console = bench.console;
    let mut log = Log::create(&bench.state, &bench.settings)?;
    let clock = Instant::now();
    let end = bench.engine.run(request, console, &mut |line| {
        let (shown, kept) = account.line(line, clock.elapsed());
        log.line(&kept, console);
        console.child_line(&shown);
    });
    let end = match end {
        Ok(exit) => End::Exited(exit),
        Err(EngineError::Call(ProcessError::TimeLimit { limit, .. })) => End::TimeLimit(limit),
        Err(EngineError::Call(ProcessError::Interrupted(number))) => End::Interrupted(number),
        Err(error) => return Err(error.into()),
    };
    Ok(Ran { account, end, took: clock.elapsed(), log: log.relative_to(&bench.settings.root) })
}

/// What kept the tests from coming to an end of their own.
pub(crate) fn fault(bench: &Bench<'_>, plan: &Plan, ran: &Ran) -> Option<Error> {
    let exit = match &ran.end {
        End::TimeLimit(limit) => return Some(Error::TimeLimit { seconds: limit.as_secs() }),
        End::Interrupted(number) => {
            return Some(Error::Engine(EngineError::Call(ProcessError::Interrupted(*number))));
        }
        End::Exited(exit) => *exit,
    };
    if ran.account.has_begun() {
        return None;
    }
    let program = &plan.request.command[0];
    let (refusal, said) = refusal::refusal(exit, program, ran.account.last_lines())?;
    let (image, said) = (plan.image.name.clone(), said.to_owned());
    Some(match refusal {
        Refusal::NoTest if program != TEST => Error::NoPython { image, python: program.clone(), said },
        Refusal::NoTest => Error::NoTest { image, said },
        Refusal::NotExecutable => Error::NotExecutable { image, said },
        Refusal::Engine(status) => {
            Error::NotStarted { engine: bench.engine.to_string(), image, status, said }
        }
    })
}
