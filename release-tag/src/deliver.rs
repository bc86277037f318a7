//! `release-tag deliver`: copies the image that was tested, told by its id, and proves by reading
//! back that it arrived.
//!
//! Whatever the destination, the image first becomes a layout in this clone. Archives and registries
//! get the very bytes of that layout, so that the digest is the same everywhere.

mod attachments;
mod destination;
mod local;
mod push;

use std::fmt;
use std::path::{Path, PathBuf};

use common::console::Console;
use common::digest::Digest;
use common::engine::Engine;
use common::fault::Status;
use common::report::{DeliverOutcome, DeliveryStatus, ImageIdentity, Outcome, Verdict};
use common::session::{Finding, Session};
use p256::ecdsa::SigningKey;

use crate::args::DeliverArgs;
use crate::check::{Facts, Gate, ImageReach};
use crate::error::Error;
use crate::oci::{Descriptor, Layout, MEDIA_MANIFEST, Proof};
use crate::registry::Access;
use crate::signature;
use crate::workplace::Workplace;

pub use attachments::{PROVENANCE, bill, is_bill};
pub use destination::Destination;

/// An image to deliver, and how.
#[derive(Debug)]
struct Delivery<'a> {
    place: &'a Workplace,
    args: &'a DeliverArgs,
    access: Access,
    console: &'a Console,
    image: &'a ImageIdentity,
    /// What is known about it.
    facts: &'a Facts,
    /// Where it comes from.
    source: &'a Source,
    /// What signs it.
    key: Option<SigningKey>,
    tag: &'a str,
}

/// Where an image comes from.
#[derive(Debug)]
enum Source {
    /// The engine that was seen to have it.
    Engine(Engine),
    /// An archive that somebody saved.
    Archive(PathBuf),
}

/// What a delivery came to.
struct Arrived {
    status: DeliveryStatus,
    proof: Option<Proof>,
    /// What a plan found under the tag.
    held: Option<Digest>,
}

impl Arrived {
    fn now(status: DeliveryStatus, proof: Proof) -> Self {
        Self { status, proof: Some(proof), held: None }
    }

    fn planned(held: Option<Digest>) -> Self {
        Self { status: DeliveryStatus::Planned, proof: None, held }
    }
}

/// Delivers the image.
///
/// # Errors
/// The destination is none or holds another image under the tag; the image cannot be read, written
/// or believed.
pub fn run(args: &DeliverArgs, console: &Console) -> Result<Status, Error> {
    let access = args.registry.access.read(Some(&args.shared))?;
    let session = Session::open("release-tag deliver", &args.shared, console)?;
    let workplace = Workplace::of(&session)?;
    // A destination that is none is told before anything is looked at.
    let named = args.destination.as_deref().map(str::parse::<Destination>).transpose()?;
    let key = args.registry.sign_key.as_deref().map(signature::read_private).transpose()?;
    let reach = if args.from.is_some() { ImageReach::Archive } else { ImageReach::Engine };
    let gate = Gate::of_image(&workplace, reach, console)?;
    let (true, Some(image), Some(source), Ok(release)) =
        (gate.is_open(), gate.image().cloned(), source(args, &gate.facts), gate.facts.tree.release.clone())
    else {
        return gate.finish(session, console);
    };
    let tag = release.mission.to_string();
    let destination = named.unwrap_or_else(|| Destination::Layout(workplace.deliveries().join(&tag)));
    let (facts, place) = (&gate.facts, &workplace);
    let delivery =
        Delivery { place, args, access, console, image: &image, facts, source: &source, key, tag: &tag };
    let arrived = delivery.to(&destination)?;
    let outcome = DeliverOutcome {
        delivery: arrived.status,
        attached: delivery.titles()?,
        signed: delivery.key.is_some(),
        held: arrived.held,
        destination: destination.to_string(),
        tag,
        manifest: arrived.proof.as_ref().map(|proof| proof.manifest.digest.clone()),
        size: arrived.proof.as_ref().map(Proof::size),
    };
    let table = Table(outcome.clone(), image.clone());
    let finding = Finding { verdict: Verdict::Yes, image: Some(image), outcome: Outcome::Deliver(outcome) };
    Ok(session.finish(finding, &table)?)
}

impl Delivery<'_> {
    fn to(&self, destination: &Destination) -> Result<Arrived, Error> {
        if let Destination::Registry(repository) = destination
            && !self.args.execute
        {
            return self.planned(repository);
        }
        let _lock = self.place.lock(self.console)?;
        let own = Layout::at(&self.place.deliveries().join(self.tag));
        match destination {
            Destination::Layout(dir) => self.to_layout(&Layout::at(&whole(dir))),
            Destination::Archive(file) => self.to_archive(&own, &whole(file)),
            Destination::Registry(repository) => self.to_registry(&own, repository),
        }
    }
}

impl Delivery<'_> {
    /// What is put beside the image, by the names of files.
    fn titles(&self) -> Result<Vec<String>, Error> {
        if self.args.registry.no_attach {
            return Ok(Vec::new());
        }
        // Their names do not depend on the manifest, which an image that was not exported yet does not have.
        let subject = Descriptor::of(MEDIA_MANIFEST, &[]);
        Ok(attachments::all(self.place, self.facts, &subject)?.into_iter().map(|one| one.title).collect())
    }
}

/// Where the image is taken from: the archive that was named, else the engine that has it.
fn source(args: &DeliverArgs, facts: &Facts) -> Option<Source> {
    match &args.from {
        Some(file) => Some(Source::Archive(file.clone())),
        None => facts.image.engine.as_ref().ok()?.handle.clone().map(Source::Engine),
    }
}

/// A bare name has no directory above it to stage in; a whole path always has.
fn whole(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

struct Table(DeliverOutcome, ImageIdentity);

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(outcome, image) = self;
        let word = match outcome.delivery {
            DeliveryStatus::Planned => "would be delivered (--execute does it)",
            DeliveryStatus::Delivered => "delivered and read back",
            DeliveryStatus::Present => "was there already, read back",
        };
        writeln!(f, "image     {} {}", image.name, image.id)?;
        writeln!(f, "to        {}", outcome.destination)?;
        writeln!(f, "tag       {}", outcome.tag)?;
        if outcome.delivery == DeliveryStatus::Planned {
            let held = outcome.held.as_ref().map_or("nothing that is known of", Digest::as_str);
            writeln!(f, "now       {held}")?;
        }
        if !outcome.attached.is_empty() {
            writeln!(f, "beside    {}", outcome.attached.join(", "))?;
        }
        if outcome.signed {
            writeln!(f, "signed    in both of cosign's forms")?;
        }
        if let Some(manifest) = &outcome.manifest {
            writeln!(f, "manifest  {manifest}")?;
        }
        writeln!(f, "status    {word}")
    }
}
