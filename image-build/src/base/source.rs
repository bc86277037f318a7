//! The docker-stacks source: fetched into a clone of our own, and built from an exported copy of one
//! commit. The original stashed, checked out and popped in `~/docker-stacks`, where the stash it
//! popped could be the user's (D14a) and a failed checkout built something else (D14b).

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use common::console::Console;
use common::engine::BuildRequest;
use common::fault::{Fault, Status, io_status};
use common::process::{self, Invocation, ProcessError};

use common::base_lock::{self, BaseLock, BaseLockError};

use crate::dockerfile::{Dockerfile, DockerfileError};
use crate::plan::{Commit, SourcePlan};

/// The names that one generation of the source or the other has for the lowest image, and for the
/// image below (D15a: an unknown build argument is only warned of, and the default is built upon).
const ROOT_NAMES: [&str; 2] = ["ROOT_CONTAINER", "ROOT_IMAGE"];
const BELOW_NAMES: [&str; 2] = ["BASE_CONTAINER", "BASE_IMAGE"];

/// The source cannot be had as it must be.
#[derive(Debug, Error)]
pub(crate) enum SourceError {
    /// There is no record of the commit that a frozen build needs.
    #[error("{} {why}, so a frozen build cannot know which docker-stacks commit to build upon", path.display())]
    NoRecord {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The two records of the commit differ.
    #[error("{} names {commit}, and {} beside it {locked}", path.display(), base_lock::FILE_NAME)]
    TwoRecords {
        /// The file that names the one.
        path: PathBuf,
        /// The one.
        commit: String,
        /// The other.
        locked: String,
    },
    /// The lock of the base makes no sense.
    #[error(transparent)]
    Lock(#[from] BaseLockError),
    /// The commit is not in the source.
    #[error("the docker-stacks source at {url} has no commit {commit}")]
    NoCommit {
        /// The commit.
        commit: String,
        /// The source.
        url: String,
    },
    /// A Dockerfile of the source takes no image to build upon that we know of.
    #[error("{} declares neither {} nor {}", path.display(), names[0], names[1])]
    NoArgument {
        /// The Dockerfile.
        path: PathBuf,
        /// The names looked for.
        names: [&'static str; 2],
    },
    /// git failed.
    #[error(transparent)]
    Git(#[from] ProcessError),
    /// A file cannot be read or written.
    #[error("cannot prepare the docker-stacks source: {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A Dockerfile is none.
    #[error(transparent)]
    Dockerfile(#[from] DockerfileError),
}

impl Fault for SourceError {
    fn status(&self) -> Status {
        match self {
            Self::NoRecord { .. }
            | Self::TwoRecords { .. }
            | Self::NoCommit { .. }
            | Self::NoArgument { .. } => Status::Data,
            Self::Lock(error) => error.status(),
            Self::Git(error) => error.status(),
            Self::File { source, .. } => io_status(source),
            Self::Dockerfile(error) => error.status(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NoRecord { path, .. } => Some(format!(
                "git log -- {path} shows when it was lost; git restore --source=COMMIT {path}, or make it with a \
                 floating build and --freeze-chill=1",
                path = path.display()
            )),
            Self::TwoRecords { path, .. } => Some(format!(
                "git log -p -- {} shows which one changed alone; remove the wrong one",
                path.parent().unwrap_or(path).display()
            )),
            Self::Git(ProcessError::NotFound { .. }) => Some("apt-get install git".to_owned()),
            Self::NoCommit { .. } | Self::NoArgument { .. } => {
                Some("name another source in DOCKER_STACKS_URL".to_owned())
            }
            _ => None,
        }
    }
}

/// Our clone of the source, bare: it has no work tree that could be in somebody's way.
#[derive(Debug)]
pub(crate) struct Clone<'a> {
    plan: &'a SourcePlan,
    dir: PathBuf,
    console: &'a Console,
}

impl<'a> Clone<'a> {
    /// The clone at `dir`, which need not be there yet.
    pub(crate) const fn at(dir: PathBuf, plan: &'a SourcePlan, console: &'a Console) -> Self {
        Self { plan, dir, console }
    }

    /// The commit to build; fetched if need be. Each line that git prints goes to `sink`.
    pub(crate) fn commit(&self, sink: &mut dyn FnMut(&[u8])) -> Result<String, SourceError> {
        match &self.plan.commit {
            Commit::Recorded(path) => {
                let commit = recorded(path)?;
                if !self.has(&commit)? {
                    self.fetch(sink)?;
                }
                if self.has(&commit)? {
                    return Ok(commit);
                }
                Err(SourceError::NoCommit { commit, url: self.plan.url.clone() })
            }
            Commit::Main => {
                self.fetch(sink)?;
                let call = self.git().args(["rev-parse", "--verify", "refs/heads/main^{commit}"]);
                Ok(process::text(&call, self.console)?)
            }
        }
    }

    /// Writes the files of `commit` to `target`, an empty directory. The index is a temporary one.
    pub(crate) fn export(&self, commit: &str, target: &Path) -> Result<(), SourceError> {
        let git = || {
            let call = self.git().arg("--work-tree").arg(target).args(["-c", "core.autocrlf=false"]);
            call.env("GIT_INDEX_FILE", target.with_file_name("index"))
        };
        process::text(&git().args(["read-tree", commit]), self.console)?;
        process::text(&git().args(["checkout-index", "--all", "--force"]), self.console)?;
        Ok(())
    }

    fn git(&self) -> Invocation {
        Invocation::new("git").arg("--git-dir").arg(&self.dir)
    }

    fn has(&self, commit: &str) -> Result<bool, SourceError> {
        if !self.dir.is_dir() {
            return Ok(false);
        }
        let call = self.git().args(["cat-file", "-e", &format!("{commit}^{{commit}}")]);
        Ok(process::capture(&call, self.console)?.exit.is_success())
    }

    /// Brings the clone up to date. The address is named in each call: it may have changed.
    fn fetch(&self, sink: &mut dyn FnMut(&[u8])) -> Result<(), SourceError> {
        if !self.dir.is_dir() {
            self.clone_it(sink)?;
        }
        let call = self.git().args(["fetch", "--prune", "--no-tags", "--force", "--no-write-fetch-head"]);
        let call = call.arg(&self.plan.url).arg("+refs/heads/*:refs/heads/*");
        self.heard(&call, sink)
    }

    /// Clones beside, then renames: a clone that was cut short is never taken for one. What the
    /// user's own clone has is copied from there, which is all that is done with it.
    fn clone_it(&self, sink: &mut dyn FnMut(&[u8])) -> Result<(), SourceError> {
        let parent = self.dir.parent().unwrap_or(&self.dir);
        let part = tempfile::Builder::new().prefix("clone.").tempdir_in(parent).map_err(failed(parent))?;
        let target = part.path().join("git");
        let mut call = Invocation::new("git").args(["clone", "--bare", "--quiet"]);
        if let Some(reference) = &self.plan.reference {
            call = call.arg("--reference-if-able").arg(reference).arg("--dissociate");
        }
        self.heard(&call.arg(&self.plan.url).arg(&target), sink)?;
        fs::rename(&target, &self.dir).map_err(failed(&self.dir))
    }

    fn heard(&self, call: &Invocation, sink: &mut dyn FnMut(&[u8])) -> Result<(), SourceError> {
        let mut said = Vec::new();
        let exit = process::stream(call, self.console, &mut |line| {
            said.extend_from_slice(line);
            said.push(b'\n');
            sink(line);
        })?;
        if exit.is_success() {
            return Ok(());
        }
        let captured = process::Captured { exit, stdout: Vec::new(), stderr: said };
        Err(call.failed(&captured).into())
    }
}

/// The commit that the file `path` names, and the lock of the base beside it; one of the two is enough.
pub(crate) fn recorded(path: &Path) -> Result<String, SourceError> {
    let lock = BaseLock::read(&path.with_file_name(base_lock::FILE_NAME))?;
    let locked = lock.and_then(|lock| lock.docker_stacks).map(|commit| commit.to_ascii_lowercase());
    let text = match fs::read_to_string(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => None,
        text => Some(text.map_err(failed(path))?),
    };
    let text = text.map(|text| text.trim().to_ascii_lowercase());
    let (path, wrong) = (path.to_owned(), "does not hold a commit (40 hexadecimal digits)");
    match (text, locked) {
        (Some(commit), Some(locked)) if commit != locked => {
            Err(SourceError::TwoRecords { path, commit, locked })
        }
        (Some(commit), _) | (None, Some(commit)) if is_commit(&commit) => Ok(commit),
        (None, None) => Err(SourceError::NoRecord { path, why: "is missing" }),
        (Some(_), _) => Err(SourceError::NoRecord { path, why: wrong }),
        (None, Some(_)) => {
            let path = path.with_file_name(base_lock::FILE_NAME);
            Err(SourceError::NoRecord { path, why: wrong })
        }
    }
}

fn is_commit(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// The requests of the plan for the source at `root`: each knows its context, and by which name it
/// takes the image below.
pub(crate) fn requests(plan: &SourcePlan, root: &Path) -> Result<Vec<BuildRequest>, SourceError> {
    let mut below: Option<&str> = None;
    let mut found = Vec::new();
    for image in &plan.images {
        let mut request = image.clone();
        request.context = root.join(&image.context);
        let (names, reference) =
            below.map_or((ROOT_NAMES, plan.root_image.as_str()), |tag| (BELOW_NAMES, tag));
        let name = argument(&request.context.join("Dockerfile"), names)?;
        request.arguments.insert(0, (name.to_owned(), reference.to_owned()));
        found.push(request);
        below = Some(&image.tag);
    }
    Ok(found)
}

fn argument(path: &Path, names: [&'static str; 2]) -> Result<&'static str, SourceError> {
    let text = fs::read(path).map_err(failed(path))?;
    let file = Dockerfile::parse(text, path)?;
    let declared = file.declared_arguments();
    let known = names.into_iter().find(|name| declared.contains(name));
    known.ok_or_else(|| SourceError::NoArgument { path: path.to_owned(), names })
}

fn failed(path: &Path) -> impl Fn(io::Error) -> SourceError + '_ {
    move |source| SourceError::File { path: path.to_owned(), source }
}
