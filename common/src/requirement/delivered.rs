//! Whether a file that somebody delivers is a list of packages of the kind that it must be.

use std::fmt;
use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{CondaFile, ExplicitFile, PipFile, PipItem, PipSource, Screened, SpecError, first_line};
use crate::fault::{Fault, Status};

/// The kinds of lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SpecKind {
    /// conda's explicit list: `@EXPLICIT`, then one address of a package a line.
    Explicit,
    /// A pip requirement file.
    Pip,
    /// A conda environment file.
    CondaYml,
}

/// The file is no such list.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum BadDelivery {
    /// There is nothing in it.
    #[error("{origin} is empty")]
    Empty {
        /// What it is called.
        origin: String,
    },
    /// It is something else altogether.
    #[error("{origin} is no {kind}; it begins {line:?}: {looks}")]
    Looks {
        /// What it is called.
        origin: String,
        /// What it should be.
        kind: SpecKind,
        /// Its first line.
        line: String,
        /// What it looks like.
        looks: Screened,
    },
    /// A line makes no sense.
    #[error("{error}{excerpt}")]
    Line {
        /// Where and why.
        error: SpecError,
        /// The line, underlined, below the message.
        excerpt: String,
    },
    /// It ends in the middle of a line, and nobody said how long it is.
    #[error(
        "{origin} looks cut off: its last line {line:?} has no end, and the server did not say how long it is"
    )]
    CutOff {
        /// What it is called.
        origin: String,
        /// Its last line.
        line: String,
    },
}

impl Fault for BadDelivery {
    fn status(&self) -> Status {
        Status::Data
    }
}

impl fmt::Display for SpecKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Explicit => "explicit conda list",
            Self::Pip => "pip requirement file",
            Self::CondaYml => "conda environment file",
        })
    }
}

/// The switches that a requirement file may hold, as pip documents them.
const SWITCHES: [&str; 20] = [
    "-i",
    "--index-url",
    "--extra-index-url",
    "--no-index",
    "-f",
    "--find-links",
    "-c",
    "--constraint",
    "-r",
    "--requirement",
    "-e",
    "--editable",
    "--no-binary",
    "--only-binary",
    "--prefer-binary",
    "--require-hashes",
    "--pre",
    "--trusted-host",
    "--use-feature",
    "--config-settings",
];

/// One word that a server says in place of a list, which would also do as the name of a package.
const EXCUSES: [&str; 10] = [
    "accessdenied",
    "denied",
    "error",
    "forbidden",
    "maintenance",
    "none",
    "null",
    "ok",
    "unauthorized",
    "undefined",
];

impl SpecKind {
    /// The kind of a file called `name`, if it is one that builds take floating specs from.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        match Path::new(name).extension()?.to_str()? {
            "explicit" => Some(Self::Explicit),
            "pip" => Some(Self::Pip),
            "yml" | "yaml" => Some(Self::CondaYml),
            _ => None,
        }
    }

    /// What `content`, a list of this kind, asks pip for; nothing if it cannot be read.
    #[must_use]
    pub fn pip_items(self, content: &[u8]) -> Vec<PipItem> {
        match self {
            Self::Explicit => Vec::new(),
            Self::Pip => PipFile::parse(content, "").map(|file| file.items).unwrap_or_default(),
            Self::CondaYml => CondaFile::parse(content, "").map(|file| file.pip).unwrap_or_default(),
        }
    }

    /// Refuses `content` if it is no list of this kind that names a package. `origin` is what messages
    /// call it, `content_type` what it came as.
    ///
    /// # Errors
    /// It is none; the error shows the line.
    pub fn check(self, content: &[u8], origin: &str, content_type: Option<&str>) -> Result<(), BadDelivery> {
        if content.trim_ascii().is_empty() {
            return Err(BadDelivery::Empty { origin: origin.to_owned() });
        }
        if let Some(looks) = Screened::of(content, content_type) {
            let line = first_line(content);
            return Err(BadDelivery::Looks { origin: origin.to_owned(), kind: self, line, looks });
        }
        self.read(content, origin).map_err(|error| {
            let excerpt = excerpt(content, error.line);
            BadDelivery::Line { error, excerpt }
        })
    }

    fn read(self, content: &[u8], origin: &str) -> Result<(), SpecError> {
        let empty = |names_none: bool| {
            let message = "it names no package".to_owned();
            if names_none { Err(SpecError { origin: origin.to_owned(), line: 1, message }) } else { Ok(()) }
        };
        match self {
            Self::Explicit => empty(ExplicitFile::parse(content, origin)?.packages.is_empty()),
            Self::CondaYml => {
                let file = CondaFile::parse(content, origin)?;
                empty(file.conda.is_empty() && file.pip.is_empty())
            }
            Self::Pip => {
                let file = PipFile::parse(content, origin)?;
                switches(&file, origin)?;
                excuse(&file, origin)?;
                empty(
                    file.items.iter().all(|item| matches!(item, PipItem::Option { text, .. } if !asks(text))),
                )
            }
        }
    }
}

/// Whether a switch asks for packages.
fn asks(switch: &str) -> bool {
    ["-r", "--requirement", "-e", "--editable"].iter().any(|name| switch.starts_with(name))
}

fn switches(file: &PipFile, origin: &str) -> Result<(), SpecError> {
    for item in &file.items {
        let PipItem::Option { line, text } = item else { continue };
        let name = text.split([' ', '\t', '=']).next().unwrap_or_default();
        // The short ones take their value with or without a blank.
        let is_short =
            !name.starts_with("--") && SWITCHES.iter().any(|s| s.len() == 2 && name.starts_with(s));
        if !is_short && !SWITCHES.contains(&name) {
            let message = format!("not a switch of a requirement file: {name:?}");
            return Err(SpecError { origin: origin.to_owned(), line: *line, message });
        }
    }
    Ok(())
}

fn excuse(file: &PipFile, origin: &str) -> Result<(), SpecError> {
    if let [PipItem::Requirement(only)] = &file.items[..]
        && matches!(only.source, PipSource::Any)
        && EXCUSES.contains(&only.name.as_str())
    {
        let message = "this is what a server says in place of a list".to_owned();
        return Err(SpecError { origin: origin.to_owned(), line: only.line, message });
    }
    Ok(())
}

/// The line of that number, underlined.
fn excerpt(content: &[u8], number: usize) -> String {
    let Some(line) = content.split(|b| *b == b'\n').nth(number.saturating_sub(1)) else {
        return String::new();
    };
    let shown: String =
        String::from_utf8_lossy(line).trim_end().chars().filter(|c| !c.is_control()).take(100).collect();
    let blank = shown.len() - shown.trim_start().len();
    let width = shown.trim_start().chars().count();
    if width == 0 {
        return String::new();
    }
    format!("\n  | {shown}\n  | {}{}", " ".repeat(blank), "^".repeat(width))
}

/// Refuses `content` that ends within a line although nothing vouches for its length.
///
/// # Errors
/// It does.
pub fn refuse_cut_off(content: &[u8], origin: &str) -> Result<(), BadDelivery> {
    if content.last() == Some(&b'\n') {
        return Ok(());
    }
    let line = content.rsplit(|b| *b == b'\n').next().unwrap_or_default();
    Err(BadDelivery::CutOff { origin: origin.to_owned(), line: first_line(line) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kind: SpecKind, text: &str) -> Result<(), String> {
        kind.check(text.as_bytes(), "d", None).map_err(|e| e.to_string())
    }

    #[test]
    fn good_lists_pass() {
        assert_eq!(check(SpecKind::Explicit, "@EXPLICIT\nhttps://h/linux-64/a-1-h0.conda\n"), Ok(()));
        let pip =
            "-i https://h/simple\n--pre\n-rother.txt\n--no-binary=:all:\na==1 ; os_name == 'posix'\n-e .\n";
        assert_eq!(check(SpecKind::Pip, pip), Ok(()));
        assert_eq!(check(SpecKind::Pip, "git+https://h/a.git@main"), Ok(()));
        assert_eq!(check(SpecKind::CondaYml, "dependencies:\n  - python=3.10\n"), Ok(()));
    }

    /// D12: whatever came was the list.
    #[test]
    fn d12_what_is_no_list_is_shown_with_its_likely_cause() {
        let refused = |kind, text: &str, parts: &[&str]| {
            let message = check(kind, text).unwrap_err();
            assert!(parts.iter().all(|part| message.contains(part)), "{message}");
        };
        refused(SpecKind::Pip, "<html>\n<title>Please log in", &["\"<html>\"", "is the VPN up?"]);
        refused(SpecKind::Explicit, "<html>404", &["web page"]);
        refused(SpecKind::Pip, " \n", &["d is empty"]);
        refused(SpecKind::Pip, "# nothing\n", &["d:1: it names no package"]);
        refused(SpecKind::Pip, "--pre\n", &["names no package"]);
        refused(SpecKind::Pip, "Forbidden\n", &["in place of a list"]);
        refused(
            SpecKind::Pip,
            "a==1\n--frobnicate\n",
            &["d:2: not a switch", "\n  | --frobnicate\n  | ^^^^"],
        );
        refused(
            SpecKind::Pip,
            "a==1\n  Not Found\n",
            &["d:2: not a requirement", "\n  |   Not Found\n  |   ^^^^^^^^^"],
        );
        refused(SpecKind::Pip, "a\0b", &["no text"]);
        refused(SpecKind::Explicit, "@EXPLICIT\n", &["names no package"]);
        refused(SpecKind::Explicit, "@EXPLICIT\nhttps://h/a.zip\n", &["d:2: not the address"]);
        refused(SpecKind::CondaYml, "dependencies: []\n", &["names no package"]);
        refused(SpecKind::CondaYml, "a: 1\na: 2\n", &["d:2: the key `a` stands twice"]);
        assert!(
            SpecKind::Pip
                .check(b"a==1\nb\xff\n", "d", None)
                .unwrap_err()
                .to_string()
                .contains("d:2: not UTF-8")
        );
    }

    #[test]
    fn a_line_without_end_is_cut_off_unless_the_length_is_known() {
        assert!(refuse_cut_off(b"a==1\n", "d").is_ok());
        let message = refuse_cut_off(b"a==1\nnum", "d").unwrap_err().to_string();
        assert!(message.contains("\"num\""), "{message}");
    }

    #[test]
    fn kinds_are_told_by_names_and_parked_files_are_none() {
        assert_eq!(SpecKind::of_name("a.explicit"), Some(SpecKind::Explicit));
        assert_eq!(SpecKind::of_name("a.pip"), Some(SpecKind::Pip));
        assert_eq!(SpecKind::of_name("a.yml"), Some(SpecKind::CondaYml));
        assert_eq!(SpecKind::of_name("a.yml.disabled"), None);
        assert_eq!(SpecKind::of_name("kernel"), None);
    }
}
