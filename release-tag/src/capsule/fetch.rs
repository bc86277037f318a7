//! A capsule out of a registry, into a layout. What an interrupted run fetched is not fetched again.

use std::fs;
use std::path::{Path, PathBuf};

use common::capsule::{ARTIFACT_TYPE, Capsule, CapsuleManifest, OCI_LAYOUT, layout_index};
use common::console::Console;
use common::digest::Digest;
use common::fault::Status;
use common::lock::Lock;
use common::oci::blobs::blob_name;
use common::{process, state_file, tree};

use crate::args::CapsuleArgs;
use crate::deliver::Destination;
use crate::error::Error;
use crate::location::Location;
use crate::oci::{Descriptor, MEDIA_MANIFEST, OciError};
use crate::registry::{Access, Client, Reference, Repository};

/// Fetches `from` to the layout that `args` name.
pub(super) fn run(
    from: &str,
    (args, access): (&CapsuleArgs, &Access),
    console: &Console,
) -> Result<Status, Error> {
    let (repository, tag) = source(from)?;
    let dir = match args.destination.as_deref().map(str::parse::<Destination>).transpose()? {
        Some(Destination::Layout(dir)) => std::path::absolute(&dir).unwrap_or(dir),
        other => {
            let given = other.map(|other| other.to_string()).unwrap_or_default();
            return Err(Error::BadDestination {
                given,
                reason: "a capsule is fetched to oci:DIR".to_owned(),
            });
        }
    };
    let client = Client::new(&repository, access, console)?;
    let missing = || OciError::Missing { place: repository.to_string(), name: tag.clone() };
    let bytes = client.manifest(&tag)?.ok_or_else(missing)?;
    let manifest = parse(&client, &bytes)?;
    let descriptor = Descriptor::of(MEDIA_MANIFEST, &bytes);
    let parent = dir.parent().unwrap_or_else(|| Path::new("/")).to_owned();
    state_file::make_dir(&parent)?;
    let part = unfinished(&parent, &descriptor.digest);
    let _alone = Lock::take(&part.with_extension("lock"), std::time::Duration::from_mins(10), console)?;
    if Capsule::open(&dir).is_ok_and(|there| there.manifest.digest == descriptor.digest) {
        console.status(format_args!("{} is there", dir.display()));
        return Ok(Status::Done);
    }
    if dir.exists() && !args.replace && Capsule::open(&dir).is_err() {
        let is_ours = dir.join("oci-layout").is_file();
        let is_empty = fs::read_dir(&dir).is_ok_and(|mut entries| entries.next().is_none());
        if !is_ours && !is_empty {
            return Err(OciError::InTheWay { path: dir, expected: "OCI layout" }.into());
        }
    }
    fill(&client, (&manifest, &descriptor, &bytes), (&part, &tag), console)?;
    Capsule::open(&part)?;
    place(&part, &dir)?;
    _ = fs::remove_file(part.with_extension("lock"));
    console.status(format_args!("fetched {} to {}", descriptor.digest, dir.display()));
    Ok(Status::Done)
}

/// The repository and the tag or digest that `text` names.
fn source(text: &str) -> Result<(Repository, String), Error> {
    let bad = |reason: &str| Error::BadDestination { given: text.to_owned(), reason: reason.to_owned() };
    match text.parse()? {
        Location::Registry(Reference { repository, name: Some(name) }) => Ok((repository, name)),
        Location::Registry(_) => Err(bad("it names no tag: docker://REGISTRY/REPOSITORY:TAG")),
        _ => Err(bad("it does not begin with docker://")),
    }
}

fn parse(client: &Client, bytes: &[u8]) -> Result<CapsuleManifest, Error> {
    let manifest: Option<CapsuleManifest> = serde_json::from_slice(bytes).ok();
    let manifest = manifest.filter(|manifest| manifest.artifact_type == ARTIFACT_TYPE);
    Ok(manifest.ok_or_else(|| client.nonsense("what it has there is no capsule".to_owned()))?)
}

/// Where the capsule with this manifest is put together: the same place for a run that goes on.
fn unfinished(parent: &Path, manifest: &Digest) -> PathBuf {
    parent.join(format!(".capsule-{}", manifest.short()))
}

fn fill(
    client: &Client,
    (manifest, descriptor, bytes): (&CapsuleManifest, &Descriptor, &[u8]),
    (part, tag): (&Path, &str),
    console: &Console,
) -> Result<(), Error> {
    state_file::make_dir(&part.join("blobs/sha256"))?;
    // Left half-written by a run that was killed.
    for entry in fs::read_dir(part.join("blobs/sha256")).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(".part.") {
            _ = fs::remove_file(entry.path());
        }
    }
    let blobs: Vec<_> = std::iter::once(&manifest.config).chain(&manifest.layers).collect();
    let total: u64 = blobs.iter().map(|blob| blob.size).sum();
    console.status(format_args!("fetching {} parts, {total} bytes", blobs.len()));
    for blob in blobs {
        process::check_interrupted()?;
        let path = part.join(blob_name(&blob.digest));
        // Whole or not there; all of it is checked at the end.
        if path.metadata().is_ok_and(|there| there.len() == blob.size) {
            continue;
        }
        client.fetch_blob(blob, &path)?;
    }
    let failed = |path: PathBuf| move |source| OciError::Io { verb: "write", path, source };
    let own = part.join(blob_name(&descriptor.digest));
    fs::write(&own, bytes).map_err(failed(own))?;
    let layout = part.join("oci-layout");
    fs::write(&layout, OCI_LAYOUT).map_err(failed(layout))?;
    let index = part.join("index.json");
    fs::write(&index, layout_index(descriptor, tag)).map_err(failed(index))?;
    Ok(())
}

/// Moves the capsule in `part` to `dir`.
fn place(part: &Path, dir: &Path) -> Result<(), Error> {
    let parent = dir.parent().unwrap_or_else(|| Path::new("/"));
    let staged = tree::Staged::new(parent)?;
    let new = staged.path();
    let failed = |source| OciError::Io { verb: "write", path: new.clone(), source };
    fs::remove_dir(&new).and_then(|()| fs::rename(part, &new)).map_err(failed)?;
    staged.exchange(dir)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::source;

    #[test]
    fn a_capsule_is_named_by_tag_or_digest() {
        let named = |text: &str| source(text).map(|(repository, tag)| format!("{repository} {tag}")).ok();
        assert_eq!(named("docker://h:5000/a/b:t-1").as_deref(), Some("h:5000/a/b t-1"));
        let digest = common::digest::Digest::of(b"");
        let text = format!("docker://ghcr.io/a@{digest}");
        assert_eq!(named(&text), Some(format!("ghcr.io/a {digest}")));
        for bad in ["h/a:1", "docker://h:5000/a", "docker://ghcr.io/a@sha256:1", "oci:dir"] {
            assert_eq!(named(bad), None, "{bad}");
        }
    }
}
