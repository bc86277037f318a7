//! The record, and the tags that tell of it.

use common::digest::Digest;

use super::super::super::facts::{Facts, Standing};
use super::ready::{HEAD, asked, broken_since, fail_the_test, first, good, release, tag, trips, waive, why};
use crate::record::Record;

/// A lightweight tag, or one without a word, was taken for this release's: it was pushed, and nobody could verify it.
#[test]
fn a_tag_at_this_commit_that_does_not_tell_of_this_record_is_refused() {
    let ours = |f: &Facts| Digest::of(f.tree.record.as_ref().unwrap().as_ref().unwrap());
    for record in [None, Some(Digest::of(b"other"))] {
        for name in ["1.3.0", "roman-12.0.0"] {
            trips("RT063", |f| _ = f.git.tags.insert(name.to_owned(), tag(HEAD, record.clone())));
            trips("RT063", |f| _ = asked(f).0.insert(name.to_owned(), tag(HEAD, record.clone())));
        }
    }
    trips("RT063", |f| {
        _ = f.git.tags.insert("1.3.0".to_owned(), Standing { record: Err(why()), ..tag(HEAD, None) });
    });
    let standing = |f: &mut Facts| {
        let tag = tag(HEAD, Some(ours(f)));
        f.git.tags.insert("roman-12.0.0".to_owned(), tag.clone());
        asked(f).0.insert("1.3.0".to_owned(), tag);
    };
    assert_eq!(broken_since(standing), [""; 0]);
    // Another mission was released from this commit.
    let shared = Standing { shared: Some(Ok(Vec::new())), ..tag(HEAD, Some(Digest::of(b"tike's"))) };
    assert_eq!(broken_since(|f| _ = f.git.tags.insert("1.3.0".to_owned(), shared)), [""; 0]);
}

#[test]
fn a_tag_that_only_this_clone_has_can_be_taken_away() {
    let told = |f: &Facts| match super::super::super::tag_rules::records(f) {
        super::super::Ruling::Failed(told) => told,
        other => panic!("{other:?}"),
    };
    let mut facts = good();
    facts.git.tags.insert("1.3.0".to_owned(), tag(HEAD, None));
    assert!(told(&facts).contains("git tag -d 1.3.0"), "{}", told(&facts));
    asked(&mut facts).0.insert("1.3.0".to_owned(), tag(HEAD, None));
    assert!(!told(&facts).contains("git tag -d"), "{}", told(&facts));
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
