//! The links that the image holds, and what is said beside it.

use common::digest::Digest;
use common::evidence::{self, Compared, Fact as _, Origin, STATEMENT_TYPE, Tested};
use common::waiver::MissionWaivers;
use jiff::Timestamp;
use p256::ecdsa::VerifyingKey;
use serde_json::{Value, json};

use super::chain::{Chain, Link};
use super::commit::Told;
use super::place::{Found, Kept, Under};
use crate::deliver::{PROVENANCE, is_bill};
use crate::error::Error;
use crate::oci::beside::Said;
use crate::oci::{MEDIA_IN_TOTO, MEDIA_RECORD};
use crate::record::{DriftSummary, Record, TestSummary};
use crate::signature::{self, bundle};

/// What an image is held against.
pub struct Asked<'a> {
    /// What the tag of git told.
    pub told: Option<&'a Told>,
    /// Whose signature there must be.
    pub key: Option<&'a VerifyingKey>,
    /// Whether layers in a registry are read.
    pub deep: bool,
}

/// Checks what `kept` has under `tag` against what is `asked`. Gives the manifest's digest.
///
/// # Errors
/// The keeper cannot be reached, or has something else than it says.
pub fn check(
    kept: &Kept,
    tag: Option<&str>,
    asked: &Asked<'_>,
    chain: &mut Chain,
) -> Result<Option<Digest>, Error> {
    let Some(tag) = tag else {
        chain.unchecked(Link::Manifest, "it is not known under which tag the image is");
        return Ok(None);
    };
    let found = match kept.find(tag, asked.deep)? {
        Under::Image(found) => found,
        Under::Nothing => {
            chain.broken(Link::Manifest, format!("there is nothing under {tag}"));
            return Ok(None);
        }
        Under::Several(images) => {
            chain.broken(Link::Manifest, several(tag, &images));
            return Ok(None);
        }
    };
    chain.holds(Link::Manifest);
    layers(&found, chain);
    let parts = kept.attached(&found.manifest)?;
    let attached = record_in(&parts);
    match asked.told.map(|told| &told.record).or(attached.as_ref()) {
        Some(record) => against(record, &found, &parts, chain),
        None => chain.unchecked(
            Link::Image,
            "neither the tag nor what is beside the image has a record to compare with",
        ),
    }
    beside(asked.told, (attached.as_ref(), &parts), chain);
    signed(kept, (&found.manifest, &parts), asked.key, chain)?;
    Ok(Some(found.manifest))
}

fn several(tag: &str, images: &[(String, String)]) -> String {
    let one = |(platform, digest): &(String, String)| format!("@{digest} ({platform})");
    let all: Vec<String> = images.iter().map(one).collect();
    format!(
        "{tag} is an index of several images; name one of them, --image docker://REGISTRY/REPOSITORY@DIGEST: {}",
        all.join(", ")
    )
}

fn layers(found: &Found, chain: &mut Chain) {
    let missing: Vec<String> = found.missing.iter().map(|digest| format!("{digest} is missing")).collect();
    if missing.is_empty() && !found.is_whole {
        chain.holds_as_far(Link::Layers, "they are there, and their bytes were not read: --deep does");
    } else {
        chain.judge(Link::Layers, &missing);
    }
}

/// The record beside the image, against that of the commit if there is one.
fn beside(told: Option<&Told>, (attached, parts): (Option<&Record>, &[Said]), chain: &mut Chain) {
    let Some(told) = told else {
        if let Some(record) = attached {
            let why =
                "without the commit it is not known whether it is this record; and when its waivers counted";
            chain.unchecked(Link::AttachedRecord, why);
            match &record.unexcused(None)[..] {
                [] if record.tests.waived.is_empty() && record.drift.waived.is_empty() => {
                    chain.holds(Link::Excused);
                }
                [] => chain.unchecked(Link::Excused, "when it was tagged is not known without the tag"),
                flaws => chain.broken(Link::Excused, flaws.join("; ")),
            }
        }
        return;
    };
    let same = parts.iter().any(|(kind, content)| kind == MEDIA_RECORD && *content == told.bytes);
    let other = parts.iter().any(|(kind, _)| kind == MEDIA_RECORD);
    match (same, other) {
        (true, _) => chain.holds(Link::AttachedRecord),
        (false, true) => chain.broken(Link::AttachedRecord, "it is another one"),
        (false, false) => chain.unchecked(Link::AttachedRecord, "none is attached"),
    }
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
    chain.attached(Link::Tests, &of_kind(&statements, Tested::PREDICATE), |(_, bytes)| tests(record, bytes));
    chain
        .attached(Link::Drift, &of_kind(&statements, Compared::PREDICATE), |(_, bytes)| drift(record, bytes));
    bill(record, parts, chain);
    chain.attached(Link::Provenance, &of_kind(&statements, PROVENANCE), |(value, _)| {
        let is_ours = value["_type"] == STATEMENT_TYPE
            && value["subject"][0]["digest"]["sha256"] == found.manifest.hex();
        if is_ours { origin(value) } else { Some("it is about another manifest".to_owned()) }
    });
}

/// What stands against where `provenance` says that the image is from: a label is no evidence of what it was built
/// of. Older ones do not say it, and are of what was built.
fn origin(provenance: &Value) -> Option<String> {
    let said = &provenance["predicate"]["buildDefinition"]["internalParameters"]["origin"];
    let adopted = !said.is_null() && *said != json!(Origin::Built);
    let why =
        "who released it did not build it, but took it over by its label (image-build --force builds it)";
    adopted.then(|| why.to_owned())
}

fn bill(record: &Record, parts: &[Said], chain: &mut Chain) {
    let Some(named) = &record.sbom else {
        return chain.moot(Link::Bill, "the record names none");
    };
    let bills: Vec<Digest> =
        parts.iter().filter(|(kind, _)| is_bill(kind)).map(|(_, content)| Digest::of(content)).collect();
    match bills.first() {
        _ if bills.contains(named) => chain.holds(Link::Bill),
        Some(other) => chain.broken(Link::Bill, format!("it is {other}, the record names {named}")),
        None => chain.unchecked(Link::Bill, "none is attached"),
    }
}

/// What is wrong with the test evidence `bytes`.
fn tests(record: &Record, bytes: &[u8]) -> Option<String> {
    match evidence::open::<Tested>(bytes, &record.image.id) {
        Ok(statement) => {
            let said = TestSummary::of(
                &statement.predicate.outcome,
                &MissionWaivers::default(),
                Timestamp::UNIX_EPOCH,
            );
            let same = said.results == record.tests.results;
            (!same).then(|| "the results are others than the record's".to_owned())
        }
        Err(reason) => Some(reason),
    }
}

/// What is wrong with the evidence of drift `bytes`.
fn drift(record: &Record, bytes: &[u8]) -> Option<String> {
    match evidence::open::<Compared>(bytes, &record.image.id) {
        Ok(statement) => {
            let said = DriftSummary::of(
                &statement.predicate.outcome,
                &MissionWaivers::default(),
                Timestamp::UNIX_EPOCH,
            );
            let same = said.differences == record.drift.differences && said.same == record.drift.same;
            (!same).then(|| "it is another one than the record's".to_owned())
        }
        Err(reason) => Some(reason),
    }
}

/// The statements of this kind, as JSON and as they came.
fn of_kind<'s>(statements: &[&'s [u8]], kind: &str) -> Vec<(Value, &'s [u8])> {
    let parsed = statements.iter().map(|bytes| (serde_json::from_slice(bytes).unwrap_or_default(), *bytes));
    parsed.filter(|(value, _): &(Value, _)| value["predicateType"] == kind).collect()
}

fn signed(
    kept: &Kept,
    (manifest, parts): (&Digest, &[Said]),
    key: Option<&VerifyingKey>,
    chain: &mut Chain,
) -> Result<(), Error> {
    let Some(key) = key else {
        chain.moot(Link::Signature, "no key was named: --key FILE");
        return Ok(());
    };
    let mut bundles = parts.iter().filter(|(kind, _)| kind == bundle::MEDIA_BUNDLE).peekable();
    let has_bundles = bundles.peek().is_some();
    if bundles.any(|(_, content)| bundle::is_signed(key, manifest, content)) {
        chain.holds(Link::Signature);
        return Ok(());
    }
    match kept.tagged(&signature::tag_of(manifest))? {
        Some(bytes) if signature::is_signed(key, manifest, &bytes, |payload| kept.blob(payload))? => {
            chain.holds(Link::Signature);
        }
        None if !has_bundles => chain.broken(Link::Signature, "there is no signature"),
        _ => chain.broken(Link::Signature, "no signature of it is with this key"),
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
        assert_eq!(origin(&provenance(json!("built"))), None);
        assert_eq!(origin(&json!({})), None, "as it was written before");
        for said in [json!("adopted"), json!("x"), json!(1)] {
            assert!(origin(&provenance(said)).unwrap().contains("image-build --force"));
        }
    }
}
