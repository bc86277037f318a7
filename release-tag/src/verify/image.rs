//! The links that the image holds, and what is said beside it.

use common::digest::Digest;
use common::evidence::{self, Compared, Origin, STATEMENT_TYPE, Tested};
use common::waiver::MissionWaivers;
use jiff::Timestamp;
use p256::ecdsa::VerifyingKey;
use serde_json::{Value, json};

use super::chain::{Chain, Link};
use super::commit::Told;
use super::place::{Found, Kept};
use crate::deliver::{PROVENANCE, is_bill};
use crate::error::Error;
use crate::oci::beside::Said;
use crate::oci::{MEDIA_IN_TOTO, MEDIA_RECORD};
use crate::record::{DriftSummary, Record, TestSummary};
use crate::signature;

/// Checks what `kept` has under `tag` against what the git tag told, and who signed it. Gives the
/// manifest's digest.
///
/// # Errors
/// The keeper cannot be reached, or has something else than it says.
pub fn check(
    kept: &Kept,
    tag: Option<&str>,
    (told, key): (Option<&Told>, Option<&VerifyingKey>),
    chain: &mut Chain,
) -> Result<Option<Digest>, Error> {
    let Some(tag) = tag else {
        chain.unchecked(Link::Manifest, "it is not known under which tag the image is");
        return Ok(None);
    };
    let Some(found) = kept.find(tag)? else {
        chain.broken(Link::Manifest, format!("there is nothing under {tag}"));
        return Ok(None);
    };
    chain.holds(Link::Manifest);
    let missing: Vec<String> = found.missing.iter().map(|digest| format!("{digest} is missing")).collect();
    chain.judge(Link::Layers, &missing);
    let parts = kept.attached(&found.manifest)?;
    let attached = record_in(&parts);
    match told.map(|told| &told.record).or(attached.as_ref()) {
        Some(record) => against(record, &found, &parts, chain),
        None => chain.unchecked(
            Link::Image,
            "neither the tag nor what is beside the image has a record to compare with",
        ),
    }
    if let Some(told) = told {
        let same = parts.iter().any(|(kind, content)| kind == MEDIA_RECORD && *content == told.bytes);
        let other = parts.iter().any(|(kind, _)| kind == MEDIA_RECORD);
        match (same, other) {
            (true, _) => chain.holds(Link::AttachedRecord),
            (false, true) => chain.broken(Link::AttachedRecord, "it is another one"),
            (false, false) => chain.unchecked(Link::AttachedRecord, "none is attached"),
        }
    }
    signed(kept, &found.manifest, key, chain)?;
    Ok(Some(found.manifest))
}

fn record_in(parts: &[Said]) -> Option<Record> {
    parts.iter().filter(|(kind, _)| kind == MEDIA_RECORD).find_map(|(_, content)| Record::parse(content).ok())
}

/// The image and what is said beside it, against `record`.
fn against(record: &Record, found: &Found, parts: &[Said], chain: &mut Chain) {
    // Docker tells images by their manifest where containerd keeps them.
    if [&found.image, &found.manifest].contains(&&record.image.id) {
        chain.holds(Link::Image);
    } else {
        chain.broken(Link::Image, format!("it is {}, the record tells of {}", found.image, record.image.id));
    }
    let statements: Vec<&[u8]> =
        parts.iter().filter(|(kind, _)| kind == MEDIA_IN_TOTO).map(|(_, content)| &content[..]).collect();
    tests(record, &statements, chain);
    drift(record, &statements, chain);
    bill(record, parts, chain);
    let ours = |value: &Value| value["subject"][0]["digest"]["sha256"] == found.manifest.hex();
    match of_kind(&statements, PROVENANCE) {
        None => chain.unchecked(Link::Provenance, "none is attached"),
        Some((value, _)) if value["_type"] == STATEMENT_TYPE && ours(&value) => {
            chain.judge(Link::Provenance, &origin(&value));
        }
        Some(_) => chain.broken(Link::Provenance, "it is about another manifest"),
    }
}

/// What stands against where `provenance` says that the image is from: a label is no evidence of what it was built
/// of. Older ones do not say it, and are of what was built.
fn origin(provenance: &Value) -> Vec<String> {
    let said = &provenance["predicate"]["buildDefinition"]["internalParameters"]["origin"];
    let adopted = !said.is_null() && *said != json!(Origin::Built);
    let why =
        "who released it did not build it, but took it over by its label (image-build --force builds it)";
    adopted.then(|| why.to_owned()).into_iter().collect()
}

fn bill(record: &Record, parts: &[Said], chain: &mut Chain) {
    let Some(named) = &record.sbom else {
        return chain.unchecked(Link::Bill, "the record names none");
    };
    let bills: Vec<Digest> =
        parts.iter().filter(|(kind, _)| is_bill(kind)).map(|(_, content)| Digest::of(content)).collect();
    match bills.first() {
        _ if bills.contains(named) => chain.holds(Link::Bill),
        Some(other) => chain.broken(Link::Bill, format!("it is {other}, the record names {named}")),
        None => chain.unchecked(Link::Bill, "none is attached"),
    }
}

fn tests(record: &Record, statements: &[&[u8]], chain: &mut Chain) {
    use common::evidence::Fact as _;
    let Some((_, bytes)) = of_kind(statements, Tested::PREDICATE) else {
        return chain.unchecked(Link::Tests, "none is attached");
    };
    match evidence::open::<Tested>(bytes, &record.image.id) {
        Ok(statement) => {
            let said = TestSummary::of(
                &statement.predicate.outcome,
                &MissionWaivers::default(),
                Timestamp::UNIX_EPOCH,
            );
            let same = said.results == record.tests.results;
            let flaw = (!same).then(|| "the results are others than the record's".to_owned());
            chain.judge(Link::Tests, flaw.as_slice());
        }
        Err(reason) => chain.broken(Link::Tests, reason),
    }
}

fn drift(record: &Record, statements: &[&[u8]], chain: &mut Chain) {
    use common::evidence::Fact as _;
    let Some((_, bytes)) = of_kind(statements, Compared::PREDICATE) else {
        return chain.unchecked(Link::Drift, "none is attached");
    };
    match evidence::open::<Compared>(bytes, &record.image.id) {
        Ok(statement) => {
            let said = DriftSummary::of(
                &statement.predicate.outcome,
                &MissionWaivers::default(),
                Timestamp::UNIX_EPOCH,
            );
            let same = said.differences == record.drift.differences && said.same == record.drift.same;
            let flaw = (!same).then(|| "it is another one than the record's".to_owned());
            chain.judge(Link::Drift, flaw.as_slice());
        }
        Err(reason) => chain.broken(Link::Drift, reason),
    }
}

/// The newest statement of this kind, as JSON and as it came.
fn of_kind<'s>(statements: &[&'s [u8]], kind: &str) -> Option<(Value, &'s [u8])> {
    statements.iter().rev().find_map(|bytes| {
        let value: Value = serde_json::from_slice(bytes).ok()?;
        (value["predicateType"] == kind).then_some((value, *bytes))
    })
}

fn signed(
    kept: &Kept,
    manifest: &Digest,
    key: Option<&VerifyingKey>,
    chain: &mut Chain,
) -> Result<(), Error> {
    let Some(key) = key else {
        chain.unchecked(Link::Signature, "no key was named: --key FILE");
        return Ok(());
    };
    match kept.tagged(&signature::tag_of(manifest))? {
        Some(bytes) if signature::is_signed(key, manifest, &bytes, |payload| kept.blob(payload))? => {
            chain.holds(Link::Signature);
        }
        Some(_) => chain.broken(Link::Signature, "no signature of it is with this key"),
        None => chain.broken(Link::Signature, "there is no signature"),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A delivery refuses such an image; a provenance that says so all the same is not taken for a good one.
    #[test]
    fn a_provenance_of_an_image_that_was_adopted_is_no_provenance() {
        let provenance = |origin: Value| json!({"predicate": {"buildDefinition": {"internalParameters": {"origin": origin}}}});
        assert_eq!(origin(&provenance(json!("built"))), [""; 0]);
        assert_eq!(origin(&json!({})), [""; 0], "as it was written before");
        for said in [json!("adopted"), json!("x"), json!(1)] {
            assert!(origin(&provenance(said))[0].contains("image-build --force"));
        }
    }
}
