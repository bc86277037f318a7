//! What an image was found to hold, kept beside the other facts about it.

use common::clock;
use common::digest::Digest;
use common::evidence::{Frozen, Store};
use common::inventory::Inventory;
use common::report::ImageIdentity;

use crate::error::Error;
use crate::sbom;

/// Keeps `inventory` and the bill of materials made of it as evidence about `image`; `specs` is what it
/// was compared with, for an image out of which nothing was frozen.
///
/// What an image holds does not change, so what is kept already stays: a record of the release that
/// names it stays true when the image is checked again under another name or by a later version.
///
/// # Errors
/// It cannot be written.
pub(super) fn keep(
    store: &Store,
    image: &ImageIdentity,
    (inventory, specs): (&Inventory, &Digest),
) -> Result<(), Error> {
    let known: Option<Frozen> = store.read(&image.id).ok().flatten();
    if known.as_ref().is_some_and(|known| store.has_inventory(known)) {
        return Ok(());
    }
    let fact = known.unwrap_or_else(|| Frozen {
        image: image.clone(),
        at: clock::now(),
        specs: specs.clone(),
        inventory: None,
        sbom: None,
    });
    let listed = store.put_beside(&image.id, Frozen::INVENTORY, inventory.to_json().as_bytes())?;
    let bill = store.put_beside(&image.id, Frozen::SBOM, sbom::spdx(inventory).as_bytes())?;
    // The digests last: they speak only of what is there.
    store.write(&image.id, &Frozen { inventory: Some(listed), sbom: Some(bill), ..fact })?;
    Ok(())
}
