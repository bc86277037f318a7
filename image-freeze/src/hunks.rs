//! Changes of a text file as `git apply` takes them.

use std::fmt::Write as _;

/// How many unchanged lines are shown around a change.
const CONTEXT: usize = 3;

/// Lines that give way to others: `count` lines from the one at `at` (from 0) become `lines`, which
/// end as lines do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Edit {
    /// The first line that goes, or before which something comes.
    pub at: usize,
    /// How many go.
    pub count: usize,
    /// What comes, each with its line end.
    pub lines: Vec<String>,
}

/// `text` with `edits`, which are in order and do not overlap.
pub(crate) fn applied(text: &str, edits: &[Edit]) -> String {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let mut result = String::with_capacity(text.len() + 256);
    let mut at = 0;
    for edit in edits {
        result.extend(lines[at..edit.at].iter().copied());
        // A last line without an end gets one before something follows it.
        if !edit.lines.is_empty() && !result.is_empty() && !result.ends_with('\n') {
            result.push('\n');
        }
        result.extend(edit.lines.iter().map(String::as_str));
        at = edit.at + edit.count;
    }
    result.extend(lines[at..].iter().copied());
    result
}

/// `edits` of the file `file`, whose text is `text`, as a patch; empty without edits.
pub(crate) fn unified(file: &str, text: &str, edits: &[Edit]) -> String {
    if edits.is_empty() {
        return String::new();
    }
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let edits = &ended(&lines, edits);
    // A name with a blank in it ends at a tab.
    let end = if file.contains(' ') { "\t" } else { "" };
    let mut patch = format!("diff --git a/{file} b/{file}\n--- a/{file}{end}\n+++ b/{file}{end}\n");
    let mut shift = 0_isize;
    for hunk in hunks(edits) {
        let (first, last) = (&hunk[0], &hunk[hunk.len() - 1]);
        let begins = first.at.saturating_sub(CONTEXT);
        let ends = (last.at + last.count + CONTEXT).min(lines.len());
        let grows: isize = hunk.iter().map(|edit| signed(edit.lines.len()) - signed(edit.count)).sum();
        let old = ends - begins;
        // The number of the first line; of a hunk without lines, that of the line before it.
        let number = |from: isize, count: isize| if count == 0 { from } else { from + 1 };
        let (from, new) = (signed(begins), signed(old) + grows);
        _ = writeln!(
            patch,
            "@@ -{},{old} +{},{new} @@",
            number(from, signed(old)),
            number(from + shift, new)
        );
        body(&mut patch, &lines, (begins, ends), hunk);
        shift += grows;
    }
    patch
}

/// `edits` with one more if something comes behind a last line without an end: it gets one.
fn ended(lines: &[&str], edits: &[Edit]) -> Vec<Edit> {
    let mut edits = edits.to_vec();
    let unended = lines.last().filter(|line| !line.ends_with('\n'));
    let last = lines.len().saturating_sub(1);
    let first_behind = edits.iter().position(|edit| edit.at > last);
    let is_edited = edits.iter().any(|edit| (edit.at..edit.at + edit.count).contains(&last));
    if let (Some(line), Some(at), false) = (unended, first_behind, is_edited) {
        edits.insert(at, Edit { at: last, count: 1, lines: vec![format!("{line}\n")] });
    }
    edits
}

fn body(patch: &mut String, lines: &[&str], (begins, ends): (usize, usize), hunk: &[Edit]) {
    let mut at = begins;
    for edit in hunk {
        lines[at..edit.at].iter().for_each(|line| push(patch, ' ', line));
        at = edit.at + edit.count;
        lines[edit.at..at].iter().for_each(|line| push(patch, '-', line));
        edit.lines.iter().for_each(|line| push(patch, '+', line));
    }
    lines[at..ends].iter().for_each(|line| push(patch, ' ', line));
}

/// Edits whose surroundings touch, together.
fn hunks(edits: &[Edit]) -> Vec<&[Edit]> {
    edits.chunk_by(|one, next| next.at <= one.at + one.count + 2 * CONTEXT).collect()
}

fn push(patch: &mut String, sign: char, line: &str) {
    patch.push(sign);
    patch.push_str(line);
    if !line.ends_with('\n') {
        patch.push_str("\n\\ No newline at end of file\n");
    }
}

fn signed(n: usize) -> isize {
    isize::try_from(n).unwrap_or(isize::MAX)
}

#[cfg(test)]
mod tests {
    use common::console::Console;
    use common::process::{self, Invocation};

    use super::*;

    fn edit(at: usize, count: usize, lines: &[&str]) -> Edit {
        Edit { at, count, lines: lines.iter().map(|line| format!("{line}\n")).collect() }
    }

    /// git itself is the judge: the patch applied to the old text is the new text.
    fn check(text: &str, edits: &[Edit]) {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("f.txt"), text).unwrap();
        std::fs::write(dir.path().join("p"), unified("f.txt", text, edits)).unwrap();
        let call = Invocation::new("git").args(["apply", "--whitespace=nowarn", "p"]).dir(dir.path());
        process::text(&call.env("GIT_DIR", "/nonexistent"), &Console::silent()).unwrap();
        let applied = std::fs::read_to_string(dir.path().join("f.txt")).unwrap();
        assert_eq!(applied, super::applied(text, edits));
    }

    #[test]
    fn git_applies_what_is_written() {
        let text: String =
            (1..=40).flat_map(|n| ["line ".to_owned(), n.to_string(), "\n".to_owned()]).collect();
        check(&text, &[edit(0, 1, &["first"])]);
        check(&text, &[edit(10, 1, &["a", "b"]), edit(14, 2, &[]), edit(30, 0, &["c"])]);
        check(&text, &[edit(39, 1, &["last"]), edit(40, 0, &["further"])]);
        check(&text, &[edit(5, 3, &["x"]), edit(15, 0, &["y", "z"])]);
    }

    #[test]
    fn a_last_line_without_an_end_is_no_obstacle() {
        check("a\nb", &[edit(0, 1, &["x"])]);
        check("a\nb", &[edit(1, 1, &["x"])]);
        check("a\nb", &[edit(0, 1, &["x"]), edit(2, 0, &["c"])]);
        assert_eq!(unified("f", "a\n", &[]), "");
    }
}
