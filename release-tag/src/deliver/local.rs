//! Deliveries to this machine: a layout, or an archive made of one.

use std::path::Path;

use common::report::DeliveryStatus;
use common::state_dir::StateDir;
use common::tree;

use super::{Arrived, Delivery, Source, attachments};
use crate::error::Error;
use crate::oci::{
    Archive, Artifact, Blobs, Depth, Layout, OciError, Proof, SavedImage, beside, pack, prove, tagged_in,
};
use crate::signature;

impl Delivery<'_> {
    /// Makes `layout` hold the image under the tag, and all that is said about it beside it.
    pub(super) fn to_layout(&self, layout: &Layout) -> Result<Arrived, Error> {
        let (status, proof) = self.image_in(layout)?;
        layout.attach(&self.beside(&proof, Some(layout))?)?;
        Ok(Arrived::now(status, proof))
    }

    /// Makes `layout` hold the image under the tag, and proves that it does.
    pub(super) fn image_in(&self, layout: &Layout) -> Result<(DeliveryStatus, Proof), Error> {
        if let Some(proof) = self.present(layout)? {
            return Ok((DeliveryStatus::Present, proof));
        }
        self.export(layout)?;
        let proof =
            self.read_back(prove(layout, self.tag, Depth::Stored)?, &layout.dir().display().to_string())?;
        Ok((DeliveryStatus::Delivered, proof))
    }

    /// What is said about the image of `proof`, as files keep it, its signatures with those that
    /// `there` has already.
    fn beside(&self, proof: &Proof, there: Option<&dyn Blobs>) -> Result<Vec<Artifact>, Error> {
        let mut found = Vec::new();
        if !self.args.registry.no_attach {
            let said = attachments::all(self.place, self.facts, &proof.manifest)?;
            found.extend(said.iter().map(|one| Artifact::of(one, &proof.manifest)));
        }
        if let Some(key) = &self.key {
            let subject = &proof.manifest.digest;
            let before = there.map(|blobs| beside::tagged(blobs, &signature::tag_of(subject))).transpose()?;
            let signed = signature::sign(key, self.tag, subject, before.flatten().as_deref());
            found.extend(signed.map(|signed| signed.artifact(subject)));
            found.push(signature::bundle::sign(key, &proof.manifest));
        }
        for artifact in &found {
            let what = artifact.kind.as_deref().unwrap_or("a signature");
            if there.is_none_or(|blobs| !beside::has(blobs, artifact)) {
                self.console.status(format_args!("attaching {what}"));
            }
        }
        Ok(found)
    }

    /// Makes the archive `file` of the layout `own`.
    pub(super) fn to_archive(&self, own: &Layout, file: &Path) -> Result<Arrived, Error> {
        let place = file.display().to_string();
        let before = match tagged_in(file, self.tag, Depth::Content) {
            Ok(before) => before,
            Err(error @ OciError::Interrupted(_)) => return Err(error.into()),
            // Whatever it is, it is not ours to replace unless that was asked for.
            Err(error) if !self.args.replace => return Err(error.into()),
            Err(_) => None,
        };
        match before {
            Some(proof) if proof.is(&self.image.id) => return self.complete(own, file, proof),
            Some(proof) => self.may_replace(&place, &proof)?,
            None if file.exists() && !self.args.replace => {
                return Err(OciError::InTheWay {
                    path: file.to_owned(),
                    expected: "archive of this release",
                }
                .into());
            }
            None => {}
        }
        let (_, proof) = self.image_in(own)?;
        let artifacts = self.beside(&proof, None)?;
        let proof = self.packed(own, &proof, &artifacts, file)?;
        Ok(Arrived::now(DeliveryStatus::Delivered, proof))
    }

    /// The archive `file` has the image, as `proof` found: adds what it lacks beside it.
    fn complete(&self, own: &Layout, file: &Path, proof: Proof) -> Result<Arrived, Error> {
        let archive = Archive::open(file)?;
        let artifacts = self.beside(&proof, Some(&archive))?;
        if artifacts.iter().all(|artifact| beside::has(&archive, artifact)) {
            return Ok(Arrived::now(DeliveryStatus::Present, proof));
        }
        // What else is in there would be lost.
        if !self.args.replace && !beside::is_only(&archive, self.tag, signature::tag_of) {
            let expected = "archive of this release alone";
            return Err(OciError::InTheWay { path: file.to_owned(), expected }.into());
        }
        let mut all = beside::artifacts(&archive, self.tag)?;
        all.retain(|old| !artifacts.iter().any(|new| new.replaces(old)));
        all.extend(artifacts);
        let (_, stored) = self.image_in(own)?;
        let proof = self.packed(own, &stored, &all, file)?;
        Ok(Arrived::now(DeliveryStatus::Present, proof))
    }

    fn packed(
        &self,
        own: &Layout,
        proof: &Proof,
        artifacts: &[Artifact],
        file: &Path,
    ) -> Result<Proof, Error> {
        let place = file.display().to_string();
        self.console.status(format_args!("writing {place}"));
        pack(own, (proof, self.tag), artifacts, file)?;
        self.read_back(tagged_in(file, self.tag, Depth::Stored)?, &place)
    }

    /// What is under the tag already, if it is this image. Something else must not be replaced
    /// unless that was asked for; what is damaged is written again.
    fn present(&self, layout: &Layout) -> Result<Option<Proof>, Error> {
        if !layout.exists()? {
            return Ok(None);
        }
        match prove(layout, self.tag, Depth::Content) {
            Ok(Some(proof)) if proof.is(&self.image.id) => Ok(Some(proof)),
            Ok(Some(proof)) => self.may_replace(&layout.dir().display().to_string(), &proof).map(|()| None),
            Ok(None) => Ok(None),
            Err(error @ (OciError::Interrupted(_) | OciError::Io { .. })) => Err(error.into()),
            Err(error) => {
                self.console.warn(format_args!("{error}; it is written again"));
                Ok(None)
            }
        }
    }

    fn may_replace(&self, place: &str, found: &Proof) -> Result<(), Error> {
        if self.args.replace {
            return Ok(());
        }
        Err(Error::Occupied {
            destination: place.to_owned(),
            tag: self.tag.to_owned(),
            found: found.image.clone(),
            ours: self.image.id.clone(),
            flag: "--replace",
        })
    }

    /// The engine's archive into `layout`.
    fn export(&self, layout: &Layout) -> Result<(), Error> {
        let stage = StateDir::open(&self.place.settings.root)?.dir("stage/deliver")?;
        // The lock is held: what is there was left by a run that was killed.
        tree::sweep(&stage);
        if let Some(parent) = layout.dir().parent()
            && parent == self.place.deliveries()
        {
            tree::sweep(parent);
        }
        let failed = |source| OciError::Io { verb: "make a directory in", path: stage.clone(), source };
        let dir = tempfile::Builder::new().prefix("tree.").tempdir_in(&stage).map_err(failed)?;
        // Not there yet: some engines refuse to write over a file.
        let fresh = dir.path().join("image.tar");
        let image = self.image;
        let file = match self.source {
            Source::Archive(file) => file.clone(),
            Source::Engine(engine) => {
                self.console.status(format_args!("saving {} ({})", image.name, image.id.short()));
                engine.save(image.id.as_str(), &fresh, self.console)?;
                fresh
            }
        };
        let archive = Archive::open(&file)?;
        let saved = SavedImage::find(&archive, &image.id)?;
        let layers = saved.layers.len();
        self.console.status(format_args!("storing {layers} layers in {}", layout.dir().display()));
        layout.put(&archive, &saved, self.tag, self.args.compress)?;
        Ok(())
    }

    /// What was read back must be this image.
    pub(super) fn read_back(&self, proof: Option<Proof>, place: &str) -> Result<Proof, Error> {
        let missing = || OciError::Missing { place: place.to_owned(), name: self.tag.to_owned() };
        let proof = proof.ok_or_else(missing)?;
        if proof.is(&self.image.id) {
            return Ok(proof);
        }
        let (expected, found) = (self.image.id.clone(), proof.image);
        Err(OciError::Mismatch { what: format!("the image under {} in {place}", self.tag), expected, found }
            .into())
    }
}
