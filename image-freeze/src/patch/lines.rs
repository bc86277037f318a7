//! The lines of a file, with changes to some of them, as a patch.

use std::ops::Range;

use crate::hunks::{self, Edit};

/// The lines of a file, from 0, and what is to become of them.
#[derive(Debug)]
pub(super) struct Lines<'t> {
    text: &'t str,
    all: Vec<&'t str>,
    /// Not overlapping.
    edits: Vec<Edit>,
}

impl<'t> Lines<'t> {
    /// The lines of `content`; none if it is not text, which no specs are that were understood.
    pub(super) fn of(content: &'t [u8]) -> Self {
        let text = std::str::from_utf8(content).unwrap_or_default();
        Self { text, all: text.split_inclusive('\n').collect(), edits: Vec::new() }
    }

    /// How many there are.
    pub(super) const fn len(&self) -> usize {
        self.all.len()
    }

    /// Line `at`, with its end.
    pub(super) fn line(&self, at: usize) -> &'t str {
        self.all.get(at).copied().unwrap_or_default()
    }

    /// Where line `at` begins, in bytes.
    pub(super) fn start(&self, at: usize) -> usize {
        self.all.iter().take(at).map(|line| line.len()).sum()
    }

    /// The text of `range`, in bytes.
    pub(super) fn slice(&self, range: Range<usize>) -> &'t str {
        self.text.get(range).unwrap_or_default()
    }

    /// Puts `line` (without its end) in the place of `lines`, if it is another.
    pub(super) fn replace(&mut self, lines: Range<usize>, line: String) {
        if lines.len() != 1 || self.line(lines.start).trim_end_matches(['\n', '\r']) != line {
            self.edit(lines, vec![line + "\n"]);
        }
    }

    fn edit(&mut self, lines: Range<usize>, with: Vec<String>) {
        self.edits.push(Edit { at: lines.start, count: lines.len(), lines: with });
    }

    /// Takes `lines` out.
    pub(super) fn remove(&mut self, lines: Range<usize>) {
        self.edit(lines, Vec::new());
    }

    /// Puts `line` (without its end) before line `at`.
    pub(super) fn insert(&mut self, at: usize, line: String) {
        self.edit(at..at, vec![line + "\n"]);
    }

    /// The patch to the file at `file`; empty if nothing is to change.
    pub(super) fn patch(mut self, file: &str) -> String {
        // Stable: what is inserted at one place stays in order.
        self.edits.sort_by_key(|edit| (edit.at, edit.count));
        hunks::unified(file, self.text, &self.edits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_near_to_each_other_share_a_hunk() {
        let text = (1..=20).map(|n| n.to_string()).collect::<Vec<_>>().join("\n") + "\n";
        let mut lines = Lines::of(text.as_bytes());
        lines.insert(20, "end".to_owned());
        lines.replace(1..2, "two".to_owned());
        lines.remove(4..6);
        let expected = "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1,9 +1,7 @@\n 1\n-2\n+two\n 3\n 4\n-5\n-6\n 7\n 8\n 9\n\
                        @@ -18,3 +16,4 @@\n 18\n 19\n 20\n+end\n";
        assert_eq!(lines.patch("x"), expected);
    }

    #[test]
    fn a_last_line_without_an_end_gets_one_where_something_follows() {
        let mut lines = Lines::of(b"a\nb");
        lines.insert(2, "c".to_owned());
        let expected = "diff --git a/x y b/x y\n--- a/x y\t\n+++ b/x y\t\n@@ -1,2 +1,3 @@\n a\n-b\n\\ No newline at \
             end of file\n+b\n+c\n";
        assert_eq!(lines.patch("x y"), expected);
        assert_eq!(Lines::of(b"a\n").patch("x"), "");
    }
}
