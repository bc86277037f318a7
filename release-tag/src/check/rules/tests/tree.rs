//! The versions, the environments and the frozen specs.

use super::super::super::facts::{Environment, Facts};
use super::ready::{broken, first, trips, why};

#[test]
fn versions_that_are_none_are_refused() {
    trips("RT001", |f| f.tree.release = Err(why()));
}

/// Release tags 14, 16 and 20 say `latest`.
#[test]
fn no_release_says_latest() {
    for version in ["latest", "none", "v0.13.0"] {
        trips("RT020", |f| {
            let environment = &mut f.tree.environments.as_mut().unwrap()[0];
            environment.cal_version = Some(version.to_owned());
            environment.receipt = None;
            environment.kernel_name = Some(format!("Roman {version} (2024-08-05)"));
        });
    }
}

#[test]
fn a_kernel_name_tells_its_version_as_a_word() {
    for name in ["Roman Calibration", "Roman 0.13.01", "Roman 10.13.0", "Roman vv0.13.0"] {
        trips("RT021", |f| f.tree.environments.as_mut().unwrap()[0].kernel_name = Some(name.to_owned()));
    }
    trips("RT021", |f| f.tree.environments.as_mut().unwrap()[0].kernel_name = None);
    let prose = |f: &mut Facts| first(f).kernel_name = Some("Roman (v0.13.0)".to_owned());
    assert_eq!(broken(prose), [""; 0]);
}

/// Nothing was judged where no `CAL_VERSION` is.
#[test]
fn without_a_calibration_version_the_receipt_and_the_kernel_are_judged() {
    let without = |change: fn(&mut Environment)| {
        broken(|f| {
            let environment = first(f);
            environment.cal_version = None;
            environment.kernel_name = Some("Roman".to_owned());
            environment.receipt.as_mut().unwrap().delivered = false;
            change(environment);
        })
    };
    assert_eq!(without(|_| ()), [""; 0], "a script may not know of it");
    assert_eq!(without(|e| e.receipt = None), [""; 0]);
    assert_eq!(without(|e| e.receipt.as_mut().unwrap().version = Some("latest".to_owned())), ["RT020"]);
    assert_eq!(without(|e| e.kernel_name = Some("Roman (latest)".to_owned())), ["RT021"]);
    assert_eq!(without(|e| e.receipt.as_mut().unwrap().delivered = true), ["RT023"]);
}

#[test]
fn a_receipt_of_another_version_is_refused() {
    trips("RT023", |f| first(f).receipt.as_mut().unwrap().version = Some("0.14.0".to_owned()));
    assert_eq!(broken(|f| first(f).receipt.as_mut().unwrap().version = None), [""; 0]);
}

#[test]
fn an_environment_that_is_not_frozen_is_refused() {
    trips("RT030", |f| f.tree.frozen.as_mut().unwrap().missing = vec![why()]);
    trips("RT030", |f| f.tree.frozen = Err(why()));
}

#[test]
fn d50_a_vcs_requirement_without_a_commit_is_refused() {
    trips("RT031", |f| f.tree.frozen.as_mut().unwrap().moving = vec![why()]);
}
