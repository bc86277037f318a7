//! `image-test --bisect`, with the runner really running and a uv that only pretends.

use common::report::{BisectFinding, BisectedEnvironment, Outcome};
use common::testing::program;

use crate::native::Native;
use crate::ran::Ran;

/// Makes environments whose packages are modules with a `VERSION`, or what the rule for them says.
const UV: &str = r##"
import os, sys
from pathlib import Path
HOME = Path("@HOME@")
args = sys.argv[1:]
if args == ["--version"]:
    print("uv 0.0.0 (pretended)")
elif args[0] == "venv":
    python = Path(args[-1]) / "bin/python"
    python.parent.mkdir(parents=True)
    python.write_text(f"#!/bin/sh\nPYTHONPATH='{args[-1]}/lib' exec '@PYTHON@' -S -B \"$@\"\n")
    python.chmod(0o755)
elif args[:2] == ["pip", "sync"]:
    lib = Path(args[args.index("--python") + 1]).parent.parent / "lib"
    lib.mkdir()
    with open(HOME / "synced", "a") as journal:
        journal.write("sync\n")
    for line in Path(args[-1]).read_text().split():
        name, version = line.split("==")
        if version == "666":
            sys.exit(f"error: there is no version of {name}=={version}")
        rule = HOME / "rules" / name
        (lib / f"{name}.py").write_text(rule.read_text() if rule.exists() else f"VERSION = '{version}'")
elif args[:2] == ["pip", "check"]:
    lib = Path(args[args.index("--python") + 1]).parent.parent / "lib"
    versions = {file.stem: file.read_text() for file in lib.glob("*.py")}
    if "2" in versions.get("needy", "") and "2" not in versions.get("base", "2"):
        sys.exit("The package `needy` requires `base>=2`, but `1` is installed")
"##;

/// A lab with that uv on this machine's PATH: the image has none.
fn lab() -> Option<Native> {
    let native = Native::new()?;
    let repository = &native.lab.repository;
    let python = crate::native::python()?;
    let home = repository.root().display().to_string();
    let text = UV.replace("@HOME@", &home).replace("@PYTHON@", &python.display().to_string());
    program(&repository.at("bin/uv"), &format!("#!{} -S{text}", python.display()));
    native.tests(&[("imports", "romancal numpy\n")]);
    repository
        .write("rules/romancal", "import asdf, gwcs\nassert (asdf.VERSION, gwcs.VERSION) != ('2', '2')\n");
    Some(native)
}

/// A lock of `versions`, and of forty packages at `others`.
fn lock(others: u32, versions: &str) -> String {
    let others = (0..40).map(|n| format!("other{n}=={others}"));
    let lines: Vec<String> = others.chain(versions.split(' ').map(str::to_owned)).collect();
    lines.join("\n") + "\n"
}

fn bisected(ran: &Ran) -> BisectedEnvironment {
    match ran.report().outcome {
        Outcome::Bisect(mut outcome) => outcome.environments.remove(0),
        other => panic!("{other:?}"),
    }
}

fn culprits(found: &BisectedEnvironment) -> Vec<(&str, bool)> {
    found.culprits.iter().map(|culprit| (culprit.package.as_str(), culprit.proven)).collect()
}

const BEFORE: &str = "asdf==1 gwcs==1 numpy==1 romancal==1";

#[test]
fn the_two_upgrades_that_fail_only_together_are_found_among_forty_three() {
    let Some(native) = lab() else { return };
    let repository = &native.lab.repository;
    repository.write("before.txt", &lock(1, BEFORE));
    repository.write("after.txt", &lock(2, "asdf==2 gwcs==2 numpy==2 romancal==1"));
    let ran = native.bisect(&["before.txt", "after.txt"]);
    assert_eq!(ran.code(), 0, "{}", ran.stderr());
    let found = bisected(&ran);
    assert_eq!((found.finding, found.changes), (BisectFinding::Found, 43));
    assert_eq!(culprits(&found), [("asdf", true), ("gwcs", true)]);
    assert_eq!(found.tests.iter().map(|test| test.name.as_str()).collect::<Vec<_>>(), ["romancal"]);
    assert!(found.runs <= 2 + 2 * (6 + 2), "{} runs", found.runs);
    assert_eq!(repository.read("synced").lines().count(), found.runs);
    assert!(found.uv.as_deref().unwrap().contains("uv 0.0.0 (pretended)"));
    let stderr = ran.stderr();
    assert!(stderr.contains("roman-cal: 2 of 43 changes to blame for romancal"), "{stderr}");
    assert!(stderr.contains("  asdf  ==1 -> ==2"), "{stderr}");
    assert_eq!(native.lab.evidence(&native.lab.id), None, "it says nothing about the image");
}

#[test]
fn mixtures_that_do_not_fit_together_or_cannot_be_installed_are_worked_around() {
    let Some(native) = lab() else { return };
    let repository = &native.lab.repository;
    repository.write("rules/romancal", "import needy\nassert needy.VERSION != '2'\n");
    repository.write("before.txt", &lock(1, "base==1 needy==1 numpy==1 romancal==1"));
    repository.write("after.txt", &lock(2, "base==2 needy==2 numpy==2 romancal==1"));
    let ran = native.bisect(&["before.txt", "after.txt"]);
    assert_eq!(ran.code(), 0, "{}", ran.stderr());
    assert_eq!(culprits(&bisected(&ran)), [("base", false), ("needy", true)]);
    assert!(ran.stderr().contains("cannot be installed without it"), "{}", ran.stderr());
}

#[test]
fn what_needs_no_search_is_said_with_a_status_of_its_own() {
    let Some(native) = lab() else { return };
    let repository = &native.lab.repository;
    repository.write("good/roman-cal/requirements.txt", &lock(1, BEFORE));
    repository.write("fine/roman-cal/requirements.txt", &lock(2, BEFORE));
    repository.write("bad/roman-cal/requirements.txt", &lock(1, "asdf==2 gwcs==2 numpy==1 romancal==1"));
    repository.write("worse/roman-cal/requirements.txt", &lock(2, "asdf==2 gwcs==2 numpy==1 romancal==1"));
    repository.write("gone/roman-cal/requirements.txt", &lock(666, BEFORE));
    let ran = native.bisect(&["good", "fine"]);
    assert_eq!((ran.code(), bisected(&ran).finding), (1, BisectFinding::AfterPasses), "{}", ran.stderr());
    let ran = native.bisect(&["bad", "worse"]);
    assert_eq!((ran.code(), bisected(&ran).finding), (2, BisectFinding::BeforeFails), "{}", ran.stderr());
    native.bisect(&["good", "good"]).is_fault(65, "that differ");
    native.bisect(&["good", "gone"]).is_fault(69, "there is no version of other0==666");
    native.bisect(&["good", "nothing"]).is_fault(2, "is no file, no directory and no git revision");
    std::fs::remove_file(repository.at("bin/uv")).unwrap();
    native.bisect(&["good", "bad"]).is_fault(127, "neither the image nor this machine's PATH has uv");
}

#[test]
fn revisions_of_the_frozen_locks_are_compared() {
    let Some(native) = lab() else { return };
    let repository = &native.lab.repository;
    let path = "deployments/roman/env-frozen/roman-cal/requirements.txt";
    repository.write(path, &lock(1, BEFORE));
    repository.run_git(&["init", "--quiet"]);
    repository.commit("before");
    repository.write(path, &lock(1, "asdf==2 gwcs==2 numpy==1 romancal==1"));
    let ran = native.bisect(&["HEAD", "deployments/roman/env-frozen"]);
    assert_eq!(ran.code(), 0, "{}", ran.stderr());
    assert_eq!(culprits(&bisected(&ran)), [("asdf", true), ("gwcs", true)]);
}
