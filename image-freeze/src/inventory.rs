//! `image-freeze inventory`: what an image holds, as told by its own bytes.
//!
//! Each file passes by once, and only what it tells is kept. Per environment that is what conda
//! recorded and which Python distributions are installed, whoever put them there; for the image,
//! Debian's and npm's packages. Nothing of the image is run.

mod archive;
mod claims;
mod conda_record;
mod debian;
mod distribution;
mod environments;
mod fact;
mod findings;
mod installed;
mod kernel;
mod layer;
mod npm;
mod place;
mod read;
mod source;
mod stack;

use std::io::Write as _;

use common::console::Console;
use common::fault::Status;

use crate::args::{Format, InventoryArgs};
use crate::error::Error;
use crate::sbom;

pub(crate) use distribution::origin;
pub(crate) use installed::{CondaPackage, Distribution, Installed, Origin, Owner, environments};
pub(crate) use read::{Depth, Wanted, of_engine, of_source};
pub(crate) use source::Source;

/// Prints what an image holds.
///
/// # Errors
/// The image cannot be had or read.
pub(crate) fn run(args: &InventoryArgs, console: &Console) -> Result<Status, Error> {
    let wanted = Wanted {
        depth: if args.verify { Depth::Content } else { Depth::Records },
        select: args.select.as_deref(),
    };
    let inventory = match &args.source {
        Some(text) => of_source(&Source::of(text)?, wanted, &args.place, console)?,
        None => read::of_configured(wanted, &args.place, console)?,
    };
    let text = match args.format {
        Format::Json => inventory.to_json(),
        Format::Cyclonedx => sbom::cyclonedx(&inventory),
        Format::Spdx => sbom::spdx(&inventory),
    };
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(|source| Error::Print { source })?;
    Ok(Status::Done)
}
