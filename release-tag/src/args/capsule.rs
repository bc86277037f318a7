//! The command line of a capsule.

use clap::Args as ClapArgs;
use common::cli::SharedArgs;

use super::AccessArgs;
use crate::registry::{PIECE, size_parser};

/// Arguments of `capsule`.
///
/// The frozen image is built once more, from the commit, without any layer or cache that is there, while a proxy
/// keeps every answer of the network. The result is one OCI artifact: the base image's layers, all that was fetched,
/// the context, the settings and the record. `image-build --from-capsule` builds from it without the network.
#[derive(ClapArgs, Debug)]
pub struct CapsuleArgs {
    /// Where to: `oci:DIR`, `oci-archive:FILE`, or `docker://REGISTRY/REPOSITORY`
    /// [default: `oci:.image/capsule/MISSION_VERSION`]
    #[arg(value_name = "DEST")]
    pub destination: Option<String>,

    /// Fetch this capsule, `docker://REGISTRY/REPOSITORY:TAG`, to DEST, a layout; every byte is checked
    #[arg(long, value_name = "CAPSULE", requires = "destination", conflicts_with = "execute")]
    pub fetch: Option<String>,

    /// Send it to the registry; without this, only show the plan (files on this machine are written either way)
    #[arg(long)]
    pub execute: bool,

    /// Replace another capsule that is under the tag
    #[arg(long)]
    pub replace: bool,

    /// Send larger parts in pieces of this size, so that an interrupted run goes on where it stopped; 0 sends
    /// each in one request
    #[arg(long, value_name = "BYTES", default_value = PIECE, value_parser = size_parser())]
    pub chunk_size: u64,

    /// How a registry is reached.
    #[command(flatten)]
    pub access: AccessArgs,

    /// Shared flags.
    #[command(flatten)]
    pub shared: SharedArgs,
}

impl CapsuleArgs {
    /// A lone `-` is the document, as for a delivery.
    #[must_use]
    pub fn settled(mut self) -> Self {
        if self.destination.as_deref() == Some("-") {
            self.destination = self.shared.document.take().filter(|word| word != "-");
            self.shared.document = Some("-".to_owned());
        }
        self
    }
}
