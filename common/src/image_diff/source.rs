//! Where an image is had from.

use std::fs::File;
use std::io;
use std::path::Path;

use crate::archive::{ArchiveError, Flow, Section, Stream};
use crate::console::Console;
use crate::digest::Digest;
use crate::engine::{Engine, EngineError};
use crate::oci::blobs::{Blobs as _, check};
use crate::oci::{self, Directory, ListedImage, OciError, Taker as _};

use super::error::DiffError;
use super::image::Image;
use super::layer::Reader;
use super::paths::Paths;

/// An image, where it is.
#[derive(Debug)]
pub enum Source<'a> {
    /// In an engine, by name or id.
    Engine {
        /// The engine.
        engine: &'a Engine,
        /// The image's name or id.
        image: &'a str,
    },
    /// In an archive that an engine saved, or of a layout; a pipe will do.
    Archive {
        /// The file.
        path: &'a Path,
        /// Which of its images, by name or the beginning of the id; not needed for one.
        image: Option<&'a str>,
    },
    /// In a directory in the form of the Open Container Initiative.
    Layout {
        /// The directory.
        path: &'a Path,
        /// As for an archive.
        image: Option<&'a str>,
    },
}

impl Source<'_> {
    /// The id, where that is known without reading the image.
    ///
    /// # Errors
    /// It is not there.
    pub(super) fn known_id(&self, console: &Console) -> Result<Option<Digest>, DiffError> {
        let Self::Engine { engine, image } = self else { return Ok(None) };
        let none = || EngineError::NoImage { image: (*image).to_owned(), engine: engine.to_string() };
        Ok(Some(engine.inspect(image, console)?.ok_or_else(none)?.id))
    }

    /// Reads the image; its layers must be what the configuration says of them.
    ///
    /// # Errors
    /// It is not there, cannot be read, or is damaged.
    pub(super) fn read(
        &self,
        paths: &mut Paths,
        scratch: &Path,
        console: &Console,
    ) -> Result<Image, DiffError> {
        match self {
            Self::Engine { engine, image } => {
                let failed = |source| DiffError::File { path: scratch.to_owned(), source };
                let dir = tempfile::Builder::new().prefix("compare.").tempdir_in(scratch).map_err(failed)?;
                // Not there yet: some engines refuse to write over a file.
                let file = dir.path().join("image.tar");
                engine.save(image, &file, console)?;
                of_archive(&file, None, paths)
            }
            Self::Archive { path, image } => of_archive(path, *image, paths),
            Self::Layout { path, image } => of_layout(path, *image, paths),
        }
    }
}

fn of_archive(path: &Path, image: Option<&str>, paths: &mut Paths) -> Result<Image, DiffError> {
    let failed = |source| DiffError::File { path: path.to_owned(), source };
    let place = path.display().to_string();
    let file = File::open(path).map_err(failed)?;
    let is_file = file.metadata().map_err(failed)?.is_file();
    let stream: Box<dyn Stream> =
        if is_file { Box::new(Section::whole(&file).map_err(failed)?) } else { Box::new(Flow(&file)) };
    let passed = oci::pass(stream, &place, &mut Reader(paths))
        .map_err(|source| DiffError::Archive { place: place.clone(), source })?;
    let images = oci::list(&passed)?;
    let listed = selected(&images, image, &place)?;
    let mut layers = Vec::new();
    for layer in &listed.layers {
        let (read, digest) = passed.layer(&layer.file)?;
        check(&format!("the layer {}", layer.file), &layer.diff_id, digest)?;
        layers.push(read);
    }
    Ok(Image::new(listed, &layers, paths)?)
}

fn of_layout(path: &Path, image: Option<&str>, paths: &mut Paths) -> Result<Image, DiffError> {
    let directory = Directory::at(path);
    let place = directory.place();
    let images = oci::list(&directory)?;
    let listed = selected(&images, image, &place)?;
    let mut layers = Vec::new();
    for layer in &listed.layers {
        let missing = || OciError::Missing { place: place.clone(), name: layer.file.clone() };
        let file = directory.file(&layer.file)?.ok_or_else(missing)?;
        let bad = |source| DiffError::Archive { place: format!("{place}: {}", layer.file), source };
        let whole = Section::whole(&file).map_err(|error: io::Error| bad(ArchiveError::Read(error)))?;
        let (read, digest) = Reader(paths).layer(Box::new(whole)).map_err(bad)?;
        check(&format!("the layer {}", layer.file), &layer.diff_id, &digest)?;
        layers.push(read);
    }
    Ok(Image::new(listed, &layers.iter().collect::<Vec<_>>(), paths)?)
}

/// The one of `images` that is meant.
fn selected<'i>(
    images: &'i [ListedImage],
    wanted: Option<&str>,
    place: &str,
) -> Result<&'i ListedImage, DiffError> {
    let is_meant = |image: &&ListedImage| match wanted {
        None => true,
        Some(text) => {
            let id = text.strip_prefix("sha256:").unwrap_or(text);
            image.names.contains(text) || (id.len() >= 6 && image.id.hex().starts_with(id))
        }
    };
    let mut meant = images.iter().filter(is_meant);
    if let (Some(image), None) = (meant.next(), meant.next()) {
        return Ok(image);
    }
    let shown = |image: &ListedImage| image.id.short().to_owned();
    Err(DiffError::Which {
        place: place.to_owned(),
        wanted: wanted.map(str::to_owned),
        images: images.iter().map(shown).collect(),
    })
}
