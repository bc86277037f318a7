//! Where the bill of materials of a release is: among this clone's evidence, beside its own delivery, or
//! beside the image in a place that was named. The record's digest tells which one it is.

use common::digest::Digest;

use super::debian::{self, Debian};
use crate::deliver;
use crate::error::Error;
use crate::oci::beside::Said;
use crate::record::Record;
use crate::registry::Access;
use crate::verify::place::{Kept, Place};
use crate::workplace::Workplace;

/// Where to look.
pub struct Bills<'p> {
    /// The clone.
    pub place: &'p Workplace,
    /// Where images are delivered to.
    pub kept: Option<Kept>,
}

impl Bills<'_> {
    /// Debian's packages in the image of `record`, which belongs to the release `name`; or inside, why they
    /// cannot be told.
    ///
    /// # Errors
    /// The place that was named cannot be asked, or has something else than it says.
    pub fn debian(&self, name: &str, record: Option<&Record>) -> Result<Result<Debian, String>, Error> {
        let Some(record) = record else { return Ok(Err(format!("{name} has no record"))) };
        let Some(wanted) = &record.sbom else {
            return Ok(Err(format!("the record of {name} names no bill of materials")));
        };
        if let Some(bill) = deliver::bill(self.place, &record.image.id, wanted) {
            return Ok(debian::packages(&bill.content));
        }
        let own = Kept::layout(&self.place.deliveries().join(&record.mission));
        // What is wrong with the clone's own delivery is not of interest here.
        let here = own.exists().then(|| beside(&own, record)).and_then(Result::ok).flatten();
        let there = match (&here, &self.kept) {
            (None, Some(kept)) => beside(kept, record)?,
            _ => here,
        };
        let bill = there.map(|bill| debian::packages(&bill));
        Ok(bill.unwrap_or_else(|| Err(self.nowhere(name))))
    }

    fn nowhere(&self, name: &str) -> String {
        match &self.kept {
            None => format!(
                "the bill of materials of {name} is not in this clone; --image docker://REGISTRY/REPOSITORY tells where it is"
            ),
            Some(_) => {
                format!("the bill of materials of {name} is neither in this clone nor beside the image")
            }
        }
    }
}

/// The bill of materials that `record` names, beside the image under its tag.
fn beside(kept: &Kept, record: &Record) -> Result<Option<Vec<u8>>, Error> {
    let Some(manifest) = kept.tagged(&record.mission)? else { return Ok(None) };
    let is_wanted = |said: &Said| record.sbom.as_ref() == Some(&Digest::of(&said.1));
    Ok(kept.attached(&Digest::of(&manifest))?.into_iter().find(is_wanted).map(|(_, content)| content))
}

/// The keeper that `image` names, if it names one.
///
/// # Errors
/// It names none, or it cannot be opened.
pub fn keeper(
    image: Option<&str>,
    access: &Access,
    console: &common::console::Console,
) -> Result<Option<Kept>, Error> {
    image.map(|image| Kept::open(&Place::parse(image)?, access, console)).transpose()
}
