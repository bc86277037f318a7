//! What a solver is asked.

use common::requirement::{CondaFile, CondaSpec};
use common::settings::Platform;

use crate::target::Glibc;

/// What a solver is asked.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    /// Where packages are looked for: addresses, or names that the solver must know.
    pub channels: Vec<String>,
    /// What is asked for, each as conda writes it.
    pub specs: Vec<String>,
    /// The machine of the image.
    pub platform: Platform,
    /// Its C library.
    pub glibc: Glibc,
    /// Whether the lowest versions that the specs allow are wanted; not every solver can.
    pub lowest: bool,
    /// Whether only what is here already is looked at.
    pub offline: bool,
}

impl Question {
    /// conda's name of the platform.
    pub(super) const fn subdirectory(&self) -> &'static str {
        match self.platform {
            Platform::Amd64 => "linux-64",
            Platform::Aarch64 => "linux-aarch64",
        }
    }
}

/// What `file`, whose text is `text`, says of `spec`, as it stands there.
pub(crate) fn as_written(spec: &CondaSpec, text: &str) -> Option<String> {
    let item = text.lines().nth(spec.line.checked_sub(1)?)?.trim_start().strip_prefix('-')?;
    Some(item.split(" #").next()?.trim().trim_matches(['"', '\'']).to_owned())
}

/// All that `file`, whose text is `text`, asks for, as it stands there.
pub(crate) fn all_as_written(file: &CondaFile, text: &str) -> Vec<String> {
    file.conda.iter().filter_map(|spec| as_written(spec, text)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn specs_are_asked_for_as_they_stand() {
        let text = "channels:\n  - c\ndependencies:\n  - python~=3.11.0  # why\n  - \"fftw>=3\"\n  - pip\n";
        let file = CondaFile::parse(text.as_bytes(), "x").unwrap();
        assert_eq!(all_as_written(&file, text), ["python~=3.11.0", "fftw>=3", "pip"]);
    }
}
