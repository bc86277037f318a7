//! Blobs: only those that are missing move, from where an interrupted upload stopped if the registry
//! still knows, and in pieces no larger than a buffer through memory.

use std::fs::File;
use std::io::{self, Read, Seek as _, SeekFrom};
use std::path::Path;
use std::time::Duration;

use common::process;
use reqwest::blocking::{Body, Response};
use reqwest::header::{CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, HeaderMap, LOCATION, RANGE};
use reqwest::{StatusCode, Url};

use super::client::is_lasting;
use super::{Client, RegistryError, retry};
use crate::oci::Descriptor;

const BLOB: &str = "application/octet-stream";
/// A line that is slower than this is taken for dead.
const SLOWEST: u64 = 50_000; // bytes in a second

/// An upload that the registry has opened for us.
#[derive(Clone, Debug)]
struct Upload {
    url: Url,
    /// How many bytes it has.
    offset: u64,
}

/// An upload that stopped.
struct Stopped {
    error: RegistryError,
    /// Whether it may go better the next time; and then, what is left of it.
    passing: bool,
    rest: Option<Box<Upload>>,
}

impl From<RegistryError> for Stopped {
    fn from(error: RegistryError) -> Self {
        Self { error, passing: false, rest: None }
    }
}

impl Client {
    /// Whether the registry has `blob`.
    ///
    /// # Errors
    /// It cannot be reached or refuses.
    pub fn has(&self, blob: &Descriptor) -> Result<bool, RegistryError> {
        let url = self.url(&format!("blobs/{}", blob.digest))?;
        let response = self.send(&url, &|| self.reading.head(url.clone()))?;
        if response.status() == StatusCode::NOT_FOUND {
            return Ok(false);
        }
        self.expect(response, &[StatusCode::OK], "a look at a blob").map(|_| true)
    }

    /// Sends `blob`, which is the file `path`.
    ///
    /// # Errors
    /// The registry cannot be reached or refuses, also after several tries.
    pub fn send_blob(&self, blob: &Descriptor, path: &Path) -> Result<(), RegistryError> {
        let mut attempt = 1;
        let mut rest: Option<Upload> = None;
        loop {
            let before = rest.as_ref().map_or(0, |upload| upload.offset);
            let upload = match rest.take() {
                Some(upload) => self.resumed(&upload)?,
                None => None,
            };
            let upload = upload.map_or_else(|| self.begin(), Ok)?;
            if upload.offset > before {
                // It gets on: that is worth as many tries again.
                attempt = 1;
            }
            match self.finish(upload, blob, path) {
                Ok(()) => return Ok(()),
                Err(stopped) if stopped.passing && attempt < retry::ATTEMPTS => {
                    rest = stopped.rest.map(|upload| *upload);
                }
                Err(stopped) => return Err(stopped.error),
            }
            retry::wait(retry::pause(attempt))?;
            attempt += 1;
        }
    }

    fn begin(&self) -> Result<Upload, RegistryError> {
        let url = self.url("blobs/uploads/")?;
        let response = self.send(&url, &|| self.writing.post(url.clone()).header(CONTENT_LENGTH, 0))?;
        let response = self.expect(response, &[StatusCode::ACCEPTED], "an upload")?;
        Ok(Upload { url: self.location(&url, response.headers())?, offset: 0 })
    }

    /// What the registry still has of `upload`; none if it wants to begin anew.
    fn resumed(&self, upload: &Upload) -> Result<Option<Upload>, RegistryError> {
        let response = self.send(&upload.url, &|| self.reading.get(upload.url.clone()))?;
        if response.status() != StatusCode::NO_CONTENT {
            return Ok(None);
        }
        let offset = received(response.headers()).unwrap_or(0);
        let url = self.location(&upload.url, response.headers()).unwrap_or_else(|_| upload.url.clone());
        Ok(Some(Upload { url, offset }))
    }

    /// Sends what is missing, then names the digest.
    fn finish(&self, upload: Upload, blob: &Descriptor, path: &Path) -> Result<(), Stopped> {
        let url = if upload.offset < blob.size { self.pour(upload, blob, path)? } else { upload.url };
        let mut url = url;
        url.query_pairs_mut().append_pair("digest", blob.digest.as_str());
        let make = || self.writing.put(url.clone()).header(CONTENT_LENGTH, 0);
        let response = self.send(&url, &make)?;
        if response.status() == StatusCode::NOT_FOUND {
            // The registry has forgotten the upload in the meantime.
            let error = self.expect(response, &[], "the end of an upload").err();
            let error = error.unwrap_or_else(|| self.broken("it forgot an upload"));
            return Err(Stopped { error, passing: true, rest: None });
        }
        self.expect(response, &[StatusCode::CREATED, StatusCode::NO_CONTENT], "the end of an upload")?;
        Ok(())
    }

    /// One request with all that is missing, as docker sends it. Gives where the upload goes on.
    fn pour(&self, upload: Upload, blob: &Descriptor, path: &Path) -> Result<Url, Stopped> {
        let left = blob.size - upload.offset;
        let file = Rest::open(path, upload.offset)
            .map_err(|source| RegistryError::Read { path: path.to_owned(), source })?;
        let limit = Duration::from_secs(120 + left / SLOWEST);
        let mut request = self.writing.patch(upload.url.clone()).header(CONTENT_TYPE, BLOB).timeout(limit);
        if upload.offset > 0 {
            request = request.header(CONTENT_RANGE, format!("{}-{}", upload.offset, blob.size - 1));
        }
        let request = self.authorized(&upload.url, request.body(Body::sized(file, left)));
        process::check_interrupted().map_err(RegistryError::from)?;
        match request.send() {
            Ok(response) if response.status() == StatusCode::ACCEPTED => {
                Ok(self.location(&upload.url, response.headers())?)
            }
            Ok(response) => Err(self.refused(response, upload)),
            Err(error) => {
                process::check_interrupted().map_err(RegistryError::from)?;
                let passing = !is_lasting(&error);
                Err(Stopped { error: self.unreachable(error), passing, rest: Some(Box::new(upload)) })
            }
        }
    }

    fn refused(&self, response: Response, upload: Upload) -> Stopped {
        let status = response.status();
        if status == StatusCode::UNAUTHORIZED {
            // A token lives for minutes, an upload may take longer.
            let met = self.authenticate(response.headers());
            let error = self.broken("it asks for another token at each try");
            return met.map_or_else(Stopped::from, |()| Stopped {
                error,
                passing: true,
                rest: Some(Box::new(upload)),
            });
        }
        let resumed = upload.offset > 0 || status == StatusCode::NOT_FOUND;
        let rest = (!resumed).then(|| Box::new(upload));
        let passing = retry::is_passing(status) || resumed;
        let error = self.expect(response, &[], "a blob").err();
        Stopped { error: error.unwrap_or_else(|| self.broken("it took half a blob")), passing, rest }
    }

    fn location(&self, from: &Url, headers: &HeaderMap) -> Result<Url, RegistryError> {
        let text = headers.get(LOCATION).and_then(|value| value.to_str().ok());
        let text = text.ok_or_else(|| self.broken("it does not say where an upload goes on"))?;
        let url =
            from.join(text).map_err(|e| self.broken(format!("an upload goes on at no address: {e}")))?;
        if from.scheme() == "https" && url.scheme() != "https" {
            return Err(self.broken("an upload goes on away from HTTPS"));
        }
        Ok(url)
    }
}

/// How many bytes arrived, from `Range: 0-<last>`. `0-0` is how registries write none.
fn received(headers: &HeaderMap) -> Option<u64> {
    let text = headers.get(RANGE)?.to_str().ok()?;
    let last: u64 = text.trim_start_matches("bytes=").split_once('-')?.1.parse().ok()?;
    Some(if last == 0 { 0 } else { last + 1 })
}

/// The rest of a file, which ends early when we are told to stop.
struct Rest(File);

impl Rest {
    fn open(path: &Path, offset: u64) -> io::Result<Self> {
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(offset))?;
        Ok(Self(file))
    }
}

impl Read for Rest {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        process::check_interrupted().map_err(io::Error::other)?;
        self.0.read(buffer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_arrived_is_read_from_the_range() {
        let check = |text: &str, expected| {
            let headers = HeaderMap::from_iter([(RANGE, text.parse().unwrap())]);
            assert_eq!(received(&headers), expected, "{text}");
        };
        check("0-1023", Some(1024));
        check("bytes=0-1023", Some(1024));
        check("0-0", Some(0));
        check("nonsense", None);
    }
}
