//! References by address: whether there is still something there.

use std::collections::BTreeMap;
use std::error::Error as _;
use std::sync::Mutex;
use std::time::Duration;

use common::console::Console;
use common::process::{self, Captured, Invocation};
use common::report::RotClass;
use common::requirement::DirectReference;
use reqwest::Url;

use super::judge::{Answer, Wrong};
use crate::index::{Freshness, Http, IndexError, redacted};

/// How many are asked at the same time.
const ABREAST: usize = 8;
/// How long one repository may take to answer.
const PATIENCE: Duration = Duration::from_secs(90);

/// What is known of each address.
#[derive(Debug, Default)]
pub(super) struct Asked(BTreeMap<String, Answer>);

impl Asked {
    /// Asks for all `references`, several at a time.
    pub(super) fn of(
        references: &[&DirectReference],
        (http, freshness): (&Http, Freshness),
        console: &Console,
    ) -> Self {
        let found = Mutex::new(BTreeMap::new());
        let queue = Mutex::new(references.iter());
        let work = || {
            loop {
                let next = queue.lock().unwrap_or_else(std::sync::PoisonError::into_inner).next();
                let Some(reference) = next else { return };
                let answer = match freshness {
                    Freshness::Offline => Some(unknown("--offline asks nobody")),
                    Freshness::Online => one(reference, http, console),
                };
                let mut found = found.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                found.insert(reference.url().to_owned(), answer);
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..ABREAST.min(references.len()) {
                scope.spawn(work);
            }
        });
        Self(found.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    /// What is wrong with `reference`.
    pub(super) fn take(&mut self, reference: &DirectReference) -> Answer {
        self.0.get(reference.url()).cloned().flatten()
    }
}

fn unknown(reason: impl Into<String>) -> Wrong {
    (RotClass::Unknown, Some(reason.into()))
}

/// An error with its causes, in one line.
pub(super) fn told(error: &IndexError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let message = error.to_string();
        if !text.contains(&message) {
            text = format!("{text}: {message}");
        }
        cause = error.source();
    }
    text
}

fn one(reference: &DirectReference, http: &Http, console: &Console) -> Answer {
    match reference.vcs() {
        Some("git") => return git(reference, console),
        Some(other) => return Some(unknown(format!("{other} is not asked, only git is"))),
        None => {}
    }
    let Ok(url) = Url::parse(reference.url()) else { return Some(unknown("a path in the image")) };
    if url.scheme() == "file" {
        let there = url.to_file_path().is_ok_and(|path| path.exists());
        return if there { None } else { Some(unknown("a path in the image")) };
    }
    match http.exists(&url) {
        Ok(true) => None,
        Ok(false) => Some((RotClass::UrlGone, Some(format!("{} is not there", redacted(&url))))),
        Err(error) => Some(unknown(told(&error))),
    }
}

fn call(arguments: &[&str]) -> Invocation {
    // Nobody is asked for a password, and an address can start no program.
    let call =
        Invocation::new("git").args(["-c", "protocol.ext.allow=never"]).args(arguments.iter().copied());
    call.env("GIT_TERMINAL_PROMPT", "0").env("LC_ALL", "C").limit(PATIENCE)
}

/// The repository's address, without `git+`, the revision and the fragment.
fn repository(reference: &DirectReference) -> String {
    let url = reference.url().split('#').next().unwrap_or_default();
    let url = url.strip_prefix("git+").unwrap_or(url);
    let bare = reference.revision().and_then(|revision| url.strip_suffix(&format!("@{revision}")));
    bare.unwrap_or(url).to_owned()
}

fn git(reference: &DirectReference, console: &Console) -> Answer {
    let repository = repository(reference);
    let listed = match process::capture(&call(&["ls-remote", "--quiet", "--", &repository]), console) {
        Ok(captured) if captured.exit.is_success() => captured.text(),
        Ok(captured) => return Some(refused(&captured)),
        Err(error) => return Some(unknown(error.to_string())),
    };
    let revision = reference.revision()?;
    let mut refs = listed.lines().filter_map(|line| line.split_once('\t'));
    let names = [revision.to_owned(), format!("refs/heads/{revision}"), format!("refs/tags/{revision}")];
    let is_hex = revision.len() >= 7 && revision.bytes().all(|b| b.is_ascii_hexdigit());
    if refs.any(|(id, name)| names.iter().any(|n| n == name) || (is_hex && id.starts_with(revision))) {
        return None;
    }
    match reference.commit() {
        Some(commit) => fetched(&repository, commit, console),
        None if is_hex => Some(unknown("a shortened commit cannot be asked for")),
        None => Some((RotClass::VcsGone, Some(format!("{repository} has no branch or tag {revision}")))),
    }
}

/// A commit that no branch or tag leads to at once has to be asked for itself.
fn fetched(repository: &str, commit: &str, console: &Console) -> Answer {
    let ask = || -> Result<Captured, String> {
        let dir = tempfile::tempdir().map_err(|error| error.to_string())?;
        let path = dir.path().to_string_lossy().into_owned();
        process::text(&call(&["init", "--quiet", "--bare", &path]), console)
            .map_err(|error| error.to_string())?;
        let wanted =
            ["fetch", "--quiet", "--depth=1", "--filter=tree:0", "--no-tags", "--", repository, commit];
        process::capture(&call(&wanted).dir(dir.path()), console).map_err(|error| error.to_string())
    };
    match ask() {
        Ok(captured) if captured.exit.is_success() => None,
        Ok(captured) => {
            let said = String::from_utf8_lossy(&captured.stderr).into_owned();
            let gone = ["not our ref", "couldn't find remote ref", "no such remote ref"];
            if gone.iter().any(|words| said.contains(words)) {
                let short = common::git::short(commit);
                return Some((RotClass::VcsGone, Some(format!("{repository} has no commit {short}"))));
            }
            Some(unknown(last_line(&said)))
        }
        Err(reason) => Some(unknown(reason)),
    }
}

fn refused(captured: &Captured) -> Wrong {
    let said = String::from_utf8_lossy(&captured.stderr).into_owned();
    let gone =
        ["not found", "does not appear to be a git repository", "does not exist", "Repository not exported"];
    let unreachable = ["Could not resolve host", "Connection", "timed out"];
    let class = if gone.iter().any(|w| said.contains(w)) && !unreachable.iter().any(|w| said.contains(w)) {
        RotClass::VcsGone
    } else {
        RotClass::Unknown
    };
    (class, Some(last_line(&said)))
}

/// What of a program's words is worth telling: the first line that says what is fatal.
fn last_line(said: &str) -> String {
    let mut lines = said.lines().filter(|line| !line.trim().is_empty());
    let fatal = said.lines().find(|line| line.starts_with("fatal:") || line.starts_with("ERROR:"));
    fatal.or_else(|| lines.next()).unwrap_or("git said nothing").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_repository_is_what_git_would_clone() {
        let check = |url: &str, expected: &str| assert_eq!(repository(&DirectReference::new(url)), expected);
        check("git+https://h/a/b.git@v1#egg=b", "https://h/a/b.git");
        check("git+ssh://git@h/a/b", "ssh://git@h/a/b");
        check("git+ssh://git@h/a/b@main", "ssh://git@h/a/b");
        check("git+file:///r/x.git@abc", "file:///r/x.git");
    }

    /// Against a real repository on this machine: tips, tags, commits below them, and what is gone.
    #[test]
    fn revisions_that_are_gone_are_told_from_those_that_are_there() {
        let dir = tempfile::tempdir().unwrap();
        let console = Console::silent();
        let run = |arguments: &[&str]| {
            let fixed = [("GIT_AUTHOR_NAME", "a"), ("GIT_AUTHOR_EMAIL", "a@b"), ("GIT_COMMITTER_NAME", "a")];
            let call = fixed.iter().fold(call(arguments).dir(dir.path()), |call, (n, v)| call.env(*n, *v));
            process::text(
                &call.env("GIT_COMMITTER_EMAIL", "a@b").env("GIT_CONFIG_GLOBAL", "/dev/null"),
                &console,
            )
            .unwrap()
        };
        run(&["init", "--quiet", "--initial-branch=main"]);
        run(&["config", "uploadpack.allowAnySHA1InWant", "true"]);
        run(&["config", "uploadpack.allowFilter", "true"]);
        run(&["commit", "--quiet", "--allow-empty", "-m", "one"]);
        let below = run(&["rev-parse", "HEAD"]);
        run(&["commit", "--quiet", "--allow-empty", "-m", "two"]);
        run(&["tag", "v1"]);
        let class = |revision: &str| {
            let url = format!("git+file://{}{revision}", dir.path().display());
            git(&DirectReference::new(&url), &console).map(|(class, _)| class)
        };
        assert_eq!(class(""), None);
        assert_eq!(class("@v1"), None);
        assert_eq!(class("@main"), None);
        assert_eq!(class(&format!("@{below}")), None, "no tip, but there");
        assert_eq!(class("@v2"), Some(RotClass::VcsGone));
        assert_eq!(class(&format!("@{}", "0123456789".repeat(4))), Some(RotClass::VcsGone));
        let missing = git(&DirectReference::new("git+file:///no/such/repository@main"), &console).unwrap();
        assert_eq!(missing.0, RotClass::VcsGone);
    }
}
