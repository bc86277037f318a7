//! Changes of the history, the branch, the tags and the remote.

use std::fs;

use common::digest::Digest;

use super::{CAL, Case};

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
    ("HEAD is detached", "RT012", |w| w.git(&["checkout", "-q", "--detach"])),
    ("a tag is elsewhere in this clone", "RT060", |w| w.git(&["tag", "roman-12.0.0", "HEAD~1"])),
    ("a tag is elsewhere on the remote", "RT061", |w| {
        w.git(&["push", "-q", "origin", "HEAD~1:refs/tags/roman-12.0.0"]);
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
    ("the remote is gone", "RT061", |w| fs::remove_dir_all(w.remote.path()).unwrap()),
];
