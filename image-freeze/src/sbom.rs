//! Bills of material: an inventory in the forms that other tools read. The same image always gives
//! the same bytes: there is no random number in them, and no time but the image's own.

mod component;
mod cyclonedx;
mod purl;
mod spdx;

use common::digest::Digest;
use common::inventory::Inventory;
use serde_json::Value;

pub(crate) use cyclonedx::cyclonedx;
pub(crate) use spdx::spdx;

/// What made the document.
const TOOL: (&str, &str) = (env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));

/// A number for the document of `form` about `inventory`, in the form of a UUID (version 8: one's own
/// way of making it, here a digest).
fn uuid(inventory: &Inventory, form: &str) -> String {
    let about = match &inventory.image.id {
        Some(id) => id.to_string(),
        None => Digest::of(inventory.to_json().as_bytes()).to_string(),
    };
    let digest = Digest::of(format!("{form} {about}").as_bytes());
    let hex = digest.hex();
    let variant = ["8", "9", "a", "b"][usize::from(hex.as_bytes()[16] % 4)];
    format!("{}-{}-8{}-{variant}{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..32])
}

/// What the image is called.
fn name(inventory: &Inventory) -> &str {
    inventory.image.names.first().map_or("image", String::as_str)
}

fn to_text(document: &Value) -> String {
    format!("{document:#}\n")
}

#[cfg(test)]
mod tests;
