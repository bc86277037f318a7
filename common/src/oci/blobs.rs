//! Files by name, in a layout's directory or in an archive: what an image is read from.

use std::io::Read;

use crate::digest::Digest;
use serde::de::DeserializeOwned;

use super::{Descriptor, MAX_JSON, OciError};

/// Something that holds the files of an image.
pub trait Blobs: Sync {
    /// What messages call it.
    fn place(&self) -> String;

    /// The file `name`, from its beginning; none if there is no such file.
    ///
    /// # Errors
    /// It cannot be opened.
    fn open(&self, name: &str) -> Result<Option<Box<dyn Read + '_>>, OciError>;
}

/// Where the blob `digest` is.
#[must_use]
pub fn blob_name(digest: &Digest) -> String {
    format!("blobs/sha256/{}", digest.hex())
}

/// The file `name` as a whole; it must be there.
///
/// # Errors
/// It is missing, unreadable, or larger than JSON ever is.
pub fn small_file(blobs: &dyn Blobs, name: &str) -> Result<Vec<u8>, OciError> {
    file_up_to(blobs, name, MAX_JSON)
}

fn file_up_to(blobs: &dyn Blobs, name: &str, limit: u64) -> Result<Vec<u8>, OciError> {
    let reader = must(blobs, name)?;
    let mut bytes = Vec::new();
    reader.take(limit + 1).read_to_end(&mut bytes).map_err(|source| OciError::Io {
        verb: "read",
        path: std::path::Path::new(&blobs.place()).join(name),
        source,
    })?;
    if bytes.len() as u64 > limit {
        return Err(OciError::TooLarge { place: blobs.place(), name: name.to_owned(), limit });
    }
    Ok(bytes)
}

/// The blob `descriptor` as a whole, which must be what it says.
///
/// # Errors
/// As [`small_file`]; and it is something else.
pub fn small_blob(blobs: &dyn Blobs, descriptor: &Descriptor) -> Result<Vec<u8>, OciError> {
    blob_up_to(blobs, descriptor, MAX_JSON)
}

/// The blob `descriptor` as a whole, which must be what it says and no larger than `limit` bytes.
///
/// # Errors
/// It is missing, unreadable, larger, or something else.
pub fn blob_up_to(blobs: &dyn Blobs, descriptor: &Descriptor, limit: u64) -> Result<Vec<u8>, OciError> {
    let name = blob_name(&descriptor.digest);
    let bytes = file_up_to(blobs, &name, limit)?;
    check(&name, &descriptor.digest, &Digest::of(&bytes))?;
    check_size(blobs, descriptor, bytes.len() as u64)?;
    Ok(bytes)
}

/// The bytes of the blob `descriptor` must be as many as it says, and these.
///
/// # Errors
/// They are not, or cannot be read.
pub fn check_blob(blobs: &dyn Blobs, descriptor: &Descriptor) -> Result<(), OciError> {
    let name = blob_name(&descriptor.digest);
    let mut counted = Counted { reader: must(blobs, &name)?, size: 0 };
    let found = Digest::of_reader(&mut counted).map_err(|source| OciError::Io {
        verb: "read",
        path: std::path::Path::new(&blobs.place()).join(&name),
        source,
    })?;
    check(&name, &descriptor.digest, &found)?;
    check_size(blobs, descriptor, counted.size)
}

/// A size that is not true would tear an archive or an upload apart.
fn check_size(blobs: &dyn Blobs, descriptor: &Descriptor, found: u64) -> Result<(), OciError> {
    if found == descriptor.size {
        return Ok(());
    }
    Err(OciError::Content {
        place: blobs.place(),
        name: blob_name(&descriptor.digest),
        reason: format!("it has {found} bytes, and is said to have {}", descriptor.size),
    })
}

struct Counted<'b> {
    reader: Box<dyn Read + 'b>,
    size: u64,
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.reader.read(buffer)?;
        self.size += read as u64;
        Ok(read)
    }
}

/// The file `name`, which must be there.
///
/// # Errors
/// It is not, or cannot be opened.
pub fn must<'b>(blobs: &'b dyn Blobs, name: &str) -> Result<Box<dyn Read + 'b>, OciError> {
    let missing = || OciError::Missing { place: blobs.place(), name: name.to_owned() };
    blobs.open(name)?.ok_or_else(missing)
}

/// `bytes` of the file `name` as a `T`.
///
/// # Errors
/// They are not one.
pub fn parse<T: DeserializeOwned>(blobs: &dyn Blobs, name: &str, bytes: &[u8]) -> Result<T, OciError> {
    serde_json::from_slice(bytes).map_err(|e| OciError::Content {
        place: blobs.place(),
        name: name.to_owned(),
        reason: e.to_string(),
    })
}

/// `found` must be `expected`.
///
/// # Errors
/// It is not.
pub fn check(what: &str, expected: &Digest, found: &Digest) -> Result<(), OciError> {
    if expected == found {
        return Ok(());
    }
    let (expected, found) = (expected.clone(), found.clone());
    Err(OciError::Mismatch { what: what.to_owned(), expected, found })
}
