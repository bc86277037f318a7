//! What can be asked of an engine, as values.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use crate::process::Input;

/// A file that a build sees below `/run/secrets`, and that stays out of the image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secret {
    /// Its id.
    pub id: String,
    /// The file on the host.
    pub source: PathBuf,
}

/// An image to build.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BuildRequest {
    /// The context, which is also where the engine runs (it is then called `.`).
    pub context: PathBuf,
    /// The Dockerfile's name inside the context.
    pub dockerfile: String,
    /// The name that the image gets.
    pub tag: String,
    /// The switches of every build, already split into words (`DOCKER_BUILD_ARGS`).
    pub words: Vec<String>,
    /// Build arguments, in order.
    pub arguments: Vec<(String, String)>,
    /// Labels that the image gets.
    pub labels: Vec<(String, String)>,
    /// Secrets for its RUN steps.
    pub secrets: Vec<Secret>,
    /// The network mode of its RUN steps.
    pub network: Option<String>,
    /// Variables of the engine's own program.
    pub environment: Vec<(String, String)>,
    /// The moment, in seconds since 1970, that the image counts as made at, and its files as far as the engine
    /// can do that; none for the clock's.
    pub epoch: Option<i64>,
    /// A directory for an archive that the image goes through on its way into the engine, which dates its files;
    /// none for the straight way ([`super::Dating::Archive`]).
    pub archive_in: Option<PathBuf>,
}

/// A host directory inside a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// On the host, absolute.
    pub source: PathBuf,
    /// In the container.
    pub target: String,
}

impl Mount {
    /// `source:target`, as every engine's `--volume` takes it.
    pub(super) fn word(&self) -> OsString {
        let mut word = self.source.clone().into_os_string();
        word.push(":");
        word.push(&self.target);
        word
    }
}

/// A command to run in a fresh container, which is removed afterwards however the run ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunRequest {
    /// The image's name or id.
    pub image: String,
    /// The switches of every run, already split into words (`IMAGE_RUN_PARS`).
    pub words: Vec<String>,
    /// The command; empty for the image's own.
    pub command: Vec<String>,
    /// Variables set in the container.
    pub variables: Vec<(String, String)>,
    /// Host directories it sees.
    pub mounts: Vec<Mount>,
    /// The network mode.
    pub network: Option<String>,
    /// What the command finds on its standard input.
    pub input: Input,
    /// How long it may take; it is ended then.
    pub limit: Option<Duration>,
}
