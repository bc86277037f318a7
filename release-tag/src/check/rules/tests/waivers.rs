//! Failures and differences that are excused until a day.

use common::report::{Difference, DriftClass, EnvironmentDrift, PackageKind, Verdict};

use super::super::super::facts::Facts;
use super::ready::{broken, fail_the_test, first, trips, waive, why};

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
    trips("RT054", |f| first(f).waivers = Err(why()));
}

#[test]
fn drift_is_refused_unless_it_is_explained() {
    let drift = |f: &mut Facts| {
        let (kind, name) = (PackageKind::Pip, "numpy".to_owned());
        let (class, frozen, built) = (DriftClass::Version, Some("1".to_owned()), Some("2".to_owned()));
        let difference = Difference { kind, class, name, frozen, built, path: None };
        let environment =
            EnvironmentDrift { name: "roman-cal".to_owned(), same: 1, differences: vec![difference] };
        let compared = f.image.compared.as_mut().unwrap().as_mut().unwrap();
        compared.outcome.environments.push(environment);
        compared.verdict = Verdict::No;
    };
    trips("RT051", drift);
    let explained = broken(|f| {
        drift(f);
        waive(f, "drift numpy", "1970-01-01");
    });
    assert_eq!(explained, [""; 0]);
}
