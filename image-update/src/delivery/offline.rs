//! A delivery without a network: what was delivered before, from the store or from the tree itself.

use std::path::Path;

use common::digest::Digest;
use common::receipt::{Receipt, ReceivedFile};
use common::state_file;

use super::{Delivered, Delivery, Store, Wanted, login};
use crate::error::Error;

/// What `wanted` got the last time, with the receipt of that time; `dir` is the environment's directory.
pub fn replay(wanted: Wanted<'_>, dir: &Path, store: &Store) -> Result<(Delivery, Receipt), Error> {
    let missing = || Error::NotInStore {
        environment: wanted.environment.to_owned(),
        version: wanted.version.to_owned(),
    };
    // What a script wrote was not delivered.
    let is_delivery = |receipt: &Receipt| receipt.version == wanted.version && receipt.script.is_none();
    let tracked = Receipt::of_environment(dir)?.filter(is_delivery);
    let mut receipt = match tracked {
        Some(receipt) => receipt,
        None => store.receipt(wanted.environment, wanted.version)?.ok_or_else(missing)?,
    };
    receipt.forget_logins();
    let mut files = Vec::new();
    for file in &wanted.mode.files {
        let received = receipt.files.iter().find(|received| received.local == file.local);
        if let Some(literal) = Delivered::literal(file) {
            // The receipt tells of the lines of that time.
            if received.is_none_or(|received| received.sha256 != literal.received.sha256) {
                return Err(Error::OtherLines {
                    environment: wanted.environment.to_owned(),
                    local: file.local.to_string(),
                    version: wanted.version.to_owned(),
                });
            }
            files.push(literal);
            continue;
        }
        let received = received.ok_or_else(missing)?;
        let bytes = content(received, dir, store)?.ok_or_else(missing)?;
        let origin = format!("{} in the store", file.local);
        login::refuse(wanted, &origin, &bytes)?;
        file.kind
            .check(&bytes, &origin, None)
            .map_err(|error| Error::bad(wanted.environment.to_owned(), error))?;
        files.push(Delivered::new(file, bytes, received.from.clone()));
    }
    Ok((Delivery { files, resolved: receipt.resolved.clone() }, receipt))
}

/// From the store; a fresh clone has none, and the very file in its tree.
fn content(received: &ReceivedFile, dir: &Path, store: &Store) -> Result<Option<Vec<u8>>, Error> {
    if let Some(content) = store.content(&received.sha256)? {
        return Ok(Some(content));
    }
    let content = state_file::read(&dir.join(received.local.as_str()))?;
    Ok(content.filter(|content| Digest::of(content) == received.sha256))
}
