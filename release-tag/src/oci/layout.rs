//! An image layout: a directory with an index, manifests, configurations and layers, each blob
//! under its digest.
//!
//! A layout is made whole beside its place. A new one is then moved there; into one that is already
//! there the blobs go first and the index last, so that whoever looks finds all of an image or
//! nothing of it.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use common::digest::Digest;
use common::oci::Directory;
use common::parallel;
use common::state_file::{self, sync_dir};
use common::tree::Staged;

use super::layer::{self, Compression};
use super::{AT_ONCE, Archive, Artifact, OciError, SavedImage, beside};
use crate::signature;
use common::oci::blobs::{Blobs, blob_name, check, check_blob, must, parse, small_file};
use common::oci::model::{Descriptor, MEDIA_MANIFEST, Manifest, REF_NAME, to_json};

/// What every layout says of itself.
const OCI_LAYOUT: &[u8] = br#"{"imageLayoutVersion":"1.0.0"}"#;

/// A directory that is or becomes a layout.
#[derive(Clone, Debug)]
pub struct Layout {
    dir: PathBuf,
}

impl Blobs for Layout {
    fn place(&self) -> String {
        self.dir.display().to_string()
    }

    fn open(&self, name: &str) -> Result<Option<Box<dyn Read + '_>>, OciError> {
        let file = Directory::at(&self.dir).file(name)?;
        Ok(file.map(|file| Box::new(file) as Box<dyn Read>))
    }
}

impl Layout {
    /// The layout at `dir`, whether it is there yet or not.
    #[must_use]
    pub fn at(dir: &Path) -> Self {
        Self { dir: dir.to_owned() }
    }

    /// Where it is.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The file of the blob `digest`.
    #[must_use]
    pub fn blob_path(&self, digest: &Digest) -> PathBuf {
        self.dir.join(blob_name(digest))
    }

    /// Whether there is a layout. An empty directory may become one; anything else is in the way.
    ///
    /// # Errors
    /// Something else is there.
    pub fn exists(&self) -> Result<bool, OciError> {
        let mut entries = match fs::read_dir(&self.dir) {
            Ok(entries) => entries,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(source) => return Err(self.failed("read", source)),
        };
        if self.dir.join("oci-layout").is_file() {
            return Ok(true);
        }
        match entries.next() {
            None => Ok(false),
            Some(_) => Err(OciError::InTheWay { path: self.dir.clone(), expected: "OCI layout" }),
        }
    }

    /// Puts `image` of `archive` under `tag`, in place of what was under it before. Gives the
    /// manifest.
    ///
    /// # Errors
    /// A layer is not what the configuration says, or a file cannot be read or written; the layout
    /// is as it was.
    pub fn put(
        &self,
        archive: &Archive,
        image: &SavedImage,
        tag: &str,
        compression: Compression,
    ) -> Result<Descriptor, OciError> {
        let parent = self.dir.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let staged = Staged::new(parent)?;
        let fresh = Self::at(&staged.path());
        let descriptor = fresh.write(archive, image, tag, compression)?;
        if self.exists()? && !self.is_only(tag) {
            self.take_over(&fresh, &descriptor, tag)?;
        } else {
            staged.exchange(&self.dir)?;
        }
        Ok(descriptor)
    }

    /// Whether all there is belongs to `tag`, so that it can be exchanged as a whole.
    fn is_only(&self, tag: &str) -> bool {
        let names = |dir: &Path, known: &[&str]| {
            let mut entries = fs::read_dir(dir).into_iter().flatten();
            entries.all(|entry| entry.is_ok_and(|e| known.iter().any(|name| e.file_name() == *name)))
        };
        names(&self.dir, &["blobs", "index.json", "oci-layout"])
            && names(&self.dir.join("blobs"), &["sha256"])
            && beside::is_only(self, tag, signature::tag_of)
    }

    /// Puts those of `artifacts` beside their image that are not there whole: the blobs first, the index
    /// last.
    ///
    /// # Errors
    /// Something cannot be read or written; what is named is whole.
    pub fn attach(&self, artifacts: &[Artifact]) -> Result<(), OciError> {
        // What a run that was killed left half-written.
        state_file::sweep(&self.dir);
        state_file::sweep(&self.dir.join("blobs/sha256"));
        let lacking: Vec<Artifact> =
            artifacts.iter().filter(|one| !beside::has(self, one)).cloned().collect();
        if lacking.is_empty() {
            return Ok(());
        }
        let failed = |e| self.failed("write to", io::Error::other(e));
        for (descriptor, bytes) in lacking.iter().flat_map(Artifact::all) {
            state_file::replace(&self.blob_path(&descriptor.digest), bytes, 0o644).map_err(failed)?;
        }
        let index = beside::index_naming(&small_file(self, "index.json")?, &lacking);
        state_file::replace(&self.dir.join("index.json"), &index, 0o644).map_err(failed)?;
        Ok(())
    }

    /// Writes all of a layout into an empty directory.
    fn write(
        &self,
        archive: &Archive,
        image: &SavedImage,
        tag: &str,
        compression: Compression,
    ) -> Result<Descriptor, OciError> {
        let blobs = self.dir.join("blobs/sha256");
        fs::create_dir_all(&blobs).map_err(|e| self.failed("create", e))?;
        let manifest = if let Some(manifest) = &image.manifest {
            self.copy_layers(archive, image, manifest)?;
            manifest.clone()
        } else {
            let layers = self.write_layers(archive, image, compression)?;
            to_json(&Manifest::new(image.config_descriptor(), layers))
        };
        let mut descriptor = Descriptor::of(MEDIA_MANIFEST, &manifest);
        descriptor.annotations.insert(REF_NAME.to_owned(), tag.to_owned());
        self.write_blob(&image.config)?;
        self.write_blob(&manifest)?;
        self.write_file("index.json", &index_with(None, &descriptor, tag))?;
        self.write_file("oci-layout", OCI_LAYOUT)?;
        Ok(descriptor)
    }

    /// Writes every layer as `manifest` has it: its digest is the image's id, so nothing may be written
    /// in another way.
    fn copy_layers(&self, archive: &Archive, image: &SavedImage, manifest: &[u8]) -> Result<(), OciError> {
        let manifest: Manifest = parse(archive, "the manifest", manifest)?;
        let jobs: Vec<_> = image.layers.iter().zip(&manifest.layers).collect();
        for ((diff_id, name), descriptor) in jobs {
            check_blob(archive, descriptor)?;
            let path = self.blob_path(&descriptor.digest);
            let failed = |source| OciError::Io { verb: "store a layer in", path: path.clone(), source };
            let found = layer::diff_id(&mut *must(archive, name)?).map_err(failed)?;
            check(&format!("the layer {name}"), diff_id, &found)?;
            let mut out = File::create(&path).map_err(failed)?;
            io::copy(&mut *must(archive, name)?, &mut out).map_err(failed)?;
            common::process::check_interrupted()?;
        }
        Ok(())
    }

    /// Writes every layer, once where it comes twice.
    fn write_layers(
        &self,
        archive: &Archive,
        image: &SavedImage,
        compression: Compression,
    ) -> Result<Vec<Descriptor>, OciError> {
        let distinct: BTreeMap<&Digest, &str> =
            image.layers.iter().map(|(diff_id, name)| (diff_id, name.as_str())).collect();
        let jobs: Vec<(&Digest, &str)> = distinct.into_iter().collect();
        let written = parallel::attempt(&jobs, AT_ONCE, |(diff_id, name)| {
            self.write_layer(archive, diff_id, name, compression).map(|layer| (*diff_id, layer))
        })?;
        let written: BTreeMap<&Digest, Descriptor> = written.into_iter().collect();
        Ok(image.layers.iter().filter_map(|(diff_id, _)| written.get(diff_id).cloned()).collect())
    }

    fn write_layer(
        &self,
        archive: &Archive,
        diff_id: &Digest,
        name: &str,
        compression: Compression,
    ) -> Result<Descriptor, OciError> {
        let part = self.dir.join(format!("part.{}", diff_id.hex()));
        let failed = |source| OciError::Io { verb: "store a layer in", path: part.clone(), source };
        let mut out = File::create(&part).map_err(failed)?;
        let copied = layer::copy(&mut *must(archive, name)?, &mut out, compression).map_err(failed)?;
        check(&format!("the layer {name}"), diff_id, &copied.diff_id)?;
        fs::rename(&part, self.blob_path(&copied.digest)).map_err(failed)?;
        Ok(Descriptor::new(compression.media_type(), copied.digest, copied.size))
    }

    /// Moves the blobs of `fresh` here, then names its manifest in the index.
    fn take_over(&self, fresh: &Self, descriptor: &Descriptor, tag: &str) -> Result<(), OciError> {
        let failed = |source| self.failed("write to", source);
        let (from, to) = (fresh.dir.join("blobs/sha256"), self.dir.join("blobs/sha256"));
        fs::create_dir_all(&to).map_err(failed)?;
        for entry in fs::read_dir(&from).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            File::open(entry.path()).and_then(|file| file.sync_all()).map_err(failed)?;
            // Over what may be there: a blob that was damaged is then whole again.
            fs::rename(entry.path(), to.join(entry.file_name())).map_err(failed)?;
        }
        sync_dir(&to).map_err(failed)?;
        let old = small_file(self, "index.json")?;
        let index = index_with(Some(&old), descriptor, tag);
        state_file::replace(&self.dir.join("index.json"), &index, 0o644)
            .map_err(|e| self.failed("write to", io::Error::other(e)))?;
        Ok(())
    }

    fn write_blob(&self, bytes: &[u8]) -> Result<(), OciError> {
        self.write_file(&blob_name(&Digest::of(bytes)), bytes)
    }

    fn write_file(&self, name: &str, bytes: &[u8]) -> Result<(), OciError> {
        fs::write(self.dir.join(name), bytes).map_err(|e| self.failed("write to", e))
    }

    fn failed(&self, verb: &'static str, source: io::Error) -> OciError {
        OciError::Io { verb, path: self.dir.clone(), source }
    }
}

/// The index `old` with `descriptor` as the only one under `tag`. What else it says stays, whether
/// we know what it means or not; what cannot be understood at all is replaced.
#[must_use]
pub fn index_with(old: Option<&[u8]>, descriptor: &Descriptor, tag: &str) -> Vec<u8> {
    use serde_json::{Value, json};
    let old = old.and_then(|old| serde_json::from_slice::<Value>(old).ok());
    let mut index = old.filter(Value::is_object).unwrap_or_else(
        || json!({"schemaVersion": 2, "mediaType": common::oci::model::MEDIA_INDEX, "manifests": []}),
    );
    let mut manifests = index["manifests"].as_array().cloned().unwrap_or_default();
    manifests.retain(|manifest| manifest["annotations"][REF_NAME].as_str() != Some(tag));
    manifests.push(json!(descriptor));
    index["manifests"] = Value::Array(manifests);
    to_json(&index)
}
