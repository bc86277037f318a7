//! The files that say which packages an environment holds, in pip's and conda's own formats: pip
//! requirement files, conda environment files as `conda env export` writes them, and explicit lists.
//!
//! Each parser keeps the line of what it read, and where in the text a version stands, so that a
//! message can point at it and a tool can rewrite it without touching anything else. Versions stay
//! text: `3.10` is not `3.1`.

mod conda_file;
mod conda_spec;
mod delivered;
mod direct;
mod explicit;
mod marker;
mod name;
mod pip_file;
mod pip_line;
mod screen;

use std::ops::Range;

use thiserror::Error;

use crate::fault::{Fault, Status};

pub use conda_file::CondaFile;
pub use conda_spec::{CondaConstraint, CondaSpec};
pub use delivered::{BadDelivery, SpecKind, refuse_cut_off};
pub use direct::DirectReference;
pub use explicit::{ExplicitFile, ExplicitPackage, PackageDigest};
pub use marker::{Marker, MarkerTarget};
pub use name::PackageName;
pub use pip_file::{PipFile, PipItem};
pub use pip_line::{PipRequirement, PipSource};
pub use screen::{Screened, first_line};

/// A piece of a file, in bytes from its beginning.
pub type Span = Range<usize>;

/// A line of a specification file makes no sense.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{origin}:{line}: {message}")]
pub struct SpecError {
    /// The file, as messages call it.
    pub origin: String,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub message: String,
}

impl Fault for SpecError {
    fn status(&self) -> Status {
        Status::Data
    }
}

/// What is wrong with a line, before it is known which file it is in.
#[derive(Debug)]
struct Flaw {
    line: usize,
    message: String,
}

impl Flaw {
    fn new(line: usize, message: impl Into<String>) -> Self {
        Self { line, message: message.into() }
    }

    fn in_file(self, origin: &str) -> SpecError {
        SpecError { origin: origin.to_owned(), line: self.line, message: self.message }
    }
}

/// The text of the file `origin`, which must be UTF-8, without a byte order mark.
fn text_of<'a>(content: &'a [u8], origin: &str) -> Result<&'a str, SpecError> {
    std::str::from_utf8(content).map_err(|error| {
        let line = content[..error.valid_up_to()].split(|b| *b == b'\n').count();
        Flaw::new(line, "not UTF-8 text").in_file(origin)
    })
}

/// `text` cut short for a message.
fn shown(text: &str) -> String {
    const WIDTH: usize = 60;
    let mut short: String = text.chars().take(WIDTH).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    format!("{short:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PIP: &str = "# π\na[x]==1.2.3 ; python_version > '3' \\\n  --hash=sha256:00\nb @ git+https://h/b@v1#egg=b\n\
                       -r other.txt\nhttps://h/c.zip\n";
    const CONDA: &str = "name: 'x'\nchannels: [a, b]\ndependencies:\n  - \"ch::python=3.11.9=h0\" # π\n  - pip:\n      \
                         - d==1\nprefix: /opt\n";
    const EXPLICIT: &str =
        "# x\n@EXPLICIT\nhttps://h/linux-64/a-1.2-h0_0.conda#0123456789abcdef0123456789abcdef\n";

    /// Numbers that only look random, the same in every run (xorshift).
    struct Numbers(u64);

    impl Numbers {
        fn below(&mut self, limit: usize) -> usize {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            usize::try_from(self.0 >> 33).unwrap() % limit
        }
    }

    /// `text` with a few bytes replaced, cut out or doubled.
    fn damaged(text: &str, numbers: &mut Numbers) -> Vec<u8> {
        const BYTES: &[u8] = b"\\\n\r\t #'\"[]{}:;@=~<>!,*&-_.()/\xc3\xa4\xff\x00a1";
        let mut bytes = text.as_bytes().to_vec();
        for _ in 0..=numbers.below(4) {
            let at = numbers.below(bytes.len());
            match numbers.below(3) {
                0 => bytes[at] = BYTES[numbers.below(BYTES.len())],
                1 => bytes.truncate(at.max(1)),
                _ => bytes.insert(at, BYTES[numbers.below(BYTES.len())]),
            }
        }
        bytes
    }

    /// Whatever a file holds, it is read or refused, and what is read can be cut out of the text.
    #[test]
    fn damaged_files_are_read_or_refused_and_spans_always_fit() {
        let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
        let (mut read, mut refused) = (0, 0);
        for _ in 0..4_000 {
            let (pip, conda) = (damaged(PIP, &mut numbers), damaged(CONDA, &mut numbers));
            let explicit = ExplicitFile::parse(&damaged(EXPLICIT, &mut numbers), "e").is_ok();
            let pip_file = PipFile::parse(&pip, "r.txt");
            for requirement in pip_file.iter().flat_map(PipFile::requirements) {
                assert!(std::str::from_utf8(&pip).unwrap().get(requirement.span.clone()).is_some());
            }
            let conda_file = CondaFile::parse(&conda, "r.yml");
            for spec in conda_file.iter().flat_map(|file| &file.conda) {
                if let CondaConstraint::Exact { operator, .. } = &spec.constraint {
                    let operator = std::str::from_utf8(&conda).unwrap().get(operator.clone());
                    assert!(matches!(operator, Some("=" | "==")), "{operator:?}");
                }
            }
            for good in [explicit, pip_file.is_ok(), conda_file.is_ok()] {
                if good { read += 1 } else { refused += 1 }
            }
        }
        assert!(read > 1000 && refused > 1000, "{read} {refused}");
    }
}
