//! The image: how it was built, where it is, and how its tests went.

use common::digest::Digest;
use common::evidence::Origin;
use common::report::Verdict;
use common::settings::UseFrozen;

use super::ready::{committed, fail_the_test, trips, waive, why};

#[test]
fn an_image_of_which_nothing_is_known_is_refused() {
    trips("RT040", |f| f.image.built = Ok(None));
    trips("RT040", |f| f.image.built = Err(why()));
    trips("RT040", |f| {
        f.image.identity = None;
        f.image.built = Ok(None);
    });
    trips("RT040", |f| f.image.built.as_mut().unwrap().as_mut().unwrap().image.id = Digest::of(b"other"));
}

/// Anybody can label an image, so what its label says is no evidence.
#[test]
fn an_image_that_was_adopted_by_its_label_is_refused() {
    trips("RT040", |f| f.image.built.as_mut().unwrap().as_mut().unwrap().origin = Origin::Adopted);
}

#[test]
fn a_floating_or_chilly_image_is_refused() {
    for mode in [UseFrozen::Floating, UseFrozen::Chilly] {
        trips("RT041", |f| f.image.built.as_mut().unwrap().as_mut().unwrap().use_frozen = mode);
    }
}

#[test]
fn an_image_of_other_files_is_refused() {
    trips("RT042", |f| f.tree.contexts = Ok((Digest::of(b"common"), Digest::of(b"x"))));
    trips("RT042", |f| f.tree.contexts = Ok((Digest::of(b"x"), Digest::of(b"mission"))));
    trips("RT042", |f| f.tree.contexts = Err(why()));
    trips("RT042", |f| f.git.contexts = Some(Ok(committed(b"common", b"x"))));
    trips("RT042", |f| f.git.contexts = Some(Ok(committed(b"x", b"mission"))));
    trips("RT042", |f| f.git.contexts = Some(Err(why())));
}

#[test]
fn an_image_that_is_gone_or_cannot_be_looked_at_is_refused() {
    trips("RT043", |f| f.image.engine.as_mut().unwrap().has_image = false);
    trips("RT043", |f| f.image.engine = Err(why()));
}

#[test]
fn a_name_that_moved_on_is_refused() {
    trips("RT044", |f| f.image.engine.as_mut().unwrap().named = Some(Digest::of(b"other")));
    trips("RT044", |f| f.image.engine.as_mut().unwrap().named = None);
}

#[test]
fn a_base_that_moved_on_is_refused() {
    trips("RT045", |f| f.image.engine.as_mut().unwrap().base = Some(Digest::of(b"other")));
}

#[test]
fn an_image_that_was_not_tested_green_is_refused() {
    trips("RT050", |f| f.image.tested = Ok(None));
    trips("RT050", |f| f.image.tested = Err(why()));
    trips("RT050", |f| f.image.tested.as_mut().unwrap().as_mut().unwrap().verdict = Verdict::No);
    trips("RT050", |f| f.image.tested.as_mut().unwrap().as_mut().unwrap().image.id = Digest::of(b"other"));
}

#[test]
fn a_run_that_was_allowed_to_test_nothing_is_no_test() {
    trips("RT050", |f| {
        let tested = f.image.tested.as_mut().unwrap().as_mut().unwrap();
        tested.outcome.environments.clear();
    });
}

#[test]
fn a_run_that_a_signal_ended_is_not_excused() {
    trips("RT050", |f| {
        fail_the_test(f);
        waive(f, "import numpy", "1970-01-01");
        f.image.tested.as_mut().unwrap().as_mut().unwrap().outcome.container_status = 137;
    });
}

#[test]
fn an_image_with_drift_is_refused() {
    trips("RT051", |f| f.image.compared = Ok(None));
    trips("RT051", |f| f.image.compared.as_mut().unwrap().as_mut().unwrap().verdict = Verdict::No);
}

#[test]
fn a_comparison_with_older_specs_is_refused() {
    trips("RT052", |f| f.tree.specs = Ok(Digest::of(b"edited")));
    trips("RT052", |f| f.tree.specs = Err(why()));
}
