//! Which commits the references lead to that can move: asked of their repositories.

use std::collections::BTreeMap;

use common::console::Console;
use common::fetch;
use common::git;
use common::requirement::{DirectReference, PipItem};

use super::{Delivered, Delivery};
use crate::error::Error;

/// The commits of all references in `deliveries` that can move, by reference.
pub fn commits(deliveries: &mut [Delivery], console: &Console) -> Result<(), Error> {
    let mut references: Vec<String> =
        deliveries.iter().flat_map(|delivery| &delivery.files).flat_map(moving).collect();
    references.sort_unstable();
    references.dedup();
    let found = fetch::each(&references, |reference| commit(reference, console));
    let mut known = BTreeMap::new();
    for (reference, commit) in references.into_iter().zip(found) {
        known.insert(reference, commit?);
    }
    for delivery in deliveries {
        let own = delivery.files.iter().flat_map(moving);
        delivery.resolved = own.filter_map(|r| Some((r.clone(), known.get(&r)?.clone()))).collect();
    }
    Ok(())
}

/// The references of a file that can move, as they stand there.
fn moving(file: &Delivered) -> Vec<String> {
    let items = file.received.kind.pip_items(&file.bytes);
    let references = items.iter().filter_map(PipItem::reference);
    references.filter(|r| r.moving().is_some()).map(|r| r.url().to_owned()).collect()
}

fn commit(reference: &str, console: &Console) -> Result<String, Error> {
    let (repository, revision) =
        DirectReference::new(reference).moving().unwrap_or_else(|| (reference.to_owned(), None));
    console.status(format_args!("asking which commit {reference} is"));
    let found = git::commit_there(&repository, revision.as_deref(), console)?;
    found.ok_or_else(|| Error::NoSuchRevision {
        repository,
        revision: revision.unwrap_or_else(|| "HEAD".to_owned()),
    })
}
