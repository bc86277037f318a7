//! A delivery to a registry: the blobs that are missing, then the tag, then the proof.

use common::report::DeliveryStatus;

use super::{Arrived, Delivery};
use crate::error::Error;
use crate::oci::Layout;
use crate::registry::{Client, Repository};

impl Delivery<'_> {
    /// Copies the layout `own` to `repository`. The tag is given last, so that nobody ever finds
    /// half an image under it.
    pub(super) fn to_registry(&self, own: &Layout, repository: &Repository) -> Result<Arrived, Error> {
        // Who we are is settled before minutes of work.
        let client = Client::new(repository, &self.args.insecure_host, self.console)?;
        let before = client.tagged(self.tag)?;
        let proof = self.to_layout(own)?.proof;
        let proof = self.read_back(proof, &own.dir().display().to_string())?;
        let ours = &proof.manifest.digest;
        if before.as_ref() == Some(ours) {
            return Ok(Arrived { status: DeliveryStatus::Present, proof: Some(proof) });
        }
        if let Some(found) = before.filter(|_| !self.args.replace_tag) {
            return Err(Error::Occupied {
                destination: repository.to_string(),
                tag: self.tag.to_owned(),
                found,
                ours: ours.clone(),
                flag: "--replace-tag",
            });
        }
        for blob in &proof.blobs {
            if client.has(blob)? {
                self.console.status(format_args!("{} is there", blob.digest.short()));
            } else {
                self.console.status(format_args!("sending {} ({} bytes)", blob.digest.short(), blob.size));
                client.send_blob(blob, &own.blob_path(&blob.digest))?;
            }
        }
        client.put_manifest(self.tag, &proof.manifest, &proof.bytes)?;
        Ok(Arrived { status: DeliveryStatus::Delivered, proof: Some(proof) })
    }
}
