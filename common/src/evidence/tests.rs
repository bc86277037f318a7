//! Facts are kept, and only those that nobody changed are believed.

use jiff::Timestamp;

use super::*;
use crate::report::{TestOutcome, Verdict};
use crate::testing::committed_schema;

fn fact(id: &Digest) -> Tested {
    Tested {
        image: ImageIdentity { name: "notebook-roman:latest".to_owned(), id: id.clone() },
        at: Timestamp::UNIX_EPOCH,
        verdict: Verdict::Yes,
        outcome: TestOutcome::default(),
        inputs: None,
    }
}

fn path(dir: &Path, id: &Digest) -> PathBuf {
    dir.join("evidence").join(id.hex()).join("tested.json")
}

#[test]
fn a_fact_speaks_for_its_own_image_only() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::in_state(dir.path());
    let (one, two) = (Digest::of(b"1"), Digest::of(b"2"));
    store.write(&one, &fact(&one)).unwrap();
    assert_eq!(store.read::<Tested>(&one).unwrap(), Some(fact(&one)));
    assert_eq!(store.all::<Tested>(), [fact(&one)]);
    assert_eq!(store.read::<Tested>(&two).unwrap(), None);
    std::fs::create_dir_all(path(dir.path(), &two).parent().unwrap()).unwrap();
    std::fs::copy(path(dir.path(), &one), path(dir.path(), &two)).unwrap();
    let error = store.read::<Tested>(&two).unwrap_err();
    assert!(error.to_string().contains("it is not about"), "{error}");
}

#[test]
fn a_fact_is_an_in_toto_statement_that_says_who_stands_for_it() {
    let id = Digest::of(b"1");
    let value: serde_json::Value = serde_json::from_slice(&seal(&fact(&id))).unwrap();
    assert_eq!(value["_type"], STATEMENT_TYPE);
    assert_eq!(value["subject"][0]["digest"]["sha256"], id.hex());
    assert_eq!(value["predicateType"], Tested::PREDICATE);
    assert!(value["signedOff"]["by"].as_str().unwrap().contains('@'));
}

#[test]
fn whichever_byte_is_flipped_the_fact_is_refused() {
    let id = Digest::of(b"1");
    let good = seal(&fact(&id));
    assert!(open::<Tested>(&good, &id).is_ok());
    for at in 0..good.len() {
        for flip in [0x01, 0x20] {
            let mut bad = good.clone();
            bad[at] ^= flip;
            assert!(open::<Tested>(&bad, &id).is_err(), "byte {at} of {}", String::from_utf8_lossy(&good));
            assert!(!super::statement::is_older(&bad), "byte {at}");
        }
    }
    assert!(open::<Tested>(&good[..good.len() - 1], &id).is_err());
    assert!(open::<Compared>(&good, &id).is_err());
}

#[test]
fn a_damaged_fact_is_not_taken_for_none_and_one_of_an_older_version_is() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::in_state(dir.path());
    let id = Digest::of(b"1");
    let file = path(dir.path(), &id);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, "{").unwrap();
    assert_eq!(store.read::<Tested>(&id).unwrap_err().status(), Status::Data);
    std::fs::write(&file, serde_json::to_vec_pretty(&fact(&id)).unwrap()).unwrap();
    assert_eq!(store.read::<Tested>(&id).unwrap(), None);
}

#[test]
fn the_committed_schema_is_that_of_the_types() {
    committed_schema("docs/schema/evidence-1.json", &json_schema());
}
