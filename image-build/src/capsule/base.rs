//! The image below all others, out of a capsule into the engine.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use serde_json::json;

use common::capsule::{Base, Blob, Capsule, Recipe};
use common::console::Console;
use common::engine::Engine;
use common::oci::Descriptor;
use common::oci::blobs::blob_name;
use common::oci::model::{Index, MEDIA_CONFIG, MEDIA_LAYER_GZIP, MEDIA_MANIFEST, Manifest, to_json};

use super::CapsuleError;
use super::room::Room;
use crate::error::Error;

/// Sees that the name under which is built upon means the very image: the one that the engine has, else that
/// of the capsule.
pub(super) fn bring(
    recipe: &Recipe,
    capsule: Option<&Capsule>,
    (engine, room): (&Engine, &Room),
    console: &Console,
) -> Result<(), Error> {
    let base = &recipe.base;
    let is_here =
        |name: &str| Ok::<bool, Error>(engine.inspect(name, console)?.is_some_and(|f| f.id == base.id));
    if is_here(&base.name)? {
        return Ok(());
    }
    if !is_here(base.id.as_str())? {
        let no_base = || CapsuleError::NoBase { name: base.name.clone(), id: base.id.to_string() };
        let capsule = capsule.ok_or_else(no_base)?;
        let archive = room.scratch("base")?.join("base.tar");
        console.status(format_args!("loading the base image {} ({})", base.name, base.id.short()));
        let failed = |source| CapsuleError::File { verb: "write", path: archive.clone(), source };
        write(capsule, &archive).map_err(failed)?;
        engine.load(&archive, capsule.index.base.is_oci, console)?;
        _ = std::fs::remove_file(&archive);
        if !is_here(base.id.as_str())? {
            return Err(CapsuleError::OtherBase { id: base.id.to_string() }.into());
        }
        name(&capsule.index.base.names, base.id.as_str(), (engine, console))?;
    }
    engine.tag(base.id.as_str(), &base.name, console)?;
    Ok(())
}

/// Gives the image `id`, which has none yet, the `names` that it had where it was recorded, in that order: the first is in
/// the history of what is built upon it. What is another image's stays so.
fn name(names: &[String], id: &str, (engine, console): (&Engine, &Console)) -> Result<(), Error> {
    for name in names {
        if engine.inspect(name, console)?.is_none() {
            engine.tag(id, name, console)?;
        }
    }
    Ok(())
}

/// Writes the base of `capsule` as an archive in its own form.
fn write(capsule: &Capsule, path: &Path) -> io::Result<()> {
    let base = &capsule.index.base;
    let mut tar = tar::Builder::new(io::BufWriter::with_capacity(1 << 18, File::create(path)?));
    if base.is_oci {
        let manifest = Manifest::new(described(&base.config, MEDIA_CONFIG), layers(base));
        let bytes = to_json(&manifest);
        let descriptor = Descriptor::of(MEDIA_MANIFEST, &bytes);
        append(&mut tar, "oci-layout", common::capsule::OCI_LAYOUT)?;
        let name = blob_name(&descriptor.digest);
        let index = Index { schema_version: 2, manifests: vec![descriptor] };
        append(&mut tar, "index.json", &to_json(&index))?;
        append(&mut tar, &name, &bytes)?;
    } else {
        let names: Vec<String> = base.layers.iter().map(|layer| blob_name(&layer.blob.digest)).collect();
        let list = json!([{"Config": blob_name(&base.config.digest), "RepoTags": null, "Layers": names}]);
        append(&mut tar, "manifest.json", list.to_string().as_bytes())?;
    }
    let mut blobs: Vec<&Blob> = base.layers.iter().map(|layer| &layer.blob).chain([&base.config]).collect();
    blobs.sort();
    blobs.dedup();
    for blob in blobs {
        common::process::check_interrupted().map_err(io::Error::other)?;
        let reader = capsule.read(blob).map_err(io::Error::other)?;
        entry(&mut tar, &blob_name(&blob.digest), (blob.size, &mut reader.take(blob.size)))?;
    }
    tar.into_inner()?.into_inner()?.sync_all()
}

fn described(blob: &Blob, media_type: &str) -> Descriptor {
    Descriptor::new(media_type, blob.digest.clone(), blob.size)
}

fn layers(base: &Base) -> Vec<Descriptor> {
    base.layers.iter().map(|layer| described(&layer.blob, MEDIA_LAYER_GZIP)).collect()
}

fn append(tar: &mut tar::Builder<impl io::Write>, name: &str, bytes: &[u8]) -> io::Result<()> {
    entry(tar, name, (bytes.len() as u64, &mut &bytes[..]))
}

fn entry(
    tar: &mut tar::Builder<impl io::Write>,
    name: &str,
    (size, content): (u64, &mut dyn io::Read),
) -> io::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_size(size);
    header.set_mode(0o644);
    tar.append_data(&mut header, name, content)
}
