//! Names of Python packages, which have many spellings and one normal form.

use std::fmt;

/// The name of a Python package in its normal form (PEP 503): lower case, runs of `-`, `_` and `.`
/// as one `-`. `Ruamel.Yaml` and `ruamel_yaml` are one package.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PackageName(String);

impl PackageName {
    /// The normal form of `text`; `None` if it cannot name a package (PEP 508).
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let ends =
            bytes.first()?.is_ascii_alphanumeric() && bytes.last().is_some_and(u8::is_ascii_alphanumeric);
        if !ends || !bytes.iter().all(|b| is_name_byte(*b)) {
            return None;
        }
        // As nearly all stand in a lock.
        let is_normal = bytes.iter().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        if is_normal && !bytes.windows(2).any(|pair| pair == b"--") {
            return Some(Self(text.to_owned()));
        }
        let mut normal = String::with_capacity(text.len());
        let mut behind_dash = false;
        for byte in bytes {
            let is_dash = matches!(byte, b'-' | b'_' | b'.');
            if !is_dash {
                normal.push(char::from(byte.to_ascii_lowercase()));
            } else if !behind_dash {
                normal.push('-');
            }
            behind_dash = is_dash;
        }
        Some(Self(normal))
    }

    /// The normal form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PackageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether `byte` can stand in a package name.
pub(super) const fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')
}

#[cfg(test)]
mod tests {
    use super::PackageName;

    #[test]
    fn spellings_of_one_name_are_equal() {
        for text in ["Ruamel.Yaml", "ruamel_yaml", "ruamel--yaml", "RUAMEL-._yaml"] {
            assert_eq!(PackageName::new(text).unwrap().as_str(), "ruamel-yaml", "{text}");
        }
    }

    #[test]
    fn what_cannot_be_a_name_is_none() {
        for text in ["", "-a", "a-", "a b", "a/b", "ä"] {
            assert_eq!(PackageName::new(text), None, "{text:?}");
        }
    }
}
