//! Changes of the image and of the evidence about it.

use common::digest::Digest;
use common::evidence::{Origin, Tested};
use common::report::{ImageIdentity, TestStatus, Verdict};
use common::settings::UseFrozen;

use super::super::support::NAME;
use super::{CAL, Case, MISSION_WAIVERS, waiver};

/// Changes of the image and of the evidence about it.
pub const IMAGES: &[Case] = &[
    ("the name means another image", "RT044", |w| _ = w.release.engine.image(NAME, &["OTHER=1"])),
    ("the base means another image", "RT045", |w| {
        let mut built = w.release.built();
        "base:1".clone_into(&mut built.base.name);
        w.release.note_built(&built);
        w.release.engine.image("base:1", &["MOVED=1"]);
    }),
    ("the engine lost the image", "RT043", |w| w.release.engine.fail("inspect", 9)),
    ("another image was built", "RT040", |w| {
        let image = ImageIdentity { name: NAME.to_owned(), id: Digest::of(b"another") };
        w.release.store().set_last_built(&"roman".parse().unwrap(), &image).unwrap();
    }),
    ("the build was floating", "RT041", |w| {
        let mut built = w.release.built();
        built.use_frozen = UseFrozen::Floating;
        w.release.note_built(&built);
    }),
    ("the image was adopted by its label", "RT040", |w| {
        let mut built = w.release.built();
        built.origin = Origin::Adopted;
        w.release.note_built(&built);
    }),
    ("a byte of the build's evidence flips", "RT040", |w| w.flip(&w.evidence("built"))),
    ("the build's evidence is deleted", "RT040", |w| w.remove(&w.evidence("built"))),
    ("a byte of the tests' evidence flips", "RT050", |w| w.flip(&w.evidence("tested"))),
    ("the tests' evidence is deleted", "RT050", |w| w.remove(&w.evidence("tested"))),
    ("the tests' evidence says passed where it said failed", "RT050", |w| {
        w.tested(Verdict::No, Some(TestStatus::Failed));
        let path = w.evidence("tested");
        w.write(&path, &w.read(&path).replace("failed", "passed").replace("\"no\"", "\"yes\""));
    }),
    ("a test failed", "RT050", |w| w.tested(Verdict::No, Some(TestStatus::Failed))),
    ("a test was not run", "RT050", |w| w.tested(Verdict::Yes, Some(TestStatus::NotRun))),
    ("nothing was tested", "RT050", |w| w.tested(Verdict::Yes, None)),
    ("the tests' evidence is of the form before", "RT050", |w| {
        let fact: Tested = w.release.store().read(&w.release.id).unwrap().unwrap();
        w.write(&w.evidence("tested"), &serde_json::to_string(&fact).unwrap());
    }),
    ("a byte of the comparison flips", "RT051", |w| w.flip(&w.evidence("compared"))),
    ("the comparison is deleted", "RT051", |w| w.remove(&w.evidence("compared"))),
    ("the comparison says no", "RT051", |w| w.compared(|fact| fact.verdict = Verdict::No)),
    ("the comparison was with other specs", "RT052", |w| w.compared(|fact| fact.frozen = Digest::of(b"x"))),
    ("other tests were run since the record", "RT074", |w| {
        w.release.tested_otherwise();
    }),
    ("a waiver ended", "RT054", |w| {
        w.waived("9999-12-31");
        w.waive("2024-08-05");
    }),
    ("a waiver is taken away", "RT050", |w| {
        w.waived("9999-12-31");
        w.remove(&format!("{CAL}/tests/waivers.json"));
    }),
    ("a waiver for the mission ended", "RT054", |w| {
        w.write(MISSION_WAIVERS, &waiver("drift conda", "2024-08-05"));
    }),
    ("drift of the base is not the mission's to waive any more", "RT051", |w| {
        w.drifted("base", "9999-12-31");
        w.remove(MISSION_WAIVERS);
    }),
    ("the base's drift is not an environment's to waive", "RT051", |w| {
        w.drifted("base", "9999-12-31");
        let text = w.read(MISSION_WAIVERS);
        w.remove(MISSION_WAIVERS);
        w.write(&format!("{CAL}/tests/waivers.json"), &text);
    }),
    ("waivers make no sense", "RT054", |w| w.write(&format!("{CAL}/tests/waivers.json"), "{}")),
    ("a waiver is for something else", "RT050", |w| {
        w.waived("9999-12-31");
        let path = format!("{CAL}/tests/waivers.json");
        w.write(&path, &w.read(&path).replace("numpy", "scipy"));
    }),
];
