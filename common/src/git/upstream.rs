//! Remotes: which there are, what they hold, and the one push that is ever made.

use std::collections::BTreeMap;
use std::env;
use std::time::Duration;

use super::{GitError, Refusal, Repo};
use crate::console::Console;
use crate::process::{self, Captured, Exit, Invocation, ProcessError};

/// How long a question to a remote may take.
const ASK: Duration = Duration::from_secs(90);
/// How long a push may take.
const PUSH: Duration = Duration::from_mins(15);

/// What a remote holds: full ref names and object ids. `<tag>^{}` is what an annotated tag leads to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RemoteRefs {
    refs: BTreeMap<String, String>,
    head: Option<String>,
}

/// A branch of a remote, which a branch here follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Followed {
    /// The remote.
    pub remote: String,
    /// The branch there.
    pub branch: String,
}

impl RemoteRefs {
    /// The branch that the remote calls its `HEAD`, where it was asked for everything and tells one.
    #[must_use]
    pub fn head(&self) -> Option<&str> {
        self.head.as_deref()
    }

    /// The names of all tags, and the commits that they lead to.
    pub fn tags(&self) -> impl Iterator<Item = (&str, &str)> {
        let names = self.refs.keys().filter_map(|name| name.strip_prefix("refs/tags/"));
        names.filter(|name| !name.ends_with("^{}")).filter_map(|name| Some((name, self.tagged(name)?)))
    }

    /// The refs whose full names begin with `prefix`, and their objects.
    pub fn below(&self, prefix: &str) -> impl Iterator<Item = (&str, &str)> {
        let all = self.refs.iter().map(|(name, id)| (name.as_str(), id.as_str()));
        all.filter(move |(name, _)| name.starts_with(prefix))
    }

    /// The object that the ref `name` names.
    #[must_use]
    pub fn object(&self, name: &str) -> Option<&str> {
        self.refs.get(name).map(String::as_str)
    }

    /// The commit that the tag `name` leads to.
    #[must_use]
    pub fn tagged(&self, name: &str) -> Option<&str> {
        let peeled = self.object(&format!("refs/tags/{name}^{{}}"));
        peeled.or_else(|| self.object(&format!("refs/tags/{name}")))
    }
}

/// How a commit stands to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ancestry {
    /// It is the same, or came before.
    Ancestor,
    /// It did not come before.
    Other,
    /// This clone does not have it.
    Unknown,
}

/// The commit that `revision` (a branch, a tag, a full ref; else the repository's own choice) leads to in
/// the repository at the address `remote`, which need not be a remote of any clone. None if it has no
/// such revision.
///
/// # Errors
/// It cannot be reached or refuses to answer.
pub fn commit_there(
    remote: &str,
    revision: Option<&str>,
    console: &Console,
) -> Result<Option<String>, GitError> {
    let names = match revision {
        None => vec!["HEAD".to_owned()],
        Some(name) if name.starts_with("refs/") => vec![name.to_owned()],
        // The order of pip and git: a tag is named before a branch.
        Some(name) => {
            vec![format!("refs/tags/{name}^{{}}"), format!("refs/tags/{name}"), format!("refs/heads/{name}")]
        }
    };
    let mut call = super::pinned(Invocation::new("git").args(["ls-remote", "--quiet", "--", remote]));
    call = call.args(names.iter().map(String::as_str)).limit(ASK);
    if env::var_os("GIT_SSH_COMMAND").is_none() && env::var_os("GIT_SSH").is_none() {
        call = call.env("GIT_SSH_COMMAND", "ssh -o BatchMode=yes");
    }
    let failed = |source: ProcessError| GitError::Remote { remote: remote.to_owned(), source };
    let captured = process::capture(&call, console).map_err(failed)?;
    if !captured.exit.is_success() {
        return Err(failed(call.failed(&captured)));
    }
    let text = captured.text();
    let found = |wanted: &String| {
        let lines = text.lines().filter_map(|line| line.split_once('\t'));
        lines.into_iter().find(|(_, name)| name == wanted).map(|(id, _)| id.to_owned())
    };
    Ok(names.iter().find_map(found))
}

impl Repo<'_> {
    /// The remote to use: `named`; else where the branch that is checked out is pushed to; else the
    /// only one. None if there is no remote at all.
    ///
    /// # Errors
    /// There are several and none is the branch's own, or git failed.
    pub fn remote(&self, named: Option<&str>) -> Result<Option<String>, GitError> {
        if let Some(name) = named {
            return Ok(Some(name.to_owned()));
        }
        let known: Vec<String> = self.text(&["remote"])?.lines().map(str::to_owned).collect();
        let mut settings = vec!["remote.pushDefault".to_owned()];
        if let Some(branch) = self.branch()? {
            settings.insert(0, format!("branch.{branch}.pushRemote"));
            settings.push(format!("branch.{branch}.remote"));
        }
        for setting in settings {
            let value = self.maybe(&["config", "--get", &setting])?;
            // `.` is this very repository: a branch that follows a local one.
            if let Some(name) = value.filter(|name| known.contains(name)) {
                return Ok(Some(name));
            }
        }
        match known.len() {
            0 | 1 => Ok(known.into_iter().next()),
            _ => Err(GitError::WhichRemote { known }),
        }
    }

    /// The branch that the local branch `branch` follows, where it follows one of a remote that is known here.
    ///
    /// # Errors
    /// git failed.
    pub fn followed(&self, branch: &str) -> Result<Option<Followed>, GitError> {
        let setting = |name: &str| self.maybe(&["config", "--get", &format!("branch.{branch}.{name}")]);
        let (Some(remote), Some(merge)) = (setting("remote")?, setting("merge")?) else { return Ok(None) };
        // `.` is this very repository: a branch that follows a local one.
        let branch = merge.strip_prefix("refs/heads/").filter(|_| remote != ".").map(str::to_owned);
        let known = self.remotes()?.contains(&remote);
        Ok(branch.filter(|_| known).map(|branch| Followed { remote, branch }))
    }

    /// The branch that `remote` called its `HEAD` when it was cloned, as far as this clone remembers.
    ///
    /// # Errors
    /// git failed.
    pub fn remembered_head(&self, remote: &str) -> Result<Option<String>, GitError> {
        let head = format!("refs/remotes/{remote}/HEAD");
        let found = self.maybe(&["symbolic-ref", "--quiet", &head])?;
        let prefix = format!("refs/remotes/{remote}/");
        Ok(found.and_then(|name| name.strip_prefix(&prefix).map(str::to_owned)))
    }

    /// All branches and tags of `remote`, what it calls its `HEAD`, and the trains of merge requests.
    ///
    /// # Errors
    /// It cannot be reached or refuses to answer.
    pub fn advertised(&self, remote: &str) -> Result<RemoteRefs, GitError> {
        let wanted = ["HEAD", "refs/heads/*", "refs/tags/*", "refs/merge-requests/*/train"];
        let call = self.reading(["ls-remote", "--quiet", "--symref", "--", remote]).args(wanted);
        let text = self.talk(remote, call, ASK)?.text();
        let mut found = RemoteRefs::default();
        for (id, name) in text.lines().filter_map(|line| line.split_once('\t')) {
            match id.strip_prefix("ref: refs/heads/") {
                Some(branch) if name == "HEAD" => found.head = Some(branch.to_owned()),
                Some(_) => {}
                None => _ = found.refs.insert(name.to_owned(), id.to_owned()),
            }
        }
        Ok(found)
    }

    /// What `remote` holds of the refs called `names` (in full), tags with what they lead to.
    ///
    /// # Errors
    /// It cannot be reached or refuses to answer.
    pub fn remote_refs(&self, remote: &str, names: &[String]) -> Result<RemoteRefs, GitError> {
        let peeled = names.iter().filter(|n| n.starts_with("refs/tags/")).map(|n| format!("{n}^{{}}"));
        let wanted: Vec<String> = names.iter().cloned().chain(peeled).collect();
        let call =
            self.reading(["ls-remote", "--quiet", "--", remote]).args(wanted.iter().map(String::as_str));
        let text = self.talk(remote, call, ASK)?.text();
        let lines = text.lines().filter_map(|line| line.split_once('\t'));
        // git matches names from their end: `refs/tags/a` also finds `refs/x/refs/tags/a`.
        let exact = lines.filter(|(_, name)| wanted.iter().any(|w| w == name));
        let refs = exact.map(|(id, name)| (name.to_owned(), id.to_owned())).collect();
        Ok(RemoteRefs { refs, head: None })
    }

    /// Pushes exactly the tags `names` to `remote`, all or none (D62: never all that there are).
    ///
    /// # Errors
    /// The remote cannot be reached or refuses.
    pub fn push_tags(&self, remote: &str, names: &[&str]) -> Result<(), GitError> {
        let refspecs = names.iter().map(|name| format!("refs/tags/{name}:refs/tags/{name}"));
        // The user may have `push.followTags` or `push.recurseSubmodules` set.
        let options = ["--atomic", "--no-follow-tags", "--recurse-submodules=no"];
        self.push(
            remote,
            self.writing(["push", "--porcelain"]).args(options).args(["--", remote]).args(refspecs),
        )
    }

    /// The address of `remote`.
    ///
    /// # Errors
    /// There is no such remote, or git failed.
    pub fn url(&self, remote: &str) -> Result<String, GitError> {
        self.text(&["remote", "get-url", "--", remote])
    }

    /// Pushes `commit` to the branch `branch` of `remote`, and nothing else. It never forces.
    ///
    /// # Errors
    /// The remote cannot be reached or refuses.
    pub fn push_branch(&self, remote: &str, commit: &str, branch: &str) -> Result<(), GitError> {
        let options = ["--no-follow-tags", "--recurse-submodules=no"];
        let refspec = format!("{commit}:refs/heads/{branch}");
        self.push(
            remote,
            self.writing(["push", "--porcelain"]).args(options).args(["--", remote]).arg(refspec),
        )
    }

    /// Pushes: that it was refused is told from that nobody answered.
    fn push(&self, remote: &str, call: Invocation) -> Result<(), GitError> {
        let call = self.unattended(call)?.limit(PUSH);
        let failed = |source: ProcessError| GitError::Remote { remote: remote.to_owned(), source };
        let captured = process::capture(&call, self.console).map_err(failed)?;
        if captured.exit.is_success() {
            return Ok(());
        }
        let source = call.failed(&captured);
        Err(match Refusal::of(&captured) {
            Some(refusal) => GitError::Refused { remote: remote.to_owned(), refusal, source },
            None => failed(source),
        })
    }

    /// Brings the object `object`, which the ref called `name` (in full) of `remote` leads to, and all that it
    /// leads to in turn. No ref is left behind.
    ///
    /// # Errors
    /// The remote cannot be reached, or git failed.
    pub fn bring(&self, remote: &str, name: &str, object: &str) -> Result<(), GitError> {
        if self.maybe(&["rev-parse", "--verify", "--quiet", &format!("{object}^{{object}}")])?.is_some() {
            return Ok(());
        }
        let options =
            ["--no-tags", "--no-recurse-submodules", "--no-write-fetch-head", "--no-auto-maintenance"];
        // Nor does a branch of ours that follows it move.
        let call = self.writing(["fetch", "--quiet", "--refmap="]).args(options);
        self.talk(remote, call.args(["--", remote, name]), PUSH)?;
        Ok(())
    }

    /// Takes exactly the tags `names` over from `remote`.
    ///
    /// # Errors
    /// The remote cannot be reached, or a tag of that name is here and leads elsewhere.
    pub fn fetch_tags(&self, remote: &str, names: &[&str]) -> Result<(), GitError> {
        let refspecs = names.iter().map(|name| format!("refs/tags/{name}:refs/tags/{name}"));
        let options =
            ["--no-tags", "--no-recurse-submodules", "--no-write-fetch-head", "--no-auto-maintenance"];
        let call = self.writing(["fetch", "--quiet"]).args(options).args(["--", remote]).args(refspecs);
        self.talk(remote, call, PUSH).map(|_| ())
    }

    /// How `commit` stands to `descendant`.
    ///
    /// # Errors
    /// git failed.
    pub fn ancestry(&self, commit: &str, descendant: &str) -> Result<Ancestry, GitError> {
        if self.commit_of(commit)?.is_none() {
            return Ok(Ancestry::Unknown);
        }
        let call = self.reading(["merge-base", "--is-ancestor", commit, descendant]);
        let captured = process::capture(&call, self.console)?;
        match captured.exit {
            Exit::Code(0) => Ok(Ancestry::Ancestor),
            Exit::Code(1) => Ok(Ancestry::Other),
            _ => Err(call.failed(&captured).into()),
        }
    }

    pub(super) fn talk(&self, remote: &str, call: Invocation, limit: Duration) -> Result<Captured, GitError> {
        let call = self.unattended(call)?.limit(limit);
        let failed = |source: ProcessError| GitError::Remote { remote: remote.to_owned(), source };
        let captured = process::capture(&call, self.console).map_err(failed)?;
        if captured.exit.is_success() { Ok(captured) } else { Err(failed(call.failed(&captured))) }
    }

    /// ssh asks on the terminal, which a child in its own process group cannot read: it would stop
    /// for ever. So it must not ask, unless the user has said how to call it.
    fn unattended(&self, call: Invocation) -> Result<Invocation, GitError> {
        let is_set = |name| env::var_os(name).is_some();
        if is_set("GIT_SSH_COMMAND") || is_set("GIT_SSH") {
            return Ok(call);
        }
        Ok(match self.maybe(&["config", "--get", "core.sshCommand"])? {
            Some(_) => call,
            None => call.env("GIT_SSH_COMMAND", "ssh -o BatchMode=yes"),
        })
    }
}
