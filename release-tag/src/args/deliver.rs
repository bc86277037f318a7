//! The command line of a delivery.

use std::path::PathBuf;

use clap::Args as ClapArgs;
use common::cli::SharedArgs;

use super::AccessArgs;
use crate::oci::Compression;
use crate::registry::{PIECE, size_parser};

/// How a registry is spoken to, and what it gets besides the image.
#[derive(ClapArgs, Clone, Debug)]
pub struct RegistryArgs {
    /// Sign the digest with this key, so that cosign can verify it: ECDSA P-256, PEM, of openssl; or of `cosign
    /// generate-key-pair`, with its password in `COSIGN_PASSWORD`
    #[arg(long, value_name = "FILE")]
    pub sign_key: Option<PathBuf>,

    /// Attach nothing: neither record nor provenance nor evidence
    #[arg(long)]
    pub no_attach: bool,

    /// Send larger blobs in pieces of this size, so that an interrupted delivery goes on with the piece
    /// that it stopped in; 0 sends each in one request
    #[arg(long, value_name = "BYTES", default_value = PIECE, value_parser = size_parser())]
    pub chunk_size: u64,

    /// How it is reached.
    #[command(flatten)]
    pub access: AccessArgs,
}

/// Arguments of `deliver`.
#[derive(ClapArgs, Debug)]
pub struct DeliverArgs {
    /// Where to: `oci:DIR`, `oci-archive:FILE`, or `docker://REGISTRY/REPOSITORY`
    /// [default: `oci:.image/delivery/MISSION_VERSION`]
    #[arg(value_name = "DEST")]
    pub destination: Option<String>,

    /// Do it; without this, only show the plan (files on this machine are written either way)
    #[arg(long)]
    pub execute: bool,

    /// Take the image from this archive, which an engine saved, instead of the engine
    #[arg(long, value_name = "ARCHIVE")]
    pub from: Option<PathBuf>,

    /// How layers are stored
    #[arg(long, value_enum, default_value_t, value_name = "HOW")]
    pub compress: Compression,

    /// Replace another image that is under the tag in a layout or archive
    #[arg(long)]
    pub replace: bool,

    /// Replace another image that is under the tag in a registry
    #[arg(long)]
    pub replace_tag: bool,

    /// How a registry is spoken to.
    #[command(flatten)]
    pub registry: RegistryArgs,

    /// Shared flags.
    #[command(flatten)]
    pub shared: SharedArgs,
}

impl DeliverArgs {
    /// The destination and the document may come in either order, and either may be missing: a lone
    /// `-` is the document.
    #[must_use]
    pub fn settled(mut self) -> Self {
        if self.destination.as_deref() == Some("-") {
            // The two may stand in either order.
            let other = self.shared.document.take().filter(|word| word != "-");
            self.destination = other;
            self.shared.document = Some("-".to_owned());
        }
        self
    }
}
