//! Values that no engine takes. They are refused where they are typed, and before anything runs: an engine
//! says so late, and in other words.

use thiserror::Error;

use super::{BaseImage, Settings};
use crate::fault::{Fault, Status};

/// A setting that cannot work.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{name} is {value:?}: {why}")]
pub struct BadValue {
    /// The variable that stands for it.
    pub name: &'static str,
    value: String,
    why: &'static str,
}

impl Fault for BadValue {
    fn status(&self) -> Status {
        Status::Settings
    }

    fn hint(&self) -> Option<String> {
        Some(format!(
            "image-configure MISSION, with another {}, or correct it where setup-env exports it",
            self.name
        ))
    }
}

const PREFIX: &str =
    "image names begin with lower-case letters and digits, and single `.`, `_`, `-` or `/` between them";
const TAG: &str =
    "a tag is up to 128 letters, digits, `_`, `.` and `-`, and begins with none of the last two";
const REFERENCE: &str = "an image's name has no blanks, and does not begin with `-`";
const DIRECTORY: &str = "a cache directory is an absolute path without blanks and commas";
const NETWORK: &str =
    "a network's name has no blanks, and does not begin with `-`; for the engine's own, leave it out";

impl Settings {
    /// Looks at the values that become parts of engine calls.
    ///
    /// # Errors
    /// The first that no engine takes.
    pub fn check(&self) -> Result<(), BadValue> {
        let bad = |name, value: &str, why| Err(BadValue { name, value: value.to_owned(), why });
        if !is_prefix(self.image_prefix()) {
            return bad("IMAGE_PREFIX", self.image_prefix(), PREFIX);
        }
        if !is_tag(&self.notebook_tag) {
            return bad("NOTEBOOK_TAG", &self.notebook_tag, TAG);
        }
        if let Some(BaseImage::Reference(reference)) = &self.base_image
            && !is_word(reference)
        {
            return bad("BASE_IMAGE", reference, REFERENCE);
        }
        if !is_word(&self.base_notebook) {
            return bad("BASE_NOTEBOOK", &self.base_notebook, REFERENCE);
        }
        for (name, dirs) in
            [("USER_CACHE_DIRS", &self.user_cache_dirs), ("SYSTEM_CACHE_DIRS", &self.system_cache_dirs)]
        {
            let is_dir = |dir: &str| is_word(dir) && dir.starts_with('/') && !dir.contains(',');
            if let Some(dir) = dirs.iter().find(|dir| !is_dir(dir)) {
                return bad(name, dir, DIRECTORY);
            }
        }
        match self.network.as_deref() {
            Some(network) if !is_word(network) => bad("the network", network, NETWORK),
            _ => Ok(()),
        }
    }
}

fn is_prefix(name: &str) -> bool {
    let plain = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    name.split(['.', '_', '-', '/']).all(plain)
}

fn is_tag(tag: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    !tag.is_empty() && tag.len() <= 128 && !tag.starts_with(['.', '-']) && tag.bytes().all(is_part)
}

fn is_word(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with('-')
        && !text.contains(|c: char| c.is_whitespace() || c.is_control())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    /// Changes one setting, and says of which the complaint is.
    fn complaint(change: impl FnOnce(&mut Settings)) -> Option<&'static str> {
        let mut settings = Settings::new(Path::new("/r"), "roman".parse().unwrap());
        change(&mut settings);
        settings.check().err().map(|bad| bad.name)
    }

    #[test]
    fn what_people_configure_is_fine() {
        assert_eq!(complaint(|_| ()), None);
        for reference in ["bootstrap", "127.0.0.1:5000/a/b:1", "a@sha256:00"] {
            assert_eq!(complaint(|s| s.base_image = Some(reference.to_owned().into())), None, "{reference}");
        }
        assert_eq!(complaint(|s| s.notebook_tag = "2024.1_a-B".to_owned()), None);
        assert_eq!(complaint(|s| s.network = Some("host".to_owned())), None);
    }

    /// A build found out when the base was there, after an hour.
    #[test]
    fn what_no_engine_takes_is_refused_by_the_name_of_its_variable() {
        for tag in ["", "a b", "-x", ".x", "a:b", "a/b"] {
            assert_eq!(complaint(|s| s.notebook_tag = tag.to_owned()), Some("NOTEBOOK_TAG"), "{tag:?}");
        }
        for reference in ["", "a b", "--all", "a\n"] {
            let base = Some(BaseImage::Reference(reference.to_owned()));
            assert_eq!(complaint(|s| s.base_image = base), Some("BASE_IMAGE"), "{reference:?}");
            assert_eq!(complaint(|s| s.base_notebook = reference.to_owned()), Some("BASE_NOTEBOOK"));
            let network = Some(reference.to_owned());
            assert_eq!(complaint(|s| s.network = network), Some("the network"), "{reference:?}");
        }
        for dir in ["", "relative", "/a b", "/a,readonly"] {
            assert_eq!(
                complaint(|s| s.user_cache_dirs.push(dir.to_owned())),
                Some("USER_CACHE_DIRS"),
                "{dir:?}"
            );
            assert_eq!(complaint(|s| s.system_cache_dirs.push(dir.to_owned())), Some("SYSTEM_CACHE_DIRS"));
        }
        for prefix in ["", "Mine", "a--b", "-a", "a b", "a/"] {
            let export =
                |s: &mut Settings| _ = s.exports.insert("IMAGE_PREFIX".to_owned(), prefix.to_owned());
            assert_eq!(complaint(export), Some("IMAGE_PREFIX"), "{prefix:?}");
        }
        let bad = BadValue { name: "A", value: "b c".to_owned(), why: "so" };
        assert_eq!((bad.to_string().as_str(), bad.status().code()), ("A is \"b c\": so", 78));
        assert!(bad.hint().unwrap().contains("image-configure MISSION, with another A"));
    }
}
