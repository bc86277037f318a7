//! Runs on a disk that is really full, for us, for git and for the engine: a small file system of its own, with so
//! much room left and no more. Afterwards there is room again, and another run ends as ever.
//!
//! Without `FULL=1` only some amounts of room are tried, spread evenly.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(clippy::print_stderr, reason = "what is skipped is told")]

mod support;

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use support::{Ran, Release};

const TAG: &str = "roman-12.0.0";
/// The unit of room, in bytes: a page, as such file systems count.
const PAGE: u64 = 4096;
/// As many amounts of room are tried where not all are.
const SOME: u64 = 8;

/// A file system in memory over a release's repository; it goes away with the test.
struct Disk {
    release: Release,
    root: PathBuf,
}

impl Disk {
    /// None where nobody may mount.
    fn under(release: Release) -> Option<Self> {
        let root = release.repository.root().to_owned();
        let aside = tempfile::tempdir().unwrap();
        let copy = |from: &Path, to: &Path| {
            let done = Command::new("cp").arg("-a").arg(from.join(".")).arg(to).status();
            assert!(done.is_ok_and(|status| status.success()));
        };
        copy(&root, aside.path());
        let options = ["-t", "tmpfs", "-o", "size=32m,mode=755", "tmpfs"];
        let mounted = Command::new("mount").args(options).arg(&root).output();
        if !mounted.is_ok_and(|output| output.status.success()) {
            eprintln!("skipped: nobody may mount a file system here");
            return None;
        }
        let disk = Self { release, root };
        copy(aside.path(), &disk.root);
        Some(disk)
    }

    fn filler(&self) -> PathBuf {
        self.root.join(".image/filler")
    }

    /// Leaves so many pages of room.
    fn fill(&self, pages: u64) {
        let mut file = File::create(self.filler()).unwrap();
        let page = [0; 4096];
        let mut filled = 0;
        while file.write_all(&page).is_ok() {
            filled += PAGE;
        }
        assert!(filled > pages * PAGE, "the disk is too small for the test");
        file.set_len(filled - pages * PAGE).unwrap();
    }

    fn empty(&self) {
        _ = fs::remove_file(self.filler());
    }

    /// Runs `args` from the `prepare`d state with less room than they need: each time another run, with room, ends as
    /// `check` finds it. And a run that says that all is well has ended so itself.
    fn survives(&self, args: &[&str], prepare: &dyn Fn(), check: &dyn Fn(&Ran)) {
        let is_enough = |pages: u64| {
            prepare();
            self.fill(pages);
            let ran = self.release.run(args);
            self.empty();
            self.release.wait_for_orphans();
            if ran.code() == 0 {
                check(&ran);
            }
            let again = self.release.run(args);
            assert_eq!(again.code(), 0, "with {pages} pages: {}\nthen: {}", ran.said(), again.said());
            check(&again);
            ran.code() == 0
        };
        let enough = (0..12).map(|power| 1 << power).find(|pages| is_enough(*pages));
        let enough = enough.expect("the disk has as many pages");
        let all = std::env::var_os("FULL").is_some_and(|full| full == "1");
        let step = if all { 1 } else { enough.div_ceil(SOME).max(1) };
        let tried: Vec<u64> = (0..enough).step_by(usize::try_from(step).unwrap()).collect();
        let failed = tried.iter().filter(|pages| !is_enough(**pages)).count();
        eprintln!(
            "{}: {} amounts of room below {enough} pages, {failed} of them too little",
            args[0],
            tried.len()
        );
        assert!(failed > 0, "too little room must have been tried");
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Whoever still works there keeps it from going at once.
        _ = Command::new("umount").arg("-l").arg(&self.root).status();
    }
}

#[test]
fn a_save_on_a_full_disk_ends_in_the_same_commit() {
    let Some(disk) = Disk::under(Release::ready()) else { return };
    let repository = &disk.release.repository;
    let base = repository.run_git(&["rev-parse", "HEAD~1"]);
    let tree = repository.run_git(&["rev-parse", "HEAD^{tree}"]);
    let prepare = || {
        repository.run_git(&["reset", "-q", "--hard", &base]);
        _ = fs::remove_file(repository.at("deployments/roman/release.json"));
    };
    disk.survives(&["save"], &prepare, &|_| {
        assert_eq!(repository.run_git(&["rev-parse", "HEAD^{tree}"]), tree);
        assert_eq!(repository.run_git(&["rev-list", "--count", &format!("{base}..HEAD")]), "1");
        assert_eq!(repository.status(), "");
    });
}

#[test]
fn tags_on_a_full_disk_end_in_the_same_refs_here_and_there() {
    let release = Release::ready();
    let remote = release.remote();
    let Some(disk) = Disk::under(release) else { return };
    let release = &disk.release;
    release.run(&["tag", "--execute"]).outcome("tag");
    let (refs, there) = (release.refs(), remote.tags(release));
    let path = remote.path().display().to_string();
    let prepare = || {
        for tag in [TAG, "1.3.0"] {
            release.repository.run_git(&["tag", "-d", tag]);
            release.repository.run_git(&["-C", &path, "update-ref", "-d", &format!("refs/tags/{tag}")]);
        }
    };
    disk.survives(&["tag", "--execute"], &prepare, &|_| {
        assert_eq!((release.refs(), remote.tags(release)), (refs.clone(), there.clone()));
    });
}

#[test]
fn a_delivery_on_a_full_disk_ends_in_the_same_bytes() {
    let Some(disk) = Disk::under(Release::ready()) else { return };
    let release = &disk.release;
    release.run(&["deliver"]).outcome("deliver");
    let layout = release.repository.at(".image/delivery").join(TAG);
    let digest = || common::digest::of_tree(&layout, &|_| false).unwrap();
    let whole = digest();
    let prepare = || _ = fs::remove_dir_all(&layout);
    disk.survives(&["deliver"], &prepare, &|_| {
        assert_eq!(digest(), whole);
        let left = |dir: &str| fs::read_dir(release.repository.at(dir)).unwrap().count();
        assert_eq!((left(".image/stage/deliver"), left(".image/delivery")), (0, 1), "no litter");
    });
}
