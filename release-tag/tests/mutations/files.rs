//! Changes of the files that are built of, and of what the release says of itself.

use std::fs;

use super::super::support::receipt;
use super::{CAL, COMMON, Case, MISSION, PIP, YML};

/// Changes of the files that are built of.
pub const FILES: &[Case] = &[
    ("a byte of a pip lock flips", "RT073", |w| w.flip(PIP)),
    ("a byte of a conda lock flips", "RT073", |w| w.flip(YML)),
    ("a lock is deleted", "RT030", |w| w.remove(PIP)),
    ("a lock comes in", "RT073", |w| w.write("deployments/roman/env-frozen/x/requirements.yml", "name: x\n")),
    ("a floating spec is edited", "RT042", |w| w.write(&format!("{CAL}/roman-cal.pip"), "romancal\n")),
    ("an untracked spec comes in", "RT010", |w| w.write(&format!("{CAL}/new.pip"), "x\n")),
    ("a tracked file is deleted", "RT010", |w| w.remove("deployments/common/HASH")),
    ("a Dockerfile is edited", "RT042", |w| w.write("deployments/roman/Dockerfile.custom", "FROM evil\n")),
    ("the common part is edited", "RT042", |w| w.write("deployments/common/common-env/required.pip", "x\n")),
    ("a script may not be executed any more", "RT042", |w| {
        use std::os::unix::fs::PermissionsExt as _;
        let path = w.release.repository.at("deployments/roman/environments/test");
        fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
    }),
    ("an ignored file comes in", "RT011", |w| {
        fs::write(w.release.repository.at(".git/info/exclude"), "secret.txt\n").unwrap();
        w.write("deployments/roman/secret.txt", "x");
    }),
    ("the configuration's template is edited", "RT010", |w| w.write("setup-env.template", "export X=1\n")),
    ("a receipt is deleted", "RT073", |w| w.remove(&format!("{CAL}/sources.lock.json"))),
    ("a receipt is edited", "RT073", |w| {
        w.write(&format!("{CAL}/sources.lock.json"), &receipt("0.13.0", "somebody else"));
    }),
    ("a change that git is told to skip is built", "RT042", |w| w.overlooked("--skip-worktree")),
    ("a change that git is told not to expect is built", "RT042", |w| w.overlooked("--assume-unchanged")),
    ("a mode that git does not look at is built", "RT042", |w| {
        use std::os::unix::fs::PermissionsExt as _;
        w.git(&["config", "core.fileMode", "false"]);
        let path = w.release.repository.at("deployments/roman/environments/test");
        fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
        w.release.settle();
        w.publish();
    }),
    ("a line ending that git takes for the same is built", "RT042", |w| {
        w.write(".gitattributes", "*.pip text=auto\n");
        w.released_with(&format!("{CAL}/roman-cal.pip"), "romancal\r\n");
    }),
    ("what a filter of git takes away is built", "RT042", |w| {
        w.git(&["config", "filter.strip.clean", "sed s/secret//"]);
        w.write(".gitattributes", "*.pip filter=strip\n");
        w.released_with(&format!("{CAL}/roman-cal.pip"), "romancal # secret\n");
    }),
    ("a reference can move", "RT031", |w| {
        w.released_with(PIP, "romancal @ git+https://github.com/x/romancal@main\n");
    }),
];

/// Changes of what the release says of itself.
pub const VERSIONS: &[Case] = &[
    ("the mission's version is edited", "RT002", |w| w.write(MISSION, "roman-13.0.0\n")),
    ("the common version is edited", "RT072", |w| w.write(COMMON, "1.4.0\n")),
    ("a version is none", "RT001", |w| w.write(COMMON, "1.3\n")),
    ("a version is missing", "RT001", |w| w.remove(MISSION)),
    ("a higher mission was released before", "RT003", |w| w.git(&["tag", "roman-12.1.0", "HEAD~1"])),
    ("a higher infrastructure was released before", "RT003", |w| {
        w.git(&["tag", "roman-11.0.0-c-1.9.0", "HEAD~1"]);
    }),
    ("a higher mission was released before, and only the remote has its tag", "RT003", |w| {
        w.git(&["push", "-q", "origin", "HEAD~1:refs/tags/roman-12.1.0"]);
    }),
    ("a higher mission was released elsewhere", "RT003", |w| {
        w.git(&[
            "tag",
            "roman-12.1.0",
            &w.release.repository.run_git(&["commit-tree", "-m", "x", "HEAD^{tree}"]),
        ]);
        w.git(&["push", "-q", "origin", "roman-12.1.0"]);
        w.git(&["tag", "-d", "roman-12.1.0"]);
    }),
    ("the receipt says latest, and there is no CAL_VERSION", "RT020", |w| {
        w.remove(&format!("{CAL}/CAL_VERSION"));
        w.released_with(&format!("{CAL}/sources.lock.json"), &receipt("latest", "a release engineer"));
    }),
    ("the kernel says latest, and there is no CAL_VERSION", "RT021", |w| {
        w.remove(&format!("{CAL}/CAL_VERSION"));
        w.released_with(&format!("{CAL}/kernel.name"), "Roman (latest)\n");
    }),
    ("CAL_VERSION is taken away from a delivery", "RT023", |w| {
        w.remove(&format!("{CAL}/CAL_VERSION"));
        w.released_with(&format!("{CAL}/kernel.name"), "Roman\n");
    }),
    ("HASH is older than the infrastructure", "RT022", |w| {
        w.released_with("deployments/common/common-env/new.pip", "x\n");
        let first = w.release.repository.run_git(&["rev-list", "--max-parents=0", "HEAD"]);
        w.released_with("deployments/common/HASH", &format!("{first}\n"));
    }),
    ("the mission changed after MISSION_HASH was written", "RT022", |w| {
        w.release.run(&["hashes"]).outcome("versions");
        w.release.repository.commit("hashes");
        w.released_with(&format!("{CAL}/roman-cal.pip"), "romancal\n");
    }),
    ("CAL_VERSION says latest", "RT020", |w| w.released_with(&format!("{CAL}/CAL_VERSION"), "latest\n")),
    ("the kernel tells another version", "RT021", |w| {
        w.released_with(&format!("{CAL}/kernel.name"), "Roman 0.12.0\n");
    }),
    ("the receipt tells another version", "RT023", |w| {
        w.released_with(&format!("{CAL}/sources.lock.json"), &receipt("0.12.0", "a release engineer"));
    }),
    ("HASH names no commit of ours", "RT022", |w| {
        w.released_with("deployments/common/HASH", "0123456789abcdef0123456789abcdef01234567\n");
    }),
    ("MISSION_HASH names a branch", "RT022", |w| w.released_with("deployments/roman/MISSION_HASH", "main\n")),
];
