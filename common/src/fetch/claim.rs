//! What a server says the digest of a file is, to be held against what came.

use base64::Engine as _;
use md5::Md5;
use reqwest::header::HeaderMap;
use sha1::Sha1;
use sha2::digest::DynDigest;
use sha2::{Sha256, Sha512};

/// Of what a digest is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Subject {
    /// The bytes as they came, perhaps compressed.
    Wire,
    /// The file.
    Content,
}

/// One digest that was told.
pub(super) struct Claim {
    header: &'static str,
    algorithm: &'static str,
    subject: Subject,
    expected: Vec<u8>,
    hasher: Box<dyn DynDigest + Send>,
}

/// Headers that hold one digest of the file in hexadecimal digits, as artifact servers send them.
const HEX: [(&str, &str); 4] = [
    ("x-checksum-sha256", "sha-256"),
    ("x-checksum-sha512", "sha-512"),
    ("x-checksum-sha1", "sha"),
    ("x-checksum-md5", "md5"),
];
/// Headers that hold digests of what was sent, in base64, each behind its algorithm.
const LISTS: [&str; 3] = ["digest", "repr-digest", "content-digest"];

/// The digests that `headers` tell. Algorithms that we do not know are passed over.
pub(super) fn of(headers: &HeaderMap) -> Result<Vec<Claim>, String> {
    let mut claims = Vec::new();
    for (header, algorithm) in HEX {
        for value in values(headers, header) {
            let expected = hex(value).ok_or_else(|| unreadable(header))?;
            claims.extend(claim(header, algorithm, Subject::Content, expected)?);
        }
    }
    for header in LISTS {
        for item in values(headers, header).flat_map(|value| value.split(',')) {
            let (name, value) = item.split_once('=').ok_or_else(|| unreadable(header))?;
            // The newer fields put colons around the digits.
            let digits = value.trim().trim_matches(':');
            let bytes = base64::engine::general_purpose::STANDARD.decode(digits);
            let name = name.trim().to_ascii_lowercase();
            if hasher(&name).is_some() {
                let expected = bytes.map_err(|_| unreadable(header))?;
                claims.extend(claim(header, &name, Subject::Wire, expected)?);
            }
        }
    }
    Ok(claims)
}

fn values<'a>(headers: &'a HeaderMap, name: &str) -> impl Iterator<Item = &'a str> {
    headers.get_all(name).into_iter().map(|value| value.to_str().unwrap_or_default().trim())
}

fn unreadable(header: &str) -> String {
    format!("its {header} cannot be read")
}

fn hasher(algorithm: &str) -> Option<(&'static str, Box<dyn DynDigest + Send>)> {
    match algorithm {
        "sha-256" => Some(("SHA-256", Box::new(Sha256::default()))),
        "sha-512" => Some(("SHA-512", Box::new(Sha512::default()))),
        "sha" => Some(("SHA-1", Box::new(Sha1::default()))),
        "md5" => Some(("MD5", Box::new(Md5::default()))),
        _ => None,
    }
}

fn claim(
    header: &'static str,
    algorithm: &str,
    subject: Subject,
    expected: Vec<u8>,
) -> Result<Option<Claim>, String> {
    let Some((algorithm, hasher)) = hasher(algorithm) else { return Ok(None) };
    if hasher.output_size() != expected.len() {
        return Err(unreadable(header));
    }
    Ok(Some(Claim { header, algorithm, subject, expected, hasher }))
}

impl Claim {
    pub(super) const fn subject(&self) -> Subject {
        self.subject
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
    }

    /// Whether what came has the digest; if not, both.
    pub(super) fn verify(self) -> Result<(), String> {
        let found = self.hasher.finalize();
        if *found == *self.expected {
            return Ok(());
        }
        let (header, algorithm) = (self.header, self.algorithm);
        Err(format!("its {algorithm} is {}, and {header} says {}", digits(&found), digits(&self.expected)))
    }
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let digit = |at: usize| u8::from_str_radix(text.get(at..at + 2)?, 16).ok();
    (0..text.len()).step_by(2).map(digit).collect()
}

fn digits(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        use std::fmt::Write as _;
        // Writing to a String cannot fail.
        _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &'static str, value: &str, body: &[u8]) -> Result<(), String> {
        let headers =
            HeaderMap::from_iter([(reqwest::header::HeaderName::from_static(name), value.parse().unwrap())]);
        for mut claim in of(&headers)? {
            claim.update(body);
            claim.verify()?;
        }
        Ok(())
    }

    #[test]
    fn every_form_of_digest_is_held_against_the_body() {
        let good = [
            ("x-checksum-md5", "900150983cd24fb0d6963f7d28e17f72"),
            ("x-checksum-sha1", "A9993E364706816ABA3E25717850C26C9CD0D89D"),
            ("x-checksum-sha256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            ("digest", "md5=kAFQmDzST7DWlj99KOF/cg==,sha-256=ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="),
            ("repr-digest", "sha-256=:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=:"),
        ];
        for (name, value) in good {
            assert_eq!(check(name, value, b"abc"), Ok(()), "{name}");
            assert!(check(name, value, b"abd").unwrap_err().contains("says"), "{name}");
        }
    }

    #[test]
    fn a_digest_that_cannot_be_read_is_no_agreement() {
        assert!(check("x-checksum-sha256", "abc", b"abc").is_err());
        assert!(check("x-checksum-md5", "zz", b"abc").is_err());
        assert!(check("digest", "sha-256=!", b"abc").is_err());
        assert_eq!(check("digest", "crc32c=AAAA", b"abc"), Ok(()), "an unknown algorithm says nothing");
    }
}
