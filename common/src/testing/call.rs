//! A call of a fake engine, as it noted it.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use crate::shell;

/// One call of a fake engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// `docker`, `podman` or `buildah`.
    pub program: String,
    /// Where it ran.
    pub dir: PathBuf,
    /// `DOCKER_BUILDKIT`, `DOCKER_HOST` and `DOCKER_CONTEXT`, where they were set.
    pub env: BTreeMap<String, String>,
    /// Its arguments.
    pub args: Vec<String>,
}

impl Call {
    /// The first argument: `build`, `run`, …
    #[must_use]
    pub fn verb(&self) -> &str {
        self.args.first().map_or("", String::as_str)
    }

    pub(super) fn is_work(&self) -> bool {
        const LOOKS: [&str; 17] = [
            "version",
            "--version",
            "buildx",
            "image",
            "images",
            "inspect",
            "create",
            "from",
            "cp",
            "export",
            "mount",
            "rm",
            "kill",
            "ps",
            "containers",
            "save",
            "push",
        ];
        !LOOKS.contains(&self.verb())
    }

    /// The value of the argument `name`: the word behind it.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&str> {
        let at = self.args.iter().position(|word| word == name)?;
        self.args.get(at + 1).map(String::as_str)
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.program)?;
        let mut words = self.args.iter().peekable();
        while let Some(word) = words.next() {
            let next = words.peek().map_or("", |w| w.as_str());
            let is_ours = (word == "--name" && next.starts_with("image-tools-"))
                || (word == "--label" && next.starts_with("image-tools"));
            if is_ours {
                words.next();
            } else {
                write!(f, " {}", shell::quote(word))?;
            }
        }
        Ok(())
    }
}
