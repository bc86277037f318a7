use std::fs;
use std::io::Write as _;
use std::path::Path;

use common::digest::Digest;
use serde_json::json;

use super::{Archive, Compression, Depth, Layout, OciError, SavedImage, pack, prove, tagged_in};

const TAG: &str = "roman-12.0.0";

/// A small image, and the archives that engines make of it.
struct Image {
    config: Vec<u8>,
    layers: Vec<Vec<u8>>,
}

fn image(layers: &[&[u8]]) -> Image {
    let ids: Vec<Digest> = layers.iter().map(|layer| Digest::of(layer)).collect();
    let config =
        json!({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": ids}});
    // White space that no serializer of ours would write: the bytes must come through as they are.
    let config = format!("{config:#}\n\n").into_bytes();
    Image { config, layers: layers.iter().map(|layer| layer.to_vec()).collect() }
}

impl Image {
    fn id(&self) -> Digest {
        Digest::of(&self.config)
    }

    fn config_name(&self) -> String {
        format!("{}.json", self.id().hex())
    }

    /// Docker before 25: a directory for each layer, and a link where a layer comes again.
    fn old_docker(&self) -> tempfile::NamedTempFile {
        tar_of(|tar| {
            let mut names: Vec<String> = Vec::new();
            for (n, layer) in self.layers.iter().enumerate() {
                let name = format!("{n}/layer.tar");
                match self.layers[..n].iter().position(|earlier| earlier == layer) {
                    Some(earlier) => link(tar, &name, &format!("../{earlier}/layer.tar")),
                    None => file(tar, &name, layer),
                }
                names.push(name);
            }
            file(tar, &self.config_name(), &self.config);
            file(tar, "manifest.json", json!([{"Config": self.config_name(), "Layers": names}]).to_string());
        })
    }

    /// Docker since 25: blobs with both an index and the older manifest, layers uncompressed.
    fn hybrid_docker(&self) -> tempfile::NamedTempFile {
        tar_of(|tar| {
            let names: Vec<String> = self.layers.iter().map(|layer| blob(tar, layer)).collect();
            let config = blob(tar, &self.config);
            file(tar, "oci-layout", r#"{"imageLayoutVersion":"1.0.0"}"#);
            file(tar, "index.json", r#"{"schemaVersion":2,"manifests":[]}"#);
            file(tar, "manifest.json", json!([{"Config": config, "Layers": names}]).to_string());
        })
    }

    /// Podman and buildah: an OCI archive with compressed layers.
    fn oci_archive(&self) -> tempfile::NamedTempFile {
        tar_of(|tar| {
            let layers: Vec<serde_json::Value> =
                self.layers.iter().map(|layer| describe(&gzip(layer))).collect();
            self.layers.iter().for_each(|layer| _ = blob(tar, &gzip(layer)));
            blob(tar, &self.config);
            let manifest = json!({"schemaVersion": 2, "config": describe(&self.config), "layers": layers});
            let manifest = manifest.to_string();
            blob(tar, manifest.as_bytes());
            let mut descriptor = describe(manifest.as_bytes());
            descriptor["mediaType"] = "application/vnd.oci.image.manifest.v1+json".into();
            file(tar, "index.json", json!({"schemaVersion": 2, "manifests": [descriptor]}).to_string());
        })
    }
}

type Tar = tar::Builder<fs::File>;

fn tar_of(fill: impl FnOnce(&mut Tar)) -> tempfile::NamedTempFile {
    let saved = tempfile::NamedTempFile::new().unwrap();
    let mut tar = tar::Builder::new(saved.reopen().unwrap());
    fill(&mut tar);
    tar.into_inner().unwrap();
    saved
}

fn file(tar: &mut Tar, name: &str, content: impl AsRef<[u8]>) {
    let mut header = tar::Header::new_gnu();
    header.set_size(content.as_ref().len() as u64);
    tar.append_data(&mut header, name, content.as_ref()).unwrap();
}

fn link(tar: &mut Tar, name: &str, target: &str) {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::Symlink);
    header.set_size(0);
    tar.append_link(&mut header, name, target).unwrap();
}

fn blob(tar: &mut Tar, content: &[u8]) -> String {
    let name = format!("blobs/sha256/{}", Digest::of(content).hex());
    file(tar, &name, content);
    name
}

fn describe(bytes: &[u8]) -> serde_json::Value {
    json!({"mediaType": "x", "digest": Digest::of(bytes), "size": bytes.len()})
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn deliver(saved: &Path, id: &Digest, layout: &Layout) -> Result<Digest, OciError> {
    let archive = Archive::open(saved)?;
    let image = SavedImage::find(&archive, id)?;
    Ok(layout.put(&archive, &image, TAG, Compression::Gzip)?.digest)
}

fn sample() -> Image {
    image(&[b"first layer", b"second layer", b"first layer"])
}

#[test]
fn every_engines_archive_becomes_the_same_layout_with_the_images_own_configuration() {
    let dir = tempfile::tempdir().unwrap();
    let image = sample();
    let mut digests = Vec::new();
    for (name, saved) in
        [("old", image.old_docker()), ("hybrid", image.hybrid_docker()), ("oci", image.oci_archive())]
    {
        let layout = Layout::at(&dir.path().join(name));
        digests.push(deliver(saved.path(), &image.id(), &layout).unwrap());
        let proof = prove(&layout, TAG, Depth::Content).unwrap().unwrap();
        assert_eq!((&proof.image, &proof.manifest.digest), (&image.id(), &digests[0]), "{name}");
        assert_eq!(fs::read(layout.blob_path(&image.id())).unwrap(), image.config);
        assert_eq!(proof.blobs.len(), 3, "a layer that comes twice is stored once");
    }
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 3, "no litter");
}

/// The digest of the first manifest in an archive.
fn manifest_of(saved: &Path) -> Digest {
    let archive = Archive::open(saved).unwrap();
    let index = super::Blobs::open(&archive, "index.json").unwrap().unwrap();
    let index: serde_json::Value = serde_json::from_reader(index).unwrap();
    index["manifests"][0]["digest"].as_str().unwrap().parse().unwrap()
}

#[test]
fn an_image_of_containerds_store_keeps_the_manifest_that_is_its_id() {
    let dir = tempfile::tempdir().unwrap();
    let (image, layout) = (sample(), Layout::at(&dir.path().join("l")));
    let saved = image.oci_archive();
    let id = manifest_of(saved.path());
    assert_eq!(deliver(saved.path(), &id, &layout).unwrap(), id);
    let proof = prove(&layout, TAG, Depth::Content).unwrap().unwrap();
    assert!(proof.is(&id) && proof.is(&image.id()) && !proof.is(&Digest::of(b"other")));

    let mut forged = sample();
    forged.layers[1] = b"something else".to_vec();
    let saved = forged.oci_archive();
    let id = manifest_of(saved.path());
    let error = deliver(saved.path(), &id, &Layout::at(&dir.path().join("forged"))).unwrap_err();
    assert!(matches!(error, OciError::Mismatch { .. }), "{error}");
}

#[test]
fn another_image_than_the_one_asked_for_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let layout = Layout::at(&dir.path().join("l"));
    for saved in [sample().old_docker(), sample().oci_archive()] {
        let error = deliver(saved.path(), &image(&[b"x"]).id(), &layout).unwrap_err();
        assert!(error.to_string().contains(sample().id().as_str()), "{error}");
    }
    assert!(!layout.exists().unwrap(), "nothing was written");
}

#[test]
fn a_layer_that_is_not_what_the_configuration_says_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let mut forged = sample();
    forged.layers[1] = b"something else".to_vec();
    for saved in [forged.old_docker(), forged.hybrid_docker(), forged.oci_archive()] {
        let layout = Layout::at(&dir.path().join("l"));
        let error = deliver(saved.path(), &forged.id(), &layout).unwrap_err();
        assert!(matches!(error, OciError::Mismatch { .. }), "{error}");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0, "nothing is left behind");
    }
    let mut short = sample();
    short.layers.pop();
    let error = deliver(short.old_docker().path(), &short.id(), &Layout::at(&dir.path().join("l")));
    assert!(error.unwrap_err().to_string().contains("it has 3 layers, the archive 2"));
}

#[test]
fn a_layout_takes_a_second_tag_and_keeps_the_first() {
    let dir = tempfile::tempdir().unwrap();
    let layout = Layout::at(&dir.path().join("l"));
    let (one, two) = (sample(), image(&[b"first layer", b"other"]));
    let first = deliver(one.old_docker().path(), &one.id(), &layout).unwrap();
    let saved = two.old_docker();
    let archive = Archive::open(saved.path()).unwrap();
    let image = SavedImage::find(&archive, &two.id()).unwrap();
    layout.put(&archive, &image, "tike-1", Compression::None).unwrap();
    assert_eq!(prove(&layout, TAG, Depth::Content).unwrap().unwrap().manifest.digest, first);
    assert_eq!(prove(&layout, "tike-1", Depth::Content).unwrap().unwrap().image, two.id());
    assert_eq!(prove(&layout, "tike", Depth::Content).unwrap(), None);
}

#[test]
fn one_changed_byte_anywhere_fails_the_proof() {
    let dir = tempfile::tempdir().unwrap();
    let layout = Layout::at(&dir.path().join("l"));
    let image = sample();
    deliver(image.old_docker().path(), &image.id(), &layout).unwrap();
    let blobs = fs::read_dir(layout.dir().join("blobs/sha256")).unwrap();
    let mut checked = 0;
    for path in blobs.map(|entry| entry.unwrap().path()) {
        let good = fs::read(&path).unwrap();
        let mut bad = good.clone();
        let middle = bad.len() / 2;
        bad[middle] ^= 1;
        fs::write(&path, bad).unwrap();
        assert!(prove(&layout, TAG, Depth::Stored).is_err(), "{}", path.display());
        fs::remove_file(&path).unwrap();
        assert!(prove(&layout, TAG, Depth::Stored).is_err());
        fs::write(&path, good).unwrap();
        checked += 1;
    }
    assert_eq!(checked, 4, "two layers, the configuration, the manifest");
    assert!(prove(&layout, TAG, Depth::Stored).is_ok());
}

#[test]
fn a_manifest_that_lies_about_a_size_fails_the_proof() {
    let dir = tempfile::tempdir().unwrap();
    let layout = Layout::at(&dir.path().join("l"));
    let image = sample();
    let digest = deliver(image.old_docker().path(), &image.id(), &layout).unwrap();
    let mut manifest: serde_json::Value =
        serde_json::from_slice(&fs::read(layout.blob_path(&digest)).unwrap()).unwrap();
    manifest["layers"][0]["size"] = json!(7);
    let forged = manifest.to_string();
    fs::write(layout.blob_path(&Digest::of(forged.as_bytes())), &forged).unwrap();
    let mut descriptor = describe(forged.as_bytes());
    descriptor["annotations"] = json!({"org.opencontainers.image.ref.name": TAG});
    let index = json!({"schemaVersion": 2, "manifests": [descriptor]});
    fs::write(layout.dir().join("index.json"), index.to_string()).unwrap();
    let error = prove(&layout, TAG, Depth::Stored).unwrap_err();
    assert!(error.to_string().contains("is said to have 7"), "{error}");
}

#[test]
fn what_is_no_layout_is_not_written_into() {
    let dir = tempfile::tempdir().unwrap();
    let layout = Layout::at(&dir.path().join("l"));
    fs::create_dir(layout.dir()).unwrap();
    assert!(!layout.exists().unwrap(), "an empty directory may become one");
    fs::write(layout.dir().join("thesis.tex"), "years of work").unwrap();
    let image = sample();
    let error = deliver(image.old_docker().path(), &image.id(), &layout).unwrap_err();
    assert!(error.to_string().contains("is no OCI layout"), "{error}");
    assert_eq!(fs::read_dir(layout.dir()).unwrap().count(), 1);
}

#[test]
fn an_archive_is_the_same_bytes_each_time_and_proves_itself() {
    let dir = tempfile::tempdir().unwrap();
    let layout = Layout::at(&dir.path().join("l"));
    let image = sample();
    deliver(image.old_docker().path(), &image.id(), &layout).unwrap();
    let proof = prove(&layout, TAG, Depth::Stored).unwrap().unwrap();
    let (one, two) = (dir.path().join("one.tar"), dir.path().join("new/two.tar"));
    assert_eq!(tagged_in(&one, TAG, Depth::Content).unwrap(), None);
    for path in [&one, &two] {
        pack(&layout, (&proof, TAG), &[], path).unwrap();
        assert_eq!(tagged_in(path, TAG, Depth::Content).unwrap().unwrap(), proof);
    }
    assert_eq!(fs::read(one).unwrap(), fs::read(two).unwrap());
}
