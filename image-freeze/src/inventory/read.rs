//! From a source to an inventory.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use common::archive::{ArchiveError, Flow, Section, Stream};
use common::cli::PlaceArgs;
use common::console::Console;
use common::engine::{self, Engine, FileEntry};
use common::inventory::{BaseImage, ImageFacts, Inventory};
use common::oci::blobs::{Blobs as _, check};
use common::oci::{self, Directory, ListedImage, OciError};
use common::report::ImageIdentity;
use common::session::Session;
use common::settings::EngineChoice;
use serde::Deserialize;

use super::layer::{Entry, Layer, Reading};
use super::stack::Stack;
use super::{Source, archive, environments, findings};
use crate::error::Error;
use crate::image;
use crate::workplace::Workplace;

/// How far an inventory goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Depth {
    /// What packages recorded.
    Records,
    /// And whether their files, and the layers, are what was recorded of them.
    Content,
}

/// What is wanted of a source.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted<'a> {
    /// How far it goes.
    pub depth: Depth,
    /// Which image, by name or the beginning of its id, where there are a few.
    pub select: Option<&'a str>,
}

/// The inventory of `source`.
///
/// # Errors
/// It cannot be had or read.
pub(crate) fn of_source(
    source: &Source,
    wanted: Wanted<'_>,
    place: &PlaceArgs,
    console: &Console,
) -> Result<Inventory, Error> {
    let reading = Reading::new(wanted.depth == Depth::Content);
    match source {
        Source::Image(name) => {
            let engine = engine::choose(engine_for(place), console)?;
            engine.sweep_containers(console)?;
            of_engine(&engine, (name, name), wanted.depth, console)
        }
        Source::Archive(path) => of_archive(path, wanted, &reading),
        Source::Layout(path) => of_layout(path, wanted, &reading),
        Source::Inventory(path) => {
            let read = |source| Error::Read { path: path.clone(), source };
            let text = std::fs::read(path).map_err(read)?;
            Ok(Inventory::parse(&text, &path.display().to_string())?)
        }
    }
}

/// The inventory of the image that was configured, or built last.
///
/// # Errors
/// There is none, or it cannot be read.
pub(crate) fn of_configured(
    wanted: Wanted<'_>,
    place: &PlaceArgs,
    console: &Console,
) -> Result<Inventory, Error> {
    let session = Session::open("image-freeze inventory", &place.shared(), console)?;
    let store = Workplace::of(&session)?.evidence();
    let engine = image::engine(wanted.select, &session, console)?;
    engine.sweep_containers(console)?;
    let ImageIdentity { name, id } = image::find(wanted.select, &session, &store, (&engine, console))?;
    of_engine(&engine, (id.as_str(), &name), wanted.depth, console)
}

/// The engine that was asked for; else that of the repository around, if there is one.
fn engine_for(place: &PlaceArgs) -> EngineChoice {
    let configured = || Session::open("image-freeze inventory", &place.shared(), &Console::silent()).ok();
    place.engine.or_else(|| Some(configured()?.document.settings.engine)).unwrap_or(EngineChoice::Auto)
}

/// The inventory of `image` (a name or an id) in `engine`; messages call it `name`.
///
/// # Errors
/// It is not there, or cannot be read.
pub(crate) fn of_engine(
    engine: &Engine,
    (image, name): (&str, &str),
    depth: Depth,
    console: &Console,
) -> Result<Inventory, Error> {
    let facts = engine.inspect(image, console)?.ok_or_else(|| engine::EngineError::NoImage {
        image: image.to_owned(),
        engine: engine.to_string(),
    })?;
    let reading = Reading::new(depth == Depth::Content);
    let mut layer = Layer::new(&reading, false);
    let mut visit = |entry: &FileEntry<'_>, content: &mut dyn Read| take(&mut layer, entry, content);
    engine.read_all(facts.id.as_str(), console, &mut visit)?;
    layer.close();
    let mut about = about(facts.labels, &[].into());
    about.names = vec![name.to_owned()];
    (about.id, about.created, about.architecture) = (Some(facts.id), facts.created, facts.architecture);
    put_together(about, (name, &reading), vec![&layer])
}

fn take(layer: &mut Layer, entry: &FileEntry<'_>, content: &mut dyn Read) -> io::Result<()> {
    let target = entry.link.map(|link| link.as_os_str().as_bytes());
    let kind = match target {
        None => Entry::File,
        Some(target) if entry.is_hard => Entry::HardLink(target),
        Some(target) => Entry::Symlink(target),
    };
    layer.take(entry.path.as_os_str().as_bytes(), kind, content)
}

fn of_archive(path: &Path, wanted: Wanted<'_>, reading: &Reading) -> Result<Inventory, Error> {
    let failed = |source| Error::Read { path: path.to_owned(), source };
    let name = if path == Path::new("-") { "standard input".to_owned() } else { path.display().to_string() };
    let bad = |source| Error::Archive { name: name.clone(), source };
    let content = if path == Path::new("-") {
        archive::read(Box::new(Flow(io::stdin().lock())), &name, reading).map_err(bad)?
    } else {
        let file = File::open(path).map_err(failed)?;
        let is_file = file.metadata().map_err(failed)?.is_file();
        let stream: Box<dyn Stream> =
            if is_file { Box::new(Section::whole(&file).map_err(failed)?) } else { Box::new(Flow(&file)) };
        archive::read(stream, &name, reading).map_err(bad)?
    };
    let images = oci::list(&content.images)?;
    if let (true, Some(root)) = (images.is_empty(), &content.root) {
        return put_together(ImageFacts::default(), (&name, reading), vec![root]);
    }
    let image = selected(&images, wanted.select, &content.images.place())?;
    let mut layers = Vec::new();
    for listed in &image.layers {
        let (layer, digest) = content.images.layer(&listed.file)?;
        if let Some(digest) = digest {
            check(&format!("the layer {}", listed.file), &listed.diff_id, digest)?;
        }
        layers.push(layer);
    }
    put_together(configured(image)?, (&name, reading), layers)
}

fn of_layout(path: &Path, wanted: Wanted<'_>, reading: &Reading) -> Result<Inventory, Error> {
    let directory = Directory::at(path);
    let name = directory.place();
    let images = oci::list(&directory)?;
    let image = selected(&images, wanted.select, &name)?;
    let mut layers = Vec::new();
    for listed in &image.layers {
        let missing = || OciError::Missing { place: name.clone(), name: listed.file.clone() };
        let file = directory.file(&listed.file)?.ok_or_else(missing)?;
        let place = format!("{name}: {}", listed.file);
        let bad = |source| Error::Archive { name: place.clone(), source };
        let whole = Section::whole(&file).map_err(|error| bad(ArchiveError::Read(error)))?;
        let (layer, digest) = archive::layer(Box::new(whole), reading).map_err(bad)?;
        if let Some(digest) = digest {
            check(&format!("the layer {}", listed.file), &listed.diff_id, &digest)?;
        }
        layers.push(layer);
    }
    put_together(configured(image)?, (&name, reading), layers.iter().collect())
}

/// The one of `images` that is meant.
fn selected<'i>(
    images: &'i [ListedImage],
    select: Option<&str>,
    place: &str,
) -> Result<&'i ListedImage, Error> {
    let is_meant = |image: &&ListedImage| match select {
        None => true,
        Some(text) => {
            let id = text.strip_prefix("sha256:").unwrap_or(text);
            let named =
                image.names.iter().any(|name| name == text || name.strip_suffix(":latest") == Some(text));
            named || (id.len() >= 6 && image.id.hex().starts_with(id))
        }
    };
    let mut meant = images.iter().filter(is_meant);
    if let (Some(image), None) = (meant.next(), meant.next()) {
        return Ok(image);
    }
    let shown = |image: &ListedImage| {
        let names: Vec<&str> = image.names.iter().map(String::as_str).collect();
        format!("{} {}", image.id.short(), names.join(" "))
    };
    Err(Error::WhichImage {
        place: place.to_owned(),
        select: select.map(str::to_owned),
        images: images.iter().map(shown).collect(),
    })
}

/// What the configuration of an image says about it.
fn configured(image: &ListedImage) -> Result<ImageFacts, Error> {
    #[derive(Deserialize)]
    struct Configuration {
        created: Option<String>,
        architecture: Option<String>,
        #[serde(default)]
        config: Option<Inner>,
    }
    #[derive(Default, Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Inner {
        #[serde(default)]
        labels: Option<std::collections::BTreeMap<String, String>>,
    }
    let read: Configuration = serde_json::from_slice(&image.config).map_err(|error| OciError::Content {
        place: image.id.to_string(),
        name: "the configuration".to_owned(),
        reason: error.to_string(),
    })?;
    let labels = read.config.unwrap_or_default().labels.unwrap_or_default();
    let mut facts = about(labels, &image.annotations);
    facts.names = image.names.iter().cloned().collect();
    (facts.id, facts.created, facts.architecture) = (Some(image.id.clone()), read.created, read.architecture);
    Ok(facts)
}

/// What labels and annotations say about an image.
fn about(
    labels: std::collections::BTreeMap<String, String>,
    annotations: &std::collections::BTreeMap<String, String>,
) -> ImageFacts {
    let value = |key: &str| annotations.get(key).or_else(|| labels.get(key)).cloned();
    let name = value("org.opencontainers.image.base.name");
    let digest = value("org.opencontainers.image.base.digest");
    let base = (name.is_some() || digest.is_some()).then_some(BaseImage { name, digest });
    ImageFacts { base, labels, ..ImageFacts::default() }
}

/// The inventory of an image from its layers, the lowest first.
fn put_together(
    facts: ImageFacts,
    (name, reading): (&str, &Reading),
    layers: Vec<&Layer>,
) -> Result<Inventory, Error> {
    let stack = Stack::new(reading, layers);
    let seen = stack.seen();
    let installed =
        environments::of(&seen).map_err(|flaws| Error::Damaged { image: name.to_owned(), flaws })?;
    let mut inventory = Inventory::of(facts);
    inventory.image.distribution = installed.release;
    inventory.findings = installed.environments.iter().flat_map(findings::claimed_twice).collect();
    if reading.digests {
        let edited = installed.environments.iter().flat_map(|e| findings::edited(e, &seen, &stack));
        inventory.findings.extend(edited);
    }
    inventory.findings.sort();
    (inventory.environments, inventory.kernels) = (installed.environments, installed.kernels);
    (inventory.debian, inventory.npm) = (installed.debian, installed.npm);
    inventory.verified = reading.digests;
    Ok(inventory)
}
