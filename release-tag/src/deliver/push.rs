//! A delivery to a registry: the blobs that are missing, then the tag, then the proof.

use std::io::{self, BufRead as _, Read as _};

use common::report::DeliveryStatus;
use common::state_dir::StateDir;

use super::{Arrived, Delivery, attachments};
use crate::error::Error;
use crate::oci::{Artifact, Layout, Proof};
use crate::registry::{Begun, Client, Repository};
use crate::signature;

/// Tokens that serve as passwords have a few thousand characters.
const MAX_PASSWORD: u64 = 1 << 16;

impl Delivery<'_> {
    /// Copies the layout `own` to `repository`. The tag is given last, so that nobody ever finds
    /// half an image under it.
    pub(super) fn to_registry(&self, own: &Layout, repository: &Repository) -> Result<Arrived, Error> {
        // Who we are is settled before minutes of work.
        let client = self.client(repository)?;
        let before = client.tagged(self.tag)?;
        let (_, proof) = self.image_in(own)?;
        let ours = &proof.manifest.digest;
        if before.as_ref() == Some(ours) {
            // An earlier run may have been told not to, or had less to say.
            self.attach(&client, &proof)?;
            self.sign(&client, repository, &proof)?;
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
                let before = client.send_blob(blob, &own.blob_path(&blob.digest))?;
                if before > 0 {
                    let name = blob.digest.short();
                    self.console
                        .status(format_args!("{name} went on at byte {before}, where a run before stopped"));
                }
            }
        }
        // By its digest first: what is said about it can then be there before anybody finds it.
        client.put_manifest(ours.as_str(), &proof.manifest, &proof.bytes)?;
        self.attach(&client, &proof)?;
        self.sign(&client, repository, &proof)?;
        client.put_manifest(self.tag, &proof.manifest, &proof.bytes)?;
        Ok(Arrived { status: DeliveryStatus::Delivered, proof: Some(proof) })
    }

    /// A client that is who the user said.
    fn client(&self, repository: &Repository) -> Result<Client, Error> {
        let begun = StateDir::open(&self.place.settings.root)?.dir("upload")?;
        let begun = Begun::in_dir(&begun, repository);
        let client = Client::new(repository, &self.args.registry.insecure_host, self.console)?;
        let client = client.in_pieces(self.args.registry.chunk_size, begun);
        if !self.args.registry.password_stdin {
            return Ok(client);
        }
        // No password is longer, and none has a second line.
        let mut text = String::new();
        let read = io::stdin().lock().take(MAX_PASSWORD).read_line(&mut text);
        let secret = text.trim_end_matches(['\r', '\n']).to_owned();
        match read {
            Ok(_) if !secret.is_empty() => Ok(client.with_password(&self.args.registry.username, secret)),
            _ => Err(Error::NoPassword),
        }
    }

    /// Puts all that is said about the image beside it, unless it is there.
    fn attach(&self, client: &Client, proof: &Proof) -> Result<(), Error> {
        if self.args.registry.no_attach {
            return Ok(());
        }
        let subject = &proof.manifest.digest;
        let attachments = attachments::all(self.place, self.facts, &proof.manifest)?;
        if attachments.is_empty() {
            return Ok(());
        }
        let there = client.referrers(subject)?;
        for attachment in attachments {
            let artifact = Artifact::of(&attachment, &proof.manifest);
            if there.iter().any(|entry| entry["digest"] == artifact.manifest.digest.as_str()) {
                self.console.status(format_args!("{} is there", attachment.title));
                continue;
            }
            self.console.status(format_args!("attaching {}", attachment.title));
            client.attach(&artifact, subject)?;
        }
        Ok(())
    }

    /// Signs the manifest, if a key was named.
    fn sign(&self, client: &Client, repository: &Repository, proof: &Proof) -> Result<(), Error> {
        let Some(key) = &self.key else { return Ok(()) };
        let tag = signature::tag_of(&proof.manifest.digest);
        let before = client.manifest(&tag)?;
        let name = repository.to_string();
        let Some(signed) = signature::sign(key, &name, &proof.manifest.digest, before.as_deref()) else {
            self.console.status("the signature is there");
            return Ok(());
        };
        self.console.status("signing");
        for (descriptor, bytes) in &signed.blobs {
            client.send_bytes(descriptor, bytes)?;
        }
        client.put_manifest(&tag, &signed.manifest, &signed.bytes)?;
        Ok(())
    }
}
