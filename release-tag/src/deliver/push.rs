//! A delivery to a registry: the blobs that are missing, then the tag, then the proof.

use common::digest::Digest;
use common::report::DeliveryStatus;
use common::state_dir::StateDir;

use super::{Arrived, Delivery, attachments};
use crate::error::Error;
use crate::oci::{Artifact, Layout, Manifest, Proof};
use crate::registry::{Begun, Client, RegistryError, Repository};
use crate::signature::{self, bundle};

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
            return Ok(Arrived::now(DeliveryStatus::Present, proof));
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
        client.send_missing(&proof.blobs, &|digest| own.blob_path(digest), self.console)?;
        // By its digest first: what is said about it can then be there before anybody finds it.
        client.put_manifest(ours.as_str(), &proof.manifest, &proof.bytes)?;
        self.attach(&client, &proof)?;
        self.sign(&client, repository, &proof)?;
        client.put_manifest(self.tag, &proof.manifest, &proof.bytes)?;
        Ok(Arrived::now(DeliveryStatus::Delivered, proof))
    }

    /// A client that is who the user said.
    fn client(&self, repository: &Repository) -> Result<Client, Error> {
        let begun = Begun::in_dir(&StateDir::open(&self.place.settings.root)?.dir("upload")?, repository);
        Ok(self.reader(repository)?.sending(self.args.registry.chunk_size, begun))
    }

    fn reader(&self, repository: &Repository) -> Result<Client, Error> {
        Ok(Client::new(repository, &self.access, self.console)?)
    }

    /// What would be done, told without doing anything: the registry is only asked what it has under the tag.
    pub(super) fn planned(&self, repository: &Repository) -> Result<Arrived, Error> {
        let (id, tag) = (&self.image.id, self.tag);
        let beside = self.titles()?;
        self.console.status(format_args!(
            "would copy {} ({}) to {repository}:{tag}; --execute does it",
            self.image.name,
            id.short()
        ));
        if !beside.is_empty() {
            self.console.status(format_args!("would attach {}", beside.join(", ")));
        }
        if self.key.is_some() {
            self.console.status("would sign its digest");
        }
        let client = self.reader(repository)?;
        let held = match client.manifest(tag) {
            Ok(bytes) => bytes,
            Err(error @ RegistryError::Interrupted(_)) => return Err(error.into()),
            Err(error) => {
                self.console.warn(format_args!("what is under {tag} now is not known: {error}"));
                return Ok(Arrived::planned(None));
            }
        };
        let held = held.map(|bytes| {
            let manifest: Option<Manifest> = serde_json::from_slice(&bytes).ok();
            let digest = Digest::of(&bytes);
            let is_ours = digest == *id || manifest.is_some_and(|manifest| manifest.config.digest == *id);
            (digest, is_ours)
        });
        match &held {
            None => self.console.status(format_args!("there is nothing under {tag} now")),
            Some((digest, true)) => {
                self.console.status(format_args!("{tag} is this image already: {digest}"));
            }
            Some((digest, false)) => self
                .console
                .warn(format_args!("{tag} is another image now: {digest}; only --replace-tag replaces it")),
        }
        Ok(Arrived::planned(held.map(|(digest, _)| digest)))
    }

    /// Puts all that is said about the image beside it, and its signature in the newer form, unless it is there.
    fn attach(&self, client: &Client, proof: &Proof) -> Result<(), Error> {
        let mut artifacts = Vec::new();
        if !self.args.registry.no_attach {
            let said = attachments::all(self.place, self.facts, &proof.manifest)?;
            artifacts.extend(said.iter().map(|one| (one.title.clone(), Artifact::of(one, &proof.manifest))));
        }
        if let Some(key) = &self.key {
            artifacts.push(("the signature's bundle".to_owned(), bundle::sign(key, &proof.manifest)));
        }
        if artifacts.is_empty() {
            return Ok(());
        }
        let there = client.referrers(&proof.manifest.digest)?;
        let mut missing = Vec::new();
        for (title, artifact) in artifacts {
            if there.iter().any(|entry| entry["digest"] == artifact.manifest.digest.as_str()) {
                self.console.status(format_args!("{title} is there"));
            } else {
                self.console.status(format_args!("attaching {title}"));
                missing.push(artifact);
            }
        }
        client.attach(&missing, &proof.manifest.digest)?;
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
