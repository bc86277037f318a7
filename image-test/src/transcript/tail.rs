//! The last lines of some output, within bounds: a notebook may print without end.

use std::collections::VecDeque;

/// As many lines as a long traceback has.
const LINES: usize = 100;
/// As wide as a line is still of use to people, in characters.
const WIDTH: usize = 2000;

/// How a traceback begins.
const TRACEBACK: &str = "Traceback (most recent call last)";

/// The last lines of some output.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tail {
    lines: VecDeque<String>,
    dropped: usize,
}

impl Tail {
    /// Nothing so far.
    pub(crate) const fn new() -> Self {
        Self { lines: VecDeque::new(), dropped: 0 }
    }

    /// Takes in one line.
    pub(crate) fn push(&mut self, line: &str) {
        let line = line.trim_end();
        // Blank lines are worth keeping between others only.
        if line.is_empty() && self.lines.back().is_none_or(String::is_empty) {
            return;
        }
        if self.lines.len() == LINES {
            self.lines.pop_front();
            self.dropped += 1;
        }
        self.lines.push_back(line.chars().take(WIDTH).collect());
    }

    /// Takes in all that another one kept.
    pub(crate) fn extend(&mut self, other: &Self) {
        self.dropped += other.dropped;
        for line in &other.lines {
            self.push(line);
        }
    }

    /// Forgets all.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// The text, if there is any, without blank lines at its end.
    pub(crate) fn text(&self) -> Option<String> {
        let lines: Vec<&str> = self.lines.iter().map(String::as_str).collect();
        let text = lines.join("\n").trim_end().to_owned();
        match self.dropped {
            _ if text.is_empty() => None,
            0 => Some(text),
            n => Some(format!("[{n} lines before]\n{text}")),
        }
    }

    /// The lines, last one first.
    pub(crate) fn lines_from_end(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().rev().map(String::as_str)
    }

    /// The last line that is not blank.
    pub(crate) fn last(&self) -> Option<&str> {
        self.lines_from_end().find(|line| !line.is_empty())
    }

    /// Whether it says why `module` cannot be imported: by a traceback, or by the module's name.
    pub(crate) fn is_reason(&self, module: &str) -> bool {
        let names = |line: &String| line.strip_prefix(module).is_some_and(|rest| rest.starts_with(':'));
        self.has_traceback() || self.lines.iter().any(names)
    }

    /// Whether a Python traceback begins in it at the start of a line.
    pub(crate) fn has_traceback(&self) -> bool {
        self.lines.iter().any(|line| line.starts_with(TRACEBACK))
    }
}

impl Tail {
    /// Whether it ends inside a traceback, before the line that names the exception.
    pub(crate) fn is_open_traceback(&self) -> bool {
        let is_inside = |line: &str| is_frame(line) || line.starts_with(TRACEBACK);
        self.has_traceback() && self.last().is_some_and(is_inside)
    }

    /// Takes the rest of somebody else's traceback off its beginning: frames, and the exception.
    pub(crate) fn split_off_traceback(&mut self) -> Self {
        let frames = self.lines.iter().take_while(|line| is_frame(line)).count();
        let rest = if frames == 0 { 0 } else { (frames + 1).min(self.lines.len()) };
        Self { lines: self.lines.drain(..rest).collect(), dropped: 0 }
    }
}

fn is_frame(line: &str) -> bool {
    line.starts_with("  ")
}

/// A finding of ours, and below it what was printed.
pub(crate) fn detail(finding: &str, text: &Tail) -> String {
    text.text().map_or_else(|| finding.to_owned(), |text| format!("{finding}\n{text}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tail(lines: &[&str]) -> Tail {
        let mut tail = Tail::default();
        for line in lines {
            tail.push(line);
        }
        tail
    }

    #[test]
    fn blank_lines_are_kept_only_between_others() {
        assert_eq!(tail(&["", "a", "", " ", "b", ""]).text().as_deref(), Some("a\n\nb"));
        assert_eq!(tail(&["", " "]).text(), None);
        assert_eq!(tail(&["a", ""]).last(), Some("a"));
    }

    #[test]
    fn endless_output_leaves_its_last_lines_and_says_so() {
        let lines: Vec<String> = (0..250).map(|n| n.to_string()).collect();
        let text = tail(&lines.iter().map(String::as_str).collect::<Vec<_>>()).text().unwrap();
        assert!(text.starts_with("[150 lines before]\n150\n") && text.ends_with("\n249"), "{text}");
        assert_eq!(tail(&["x".repeat(10_000).as_str()]).text().unwrap().len(), WIDTH);
    }

    #[test]
    fn a_finding_comes_first() {
        assert_eq!(detail("it ended", &tail(&["a"])), "it ended\na");
        assert_eq!(detail("it ended", &Tail::default()), "it ended");
    }
}
