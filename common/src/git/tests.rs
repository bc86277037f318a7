use std::fs;
use std::path::{Path, PathBuf};

use super::{Ancestry, ChangeKind, Followed, GitError, Refusal, Repo};
use crate::console::Console;
use crate::fault::{Fault as _, Status};
use crate::process::{self, Invocation};

/// A repository with one commit, deaf to the configuration of whoever runs the tests.
pub(super) struct Fixture {
    dir: tempfile::TempDir,
    console: Console,
}

impl Fixture {
    pub(super) fn new() -> Self {
        let fixture = Self::unborn();
        fixture.write("deployments/roman/a.pip", "one\n");
        fixture.write("deployments/roman/sub/b.yml", "one\n");
        fixture.write("other/c", "one\n");
        fixture.git(&["add", "."]);
        fixture.git(&["commit", "-qm", "first"]);
        fixture
    }

    fn unborn() -> Self {
        let fixture = Self { dir: tempfile::tempdir().unwrap(), console: Console::silent() };
        fixture.git(&["init", "-q", "-b", "main"]);
        for (key, value) in [("user.name", "T"), ("user.email", "t@e"), ("commit.gpgSign", "false")] {
            fixture.git(&["config", key, value]);
        }
        fixture.git(&["config", "tag.gpgSign", "false"]);
        fixture.git(&["config", "core.hooksPath", ".git/hooks"]);
        fixture
    }

    pub(super) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(super) fn repo(&self) -> Repo<'_> {
        Repo::open(self.path(), &self.console).unwrap()
    }

    pub(super) fn git(&self, args: &[&str]) -> String {
        let call = Invocation::new("git").args(args.iter().copied()).dir(self.path());
        process::text(&call, &self.console).unwrap()
    }

    pub(super) fn write(&self, path: &str, text: &str) {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn hook(&self, name: &str, script: &str) {
        let path = self.path().join(".git/hooks").join(name);
        crate::testing::program(&path, &format!("#!/bin/sh\n{script}\n"));
    }

    fn changed(&self) -> Vec<String> {
        let changes = self.repo().changes(&[Path::new("deployments")]).unwrap();
        changes.iter().map(|c| format!("{} {}", c.kind.letter(), c.path.display())).collect()
    }
}

/// A bare repository as a remote.
pub(super) fn remote(fixture: &Fixture, name: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let url = format!("file://{}", dir.path().display());
    fixture.git(&["init", "-q", "--bare", "-b", "main", dir.path().to_str().unwrap()]);
    fixture.git(&["remote", "add", name, &url]);
    fixture.git(&["push", "-q", name, "main"]);
    dir
}

#[test]
fn every_kind_of_change_is_listed_once() {
    let f = Fixture::new();
    f.write("deployments/roman/a.pip", "two\n");
    fs::remove_file(f.path().join("deployments/roman/sub/b.yml")).unwrap();
    f.write("deployments/roman/[x]*é.explicit", "new\n");
    f.write("deployments/roman/staged", "new\n");
    f.git(&["add", "deployments/roman/staged"]);
    f.write("other/c", "two\n");
    let expected = [
        "? deployments/roman/[x]*é.explicit",
        "M deployments/roman/a.pip",
        "A deployments/roman/staged",
        "D deployments/roman/sub/b.yml",
    ];
    assert_eq!(f.changed(), expected);
}

#[test]
fn a_file_staged_as_deleted_that_is_still_there_counts_as_there() {
    let f = Fixture::new();
    f.git(&["rm", "-q", "--cached", "deployments/roman/a.pip"]);
    assert_eq!(f.changed(), ["? deployments/roman/a.pip"]);
}

#[test]
fn a_commit_takes_its_paths_and_leaves_everything_else_as_it_was() {
    let f = Fixture::new();
    f.git(&["mv", "deployments/roman/sub/b.yml", "deployments/roman/sub/b.yml.disabled"]);
    f.write("deployments/roman/a.pip", "two\n");
    f.write("deployments/roman/[new].explicit", "new\n");
    f.write("other/c", "staged\n");
    f.write("other/d", "staged\n");
    f.git(&["add", "other"]);
    f.write("other/c", "changed on top\n");
    let repo = f.repo();
    let (staged, changes) =
        (f.git(&["diff", "--cached", "other"]), repo.changes(&[Path::new("deployments")]));
    let commit = repo.commit_only(&changes.unwrap(), "a release").unwrap();
    let files = ["a.pip", "[new].explicit", "sub/b.yml", "sub/b.yml.disabled"];
    let mut files: Vec<PathBuf> = files.map(|p| Path::new("deployments/roman").join(p)).to_vec();
    files.sort();
    assert_eq!(repo.files_of(&commit).unwrap(), files);
    assert_eq!(f.git(&["diff", "--cached"]), staged, "what was staged elsewhere is staged as before");
    assert_eq!(fs::read_to_string(f.path().join("other/c")).unwrap(), "changed on top\n");
    assert_eq!(f.changed(), [""; 0]);
    assert_eq!(repo.file_at(&commit, Path::new("deployments/roman/a.pip")).unwrap().unwrap(), b"two\n");
    assert_eq!(repo.file_at(&commit, Path::new("deployments/roman/nothing")).unwrap(), None);
}

#[test]
fn a_hook_that_refuses_leaves_index_and_work_tree_as_they_were() {
    let f = Fixture::new();
    f.hook("pre-commit", "echo not on a Friday >&2; exit 1");
    f.write("deployments/roman/new.explicit", "new\n");
    f.write("other/c", "staged\n");
    f.git(&["add", "other"]);
    let (before, repo) = (f.git(&["status", "--porcelain=v2"]), f.repo());
    let changes = repo.changes(&[Path::new("deployments")]).unwrap();
    let error = repo.commit_only(&changes, "a release").unwrap_err();
    assert_eq!(error.status(), Status::No);
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.contains("not on a Friday"), "{cause}");
    assert_eq!(f.git(&["status", "--porcelain=v2"]), before);
}

#[test]
fn the_first_commit_can_be_made_this_way_too() {
    let f = Fixture::unborn();
    f.write("deployments/roman/a.pip", "one\n");
    let repo = f.repo();
    assert_eq!((repo.head().unwrap(), repo.branch().unwrap().as_deref()), (None, Some("main")));
    let changes = repo.changes(&[Path::new("deployments")]).unwrap();
    let commit = repo.commit_only(&changes, "first").unwrap();
    assert_eq!(repo.head().unwrap(), Some(commit));
}

#[test]
fn a_root_below_the_top_and_a_linked_worktree_work_alike() {
    let f = Fixture::new();
    let linked = tempfile::tempdir().unwrap();
    let target = linked.path().join("w");
    f.git(&["worktree", "add", "-q", "--detach", target.to_str().unwrap()]);
    let root = target.join("deployments");
    fs::write(root.join("roman/a.pip"), "two\n").unwrap();
    let repo = Repo::open(&root, &f.console).unwrap();
    let changes = repo.changes(&[Path::new("roman")]).unwrap();
    assert_eq!((changes.len(), changes[0].path.as_path()), (1, Path::new("roman/a.pip")));
    let commit = repo.commit_only(&changes, "from below").unwrap();
    assert_eq!(repo.file_at(&commit, Path::new("roman/a.pip")).unwrap().unwrap(), b"two\n");
    assert_eq!(repo.files_of(&commit).unwrap(), [PathBuf::from("roman/a.pip")]);
    assert_eq!(repo.branch().unwrap(), None, "a detached HEAD is on no branch");
}

#[test]
fn ignored_files_come_with_their_rule() {
    let f = Fixture::new();
    f.write(".gitignore", "# local\n*.explicit\n");
    f.write("deployments/roman/x.explicit", "");
    let ignored = f.repo().ignored(&[Path::new("deployments")]).unwrap();
    let told: Vec<String> = ignored.iter().map(|i| format!("{} {}", i.path.display(), i.rule)).collect();
    assert_eq!(told, ["deployments/roman/x.explicit .gitignore:2: *.explicit"]);
}

#[test]
fn a_merge_underway_is_seen() {
    let f = Fixture::new();
    assert_eq!(f.repo().underway().unwrap(), None);
    let head = f.git(&["rev-parse", "HEAD"]);
    fs::write(f.path().join(".git/MERGE_HEAD"), format!("{head}\n")).unwrap();
    assert_eq!(f.repo().underway().unwrap(), Some("a merge"));
}

#[test]
fn no_repository_is_told_as_such() {
    let dir = tempfile::tempdir().unwrap();
    let error = Repo::open(dir.path(), &Console::silent()).unwrap_err();
    assert!(matches!(error, GitError::NoRepository { .. }), "{error}");
    assert_eq!(error.status(), Status::Settings);
}

/// D62: `git push --tags` published every local tag.
#[test]
fn d62_exactly_the_named_tags_are_pushed() {
    let f = Fixture::new();
    let _bare = remote(&f, "origin");
    f.git(&["config", "push.followTags", "true"]);
    let repo = f.repo();
    let head = repo.head().unwrap().unwrap();
    for name in ["roman-12.0.0", "1.3.0", "throw-away"] {
        repo.make_tag(name, &head, "Release\n\nImage: x\n").unwrap();
    }
    repo.push_tags("origin", &["roman-12.0.0", "1.3.0"]).unwrap();
    let names = ["refs/tags/roman-12.0.0", "refs/tags/1.3.0", "refs/tags/throw-away"].map(str::to_owned);
    let refs = repo.remote_refs("origin", &names).unwrap();
    let local = repo.tag("1.3.0").unwrap().unwrap();
    assert_eq!(refs.object("refs/tags/1.3.0"), Some(local.object.as_str()));
    assert_eq!(refs.tagged("roman-12.0.0"), Some(head.as_str()));
    assert_eq!(refs.tagged("throw-away"), None);
    assert_ne!(local.object, local.commit, "annotated tags are objects of their own");
    assert_eq!(f.git(&["tag", "-l", "--format=%(contents)", "1.3.0"]), "Release\n\nImage: x");
}

#[test]
fn a_push_is_all_or_nothing() {
    let f = Fixture::new();
    let bare = remote(&f, "origin");
    let (repo, head) = (f.repo(), f.git(&["rev-parse", "HEAD"]));
    f.git(&["--git-dir", bare.path().to_str().unwrap(), "tag", "1.3.0", "HEAD"]);
    for name in ["a", "1.3.0"] {
        repo.make_tag(name, &head, "m\n").unwrap();
    }
    let error = repo.push_tags("origin", &["a", "1.3.0"]).unwrap_err();
    assert_eq!(error.status(), Status::No);
    assert!(error.hint().unwrap().starts_with("git pull --ff-only --tags"));
    let refs = repo.remote_refs("origin", &["refs/tags/a".to_owned()]).unwrap();
    assert_eq!(refs.tagged("a"), None);
}

/// A refusal read like a service that is down, so that scripts tried again.
#[test]
fn a_push_that_is_refused_is_a_no_and_a_remote_that_is_gone_is_not() {
    let f = Fixture::new();
    let bare = remote(&f, "origin");
    let (repo, head) = (f.repo(), f.git(&["rev-parse", "HEAD"]));
    f.git(&["commit", "-q", "--allow-empty", "-m", "second"]);
    let second = f.git(&["rev-parse", "HEAD"]);
    repo.push_branch("origin", &second, "main").unwrap();
    f.git(&["reset", "-q", "--hard", &head]);
    f.git(&["commit", "-q", "--allow-empty", "-m", "beside"]);
    let beside = f.git(&["rev-parse", "HEAD"]);
    let refused = |said: &str, refusal: Refusal| {
        let error = repo.push_branch("origin", &beside, "main").unwrap_err();
        assert!(matches!(&error, GitError::Refused { refusal: found, .. } if *found == refusal), "{error:?}");
        assert_eq!(error.status(), Status::No);
        assert!(error.hint().unwrap().contains(said), "{:?}", error.hint());
    };
    refused("git pull", Refusal::Moved);
    let hook = bare.path().join("hooks/pre-receive");
    crate::testing::program(&hook, "#!/bin/sh\necho closed >&2\nexit 1\n");
    f.git(&["reset", "-q", "--hard", &second]);
    f.git(&["commit", "-q", "--allow-empty", "-m", "third"]);
    let beside = f.git(&["rev-parse", "HEAD"]);
    let error = repo.push_branch("origin", &beside, "main").unwrap_err();
    assert!(matches!(error, GitError::Refused { refusal: Refusal::Rules, .. }), "{error:?}");
    f.hook("pre-push", "echo not from here >&2; exit 1");
    let error = repo.push_branch("origin", &beside, "main").unwrap_err();
    assert!(matches!(error, GitError::Refused { refusal: Refusal::Rules, .. }), "{error:?}");
    fs::remove_file(f.path().join(".git/hooks/pre-push")).unwrap();
    fs::remove_dir_all(bare.path()).unwrap();
    assert_eq!(repo.push_branch("origin", &beside, "main").unwrap_err().status(), Status::Unavailable);
}

#[test]
fn a_branch_follows_one_of_a_remote_under_whatever_name() {
    let f = Fixture::new();
    let _origin = remote(&f, "origin");
    assert_eq!(f.repo().followed("main").unwrap(), None);
    f.git(&["fetch", "-q", "origin"]);
    f.git(&["switch", "-q", "-c", "rel", "--track", "origin/main"]);
    let followed = Followed { remote: "origin".to_owned(), branch: "main".to_owned() };
    assert_eq!(f.repo().followed("rel").unwrap(), Some(followed));
    f.git(&["switch", "-q", "-c", "local", "--track", "main"]);
    assert_eq!(f.repo().followed("local").unwrap(), None, "a branch of this very clone");
}

#[test]
fn one_question_tells_all_tags_and_branches_and_the_head() {
    let f = Fixture::new();
    let bare = remote(&f, "origin");
    let head = f.git(&["rev-parse", "HEAD"]);
    f.repo().make_tag("1.3.0", &head, "m\n").unwrap();
    f.git(&["tag", "light"]);
    f.git(&["push", "-q", "origin", "1.3.0", "light", "main:refs/heads/a/b"]);
    let told = f.repo().advertised("origin").unwrap();
    assert_eq!(told.head(), Some("main"));
    assert_eq!(told.tags().collect::<Vec<_>>(), [("1.3.0", head.as_str()), ("light", head.as_str())]);
    assert_eq!(told.object("refs/heads/a/b"), Some(head.as_str()));
    assert_eq!(told.below("refs/heads/").count(), 2);
    // A remote whose HEAD leads nowhere tells none.
    f.git(&["--git-dir", bare.path().to_str().unwrap(), "symbolic-ref", "HEAD", "refs/heads/none"]);
    assert_eq!(f.repo().advertised("origin").unwrap().head(), None);
    f.git(&["remote", "set-head", "origin", "main"]);
    assert_eq!(f.repo().remembered_head("origin").unwrap().as_deref(), Some("main"));
    assert_eq!(f.repo().remembered_head("other").unwrap(), None);
}

#[test]
fn a_clone_without_its_history_is_told_and_an_object_can_be_brought() {
    let f = Fixture::new();
    let bare = remote(&f, "origin");
    f.git(&["commit", "-q", "--allow-empty", "-m", "second"]);
    f.git(&["push", "-q", "origin", "main"]);
    assert!(!f.repo().is_shallow().unwrap());
    let dir = tempfile::tempdir().unwrap();
    let clone = dir.path().join("clone");
    let url = format!("file://{}", bare.path().display());
    f.git(&["clone", "-q", "--depth=1", &url, clone.to_str().unwrap()]);
    assert!(Repo::open(&clone, &f.console).unwrap().is_shallow().unwrap());
    let other = Fixture::new();
    other.git(&["commit", "-q", "--allow-empty", "-m", "theirs"]);
    other.git(&["push", "-q", &url, "main:refs/heads/theirs"]);
    let theirs = other.git(&["rev-parse", "HEAD"]);
    let refs = f.git(&["show-ref"]);
    f.repo().bring("origin", "refs/heads/theirs", &theirs).unwrap();
    assert_eq!(f.repo().commit_of(&theirs).unwrap(), Some(theirs));
    assert_eq!(f.git(&["show-ref"]), refs);
}

#[test]
fn what_two_commits_differ_in_and_who_changed_a_file_last() {
    let f = Fixture::new();
    let first = f.git(&["rev-parse", "HEAD"]);
    f.write("deployments/roman/é [x]", "new\n");
    f.write("other/c", "two\n");
    f.git(&["add", "--all"]);
    f.git(&["commit", "-qm", "second"]);
    let second = f.git(&["rev-parse", "HEAD"]);
    f.git(&["commit", "-q", "--allow-empty", "-m", "third"]);
    let repo = f.repo();
    let differing = repo.differing(&first, "HEAD", Path::new("deployments")).unwrap();
    assert_eq!(differing, [PathBuf::from("deployments/roman/é [x]")]);
    assert_eq!(repo.last_change("HEAD", Path::new("other/c")).unwrap(), Some((second, vec![first.clone()])));
    let unchanged = repo.last_change("HEAD", Path::new("deployments/roman/a.pip")).unwrap();
    assert_eq!(unchanged, Some((first, Vec::new())));
    assert_eq!(repo.last_change("HEAD", Path::new("none")).unwrap(), None);
}

#[test]
fn the_remote_is_the_named_one_the_branchs_own_or_the_only_one() {
    let f = Fixture::new();
    assert_eq!(f.repo().remote(None).unwrap(), None);
    let _fork = remote(&f, "fork");
    assert_eq!(f.repo().remote(None).unwrap().as_deref(), Some("fork"));
    let _upstream = remote(&f, "upstream");
    let error = f.repo().remote(None).unwrap_err();
    assert_eq!((error.status(), error.hint().is_some()), (Status::Usage, true));
    f.git(&["config", "branch.main.remote", "upstream"]);
    assert_eq!(f.repo().remote(None).unwrap().as_deref(), Some("upstream"));
    assert_eq!(f.repo().remote(Some("fork")).unwrap().as_deref(), Some("fork"));
}

#[test]
fn a_remote_that_is_not_there_is_unavailable() {
    let f = Fixture::new();
    let error = f.repo().remote_refs("file:///no/such/repository", &[]).unwrap_err();
    assert_eq!(error.status(), Status::Unavailable);
}

#[test]
fn ancestry_tells_before_beside_and_unknown_apart() {
    let f = Fixture::new();
    let first = f.git(&["rev-parse", "HEAD"]);
    f.git(&["commit", "-q", "--allow-empty", "-m", "second"]);
    let second = f.git(&["rev-parse", "HEAD"]);
    let check = |a: &str, b: &str, expected| assert_eq!(f.repo().ancestry(a, b).unwrap(), expected);
    check(&first, &second, Ancestry::Ancestor);
    check(&second, &first, Ancestry::Other);
    check(&"1".repeat(40), &first, Ancestry::Unknown);
}

#[test]
fn kinds_have_the_letters_of_git_status() {
    assert_eq!(ChangeKind::Conflicted.letter(), 'U');
}
