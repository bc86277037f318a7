//! What makes no difference.

use common::report::Verdict;

use super::{CAL, World};

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
    ("HASH names the first commit", |w| {
        let first = w.release.repository.run_git(&["rev-list", "--max-parents=0", "HEAD"]);
        w.released_with("deployments/common/HASH", &format!("{first}\n"));
    }),
];
