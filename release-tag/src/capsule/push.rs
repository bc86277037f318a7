//! A capsule to a registry: the parts that are missing, then the manifest by digest, then the tag.

use std::path::Path;

use common::capsule::{Capsule, CapsuleManifest, capsule_tag};
use common::console::Console;
use common::report::DeliveryStatus;

use crate::args::CapsuleArgs;
use crate::error::Error;
use crate::oci::Layout;
use crate::registry::{Access, Begun, Client, Repository};

/// Sends the capsule in `dir` to `repository`.
pub(super) fn run(
    dir: &Path,
    capsule: &Capsule,
    repository: &Repository,
    ((args, access), (begun, console)): ((&CapsuleArgs, &Access), (Begun, &Console)),
) -> Result<DeliveryStatus, Error> {
    let client = Client::new(repository, access, console)?.sending(args.chunk_size, begun);
    let tag = capsule_tag(&capsule.index.release);
    let (manifest, descriptor, bytes) = CapsuleManifest::of(&capsule.index);
    match client.tagged(&tag)? {
        Some(found) if found == descriptor.digest => return Ok(DeliveryStatus::Present),
        Some(found) if !args.replace => {
            return Err(Error::Occupied {
                destination: repository.to_string(),
                tag,
                found,
                ours: descriptor.digest,
                flag: "--replace",
            });
        }
        _ => {}
    }
    let layout = Layout::at(dir);
    let parts = [vec![manifest.config], manifest.layers].concat();
    let sent = client.send_missing(&parts, &|digest| layout.blob_path(digest), console)?;
    console.status(format_args!("sent {sent} of {} parts; the others were there", parts.len()));
    client.put_manifest(descriptor.digest.as_str(), &descriptor, &bytes)?;
    client.put_manifest(&tag, &descriptor, &bytes)?;
    Ok(DeliveryStatus::Delivered)
}
