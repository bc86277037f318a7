//! Blobs: only those that are missing move, from where an interrupted upload stopped if the registry
//! still knows, be it in this run or in one before, and with no more than a buffer in memory.
//!
//! A blob that is larger than a piece goes in pieces. Registries that are derived from docker's own keep
//! whole pieces only, and lose an upload with half of one; others keep every byte. Where pieces are not
//! understood, the blob goes in one request, as docker sends it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use common::console::Console;
use common::digest::Digest;
use common::fetch::retry;
use common::process;
use reqwest::blocking::{Body, Response};
use reqwest::header::{CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, HeaderMap, LOCATION, RANGE};
use reqwest::{StatusCode, Url};

use super::client::is_lasting;
use super::piece::Piece;
use super::{Client, RegistryError};
use crate::oci::Descriptor;

const BLOB: &str = "application/octet-stream";
/// A line that is slower than this is taken for dead.
const SLOWEST: u64 = 50_000; // bytes in a second
/// What a registry says of pieces that are too small for it, in bytes.
const LEAST: &str = "OCI-Chunk-Min-Length";

/// An upload that the registry has opened for us.
#[derive(Clone, Debug)]
struct Upload {
    url: Url,
    /// How many bytes it has.
    offset: u64,
}

/// A blob on its way.
struct Course<'b> {
    blob: &'b Descriptor,
    path: &'b Path,
    /// How large its pieces are; none if it goes as a whole.
    piece: Option<u64>,
    /// Which try this is, from 1, since it last got on.
    attempt: u32,
    /// Whether it began in a run before.
    is_older: bool,
}

/// An upload that stopped.
struct Stopped {
    error: RegistryError,
    then: Then,
    /// What is left of it.
    rest: Option<Box<Upload>>,
}

/// What may be done about an upload that stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    /// Nothing.
    Over,
    /// The same again, after a while; this long, if the registry said so.
    Again(Option<Duration>),
    /// The same, but not in pieces.
    Whole,
}

impl From<RegistryError> for Stopped {
    fn from(error: RegistryError) -> Self {
        Self { error, then: Then::Over, rest: None }
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
        self.expect(response, &[StatusCode::OK], "a look at a blob")?;
        self.ended(blob);
        Ok(true)
    }

    /// Sends those of `blobs` that are missing, each of them the file that `path_of` names. Gives how many.
    ///
    /// # Errors
    /// The registry cannot be reached or refuses, also after several tries.
    pub fn send_missing(
        &self,
        blobs: &[Descriptor],
        path_of: &dyn Fn(&Digest) -> PathBuf,
        console: &Console,
    ) -> Result<usize, RegistryError> {
        let mut sent = 0;
        for blob in blobs {
            process::check_interrupted()?;
            let name = blob.digest.short();
            if self.has(blob)? {
                console.status(format_args!("{name} is there"));
                continue;
            }
            console.status(format_args!("sending {name} ({} bytes)", blob.size));
            let before = self.send_blob(blob, &path_of(&blob.digest))?;
            if before > 0 {
                console.status(format_args!("{name} went on at byte {before}, where a run before stopped"));
            }
            sent += 1;
        }
        Ok(sent)
    }

    /// Sends `blob`, which is the file `path`. Gives how much of it a run before had sent, in bytes.
    ///
    /// # Errors
    /// The registry cannot be reached or refuses, also after several tries.
    pub fn send_blob(&self, blob: &Descriptor, path: &Path) -> Result<u64, RegistryError> {
        let piece = (self.piece > 0 && blob.size > self.piece).then_some(self.piece);
        let mut course = Course { blob, path, piece, attempt: 1, is_older: false };
        let mut open = self.left_behind(blob)?;
        let before = open.as_ref().map_or(0, |upload| upload.offset);
        course.is_older = open.is_some();
        loop {
            let upload = match open.take() {
                Some(upload) => upload,
                None => self.begin(&mut course)?,
            };
            let stopped = match self.finish(upload, &mut course) {
                Ok(()) => {
                    self.ended(blob);
                    return Ok(before);
                }
                Err(stopped) => stopped,
            };
            if stopped.rest.is_none() && stopped.then != Then::Over {
                // The registry wants it from the start; what is over here may go on in another run.
                self.ended(blob);
                course.is_older = false;
            }
            retry::wait(course.pause(stopped.then).ok_or(stopped.error)?)?;
            if let Some(rest) = stopped.rest {
                open = self.resumed(&rest)?;
                if open.as_ref().is_some_and(|upload| upload.offset > rest.offset) {
                    // It gets on: that is worth as many tries again.
                    course.attempt = 1;
                }
            }
        }
    }

    /// The upload of `blob` that a run before began, as far as the registry still knows it.
    fn left_behind(&self, blob: &Descriptor) -> Result<Option<Upload>, RegistryError> {
        let Some(url) = self.begun.as_ref().and_then(|begun| begun.of(&blob.digest)) else { return Ok(None) };
        let found = match self.resumed(&Upload { url, offset: 0 }) {
            Err(error @ RegistryError::Interrupted(_)) => return Err(error),
            // Whatever is the matter with it: a new upload will tell, or do.
            found => found.ok().flatten().filter(|upload| upload.offset <= blob.size),
        };
        if found.is_none() {
            self.ended(blob);
        }
        Ok(found)
    }

    fn ended(&self, blob: &Descriptor) {
        if let Some(begun) = &self.begun {
            begun.end(&blob.digest);
        }
    }

    /// Notes where `upload` goes on. What goes in one piece is sent again sooner than asked for.
    fn note(&self, upload: &Upload, course: &Course<'_>) {
        if let Some(begun) = self.begun.as_ref().filter(|_| course.blob.size > self.piece) {
            begun.keep(&course.blob.digest, &upload.url);
        }
    }

    fn begin(&self, course: &mut Course<'_>) -> Result<Upload, RegistryError> {
        let url = self.url("blobs/uploads/")?;
        let response = self.send(&url, &|| self.writing.post(url.clone()).header(CONTENT_LENGTH, 0))?;
        let response = self.expect(response, &[StatusCode::ACCEPTED], "an upload")?;
        let least = response.headers().get(LEAST).and_then(|value| value.to_str().ok()?.parse().ok());
        course.piece = course.piece.map(|piece| piece.max(least.unwrap_or(0)));
        let upload = Upload { url: self.location(&url, response.headers())?, offset: 0 };
        self.note(&upload, course);
        Ok(upload)
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
    fn finish(&self, mut upload: Upload, course: &mut Course<'_>) -> Result<(), Stopped> {
        while upload.offset < course.blob.size {
            upload = self.pour(upload, course)?;
            course.attempt = 1;
            self.note(&upload, course);
        }
        let mut url = upload.url.clone();
        url.query_pairs_mut().append_pair("digest", course.blob.digest.as_str());
        let make = || self.writing.put(url.clone()).header(CONTENT_LENGTH, 0);
        let response = self.send(&url, &make)?;
        let status = response.status();
        match self.expect(response, &[StatusCode::CREATED, StatusCode::NO_CONTENT], "the end of an upload") {
            Ok(_) => Ok(()),
            // An end whose answer was lost is no upload any more, and a blob.
            Err(_) if status == StatusCode::NOT_FOUND && self.has(course.blob)? => Ok(()),
            Err(error) => {
                let then = course.after_end(status);
                // All of it is there, and may be ended by another run.
                Err(Stopped { error, then, rest: (then == Then::Over).then(|| Box::new(upload)) })
            }
        }
    }

    /// One request with the next piece. Gives where the upload goes on.
    fn pour(&self, upload: Upload, course: &Course<'_>) -> Result<Upload, Stopped> {
        let left = course.blob.size - upload.offset;
        let size = course.piece.map_or(left, |piece| piece.min(left));
        let piece = Piece::open(course.path, upload.offset, size, course.piece.is_some());
        let piece = piece.map_err(|source| RegistryError::Read { path: course.path.to_owned(), source })?;
        let limit = Duration::from_secs(120 + size / SLOWEST);
        let mut request = self.writing.patch(upload.url.clone()).header(CONTENT_TYPE, BLOB).timeout(limit);
        if size < course.blob.size {
            let range = format!("{}-{}", upload.offset, upload.offset + size - 1);
            request = request.header(CONTENT_RANGE, range);
        }
        let request = self.authorized(&upload.url, request.body(Body::sized(piece, size)));
        process::check_interrupted().map_err(RegistryError::from)?;
        match request.send() {
            // Some say that there is no content, which docker takes as well.
            Ok(response) if [StatusCode::ACCEPTED, StatusCode::NO_CONTENT].contains(&response.status()) => {
                let url = self.location(&upload.url, response.headers())?;
                Ok(Upload { url, offset: upload.offset + size })
            }
            Ok(response) => Err(self.refused(response, upload, course)),
            Err(error) => {
                process::check_interrupted().map_err(RegistryError::from)?;
                let then = if is_lasting(&error) { Then::Over } else { Then::Again(None) };
                Err(Stopped { error: self.unreachable(error), then, rest: Some(Box::new(upload)) })
            }
        }
    }

    fn refused(&self, response: Response, upload: Upload, course: &Course<'_>) -> Stopped {
        let status = response.status();
        if status == StatusCode::UNAUTHORIZED {
            // A token lives for minutes, an upload may take longer.
            let met = self.authenticate(response.headers());
            let error = self.broken("it asks for another token at each try");
            let then = Then::Again(Some(Duration::ZERO));
            return met.map_or_else(Stopped::from, |()| Stopped {
                error,
                then,
                rest: Some(Box::new(upload)),
            });
        }
        let asked = retry::asked(response.headers());
        let error = self.expect(response, &[], "a blob").err();
        let error = error.unwrap_or_else(|| self.broken("it took half a blob"));
        if retry::is_passing(status) {
            return Stopped { error, then: Then::Again(asked), rest: Some(Box::new(upload)) };
        }
        let then = match status {
            StatusCode::FORBIDDEN | StatusCode::PAYLOAD_TOO_LARGE => Then::Over,
            _ if course.piece.is_some() => Then::Whole,
            _ if upload.offset > 0 || status == StatusCode::NOT_FOUND => Then::Again(None),
            _ => Then::Over,
        };
        Stopped { error, then, rest: None }
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

impl Course<'_> {
    /// How long to wait before what comes `then`; none if it is over.
    fn pause(&mut self, then: Then) -> Option<Duration> {
        match then {
            Then::Again(asked) if self.attempt < retry::ATTEMPTS => {
                self.attempt += 1;
                Some(asked.unwrap_or_else(|| retry::pause(self.attempt - 1)))
            }
            Then::Whole => {
                self.piece = None;
                Some(Duration::ZERO)
            }
            Then::Again(_) | Then::Over => None,
        }
    }

    /// What follows an end that was refused with `status`: what another run began may hold anything.
    fn after_end(&self, status: StatusCode) -> Then {
        match status {
            StatusCode::NOT_FOUND => Then::Again(None),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Then::Over,
            _ if retry::is_passing(status) => Then::Over,
            _ if self.is_older => Then::Again(Some(Duration::ZERO)),
            StatusCode::BAD_REQUEST | StatusCode::RANGE_NOT_SATISFIABLE if self.piece.is_some() => {
                Then::Whole
            }
            _ => Then::Over,
        }
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
