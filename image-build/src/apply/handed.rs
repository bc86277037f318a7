//! A builder that is not the engine's own has none of its images. What an image is built upon is handed to it as
//! a directory, of which it fetches the layers that it lacks.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use common::digest::Digest;
use common::engine::BuildRequest;
use common::fault::{Fault, Status, io_status};
use common::oci::blobs::blob_name;
use common::oci::model::Index;

use super::chain::Build;
use crate::error::Error;
use crate::stage::Stage;

/// The arguments that name the image below.
const BELOW: [&str; 2] = ["BASE_IMAGE", "BASE_CONTAINER"];

/// An image cannot be handed to a builder.
#[derive(Debug, Error)]
pub(crate) enum HandedError {
    /// A file cannot be read or written.
    #[error("cannot hand {image} to the builder")]
    File {
        /// The image.
        image: String,
        /// Why not.
        source: io::Error,
    },
    /// The engine saves images in a form of its own.
    #[error(
        "cannot hand {image} to the builder: {engine} does not save images as OCI layouts, as docker does since 25"
    )]
    Form {
        /// The image.
        image: String,
        /// The engine.
        engine: String,
    },
}

impl Fault for HandedError {
    fn status(&self) -> Status {
        match self {
            Self::File { source, .. } => io_status(source),
            Self::Form { .. } => Status::Unavailable,
        }
    }
}

/// An image below, where a builder finds it. Gone when dropped.
pub(super) struct Handed {
    /// The switch that names it.
    pub(super) words: [String; 2],
    _layout: Stage,
}

impl Build<'_> {
    /// What `request` is built upon, if the builder has no images but its own. One that this engine has not is the
    /// builder's to find.
    pub(super) fn hand_over(&self, request: &BuildRequest) -> Result<Option<Handed>, Error> {
        let below = request.arguments.iter().find(|(name, _)| BELOW.contains(&name.as_str()));
        let Some((_, image)) = below.filter(|_| self.is_apart) else { return Ok(None) };
        if self.engine.inspect(image, self.console)?.is_none() {
            return Ok(None);
        }
        self.console.status(format_args!("handing {image} to the builder"));
        let file = |source| HandedError::File { image: image.clone(), source };
        let (layout, scratch) = (Stage::empty(&self.stage_dir)?, Stage::empty(&self.stage_dir)?);
        let archive = scratch.path().join("image.tar");
        self.engine.save(image, &archive, self.console)?;
        let digest = File::open(&archive).and_then(|saved| lay_out(saved, &layout.path())).map_err(file)?;
        let engine = self.engine.to_string();
        let digest = digest.ok_or_else(|| HandedError::Form { image: image.clone(), engine })?;
        // The name of the repository's own directory may have characters that mean something there.
        let place = relative(&layout.path(), &request.context, &self.stage_dir);
        let word = format!("{image}=oci-layout://{}@{digest}", place.display());
        Ok(Some(Handed { words: ["--build-context".to_owned(), word], _layout: layout }))
    }
}

/// `path` as seen from `from`, both below `top`.
fn relative(path: &Path, from: &Path, top: &Path) -> PathBuf {
    match (path.strip_prefix(top), from.strip_prefix(top)) {
        (Ok(path), Ok(from)) => from.components().map(|_| Path::new("..")).collect::<PathBuf>().join(path),
        _ => path.to_owned(),
    }
}

/// Writes the one image of the archive `saved` into `dir` as an OCI layout, and gives the digest of its manifest;
/// none if the archive is no layout. Of its members only those are taken whose names are those of a layout.
fn lay_out(saved: impl io::Read, dir: &Path) -> io::Result<Option<Digest>> {
    fs::create_dir_all(dir.join("blobs/sha256"))?;
    let mut manifest = None;
    for entry in tar::Archive::new(saved).entries()? {
        common::process::check_interrupted().map_err(io::Error::other)?;
        let mut entry = entry?;
        let name = entry.path()?.display().to_string();
        let blob: Option<Digest> = name.strip_prefix("blobs/sha256/").and_then(|hex| hex.parse().ok());
        if let Some(digest) = blob.filter(|_| entry.header().entry_type().is_file()) {
            io::copy(&mut entry, &mut File::create_new(dir.join(blob_name(&digest)))?)?;
        } else if name == "index.json" {
            let index: Index = serde_json::from_reader(&mut entry).map_err(io::Error::other)?;
            manifest = index.manifests.first().map(|manifest| manifest.digest.clone());
            fs::write(dir.join(name), serde_json::to_vec(&index).map_err(io::Error::other)?)?;
        }
    }
    fs::write(dir.join("oci-layout"), common::capsule::OCI_LAYOUT)?;
    Ok(manifest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut tar = tar::Builder::new(Vec::new());
        for (name, content) in files {
            let mut header = tar::Header::new_gnu();
            header.set_size(content.len() as u64);
            header.set_mode(0o644);
            tar.append_data(&mut header, name, *content).unwrap();
        }
        tar.into_inner().unwrap()
    }

    #[test]
    fn a_saved_image_is_laid_out_and_nothing_else_of_the_archive_is_taken() {
        let digest = Digest::of(b"manifest");
        let index = format!(
            r#"{{"schemaVersion":2,"manifests":[{{"mediaType":"m","digest":"{digest}","size":8}}]}}"#
        );
        let (dir, blob) = (tempfile::tempdir().unwrap(), blob_name(&digest));
        let files: &[(&str, &[u8])] = &[
            (&blob, b"manifest"),
            ("blobs/sha256/x", b""),
            ("index.json", index.as_bytes()),
            ("manifest.json", b"[]"),
        ];
        assert_eq!(lay_out(&archive(files)[..], dir.path()).unwrap(), Some(digest));
        let mut names: Vec<_> = walkdir::WalkDir::new(dir.path())
            .into_iter()
            .flatten()
            .filter(|entry| entry.file_type().is_file())
            .map(|entry| entry.path().strip_prefix(dir.path()).unwrap().display().to_string())
            .collect();
        names.sort_unstable();
        assert_eq!(names, [blob.as_str(), "index.json", "oci-layout"]);
        let older = tempfile::tempdir().unwrap();
        assert_eq!(lay_out(&archive(&[("manifest.json", b"[]")])[..], older.path()).unwrap(), None);
    }

    #[test]
    fn a_layout_is_named_as_it_is_seen_from_the_context() {
        let top = Path::new("/a b:c/stage");
        assert_eq!(relative(&top.join("y/new"), &top.join("x/new"), top), Path::new("../../y/new"));
        assert_eq!(relative(Path::new("/y"), &top.join("x"), top), Path::new("/y"));
    }
}
