//! `release-tag capsule`: everything that the release's image is made from, as one artifact.
//!
//! What a build fetches cannot be told afterwards, so the image is built once more, frozen, of the commit, while
//! its steps fetch through a proxy that keeps every answer (`image-build --record`). A capsule is made whole
//! beside its place, checked as a reader would check it, and moved there.

mod fetch;
mod make;
mod push;

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use common::capsule::{Capsule, CapsuleManifest, Sameness, capsule_tag};
use common::console::Console;
use common::fault::Status;
use common::git;
use common::report::{CapsuleOutcome, DeliveryStatus, Outcome, RecordedImage, Verdict};
use common::session::{Finding, Session};
use common::state_dir::StateDir;

use crate::args::CapsuleArgs;
use crate::check::{Gate, ImageReach};
use crate::deliver::Destination;
use crate::error::Error;
use crate::oci::{Layout, OciError, Proof, pack};
use crate::registry::{Access, Begun};
use crate::workplace::Workplace;

use make::Making;

/// Makes the release's capsule, or fetches one.
///
/// # Errors
/// The release is not fit for it, the build fails, or the destination cannot be written.
pub fn run(args: &CapsuleArgs, console: &Console) -> Result<Status, Error> {
    if let Some(from) = &args.fetch {
        return fetch::run(from, (args, &args.access.read(None)?), console);
    }
    let access = args.access.read(Some(&args.shared))?;
    let session = Session::open("release-tag capsule", &args.shared, console)?;
    let workplace = Workplace::of(&session)?;
    // A destination that is none is told before anything is looked at.
    let named = args.destination.as_deref().map(str::parse::<Destination>).transpose()?;
    let gate = Gate::of_image(&workplace, ImageReach::Engine, console)?;
    let engine = gate.facts.image.engine.as_ref().ok().and_then(|presence| presence.handle.clone());
    let release = gate.facts.tree.release.clone();
    let (true, Some(image), Some(engine), Ok(release)) =
        (gate.is_open(), gate.image().cloned(), engine, release)
    else {
        return gate.finish(session, console);
    };
    let document = &session.document;
    let making =
        Making { place: &workplace, document, image: &image, engine: &engine, release: &release, console };
    let commit = making.commit()?;
    let own = workplace.settings.state_dir().join("capsule").join(release.mission.to_string());
    let destination = named.unwrap_or_else(|| Destination::Layout(own.clone()));
    let outcome = if let (Destination::Registry(repository), false) = (&destination, args.execute) {
        console.status(format_args!(
            "would build {} once more from commit {}, keep what it fetches, and send all of it to {repository}:{}; \
             --execute does it",
            image.name,
            git::short(&commit),
            capsule_tag(&release.mission.to_string())
        ));
        planned(&destination, &release.mission.to_string(), &commit)
    } else {
        let _lock = workplace.lock(console)?;
        making.to(&destination, (&own, &commit), (args, &access))?
    };
    let finding =
        Finding { verdict: Verdict::Yes, image: Some(image), outcome: Outcome::Capsule(outcome.clone()) };
    Ok(session.finish(finding, &Table(outcome))?)
}

fn planned(destination: &Destination, release: &str, commit: &str) -> CapsuleOutcome {
    CapsuleOutcome {
        capsule: DeliveryStatus::Planned,
        destination: destination.to_string(),
        tag: capsule_tag(release),
        commit: commit.to_owned(),
        manifest: None,
        size: None,
        recorded: None,
        answers: BTreeMap::new(),
    }
}

impl Making<'_> {
    fn to(
        &self,
        destination: &Destination,
        (own, commit): (&Path, &str),
        (args, access): (&CapsuleArgs, &Access),
    ) -> Result<CapsuleOutcome, Error> {
        let tag = capsule_tag(&self.release.mission.to_string());
        let place = match destination {
            Destination::Layout(dir) => std::path::absolute(dir).unwrap_or_else(|_| dir.clone()),
            Destination::Archive(_) | Destination::Registry(_) => own.to_owned(),
        };
        let (capsule, mut status) = self.layout(&place, commit, args.replace)?;
        match destination {
            Destination::Layout(_) => {}
            Destination::Archive(file) => {
                let file = std::path::absolute(file).unwrap_or_else(|_| file.clone());
                status = archive(&place, &capsule, &file, args.replace)?;
            }
            Destination::Registry(repository) => {
                let begun =
                    Begun::in_dir(&StateDir::open(&self.place.settings.root)?.dir("upload")?, repository);
                status = push::run(&place, &capsule, repository, ((args, access), (begun, self.console)))?;
            }
        }
        let (manifest, ..) = CapsuleManifest::of(&capsule.index);
        let parts: u64 = manifest.layers.iter().map(|layer| layer.size).sum();
        let mut answers = BTreeMap::new();
        for answer in &capsule.index.answers {
            *answers.entry(answer.kind.plural().to_owned()).or_insert(0) += 1;
        }
        Ok(CapsuleOutcome {
            capsule: status,
            destination: destination.to_string(),
            tag,
            commit: commit.to_owned(),
            manifest: Some(capsule.manifest.digest.clone()),
            size: Some(parts + manifest.config.size + capsule.manifest.size),
            recorded: Some(RecordedImage {
                id: capsule.index.recorded.id.clone(),
                sameness: capsule.index.sameness.clone(),
            }),
            answers,
        })
    }
}

/// Makes the archive `file` of the capsule in `dir`.
fn archive(dir: &Path, capsule: &Capsule, file: &Path, replace: bool) -> Result<DeliveryStatus, Error> {
    if file.exists() && !replace {
        let there = Capsule::open(file)?;
        if there.manifest.digest == capsule.manifest.digest {
            return Ok(DeliveryStatus::Present);
        }
        return Err(OciError::InTheWay { path: file.to_owned(), expected: "archive of this capsule" }.into());
    }
    let (manifest, descriptor, bytes) = CapsuleManifest::of(&capsule.index);
    let image = manifest.config.digest.clone();
    let blobs = std::iter::once(manifest.config).chain(manifest.layers).collect();
    let mut descriptor = descriptor;
    let tag = capsule_tag(&capsule.index.release);
    descriptor.annotations.insert(common::oci::model::REF_NAME.to_owned(), tag.clone());
    let proof = Proof { manifest: descriptor, bytes, image, blobs };
    pack(&Layout::at(dir), (&proof, &tag), &[], file)?;
    Capsule::open(file)?;
    Ok(DeliveryStatus::Delivered)
}

struct Table(CapsuleOutcome);

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let outcome = &self.0;
        let word = match outcome.capsule {
            DeliveryStatus::Planned => "would be made (--execute does it)",
            DeliveryStatus::Delivered => "made and read back",
            DeliveryStatus::Present => "was there",
        };
        writeln!(f, "{} under {}: {word}", outcome.destination, outcome.tag)?;
        for (kind, count) in &outcome.answers {
            writeln!(f, "{count:>6}  {kind}")?;
        }
        if let Some(recorded) = &outcome.recorded {
            let same = match &recorded.sameness {
                Sameness::Identical => "the very image that was tested".to_owned(),
                Sameness::SameContent => "the same files as in the tested image, under another id".to_owned(),
                Sameness::Different(first) => format!("not the image that was tested: {first}"),
                Sameness::OtherId => "another id than the tested image; files were not compared".to_owned(),
            };
            writeln!(f, "what came out is {same}")?;
        }
        let (manifest, size) = (&outcome.manifest, outcome.size);
        if let (Some(manifest), Some(size)) = (manifest, size) {
            writeln!(f, "{manifest}, {size} bytes")?;
        }
        Ok(())
    }
}
