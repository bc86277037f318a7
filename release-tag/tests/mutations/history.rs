//! Changes of the history, the branch, the tags and the remote.

use std::fs;

use common::digest::Digest;

use super::{CAL, Case, World};

/// Changes of the history, the branch, the tags and the remote.
pub const HISTORY: &[Case] = &[
    ("the commit is amended with another file", "RT042", |w| {
        w.write(&format!("{CAL}/new.pip"), "x\n");
        w.git(&["add", "--all"]);
        w.git(&["commit", "-q", "--amend", "--no-edit"]);
    }),
    ("a commit comes on top", "RT042", |w| {
        w.write(&format!("{CAL}/new.pip"), "x\n");
        w.release.repository.commit("more");
    }),
    ("the record's commit is taken back", "RT070", |w| w.git(&["reset", "-q", "--hard", "HEAD~1"])),
    ("HEAD is detached before the branch's tip", "RT012", |w| {
        w.git(&["checkout", "-q", "--detach", "HEAD~1"]);
    }),
    ("another branch is checked out", "RT012", |w| w.git(&["switch", "-q", "-c", "develop"])),
    ("another branch is checked out, which the remote has too", "RT012", |w| {
        w.git(&["switch", "-q", "-c", "develop"]);
        w.git(&["push", "-q", "-u", "origin", "develop"]);
    }),
    ("the commit is nowhere but here", "RT064", |w| w.release.repository.commit("more")),
    ("the commit is only on the branch of a proposal", "RT064", |w| {
        w.release.repository.commit("more");
        w.git(&["push", "-q", "origin", "HEAD:release-roman-12.0.0"]);
    }),
    ("a tag is elsewhere in this clone", "RT060", |w| w.git(&["tag", "roman-12.0.0", "HEAD~1"])),
    ("a tag is elsewhere on the remote", "RT061", |w| {
        w.git(&["push", "-q", "origin", "HEAD~1:refs/tags/roman-12.0.0"]);
    }),
    ("the infrastructure was released otherwise, here", "RT060", |w| {
        w.git(&["tag", "1.3.0"]);
        w.released_with("deployments/common/common-env/new.pip", "x\n");
    }),
    ("the infrastructure was released otherwise, there", "RT061", |w| {
        w.git(&["push", "-q", "origin", "HEAD:refs/tags/1.3.0"]);
        w.released_with("deployments/common/common-env/new.pip", "x\n");
    }),
    ("a tag without a word is here", "RT063", |w| w.git(&["tag", "roman-12.0.0"])),
    ("the infrastructure's tag without a word is here", "RT063", |w| w.git(&["tag", "1.3.0"])),
    ("a tag with other words is here", "RT063", |w| w.git(&["tag", "-a", "-m", "mine", "roman-12.0.0"])),
    ("a tag without a word is there", "RT063", |w| {
        w.git(&["push", "-q", "origin", "HEAD:refs/tags/roman-12.0.0"]);
    }),
    ("a tag with other words is there", "RT063", |w| {
        w.git(&["tag", "-a", "-m", "theirs", "roman-12.0.0"]);
        w.git(&["push", "-q", "origin", "roman-12.0.0"]);
        w.git(&["tag", "-d", "roman-12.0.0"]);
    }),
    ("a tag tells of another record", "RT063", |w| {
        let message = format!("Release\n\nRelease-Record: {}", Digest::of(b"x"));
        w.git(&["tag", "-a", "-m", &message, "roman-12.0.0"]);
    }),
    ("the remote is ahead", "RT062", |w| {
        w.release.repository.commit("more");
        w.git(&["push", "-q", "origin", "main"]);
        w.git(&["reset", "-q", "--hard", "HEAD~1"]);
    }),
    ("the branch that is followed under another name is ahead", "RT062", |w| {
        w.git(&["switch", "-q", "-c", "rel", "--track", "origin/main"]);
        w.release.repository.commit("more");
        w.publish();
        w.git(&["reset", "-q", "--hard", "HEAD~1"]);
    }),
    ("the clone is shallow", "RT003", World::become_shallow),
    ("the remote is gone", "RT061", |w| fs::remove_dir_all(w.remote.path()).unwrap()),
];
