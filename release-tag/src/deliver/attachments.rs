//! What is delivered beside an image: its record, its provenance, the evidence about it, and the
//! bill of materials where there is one.

use std::collections::BTreeMap;

use common::digest::Digest;
use common::evidence::{Built, Compared, Fact, STATEMENT_TYPE, Tested};
use serde_json::{Value, json};

use crate::check::Facts;
use crate::error::Error;
use crate::oci::{Attachment, Descriptor, MEDIA_IN_TOTO, MEDIA_RECORD, PREDICATE_TYPE, to_json};
use crate::record::Record;
use crate::workplace::Workplace;

/// What a provenance says it is.
pub const PROVENANCE: &str = "https://slsa.dev/provenance/v1";
/// What SBOM files end in, and what they are.
const SBOMS: [(&str, &str); 2] =
    [(".spdx.json", "application/spdx+json"), (".cdx.json", "application/vnd.cyclonedx+json")];

/// Whether what has the media type `kind` is a bill of materials.
#[must_use]
pub fn is_bill(kind: &str) -> bool {
    SBOMS.iter().any(|(_, media_type)| *media_type == kind)
}

/// All that is said about the image of `facts`, whose manifest is `subject`.
///
/// # Errors
/// Evidence cannot be read.
pub fn all(place: &Workplace, facts: &Facts, subject: &Descriptor) -> Result<Vec<Attachment>, Error> {
    let mut found = Vec::new();
    let Some(image) = &facts.image.identity else { return Ok(found) };
    if let Ok(Some(content)) = &facts.tree.record {
        let (media_type, title) = (MEDIA_RECORD.to_owned(), "release.json".to_owned());
        found.push(Attachment { media_type, title, annotations: BTreeMap::new(), content: content.clone() });
        if let (Ok(Some(built)), Ok(record)) = (&facts.image.built, Record::parse(content)) {
            let content = to_json(&provenance(built, &record, subject));
            found.push(statement("provenance.json", PROVENANCE, content));
        }
    }
    let store = place.evidence();
    if let Some(content) = store.bytes::<Tested>(&image.id)? {
        found.push(statement("tested.json", Tested::PREDICATE, content));
    }
    if let Some(content) = store.bytes::<Compared>(&image.id)? {
        found.push(statement("compared.json", Compared::PREDICATE, content));
    }
    found.extend(facts.image.sbom.as_ref().and_then(|sbom| bill(place, &image.id, sbom)));
    Ok(found)
}

fn statement(title: &str, predicate: &str, content: Vec<u8>) -> Attachment {
    let annotations = [(PREDICATE_TYPE.to_owned(), predicate.to_owned())].into();
    Attachment { media_type: MEDIA_IN_TOTO.to_owned(), title: title.to_owned(), annotations, content }
}

/// The bill of materials with the digest `sbom`, among the evidence about the image `id`.
#[must_use]
pub fn bill(place: &Workplace, id: &Digest, sbom: &Digest) -> Option<Attachment> {
    let entries = std::fs::read_dir(place.evidence().dir_of(id)).ok()?;
    entries.flatten().find_map(|entry| {
        let title = entry.file_name().into_string().ok()?;
        let (_, media_type) = SBOMS.iter().find(|(ending, _)| title.ends_with(ending))?;
        let content = std::fs::read(entry.path()).ok()?;
        let media_type = (*media_type).to_owned();
        let annotations = BTreeMap::new();
        (Digest::of(&content) == *sbom).then_some(Attachment { media_type, title, annotations, content })
    })
}

/// How the image came to be, as SLSA has it.
fn provenance(built: &Built, record: &Record, subject: &Descriptor) -> Value {
    let dependency = |name: &str, digest: &Digest| json!({"name": name, "digest": {"sha256": digest.hex()}});
    let mut dependencies = vec![
        dependency(&built.base.name, &built.base.id),
        dependency("deployments/common", &built.common_context),
        dependency("deployments/mission", &built.mission_context),
    ];
    dependencies
        .extend(record.locks.iter().map(|(name, digest)| dependency(&format!("env-frozen/{name}"), digest)));
    dependencies.extend(
        record
            .receipts
            .iter()
            .map(|(name, digest)| dependency(&format!("environments/{name}/sources.lock.json"), digest)),
    );
    json!({
        "_type": STATEMENT_TYPE,
        "subject": [
            {"name": record.mission, "digest": {"sha256": subject.digest.hex()}},
            {"name": built.image.name, "digest": {"sha256": built.image.id.hex()}},
        ],
        "predicateType": PROVENANCE,
        "predicate": {
            "buildDefinition": {
                "buildType": Built::PREDICATE,
                "externalParameters": built.materials.settings,
                "internalParameters": {"engine": built.engine, "origin": built.origin},
                "resolvedDependencies": dependencies,
            },
            "runDetails": {
                "builder": {"id": "urn:image-tools:image-build", "version": {"image-tools": built.materials.tool}},
                "metadata": {"startedOn": built.at},
            },
        },
    })
}
