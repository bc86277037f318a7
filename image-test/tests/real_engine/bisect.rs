//! `--bisect`, with a real uv, a real index and real packages.

use std::process::Command;

use common::report::{BisectFinding, Outcome};
use common::settings::EngineChoice;

use crate::lab::Lab;
use crate::root;

const BEFORE: &str = "idna==3.4\npackaging==21.3\npyparsing==3.0.9\nsix==1.16.0\ntoml==0.10.1\n";
const AFTER: &str = "idna==3.7\npackaging==24.0\npyparsing==3.1.2\nsix==1.17.0\ntoml==0.10.2\n";

#[test]
fn the_release_that_took_an_interface_away_is_found() {
    if Command::new("uv").arg("--version").output().is_err() {
        eprintln!("skipped: there is no uv on PATH");
        return;
    }
    let Some(lab) = Lab::new(EngineChoice::Docker) else { return };
    let Some(tar) = root::of_python(&[]) else { return };
    lab.import("python", &tar);
    let tests = "deployments/roman/environments/roman-cal/tests";
    lab.repository.write(&format!("{tests}/imports"), "six idna packaging");
    lab.repository.write(&format!("{tests}/notebooks"), "check.py");
    lab.repository.write(&format!("{tests}/check.py"), "from packaging.version import LegacyVersion\n");
    lab.repository.write("before.txt", BEFORE);
    lab.repository.write("after.txt", AFTER);
    let ran = lab.run("python", &["--bisect", "before.txt", "after.txt"]);
    if ran.code() == 69 {
        eprintln!("skipped: no package index can be reached: {}", ran.stderr());
        return;
    }
    assert_eq!(ran.code(), 0, "{}", ran.stderr());
    let Outcome::Bisect(outcome) = ran.report().outcome else { panic!("{}", ran.stderr()) };
    let found = &outcome.environments[0];
    assert_eq!((found.finding, found.changes), (BisectFinding::Found, 5));
    let culprits: Vec<_> = found.culprits.iter().map(|one| (one.package.as_str(), one.proven)).collect();
    assert_eq!(culprits, [("packaging", true)], "{}", ran.stderr());
    eprintln!("{} runs, {}", found.runs, found.uv.as_deref().unwrap());
}
