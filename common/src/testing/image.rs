//! Images that a fake engine pretends to have, with ids and archives that are consistent.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::digest::Digest;
use crate::engine::Kind;

/// An image's configuration: its digest is the image's id.
pub(super) struct FakeImage {
    config: Vec<u8>,
    layer: Vec<u8>,
    /// Its environment, as the inside of a JSON list.
    pub(super) env: String,
}

impl FakeImage {
    pub(super) fn new(name: &str, env: &[&str]) -> Self {
        let layer = tar_of(&[("etc/image", name.as_bytes())]);
        let config = json!({
            "architecture": "amd64",
            "os": "linux",
            "created": "2024-01-01T00:00:00Z",
            "config": { "Env": env },
            "rootfs": { "type": "layers", "diff_ids": [Digest::of(&layer)] },
            "history": [{ "created": "2024-01-01T00:00:00Z", "created_by": name }],
        });
        let list = json!(env).to_string();
        let env = list[1..list.len() - 1].to_owned();
        Self { config: config.to_string().into_bytes(), layer, env }
    }

    pub(super) fn id(&self) -> Digest {
        Digest::of(&self.config)
    }

    /// What the engine saves it as: a docker archive, or an OCI archive of uncompressed layers.
    pub(super) fn archive(&self, kind: Kind, name: &str) -> Vec<u8> {
        match kind {
            Kind::Docker => self.docker_archive(name),
            Kind::Podman | Kind::Buildah => self.oci_archive(),
        }
    }

    fn docker_archive(&self, name: &str) -> Vec<u8> {
        let config = format!("{}.json", self.id().hex());
        let layer = format!("{}/layer.tar", Digest::of(&self.layer).hex());
        let name = if name.contains(':') { name.to_owned() } else { format!("{name}:latest") };
        let manifest = json!([{ "Config": config, "RepoTags": [name], "Layers": [layer] }]).to_string();
        tar_of(&[(&layer, &self.layer), (&config, &self.config), ("manifest.json", manifest.as_bytes())])
    }

    fn oci_archive(&self) -> Vec<u8> {
        let blob = |bytes: &[u8], kind: &str| {
            json!({
                "mediaType": format!("application/vnd.oci.image.{kind}"),
                "digest": Digest::of(bytes),
                "size": bytes.len(),
            })
        };
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": blob(&self.config, "config.v1+json"),
            "layers": [blob(&self.layer, "layer.v1.tar")],
        })
        .to_string();
        let index = json!({
            "schemaVersion": 2,
            "manifests": [blob(manifest.as_bytes(), "manifest.v1+json")],
        })
        .to_string();
        let path = |bytes: &[u8]| format!("blobs/sha256/{}", Digest::of(bytes).hex());
        tar_of(&[
            (&path(&self.layer), &self.layer),
            (&path(&self.config), &self.config),
            (&path(manifest.as_bytes()), manifest.as_bytes()),
            ("index.json", index.as_bytes()),
            ("oci-layout", br#"{"imageLayoutVersion":"1.0.0"}"#),
        ])
    }
}

/// A tar of files, the same bytes each time.
fn tar_of(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, path, *content).expect("a Vec takes everything");
    }
    builder.into_inner().expect("a Vec takes everything")
}

/// The tree `dir` as a tar under the name `top`, as an engine copies it out.
pub(super) fn tar_of_tree(dir: &Path, top: &str) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    builder.follow_symlinks(false);
    let appended = if dir.is_dir() {
        builder.append_dir_all(if top.is_empty() { "." } else { top }, dir)
    } else {
        builder.append_path_with_name(dir, top)
    };
    appended.unwrap_or_else(|e| panic!("cannot serve {}: {e}", dir.display()));
    builder.into_inner().expect("a Vec takes everything")
}

/// Copies a tree, links as links.
pub(super) fn copy_tree(from: &Path, to: &Path) {
    for entry in walkdir::WalkDir::new(from) {
        let entry = entry.expect("the test's own directory can be read");
        let below = entry.path().strip_prefix(from).expect("what is walked is below");
        let target: PathBuf = if below.as_os_str().is_empty() { to.to_owned() } else { to.join(below) };
        if entry.file_type().is_dir() {
            fs::create_dir_all(&target).expect("a temporary directory takes directories");
            continue;
        }
        if let Some(parent) = target.parent() {
            fs::create_dir_all(parent).expect("a temporary directory takes directories");
        }
        if entry.file_type().is_symlink() {
            let link = entry.path().read_link().expect("it is a link");
            std::os::unix::fs::symlink(link, &target).expect("a temporary directory takes links");
        } else {
            fs::copy(entry.path(), &target).expect("a temporary directory takes files");
        }
    }
}
