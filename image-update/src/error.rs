//! How `image-update` fails.

use std::io;
use std::path::PathBuf;

use common::ca_bundle::CaBundleError;
use common::deployment::DeploymentError;
use common::fault::{Fault, Status, io_status};
use common::fetch::FetchError;
use common::git::GitError;
use common::lock::LockError;
use common::process::{Exit, ProcessError};
use common::requirement::BadDelivery;
use common::session::SessionError;
use common::shell::quote_os;
use common::state_file::StateFileError;
use common::strict_json::StrictJsonError;
use thiserror::Error;

/// The requirements or the Dockerfile could not be brought up to date.
#[derive(Debug, Error)]
pub enum Error {
    /// There is no document.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The mission's directories cannot be read.
    #[error(transparent)]
    Deployment(#[from] DeploymentError),
    /// A file cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A file cannot be put in place or taken away.
    #[error("cannot write {}", path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A file cannot be written.
    #[error(transparent)]
    File(#[from] StateFileError),
    /// `sources.json` or a receipt makes no sense.
    #[error(transparent)]
    Json(#[from] StrictJsonError),
    /// `sources.json` does not say what a version is made of.
    #[error("{} says nothing of what {version} is made of", path.display())]
    NoMode {
        /// The file, or where it would be.
        path: PathBuf,
        /// The version that was asked for.
        version: String,
    },
    /// An address makes no sense.
    #[error("the source address cannot be used: {reason}")]
    SourceUrl {
        /// Why not, without the address.
        reason: String,
    },
    /// An insecure host makes no sense.
    #[error("insecure_hosts: {reason}")]
    InsecureHost {
        /// Why not.
        reason: String,
    },
    /// A token would go to several servers.
    #[error("--token-file is for one server, and these are asked: {}", places.join(", "))]
    TokenPlaces {
        /// The servers.
        places: Vec<String>,
    },
    /// The named authorities cannot be used.
    #[error(transparent)]
    CaBundle(#[from] CaBundleError),
    /// Nothing can be fetched.
    #[error(transparent)]
    Fetcher(#[from] FetchError),
    /// A file cannot be had.
    #[error("{environment}: {source}; nothing was changed")]
    Fetch {
        /// The environment.
        environment: String,
        /// Why not.
        source: FetchError,
    },
    /// A server says that we have what we asked for.
    #[error("{url} sent nothing")]
    NothingCame {
        /// The address.
        url: String,
    },
    /// What came is no list of packages.
    #[error("{environment}: {source}\nnothing was changed")]
    Bad {
        /// The environment.
        environment: String,
        /// What is wrong.
        source: Box<BadDelivery>,
    },
    /// A repository does not have a revision that a list names.
    #[error("{repository} has no revision {revision}; nothing was changed")]
    NoSuchRevision {
        /// The repository.
        repository: String,
        /// The revision.
        revision: String,
    },
    /// Nothing was delivered before.
    #[error("{environment}: {version} was not delivered to this clone before")]
    NotInStore {
        /// The environment.
        environment: String,
        /// The version.
        version: String,
    },
    /// Lines of the sources are not those that were delivered before.
    #[error(
        "{environment}: the lines of {local} in sources.json are not those that {version} was delivered with"
    )]
    OtherLines {
        /// The environment.
        environment: String,
        /// The file.
        local: String,
        /// The version.
        version: String,
    },
    /// A list holds a name or password for a server; it would be committed, and shown.
    #[error("{environment}: {origin}:{line}: the address of {host} holds a login; nothing was changed")]
    Login {
        /// The environment.
        environment: String,
        /// The list.
        origin: String,
        /// The line, from 1.
        line: usize,
        /// The server.
        host: String,
    },
    /// git failed.
    #[error(transparent)]
    Git(#[from] GitError),
    /// Another run is at it.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// A script must not be run as it is.
    #[error("{} is not executable", path.display())]
    NotExecutable {
        /// The script.
        path: PathBuf,
    },
    /// A script cannot be run.
    #[error("cannot run update-requirements of {environment}")]
    Run {
        /// The environment.
        environment: String,
        /// Why not.
        source: ProcessError,
    },
    /// A script said no.
    #[error(
        "update-requirements of {environment} failed for version {version} with {exit}; everything is as it was"
    )]
    Script {
        /// The environment.
        environment: String,
        /// The version that was asked for.
        version: String,
        /// How it ended.
        exit: Exit,
    },
    /// A script wrote what is no list of packages.
    #[error("update-requirements of {environment}: {source}\neverything is as it was")]
    BadScriptOutput {
        /// The environment.
        environment: String,
        /// What is wrong.
        source: BadDelivery,
    },
    /// What an update had laid aside is gone.
    #[error("{} is gone", path.display())]
    Lost {
        /// Where it was.
        path: PathBuf,
    },
    /// What was written down of an update makes no sense.
    #[error("{} makes no sense: {reason}", path.display())]
    Journal {
        /// The journal.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A change was begun, and could neither be ended nor taken back.
    #[error("{}: {cause}; and it could not be taken back: {second}", dir.display())]
    Unfinished {
        /// The environment's directory.
        dir: PathBuf,
        /// Why it was not ended.
        cause: Box<Error>,
        /// Why it was not taken back.
        second: Box<Error>,
    },
}

impl Error {
    /// What came for `environment` is no list of packages.
    pub fn bad(environment: String, source: BadDelivery) -> Self {
        Self::Bad { environment, source: Box::new(source) }
    }
}

impl Fault for Error {
    fn status(&self) -> Status {
        match self {
            Self::Session(error) => error.status(),
            Self::Deployment(error) => error.status(),
            Self::Read { source, .. } | Self::Write { source, .. } => io_status(source),
            Self::File(error) => error.status(),
            Self::Json(error) => error.status(),
            Self::NoMode { .. } | Self::Login { .. } => Status::Data,
            Self::SourceUrl { .. } | Self::TokenPlaces { .. } => Status::Usage,
            Self::InsecureHost { .. } => Status::Settings,
            Self::CaBundle(error) => error.status(),
            Self::Fetcher(error) | Self::Fetch { source: error, .. } => error.status(),
            Self::NothingCame { .. } => Status::Protocol,
            Self::Bad { source, .. } => source.status(),
            Self::BadScriptOutput { source, .. } => source.status(),
            Self::NoSuchRevision { .. } | Self::NotInStore { .. } | Self::OtherLines { .. } => {
                Status::Unavailable
            }
            Self::Git(error) => error.status(),
            Self::Lock(error) => error.status(),
            // What a shell says of it, and the original did.
            Self::NotExecutable { .. } => Status::Passed(126),
            Self::Run { source, .. } => source.status(),
            Self::Script { exit, .. } => exit.status(),
            Self::Lost { .. } | Self::Journal { .. } => Status::Io,
            Self::Unfinished { cause, .. } => cause.status(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Session(error) => error.hint(),
            Self::Deployment(error) => error.hint(),
            Self::Json(error) => error.hint(),
            Self::CaBundle(error) => error.hint(),
            Self::Fetcher(error) | Self::Fetch { source: error, .. } => error.hint(),
            Self::Git(error) => error.hint(),
            Self::Lock(error) => error.hint(),
            Self::NotExecutable { path } => Some(format!("chmod +x {}", quote_os(path.as_os_str()))),
            Self::Login { host, .. } => {
                Some(format!("take it out, and put `machine {host} login … password …` into ~/.netrc"))
            }
            Self::NotInStore { version, .. } | Self::OtherLines { version, .. } => {
                Some(format!("image-update --cal-version {version}"))
            }
            Self::Unfinished { .. } => Some("image-update, when what failed is mended".to_owned()),
            _ => None,
        }
    }
}
