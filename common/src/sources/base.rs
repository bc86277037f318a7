//! The address that remote names are below.

use std::str::FromStr as _;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::fetch::Address;

/// An address with `{version}` and `{environment}` where these go.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String")]
pub struct Base(String);

impl Base {
    /// Reads a base that a person gives for one call, which may hold credentials.
    ///
    /// # Errors
    /// It is no address, or holds another `{…}`; the message does not show it.
    pub fn given(text: &str) -> Result<Self, String> {
        let unknown = super::file::unknown_blank(text, &["{version}", "{environment}"]);
        if let Some(blank) = unknown {
            return Err(format!("{blank} means nothing here; {{version}} and {{environment}} do"));
        }
        Address::from_str(&filled(text, "0.0.0", "e")).map_err(|error| error.to_string())?;
        Ok(Self(text.trim_end_matches('/').to_owned()))
    }

    /// The same below `place` instead: all of it if `place` says where the version goes, or if this does
    /// not; else what is before the part with the version.
    #[must_use]
    pub fn moved_to(&self, place: &Self) -> Self {
        let versioned = self.0.split('/').position(|part| part.contains("{version}"));
        match versioned {
            Some(at) if !place.0.contains("{version}") => {
                let rest: Vec<&str> = self.0.split('/').skip(at).collect();
                Self(format!("{}/{}", place.0, rest.join("/")))
            }
            _ => place.clone(),
        }
    }

    /// Where the file `remote` is.
    ///
    /// # Errors
    /// What is filled in makes it no address.
    pub fn address(&self, remote: &str, version: &str, environment: &str) -> Result<Address, String> {
        let text = filled(&format!("{}/{remote}", self.0), version, environment);
        Address::from_str(&text).map_err(|error| error.to_string())
    }
}

fn filled(text: &str, version: &str, environment: &str) -> String {
    // A `+` of a local version is a character of its own in no part of a path.
    text.replace("{version}", version).replace("{environment}", environment)
}

impl TryFrom<String> for Base {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let base = Self::given(&text)?;
        let address = Address::from_str(&filled(&text, "0", "e")).map_err(|error| error.to_string())?;
        if address.login().is_some() {
            return Err("`base` must hold no credentials: this file is tracked".to_owned());
        }
        Ok(base)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mirror_takes_the_place_of_what_is_before_the_version() {
        let base = Base::given("https://h/results/v{version}").unwrap();
        let check = |place: &str, expected: &str| {
            let moved = base.moved_to(&Base::given(place).unwrap());
            assert_eq!(moved.address("r.txt", "0.13.0", "cal").unwrap().to_string(), expected);
        };
        check("http://m:1/mirror/", "http://m:1/mirror/v0.13.0/r.txt");
        check("http://m/{environment}-{version}", "http://m/cal-0.13.0/r.txt");
        let fixed = Base::given("https://h/main").unwrap();
        let moved = fixed.moved_to(&Base::given("http://m/x").unwrap());
        assert_eq!(moved.address("r.txt", "latest", "cal").unwrap().to_string(), "http://m/x/r.txt");
        assert!(!Base::given("ftp://u:hunter2@h").unwrap_err().contains("hunter2"));
    }
}
