//! What a tag says: for people, and as git trailers that tie it to the image, the specs and the record.

use common::digest::Digest;

use crate::check::Facts;
use crate::record::Record;

/// The trailer with the digest of the release's record.
pub const RECORD_TRAILER: &str = "Release-Record";

/// The trailer of a tag that was made without the check.
pub const CHECKED_TRAILER: &str = "Checked";

/// The message of the tags of the release that `facts` tell of. It holds no time, so that the same
/// release gets the same message.
#[must_use]
pub fn of(facts: &Facts, title: &str, unchecked: bool) -> String {
    let checked = unchecked.then(|| format!("{CHECKED_TRAILER}: no"));
    let image = facts.image.identity.as_ref().map(|image| format!("Image: {}", image.id));
    let specs = facts.tree.specs.as_ref().ok().map(|specs| format!("Env-Frozen: {specs}"));
    let record = facts.tree.record.as_ref().ok().and_then(Option::as_ref);
    let record = record.map(|bytes| format!("{RECORD_TRAILER}: {}", Digest::of(bytes)));
    let trailers: Vec<String> = [checked, image, specs, record].into_iter().flatten().collect();
    format!("{title}\n\n{}\n", trailers.join("\n"))
}

/// The message of a tag at a commit that holds the record `bytes`, made by who knows no more of the release.
#[must_use]
pub fn of_record(bytes: &[u8], title: &str) -> String {
    let image =
        Record::parse(bytes).map(|record| format!("Image: {}\n", record.image.id)).unwrap_or_default();
    format!("{title}\n\n{image}{RECORD_TRAILER}: {}\n", Digest::of(bytes))
}

/// The value of the trailer `name` in `message`.
#[must_use]
pub fn trailer<'m>(message: &'m str, name: &str) -> Option<&'m str> {
    message.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}
