//! The comments at the top of a lock that say how it was made. They are pip's own comments, so
//! whoever edits pins leaves them alone.

use std::fmt;

use common::digest::Digest;

use crate::specs::Specs;

const CUTOFF: &str = "# Index cut-off: ";
const INPUTS: &str = "# Inputs: ";
const MADE: &str = "# This file was made for Python ";

/// How a lock was made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Header {
    /// For which Python, and by what: `3.11`, `uv 0.9.3`.
    pub made: Option<(String, String)>,
    /// The moment as of which indexes were asked: what a solver was told, or the build that it was part of.
    pub cutoff: Option<String>,
    /// The digest of the files that were solved.
    pub inputs: Option<Digest>,
}

impl Header {
    /// What the comments at the top of `text` say.
    pub(crate) fn read(text: &str) -> Self {
        let mut header = Self::default();
        for line in text.lines().take_while(|line| line.starts_with('#') || line.trim().is_empty()) {
            if let Some((python, solver)) = line.strip_prefix(MADE).and_then(|rest| rest.split_once(" by ")) {
                header.made = Some((python.to_owned(), solver.trim_end_matches('.').to_owned()));
            } else if let Some(cutoff) = line.strip_prefix(CUTOFF) {
                header.cutoff = Some(cutoff.to_owned());
            } else if let Some(inputs) = line.strip_prefix(INPUTS) {
                header.inputs = inputs.parse().ok();
            }
        }
        header
    }

    /// `text` with this said at its top, in the place of what was said there; the rest is as it was.
    pub(crate) fn put(&self, text: &str) -> String {
        let ours = |line: &&str| [MADE, CUTOFF, INPUTS].iter().any(|start| line.starts_with(start));
        let top = text.split_inclusive('\n').take_while(|line| line.starts_with('#')).count();
        let lines = text.split_inclusive('\n').enumerate();
        let rest = lines.filter(|(at, line)| *at >= top || !ours(line)).map(|(_, line)| line);
        format!("{self}{}", rest.collect::<String>())
    }
}

impl fmt::Display for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((python, solver)) = &self.made {
            writeln!(f, "{MADE}{python} by {solver}.")?;
        }
        if let Some(cutoff) = &self.cutoff {
            writeln!(f, "{CUTOFF}{cutoff}")?;
        }
        if let Some(inputs) = &self.inputs {
            writeln!(f, "{INPUTS}{inputs}")?;
        }
        Ok(())
    }
}

/// The digest of what is solved: names and content of the files, in order.
pub(crate) fn digest_of(specs: &Specs) -> Digest {
    let mut all = Vec::new();
    for file in &specs.files {
        all.extend_from_slice(format!("{} {}\n", file.shown, file.bytes.len()).as_bytes());
        all.extend_from_slice(&file.bytes);
    }
    Digest::of(&all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_read_back_and_said_once() {
        let header = Header {
            made: Some(("3.11".to_owned(), "uv 0.9.3".to_owned())),
            cutoff: Some("2024-08-05T00:00:00Z".to_owned()),
            inputs: Some(Digest::of(b"")),
        };
        let text = header.put("#    pip-compile x\na==1\n# Inputs: not at the top\n");
        assert_eq!(Header::read(&text), header);
        assert_eq!(header.put(&text), text);
        assert!(text.ends_with("\n#    pip-compile x\na==1\n# Inputs: not at the top\n"), "{text}");
        assert_eq!(Header::read("#\n# by pip-compile with Python 3.11\n"), Header::default());
    }
}
