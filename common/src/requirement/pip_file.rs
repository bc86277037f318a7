//! pip requirement files: lists by hand, and what `pip-compile` and `uv pip compile` write.

use super::pip_line::{self, PipRequirement};
use super::{DirectReference, Flaw, SpecError, text_of};

/// What a pip requirement file asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PipFile {
    /// Its items, in order.
    pub items: Vec<PipItem>,
}

/// One line that is not blank and not a comment, with its continuations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PipItem {
    /// A package by name.
    Requirement(PipRequirement),
    /// A package by its address or path alone; only fetching it would tell its name.
    Unnamed {
        /// The line, from 1.
        line: usize,
        /// Where it comes from.
        reference: DirectReference,
    },
    /// A switch: `-r other.txt`, `--index-url …`, `-e …`.
    Option {
        /// The line, from 1.
        line: usize,
        /// The switch and its value, as they stand.
        text: String,
    },
}

impl PipItem {
    /// What it refers to directly, if it does: also behind `-e`.
    #[must_use]
    pub fn reference(&self) -> Option<DirectReference> {
        match self {
            Self::Requirement(requirement) => requirement.direct().cloned(),
            Self::Unnamed { reference, .. } => Some(reference.clone()),
            Self::Option { text, .. } => {
                let rest = text.strip_prefix("--editable").or_else(|| text.strip_prefix("-e"))?;
                Some(DirectReference::new(rest.trim_start_matches(['=', ' ', '\t']).trim()))
            }
        }
    }
}

impl PipFile {
    /// Reads a requirement file; `origin` is what messages call it.
    ///
    /// # Errors
    /// A line makes no sense; the error names it.
    pub fn parse(content: &[u8], origin: &str) -> Result<Self, SpecError> {
        let text = text_of(content, origin)?;
        Self::read(text).map_err(|flaw| flaw.in_file(origin))
    }

    fn read(text: &str) -> Result<Self, Flaw> {
        let mut items = Vec::new();
        for line in LogicalLines::of(text) {
            items.extend(pip_line::parse(&line)?);
        }
        Ok(Self { items })
    }

    /// The packages that it asks for by name, in order.
    pub fn requirements(&self) -> impl Iterator<Item = &PipRequirement> {
        self.items.iter().filter_map(|item| match item {
            PipItem::Requirement(requirement) => Some(requirement),
            PipItem::Unnamed { .. } | PipItem::Option { .. } => None,
        })
    }
}

/// A line with its continuations, as pip reads it: without comments.
#[derive(Debug)]
pub(super) struct LogicalLine<'a> {
    /// The number of its first line, from 1.
    pub number: usize,
    /// Where its text begins in the file, in bytes.
    pub offset: usize,
    /// Its text, byte for byte as long as in the file: what joins two lines is blanked out.
    pub text: std::borrow::Cow<'a, str>,
}

#[derive(Debug)]
struct LogicalLines<'a> {
    text: &'a str,
    at: usize,
    number: usize,
}

impl<'a> LogicalLines<'a> {
    fn of(text: &'a str) -> Self {
        // A byte order mark is what an editor left, not a name.
        let at = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        Self { text, at, number: 1 }
    }

    /// The end of the line at `from` without its line break, and where the next one begins.
    fn line_end(&self, from: usize) -> (usize, usize) {
        let rest = &self.text[from..];
        let length = rest.find('\n');
        let end = from + length.unwrap_or(rest.len());
        let next = length.map_or(end, |_| end + 1);
        (end, next)
    }
}

impl<'a> Iterator for LogicalLines<'a> {
    type Item = LogicalLine<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let (mut end, mut next) = loop {
            if self.at >= self.text.len() {
                return None;
            }
            let (end, next) = self.line_end(self.at);
            // Of what a solver wrote, most lines say why; they are never continued.
            let first = self.text.as_bytes()[self.at..end].iter().find(|byte| !byte.is_ascii_whitespace());
            if first != Some(&b'#') {
                break (end, next);
            }
            (self.at, self.number) = (next, self.number + 1);
        };
        let (offset, number) = (self.at, self.number);
        let mut joined = false;
        self.number += 1;
        // A comment line is never continued, though it may end a continued one.
        while let line = self.text[offset..end].trim_end_matches('\r')
            && line.ends_with('\\')
            && !last_line(line).trim_start().starts_with('#')
            && next < self.text.len()
        {
            (end, next) = self.line_end(next);
            joined = true;
            self.number += 1;
        }
        self.at = next;
        let raw = &self.text[offset..end];
        // Also the backslash of a last line, which joins nothing.
        let text = if joined || raw.ends_with('\\') { blanked(raw).into() } else { raw.into() };
        Some(LogicalLine { number, offset, text: without_comment(text) })
    }
}

fn last_line(text: &str) -> &str {
    text.rsplit('\n').next().unwrap_or(text)
}

/// `text` with each backslash, carriage return and line break as a blank: spans still fit.
fn blanked(text: &str) -> String {
    text.chars().map(|c| if matches!(c, '\\' | '\n' | '\r') { ' ' } else { c }).collect()
}

/// `text` up to its comment: a `#` at the beginning or behind white space.
fn without_comment(text: std::borrow::Cow<'_, str>) -> std::borrow::Cow<'_, str> {
    let begins = |at: &usize| *at == 0 || text.as_bytes()[at - 1].is_ascii_whitespace();
    let Some(end) = text.match_indices('#').map(|(at, _)| at).find(begins) else { return text };
    match text {
        std::borrow::Cow::Borrowed(text) => text[..end].into(),
        std::borrow::Cow::Owned(mut text) => {
            text.truncate(end);
            text.into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::requirement::PipSource;

    fn parse(text: &str) -> PipFile {
        PipFile::parse(text.as_bytes(), "requirements.txt").unwrap()
    }

    fn refused(text: &str, expected: &str) {
        let message = PipFile::parse(text.as_bytes(), "r.txt").unwrap_err().to_string();
        assert!(message.starts_with(expected), "{message}");
    }

    /// Name, pinned version and line of each requirement.
    fn pins(text: &str) -> Vec<(String, Option<String>, usize)> {
        let file = parse(text);
        let each = file.requirements().map(|r| {
            let version = r.pin().map(ToString::to_string);
            (r.name.to_string(), version, r.line)
        });
        each.collect()
    }

    fn pin(name: &str, version: &str, line: usize) -> (String, Option<String>, usize) {
        (name.to_owned(), Some(version.to_owned()), line)
    }

    #[test]
    fn what_pip_compile_writes_is_read_with_its_lines() {
        let text = "#\n# This file is autogenerated\n#\nAnsiColors==1.1.8\n    # via papermill\n\
                    ruamel.yaml==0.18.6  # via x\n\n# The following packages are considered to be unsafe\n# setuptools\n";
        assert_eq!(pins(text), [pin("ansicolors", "1.1.8", 4), pin("ruamel-yaml", "0.18.6", 6)]);
    }

    #[test]
    fn hashes_on_continuation_lines_belong_to_their_requirement() {
        let text = "a==1.2.3 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\n    # via b\nb==2\n";
        let file = parse(text);
        let hashes: Vec<_> = file.requirements().map(|r| r.hashes.clone()).collect();
        assert_eq!(hashes, [vec!["sha256:aa".to_owned(), "sha256:bb".to_owned()], vec![]]);
        assert_eq!(pins(text), [pin("a", "1.2.3", 1), pin("b", "2", 5)]);
    }

    #[test]
    fn spans_point_into_the_file_also_behind_continuations_and_wide_characters() {
        let text = "# π\r\na [x] == 1.2.3 ; python_version > \"3\"\r\nb==\\\n1.0 # c\n";
        let file = parse(text);
        let spans: Vec<_> = file.requirements().map(|r| &text[r.span.clone()]).collect();
        assert_eq!(spans, ["== 1.2.3", "==\\\n1.0"]);
    }

    #[test]
    fn direct_references_options_and_nameless_items_are_told_apart() {
        let file = parse(
            "--index-url https://x/simple/==1\n-r other.txt\na @ git+https://h/a@v1 ; os_name == 'posix'\n\
             git+https://h/b.git@main\n./local\n-e .\n",
        );
        let kinds: Vec<_> = file
            .items
            .iter()
            .map(|item| match item {
                PipItem::Requirement(PipRequirement { source: PipSource::Direct(r), .. }) => r.url(),
                PipItem::Requirement(_) => "?",
                PipItem::Unnamed { reference, .. } => reference.url(),
                PipItem::Option { text, .. } => text,
            })
            .collect();
        let expected = [
            "--index-url https://x/simple/==1",
            "-r other.txt",
            "git+https://h/a@v1",
            "git+https://h/b.git@main",
            "./local",
            "-e .",
        ];
        assert_eq!(kinds, expected);
    }

    #[test]
    fn a_line_that_makes_no_sense_is_named() {
        refused("a==1\n<!DOCTYPE html>\n", "r.txt:2: ");
        refused("a==1\n\nb==1..2\n", "r.txt:3: ");
        refused("a==1 ; python_version >\n", "r.txt:1: not a marker");
        refused("a b\n", "r.txt:1: ");
        refused("a[\n", "r.txt:1: ");
        refused("a @\n", "r.txt:1: ");
        refused("-\n", "r.txt:1: ");
        let error = PipFile::parse(b"a==1\n\xff\n", "r.txt").unwrap_err();
        assert_eq!(error.to_string(), "r.txt:2: not UTF-8 text");
    }

    /// A plain pin is read without a search for more; what comes of it is the same.
    #[test]
    fn a_plain_pin_means_what_its_specifiers_say() {
        let pins = "==1.2.3 ==1 ==2024a ==1.2.3rc1 ==1.0.post1.dev2 ==v1.0 ==1.2.* ==1.2+cu118";
        for text in pins.split(' ') {
            let file = parse(&format!("a{text}"));
            let read = file.requirements().next().map(|requirement| requirement.source.clone());
            assert_eq!(read, Some(PipSource::Specifiers(text.parse().unwrap())), "{text}");
        }
        refused("a==1.2.3x", "r.txt:1: ");
    }

    #[test]
    fn a_comment_line_is_not_continued_and_a_last_backslash_is_harmless() {
        assert_eq!(pins("# note \\\na==1\n"), [pin("a", "1", 2)]);
        assert_eq!(pins("a==1 \\"), [pin("a", "1", 1)]);
        assert_eq!(pins("\u{feff}a==1"), [pin("a", "1", 1)]);
    }
}
