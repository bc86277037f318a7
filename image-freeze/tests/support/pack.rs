//! Archives with images in them, good and bad ones, byte by byte: the tar crate would refuse to write many.

use std::io::Write as _;

use common::digest::Digest;
use serde_json::{Value, json};

/// A member of a layer.
#[derive(Clone, Copy)]
pub enum Member<'a> {
    File(&'a [u8]),
    Dir,
    Symlink(&'a str),
    HardLink(&'a str),
    Of(u8),
}

/// A header with these fields, and its sum.
pub fn header(name: &[u8], kind: u8, size: &[u8; 12], link: &[u8]) -> Vec<u8> {
    let mut block = vec![0_u8; 512];
    block[..name.len()].copy_from_slice(name);
    block[100..108].copy_from_slice(b"0000644\0");
    block[124..136].copy_from_slice(size);
    block[156] = kind;
    block[157..157 + link.len()].copy_from_slice(link);
    block[257..265].copy_from_slice(b"ustar\x0000");
    sum(&mut block);
    block
}

/// Writes the sum into a header.
pub fn sum(block: &mut [u8]) {
    block[148..156].copy_from_slice(b"        ");
    let sum: u32 = block[..512].iter().map(|b| u32::from(*b)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
}

pub fn octal(size: usize) -> [u8; 12] {
    let mut field = [0; 12];
    field[..11].copy_from_slice(format!("{size:011o}").as_bytes());
    field
}

/// Content filled up to whole blocks.
pub fn padded(content: &[u8]) -> Vec<u8> {
    let mut bytes = content.to_vec();
    bytes.resize(content.len().next_multiple_of(512), 0);
    bytes
}

pub fn member(name: &str, member: &Member<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    if name.len() > 100 {
        bytes.extend(header(b"././@LongLink", b'L', &octal(name.len()), b""));
        bytes.extend(padded(name.as_bytes()));
    }
    let short = &name.as_bytes()[..name.len().min(100)];
    bytes.extend(match member {
        Member::File(content) => [header(short, b'0', &octal(content.len()), b""), padded(content)].concat(),
        Member::Dir => header(short, b'5', &octal(0), b""),
        Member::Symlink(target) => header(short, b'2', &octal(0), target.as_bytes()),
        Member::HardLink(target) => header(short, b'1', &octal(0), target.as_bytes()),
        Member::Of(kind) => header(short, *kind, &octal(0), b""),
    });
    bytes
}

/// A tar with its end mark.
pub fn tar(members: &[(&str, Member<'_>)]) -> Vec<u8> {
    ended(members.iter().flat_map(|(name, what)| member(name, what)).collect())
}

pub fn ended(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.extend([0; 1024]);
    bytes
}

/// A tar of plain files.
pub fn files(files: &[(&str, &str)]) -> Vec<u8> {
    let members: Vec<(&str, Member<'_>)> =
        files.iter().map(|(name, text)| (*name, Member::File(text.as_bytes()))).collect();
    tar(&members)
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).unwrap()
}

/// An image of these uncompressed layers.
pub struct Image {
    pub config: Vec<u8>,
    pub layers: Vec<Vec<u8>>,
}

impl Image {
    pub fn new(layers: &[Vec<u8>]) -> Self {
        Self::labelled(layers, &json!({}))
    }

    pub fn labelled(layers: &[Vec<u8>], labels: &Value) -> Self {
        let ids: Vec<Digest> = layers.iter().map(|layer| Digest::of(layer)).collect();
        let config = json!({
            "architecture": "amd64", "os": "linux", "created": "2024-08-05T10:15:30.5Z",
            "config": {"Labels": labels},
            "rootfs": {"type": "layers", "diff_ids": ids},
        });
        Self { config: config.to_string().into_bytes(), layers: layers.to_vec() }
    }

    pub fn id(&self) -> Digest {
        Digest::of(&self.config)
    }

    /// As `docker save` wrote it for long: the layers first, then what says in which order they are.
    pub fn docker(&self) -> Vec<u8> {
        self.docker_as("roman:1")
    }

    /// The same under another name.
    pub fn docker_as(&self, tag: &str) -> Vec<u8> {
        let names: Vec<String> = (0..self.layers.len()).map(|n| format!("{n:064x}/layer.tar")).collect();
        let mut bytes = Vec::new();
        // Not in their order.
        for (name, layer) in names.iter().zip(&self.layers).rev() {
            bytes.extend(member(name, &Member::File(layer)));
        }
        let config = format!("{}.json", self.id().hex());
        let manifest = json!([{"Config": config, "RepoTags": [tag], "Layers": names}]).to_string();
        bytes.extend(member(&config, &Member::File(&self.config)));
        bytes.extend(member("manifest.json", &Member::File(manifest.as_bytes())));
        ended(bytes)
    }

    /// The files of a layout, each layer as `pack` makes it.
    pub fn layout(&self, pack: fn(&[u8]) -> Vec<u8>) -> Vec<(String, Vec<u8>)> {
        let name = |bytes: &[u8]| format!("blobs/sha256/{}", Digest::of(bytes).hex());
        let descriptor = |bytes: &[u8], kind: &str| {
            let media = format!("application/vnd.oci.image.{kind}");
            json!({"mediaType": media, "digest": Digest::of(bytes), "size": bytes.len()})
        };
        let blobs: Vec<Vec<u8>> = self.layers.iter().map(|layer| pack(layer)).collect();
        let layers: Vec<Value> = blobs.iter().map(|blob| descriptor(blob, "layer.v1.tar")).collect();
        let config = descriptor(&self.config, "config.v1+json");
        let manifest = json!({"schemaVersion": 2, "config": config, "layers": layers,
            "annotations": {"org.opencontainers.image.base.digest": "sha256:base"}});
        let manifest = manifest.to_string().into_bytes();
        let index = json!({"schemaVersion": 2, "manifests": [descriptor(&manifest, "manifest.v1+json")]});
        let mut files: Vec<(String, Vec<u8>)> = blobs.into_iter().map(|blob| (name(&blob), blob)).collect();
        files.push((name(&self.config), self.config.clone()));
        files.push((name(&manifest), manifest));
        files.push(("index.json".to_owned(), index.to_string().into_bytes()));
        files.push(("oci-layout".to_owned(), br#"{"imageLayoutVersion":"1.0.0"}"#.to_vec()));
        files
    }

    /// The layout as an archive.
    pub fn oci(&self, pack: fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
        let files = self.layout(pack);
        ended(files.iter().flat_map(|(name, bytes)| member(name, &Member::File(bytes))).collect())
    }
}
