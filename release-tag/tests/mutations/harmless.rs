//! What makes no difference.

use common::report::Verdict;

use super::{CAL, MISSION, World};

/// What is done, and makes no difference.
pub type Harmless = (&'static str, fn(&World));

/// What makes no difference to the release.
pub const HARMLESS: &[Harmless] = &[
    ("nothing", |_| ()),
    ("another mission is edited", |w| w.write("deployments/tike/MISSION_VERSION", "tike-1\n")),
    ("notes beside", |w| w.write("notes.txt", "x")),
    ("the same tests again", |w| w.release.test(Verdict::Yes)),
    ("saved again", |w| _ = w.release.run(&["save"]).outcome("save")),
    ("checked before", |w| _ = w.release.run(&["check"]).outcome("gate")),
    ("a lower release was tagged before", |w| w.git(&["tag", "roman-11.9.9", "HEAD~1"])),
    ("a higher one of another mission", |w| w.git(&["tag", "tike-99.0.0", "HEAD~1"])),
    ("a failure that is waived", |w| w.waived("9999-12-31")),
    ("drift of the base that the mission waives", |w| w.drifted("base", "9999-12-31")),
    ("what git leaves out of archives or writes into them", |w| {
        w.write("deployments/common/.gitattributes", "VERSION export-ignore\n");
        let text = "*.pip export-ignore\n*.explicit export-subst\n";
        w.write(&format!("{CAL}/id.explicit"), "# $Format:%H$\n");
        w.released_with("deployments/roman/.gitattributes", text);
    }),
    ("line endings as everybody's checkout has them", |w| {
        w.write(".gitattributes", &format!("{CAL}/roman-cal.pip eol=crlf\n"));
        w.released_with(&format!("{CAL}/roman-cal.pip"), "romancal\r\n");
    }),
    ("tagged before", |w| _ = w.release.run(&["tag", "--execute"]).outcome("tag")),
    ("HEAD is detached at the branch's tip", |w| w.git(&["checkout", "-q", "--detach"])),
    ("a detached HEAD, and a remote that calls nothing its HEAD", |w| {
        w.git(&["--git-dir", w.remote.path().to_str().unwrap(), "symbolic-ref", "HEAD", "refs/heads/none"]);
        w.git(&["checkout", "-q", "--detach"]);
    }),
    ("a remote that calls nothing its HEAD", |w| {
        w.git(&["--git-dir", w.remote.path().to_str().unwrap(), "symbolic-ref", "HEAD", "refs/heads/none"]);
    }),
    ("the branch has another name here", |w| w.git(&["switch", "-q", "-c", "rel", "--track", "origin/main"])),
    ("the commit waits in a merge queue", |w| {
        w.release.repository.commit("queued");
        let queue = "gh-readonly-queue/main/pr-7-0123";
        w.git(&["push", "-q", "origin", &format!("HEAD:{queue}")]);
        w.git(&["fetch", "-q", "origin"]);
        w.git(&["switch", "-q", "-c", queue, "--track", &format!("origin/{queue}")]);
    }),
    ("a proposal was merged", |w| {
        w.released_with(MISSION, "roman-12.0.1\n");
        w.git(&["reset", "-q", "--hard", "HEAD~2"]);
        w.git(&["push", "-q", "--force", "origin", "HEAD:main"]);
        w.write(MISSION, "roman-12.0.1\n");
        w.release.settle();
        w.release.run(&["propose", "--execute"]).outcome("propose");
        w.git(&["switch", "-q", "main"]);
        w.git(&["merge", "-q", "--no-ff", "-m", "merged", "release-roman-12.0.1"]);
        w.publish();
    }),
    ("a proposal was merged by squashing", |w| {
        w.write(MISSION, "roman-12.0.1\n");
        w.release.settle();
        w.release.run(&["propose", "--execute"]).outcome("propose");
        w.git(&["switch", "-q", "main"]);
        w.git(&["reset", "-q", "--hard", "origin/main"]);
        w.git(&["merge", "-q", "--squash", "release-roman-12.0.1"]);
        w.git(&["commit", "-q", "-m", "squashed"]);
        w.publish();
    }),
    ("the mission was released before on this infrastructure", |w| {
        w.release.run(&["tag", "--execute"]).outcome("tag");
        w.released_with(MISSION, "roman-12.0.1\n");
    }),
    ("another mission was released before on this infrastructure", |w| {
        w.release_tike();
        w.released_with(&format!("{CAL}/roman-cal.pip"), "romancal\n");
    }),
    ("another mission was released of this very commit", World::release_tike),
    ("another release on this infrastructure, whose tag only the remote has", |w| {
        w.release_tike();
        w.git(&["tag", "-d", "1.3.0"]);
        w.released_with(&format!("{CAL}/roman-cal.pip"), "romancal\n");
    }),
    ("another release on this infrastructure, with another HASH", |w| {
        w.release_tike();
        w.release.run(&["hashes"]).outcome("versions");
        w.released_with(&format!("{CAL}/note.pip"), "x\n");
    }),
    ("the hashes are written with the change and committed with it", |w| {
        w.write(&format!("{CAL}/roman-cal.pip"), "romancal\n");
        w.write(MISSION, "roman-12.0.1\n");
        w.release.run(&["hashes"]).outcome("versions");
        w.release.run(&["save"]).outcome("save");
        w.release.settle();
        w.publish();
    }),
    ("the hashes are written after the change", |w| {
        w.write(&format!("{CAL}/roman-cal.pip"), "romancal\n");
        w.release.repository.commit("change");
        w.release.run(&["hashes"]).outcome("versions");
        w.release.repository.commit("hashes");
        w.release.settle();
        w.publish();
    }),
    ("the versions were prepared and merged", |w| {
        w.release.run(&["prepare", "1.4.0", "12.1.0", "--yes"]).outcome("save");
        w.publish();
        w.git(&["switch", "-q", "main"]);
        w.git(&["pull", "-q", "--ff-only", "origin", "main"]);
        w.release.settle();
        w.publish();
    }),
    ("no CAL_VERSION, and nothing that tells of one", |w| {
        w.remove(&format!("{CAL}/CAL_VERSION"));
        w.remove(&format!("{CAL}/sources.lock.json"));
        w.released_with(&format!("{CAL}/kernel.name"), "Roman\n");
    }),
    ("HASH names the first commit", |w| {
        let first = w.release.repository.run_git(&["rev-list", "--max-parents=0", "HEAD"]);
        w.released_with("deployments/common/HASH", &format!("{first}\n"));
    }),
];
