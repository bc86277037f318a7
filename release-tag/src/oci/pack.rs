//! A layout as one file: an OCI archive. The same image gives the same bytes.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read};
use std::path::Path;

use common::state_file::sync_dir;

use super::beside::index_naming;
use super::layout::index_with;
use super::{Archive, Artifact, Depth, Layout, OciError, Proof, prove};
use common::oci::blobs::{blob_name, must};

/// Writes what `proof` found in `layout` under `tag`, and `artifacts` beside it, to the archive `file`,
/// over an older one.
///
/// # Errors
/// Something cannot be read or written; an older file is as it was.
pub fn pack(
    layout: &Layout,
    (proof, tag): (&Proof, &str),
    artifacts: &[Artifact],
    file: &Path,
) -> Result<(), OciError> {
    let failed = |source| OciError::Io { verb: "write", path: file.to_owned(), source };
    let dir = file.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(dir).map_err(failed)?;
    let out = tempfile::Builder::new().prefix(".oci-archive.").tempfile_in(dir).map_err(failed)?;
    let mut tar = tar::Builder::new(io::BufWriter::with_capacity(1 << 18, out));
    let index = index_naming(&index_with(None, &proof.manifest, tag), artifacts);
    append(&mut tar, "index.json", index.len() as u64, &mut &index[..]).map_err(failed)?;
    let own = br#"{"imageLayoutVersion":"1.0.0"}"#;
    append(&mut tar, "oci-layout", own.len() as u64, &mut &own[..]).map_err(failed)?;
    let stored = proof.blobs.iter().chain([&proof.manifest]).map(|part| (&part.digest, (part.size, None)));
    let beside = artifacts.iter().flat_map(Artifact::all);
    let beside = beside.map(|(part, bytes)| (&part.digest, (part.size, Some(bytes))));
    // Sorted, and each once: some are empty.
    for (digest, (size, bytes)) in stored.chain(beside).collect::<BTreeMap<_, _>>() {
        common::process::check_interrupted()?;
        let name = blob_name(digest);
        match bytes {
            Some(mut bytes) => append(&mut tar, &name, size, &mut bytes).map_err(failed)?,
            None => append(&mut tar, &name, size, &mut *must(layout, &name)?).map_err(failed)?,
        }
    }
    let out = tar.into_inner().and_then(|out| Ok(out.into_inner()?)).map_err(failed)?;
    set_mode(out.as_file()).and_then(|()| out.as_file().sync_all()).map_err(failed)?;
    out.persist(file).map_err(|e| failed(e.error))?;
    sync_dir(dir).map_err(failed)
}

/// What the archive `file` holds under `tag`; none if it is not there or holds nothing under it.
///
/// # Errors
/// It is there and no image can be read from it.
pub fn tagged_in(file: &Path, tag: &str, depth: Depth) -> Result<Option<Proof>, OciError> {
    if !file.exists() {
        return Ok(None);
    }
    prove(&Archive::open(file)?, tag, depth)
}

fn append(
    tar: &mut tar::Builder<impl io::Write>,
    name: &str,
    size: u64,
    content: &mut dyn Read,
) -> io::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_size(size);
    header.set_mode(0o644);
    header.set_mtime(0);
    header.set_entry_type(tar::EntryType::Regular);
    tar.append_data(&mut header, name, content.take(size))
}

/// A temporary file is private; what is delivered is not.
fn set_mode(file: &fs::File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.set_permissions(fs::Permissions::from_mode(0o644))
}
