//! The record, and the tags that tell of it.

use common::digest::Digest;

use super::super::super::facts::Facts;
use super::ready::{broken_since, fail_the_test, first, good, release, trips, waive, why};
use crate::record::Record;

#[test]
fn a_tag_that_tells_of_another_record_is_refused() {
    trips("RT063", |f| {
        f.git.tag_records.insert("1.3.0".to_owned(), Digest::of(b"other").to_string());
    });
}

#[test]
fn a_record_that_is_missing_edited_or_of_something_else_is_refused() {
    let since = |code: &str, change: &dyn Fn(&mut Facts)| assert_eq!(broken_since(change), [code]);
    since("RT070", &|f| f.tree.record = Ok(None));
    since("RT070", &|f| f.tree.record.as_mut().unwrap().as_mut().unwrap().push(b' '));
    since("RT070", &|f| f.tree.record = Err(why()));
    since("RT071", &|f| {
        f.image.built.as_mut().unwrap().as_mut().unwrap().base.id = {
            f.image.engine.as_mut().unwrap().base = Some(Digest::of(b"base"));
            Digest::of(b"base")
        }
    });
    since("RT072", &|f| {
        f.tree.release = Ok(release("12.0.1"));
        f.git.committed = Ok(release("12.0.1"));
    });
    since("RT073", &|f| {
        f.tree.locks.as_mut().unwrap().insert("base/requirements.yml".to_owned(), Digest::of(b"edited"));
    });
    since("RT073", &|f| first(f).receipt = None);
    since("RT073", &|f| f.image.sbom = Some(Digest::of(b"sbom")));
    since("RT074", &|f| {
        fail_the_test(f);
        waive(f, "import numpy", "1970-01-01");
    });
}

#[test]
fn the_same_release_makes_the_same_record_and_it_is_read_back() {
    let (one, two) = (Record::of(&good()).unwrap(), Record::of(&good()).unwrap());
    assert_eq!(one.bytes(), two.bytes());
    assert_eq!(Record::parse(&one.bytes()).unwrap(), one);
    let newer = String::from_utf8(one.bytes()).unwrap().replace("\"schema\": 1", "\"schema\": 2");
    assert!(Record::parse(newer.as_bytes()).unwrap_err().contains("version 2"));
}
