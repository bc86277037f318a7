//! Logical lines: physical lines joined over their continuations, each byte knowing where it stood.

use std::ops::Range;

/// A physical line of the source.
#[derive(Clone, Debug)]
pub(super) struct Line<'a> {
    /// Without its line end.
    pub(super) text: &'a str,
    /// Where it begins.
    pub(super) start: usize,
    /// Where the next one begins.
    pub(super) end: usize,
}

impl Line<'_> {
    pub(super) fn is_blank(&self) -> bool {
        self.text.trim_start().is_empty()
    }

    pub(super) fn is_comment(&self) -> bool {
        self.text.trim_start().starts_with('#')
    }
}

/// The lines of `text`. A byte order mark is no part of the first one.
pub(super) fn lines(text: &str) -> Vec<Line<'_>> {
    let mut start = 0;
    let pieces = text.split_inclusive('\n').map(|piece| {
        let begin = start;
        start += piece.len();
        let bare = piece.trim_end_matches(['\n', '\r']);
        let marked = if begin == 0 { bare.strip_prefix('\u{feff}') } else { None };
        let text = marked.unwrap_or(bare);
        Line { text, start: begin + (bare.len() - text.len()), end: start }
    });
    pieces.collect()
}

/// The escape character that the directives at the top choose: a backslash, or a backtick.
pub(super) fn escape(lines: &[Line<'_>]) -> char {
    for line in lines {
        // Anything but `# name=value` ends the directives.
        let Some(directive) = line.text.strip_prefix('#') else { break };
        let Some((name, value)) = directive.split_once('=') else { break };
        if name.trim().eq_ignore_ascii_case("escape") {
            return if value.trim() == "`" { '`' } else { '\\' };
        }
        if !name.trim().bytes().all(|b| b.is_ascii_alphanumeric()) {
            break;
        }
    }
    '\\'
}

/// An instruction's text as the builder sees it, and where each byte of it stands in the source.
#[derive(Debug, Default)]
pub(super) struct Logical {
    pub(super) text: String,
    at: Vec<usize>,
}

impl Logical {
    /// Appends the `text` that stands at `start`, without a continuation mark at its end; tells
    /// whether there was one. Two escape characters in a row are no continuation.
    pub(super) fn push(&mut self, text: &str, start: usize, escape: char) -> bool {
        let unpadded = text.trim_end_matches([' ', '\t']);
        let body = unpadded.strip_suffix(escape).filter(|body| !body.ends_with(escape));
        let kept = body.unwrap_or(text);
        self.text.push_str(kept);
        self.at.extend(start..start + kept.len());
        body.is_some()
    }

    /// Where in the source the logical bytes `range` stand, from the first to the last. An empty
    /// range stands behind the byte before it.
    pub(super) fn source(&self, range: Range<usize>) -> Range<usize> {
        let behind = |at: usize| at.checked_sub(1).map_or(0, |before| self.at[before] + 1);
        if range.is_empty() {
            let at = behind(range.start);
            return at..at;
        }
        self.at[range.start]..behind(range.end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: char) {
        assert_eq!(escape(&lines(text)), expected, "{text:?}");
    }

    #[test]
    fn the_escape_directive_counts_at_the_top_only() {
        check("# escape=`\nFROM a", '`');
        check("#ESCAPE = `\r\nFROM a", '`');
        check("# check=skip=all\n# escape=`\n", '`');
        check("# a comment\n# escape=`\n", '\\');
        check("\n# escape=`\n", '\\');
        check("FROM a\n# escape=`\n", '\\');
    }

    #[test]
    fn every_byte_knows_its_place() {
        let mut logical = Logical::default();
        assert!(logical.push("RUN \\ ", 10, '\\'));
        assert!(!logical.push("echo", 30, '\\'));
        assert_eq!(logical.text, "RUN echo");
        assert_eq!(logical.source(0..3), 10..13);
        assert_eq!(logical.source(4..8), 30..34);
        assert_eq!(logical.source(3..3), 13..13);
        assert!(!logical.push(r"a\\", 0, '\\'), "an escaped escape character ends nothing");
    }
}
