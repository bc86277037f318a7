//! What one thing that goes into an image is called.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The setting that says up to when releases count.
pub(super) const CUTOFF: &str = "index cut-off";

/// One thing that goes into an image. Its text is the same for people and in files.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", from = "String")]
pub(crate) enum Input {
    /// The text of the Dockerfile.
    Dockerfile,
    /// A file or link of the context, by its path there.
    File(String),
    /// A build argument.
    Argument(String),
    /// The image below.
    Base,
    /// Anything else that a person sets.
    Setting(String),
}

impl Input {
    /// The setting `name`.
    pub(crate) fn setting(name: &str) -> Self {
        Self::Setting(name.to_owned())
    }
}

impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dockerfile => f.write_str("Dockerfile"),
            Self::File(path) => write!(f, "file {path}"),
            Self::Argument(name) => write!(f, "argument {name}"),
            Self::Base => f.write_str("base"),
            Self::Setting(name) => f.write_str(name),
        }
    }
}

impl From<Input> for String {
    fn from(input: Input) -> Self {
        input.to_string()
    }
}

impl From<String> for Input {
    fn from(text: String) -> Self {
        match text.split_once(' ') {
            Some(("file", path)) => Self::File(path.to_owned()),
            Some(("argument", name)) => Self::Argument(name.to_owned()),
            _ if text == "Dockerfile" => Self::Dockerfile,
            _ if text == "base" => Self::Base,
            _ => Self::Setting(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_input_is_read_as_it_was_written() {
        let all = [
            Input::Dockerfile,
            Input::File("a b/c".to_owned()),
            Input::Argument("X".to_owned()),
            Input::Base,
            Input::setting("cache directories"),
        ];
        for input in all {
            assert_eq!(Input::from(String::from(input.clone())), input);
        }
    }
}
