//! Failures and differences that are excused until a day.

use common::report::{Difference, DriftClass, EnvironmentDrift, PackageKind, Verdict};

use super::super::super::facts::Facts;
use super::ready::{broken, broken_since, fail_the_test, trips, waive, waive_for_the_mission, why};

#[test]
fn a_waiver_excuses_a_failure_until_its_day() {
    trips("RT050", fail_the_test);
    let waived = |what: &str, expires: &str| {
        broken(|f| {
            fail_the_test(f);
            waive(f, what, expires);
        })
    };
    assert_eq!(waived("import numpy", "1970-01-01"), [""; 0]);
    assert_eq!(waived("import numpy", "1969-12-31"), ["RT050", "RT054"]);
    assert_eq!(waived("import scipy", "1970-01-01"), ["RT050"]);
    trips("RT054", |f| waive(f, "import numpy", "1969-12-31"));
    trips("RT054", |f| f.tree.waivers = Err(why()));
}

/// Evidence says what failed; whether that is excused is asked when the release is made.
#[test]
fn a_waiver_that_ended_between_test_and_check_excuses_nothing() {
    let waived = |f: &mut Facts| {
        fail_the_test(f);
        waive(f, "import numpy", "1970-01-01");
    };
    assert_eq!(broken(waived), [""; 0]);
    let later = broken_since(|f| {
        waived(f);
        super::ready::record(f);
        f.now = "1970-01-02T00:00:00Z".parse().unwrap();
    });
    assert_eq!(later, ["RT050", "RT054"]);
}

/// A status that no failed test explains stays what it is, whatever else is waived.
#[test]
fn a_status_without_a_failure_of_its_own_is_not_excused() {
    for (status, code) in [(1, None), (124, None), (126, Some("RT050")), (137, Some("RT050"))] {
        let found = broken(|f| {
            fail_the_test(f);
            waive(f, "import numpy", "1970-01-01");
            f.image.tested.as_mut().unwrap().as_mut().unwrap().outcome.container_status = status;
        });
        assert_eq!(found, code.into_iter().collect::<Vec<_>>(), "{status}");
    }
}

fn drifted(f: &mut Facts, environment: &str) {
    let (kind, name) = (PackageKind::Pip, "numpy".to_owned());
    let (class, frozen, built) = (DriftClass::Version, Some("1".to_owned()), Some("2".to_owned()));
    let difference = Difference { kind, class, name, frozen, built, path: None };
    let name = environment.to_owned();
    let environment = EnvironmentDrift { name, same: 1, differences: vec![difference] };
    let compared = f.image.compared.as_mut().unwrap().as_mut().unwrap();
    compared.outcome.environments.push(environment);
    compared.verdict = Verdict::No;
}

#[test]
fn drift_is_refused_unless_it_is_explained() {
    let drift = |f: &mut Facts| drifted(f, "roman-cal");
    trips("RT051", drift);
    let explained = broken(|f| {
        drift(f);
        waive(f, "drift numpy", "1970-01-01");
    });
    assert_eq!(explained, [""; 0]);
}

/// The base is no environment of the repository, so there is no directory of it with waivers in it.
#[test]
fn drift_of_the_base_is_waived_by_the_mission() {
    let drift = |f: &mut Facts| drifted(f, "base");
    trips("RT051", drift);
    let waived = |place: fn(&mut Facts, &str, &str)| {
        broken(|f| {
            drift(f);
            place(f, "drift numpy", "1970-01-01");
        })
    };
    assert_eq!(waived(waive_for_the_mission), [""; 0]);
    assert_eq!(waived(waive), ["RT051"]);
    trips("RT051", |f| {
        drifted(f, "roman-cal");
        waive_for_the_mission(f, "drift numpy", "1970-01-01");
    });
    trips("RT054", |f| waive_for_the_mission(f, "drift numpy", "1969-12-31"));
}
