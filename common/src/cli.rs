//! What every command line has in common: the shared flags, and how a run ends.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::console::{Console, Verbosity};
use crate::deployment::Deployment;
use crate::fault::{Fault, Status};
use crate::settings::EngineChoice;
use crate::waiver::{MissionWaivers, WaiverError};

/// Flags that every tool takes.
#[derive(Args, Clone, Debug, Default)]
pub struct SharedArgs {
    /// `-` reads the document from standard input
    #[arg(value_name = "-", value_parser = ["-"], hide_possible_values = true)]
    pub document: Option<String>,

    /// Read the document from FILE (`-` for standard input)
    #[arg(long, value_name = "FILE", conflicts_with = "document")]
    pub settings: Option<PathBuf>,

    /// The deployments repository, if it is not the one around the working directory
    #[arg(long, value_name = "DIR")]
    pub root: Option<PathBuf>,

    /// Which container engine to use, for this call
    #[arg(long, value_name = "ENGINE")]
    pub engine: Option<EngineChoice>,

    /// Print the document on standard output, also on a terminal
    #[arg(long)]
    pub json: bool,

    /// How much is said.
    #[command(flatten)]
    pub voice: VoiceArgs,
}

impl SharedArgs {
    /// The part that finds the settings and the engine.
    #[must_use]
    pub fn place(&self) -> PlaceArgs {
        let Self { settings, root, engine, voice, .. } = self.clone();
        PlaceArgs { settings, root, engine, voice }
    }
}

/// What finds the settings and the engine, for commands that neither read nor print a document: their
/// standard streams belong to somebody else.
#[derive(Args, Clone, Debug, Default)]
pub struct PlaceArgs {
    /// Read the settings from the document in FILE
    #[arg(long, value_name = "FILE")]
    pub settings: Option<PathBuf>,

    /// The deployments repository, if it is not the one around the working directory
    #[arg(long, value_name = "DIR")]
    pub root: Option<PathBuf>,

    /// Which container engine to use, for this call
    #[arg(long, value_name = "ENGINE")]
    pub engine: Option<EngineChoice>,

    /// How much is said.
    #[command(flatten)]
    pub voice: VoiceArgs,
}

impl PlaceArgs {
    /// The same as every other tool takes it.
    #[must_use]
    pub fn shared(&self) -> SharedArgs {
        let Self { settings, root, engine, voice } = self.clone();
        SharedArgs { settings, root, engine, voice, ..SharedArgs::default() }
    }
}

/// Whether known failures are excused, by those tools that find failures.
#[derive(Args, Clone, Copy, Debug, Default)]
pub struct WaiverArgs {
    /// Excuse nothing: waivers.json of the environments and of the mission are not looked at
    #[arg(long)]
    pub no_waivers: bool,
}

impl WaiverArgs {
    /// What is waived in `deployment`.
    ///
    /// # Errors
    /// A file of waivers cannot be read or makes no sense.
    pub fn of(self, deployment: &Deployment) -> Result<MissionWaivers, WaiverError> {
        if self.no_waivers { Ok(MissionWaivers::default()) } else { MissionWaivers::read(deployment) }
    }
}

/// Flags for how much is said.
#[derive(Args, Clone, Copy, Debug, Default)]
pub struct VoiceArgs {
    /// Say only what went wrong
    #[arg(short, long, conflicts_with = "verbose")]
    pub quiet: bool,

    /// Show every call that is made
    #[arg(short, long)]
    pub verbose: bool,
}

impl VoiceArgs {
    /// How much is said.
    #[must_use]
    pub const fn verbosity(self) -> Verbosity {
        match (self.quiet, self.verbose) {
            (true, _) => Verbosity::Quiet,
            (_, true) => Verbosity::Verbose,
            _ => Verbosity::Normal,
        }
    }
}

/// Ends a run: the status of an answer, or of an error after telling it, its causes and its hint.
#[must_use]
pub fn end<E: Fault>(result: Result<Status, E>, console: &Console) -> ExitCode {
    match result {
        Ok(status) => status.into(),
        Err(error) => {
            tell(&error, console);
            error.status().into()
        }
    }
}

/// States an error with its causes, then its hint.
pub fn tell<E: Fault>(error: &E, console: &Console) {
    let mut message = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        // Messages of library errors often repeat those of their cause.
        if !message.contains(&text) {
            message.push_str(": ");
            message.push_str(&text);
        }
        cause = error.source();
    }
    console.error(message);
    if let Some(hint) = error.hint() {
        console.hint(hint);
    }
}
