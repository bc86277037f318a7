//! One package as conda names it: `channel::name=version=build`.

use super::{Span, shown};

/// A conda package, and what is asked of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CondaSpec {
    /// The line, from 1.
    pub line: usize,
    /// The channel it must come from, if one is named.
    pub channel: Option<String>,
    /// Its name, in lower case as conda compares it.
    pub name: String,
    /// Which version.
    pub constraint: CondaConstraint,
}

/// What is asked of a conda package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CondaConstraint {
    /// Any version.
    Any,
    /// One version, as `name=version` or `name==version`; in an exported file both mean just that one.
    Exact {
        /// The version.
        version: String,
        /// The build, if one is named.
        build: Option<String>,
        /// Where the operator stands in the file: `=` or `==`.
        operator: Span,
    },
    /// Anything else, as it stands.
    Other(String),
}

impl CondaSpec {
    /// The one version that it allows, if there is just one.
    #[must_use]
    pub fn pin(&self) -> Option<&str> {
        match &self.constraint {
            CondaConstraint::Exact { version, .. } => Some(version),
            CondaConstraint::Any | CondaConstraint::Other(_) => None,
        }
    }

    /// Reads `text`, which stands on `line` at `offset` in its file.
    ///
    /// # Errors
    /// It is no package; the message says why.
    pub(super) fn parse(text: &str, line: usize, offset: usize) -> Result<Self, String> {
        let (channel, rest) = match text.split_once("::") {
            Some((channel, rest)) => (Some(channel.to_owned()), rest),
            None => (None, text),
        };
        let length = rest.bytes().take_while(|b| is_name_byte(*b)).count();
        let (name, asked) = rest.split_at(length);
        let is_name = name.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
        let follows = asked.is_empty() || asked.starts_with([' ', '=', '<', '>', '!', '~', '[']);
        if !is_name || !follows {
            return Err(format!("not a conda package: {}", shown(text)));
        }
        let offset = offset + text.len() - asked.len();
        let constraint = constraint(asked, offset)?;
        Ok(Self { line, channel, name: name.to_ascii_lowercase(), constraint })
    }
}

fn constraint(asked: &str, offset: usize) -> Result<CondaConstraint, String> {
    let trimmed = asked.trim_start();
    if trimmed.is_empty() {
        return Ok(CondaConstraint::Any);
    }
    let offset = offset + asked.len() - trimmed.len();
    let width = trimmed.bytes().take_while(|b| *b == b'=').count();
    let mut parts = trimmed[width..].trim_start().splitn(2, ['=', ' ']);
    let version = parts.next().unwrap_or_default();
    let build = parts.next().map(str::trim);
    if width > 0 && (width > 2 || version.is_empty()) {
        return Err(format!("no version after `=`: {}", shown(trimmed)));
    }
    // `1.2.*`, `1.2|1.3` and `>=1` are no single version.
    let single = width > 0 && version.bytes().all(is_version_byte) && build.is_none_or(is_build);
    if !single {
        return Ok(CondaConstraint::Other(trimmed.to_owned()));
    }
    Ok(CondaConstraint::Exact {
        version: version.to_owned(),
        build: build.filter(|b| !b.is_empty()).map(str::to_owned),
        operator: offset..offset + width,
    })
}

const fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')
}

const fn is_version_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'+' | b'!')
}

fn is_build(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<(&str, &str, Option<&str>)>) {
        let spec = CondaSpec::parse(text, 1, 100).unwrap();
        let found = match &spec.constraint {
            CondaConstraint::Exact { version, build, operator } => {
                assert!(text[operator.start - 100..operator.end - 100].bytes().all(|b| b == b'='), "{text}");
                Some((spec.name.as_str(), version.as_str(), build.as_deref()))
            }
            CondaConstraint::Any | CondaConstraint::Other(_) => None,
        };
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn what_names_one_version_is_a_pin() {
        check("libedit=3.1.20191231", Some(("libedit", "3.1.20191231", None)));
        check("_libgcc_mutex=0.1", Some(("_libgcc_mutex", "0.1", None)));
        check("tzdata=2024a", Some(("tzdata", "2024a", None)));
        check("e=1.2.3=h123_0", Some(("e", "1.2.3", Some("h123_0"))));
        check("i==1.2.3", Some(("i", "1.2.3", None)));
        check("conda-forge::s=1.2.3", Some(("s", "1.2.3", None)));
        check("t =1.2.3", Some(("t", "1.2.3", None)));
        check("q=1!2.3.4", Some(("q", "1!2.3.4", None)));
    }

    #[test]
    fn ranges_are_no_pins() {
        for text in [
            "python",
            "python~=3.11.0",
            "k>=1.2.3",
            "w>=1,<=1.2.3",
            "p=1.2.3.*",
            "o=1.2|1.3",
            "x[version='1']",
        ] {
            check(text, None);
        }
    }

    #[test]
    fn what_is_no_package_is_refused() {
        for text in ["", "=1", "a=", "a===1", "a/b=1", "-a", "<html>"] {
            assert!(CondaSpec::parse(text, 1, 0).is_err(), "{text:?}");
        }
    }
}
