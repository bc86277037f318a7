//! Waivers: failures that are known and accepted until a day. A waiver is visible wherever the failure
//! would be, and from the day after its last it excuses nothing.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::context;
use crate::fault::{Fault, Status};
use crate::report::{TestCase, TestKind};
use crate::state_file::{self, StateFileError};

/// One failure that is accepted until a day.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Waiver {
    /// What may fail: `import numpy`, `notebook demo.ipynb`, `script test`; or `drift numpy` for a
    /// package that is not as frozen.
    pub what: String,
    /// Who answers for it.
    pub owner: String,
    /// Why it is accepted.
    pub reason: String,
    /// The last day on which it is, in UTC: `2026-12-31`.
    pub expires: Date,
}

/// The file of an environment's waivers, `environments/<env>/tests/waivers.json`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Waivers {
    /// The waivers.
    pub waivers: Vec<Waiver>,
}

/// A file holds no waivers.
#[derive(Debug, Error)]
pub enum WaiverError {
    /// It cannot be read.
    #[error(transparent)]
    File(#[from] StateFileError),
    /// It makes no sense.
    #[error("{}:{line}: {reason}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        reason: String,
    },
}

impl Fault for WaiverError {
    fn status(&self) -> Status {
        match self {
            Self::File(error) => error.status(),
            Self::Content { .. } => Status::Data,
        }
    }

    fn hint(&self) -> Option<String> {
        let example = r#"{"waivers": [{"what": "import NAME", "owner": "WHO", "reason": "WHY", "expires": "2026-12-31"}]}"#;
        matches!(self, Self::Content { .. }).then(|| format!("it must be like this: {example}"))
    }
}

impl Waivers {
    /// The waivers of the environment in `environment_dir`; none where there is no file.
    ///
    /// # Errors
    /// The file cannot be read or makes no sense: no waiver may excuse more than it says.
    pub fn read(environment_dir: &Path) -> Result<Self, WaiverError> {
        let path = environment_dir.join(context::WAIVERS);
        let Some(text) = state_file::read(&path)? else { return Ok(Self::default()) };
        let bad = |line, reason| WaiverError::Content { path: path.clone(), line, reason };
        let found: Self = serde_json::from_slice(&text).map_err(|e| bad(e.line(), e.to_string()))?;
        for waiver in &found.waivers {
            let blank =
                [&waiver.what, &waiver.owner, &waiver.reason].iter().any(|text| text.trim().is_empty());
            if blank || !waiver.what.contains(' ') {
                let told =
                    format!("the waiver of {:?} must say what (KIND NAME), owner and reason", waiver.what);
                return Err(bad(1, told));
            }
        }
        Ok(found)
    }

    /// The waiver of `what`, whether it still holds or not.
    #[must_use]
    pub fn of(&self, what: &str) -> Option<&Waiver> {
        self.waivers.iter().find(|waiver| waiver.what == what)
    }
}

impl Waiver {
    /// Whether it holds at `moment`.
    #[must_use]
    pub fn holds(&self, moment: Timestamp) -> bool {
        moment.to_zoned(TimeZone::UTC).date() <= self.expires
    }
}

/// What a waiver of `case` must say.
#[must_use]
pub fn name_of(case: &TestCase) -> String {
    let kind = match case.kind {
        TestKind::Import => "import",
        TestKind::Notebook => "notebook",
        TestKind::Script => "script",
        TestKind::Run => "run",
    };
    format!("{kind} {}", case.name)
}

/// The JSON Schema of a file of waivers, as text with a final newline.
///
/// # Panics
/// Never: a schema is plain JSON.
#[must_use]
pub fn json_schema() -> String {
    let schema = schemars::schema_for!(Waivers);
    let mut text = serde_json::to_string_pretty(&schema).expect("a schema is plain JSON");
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::committed_schema;

    fn read(text: &str) -> Result<Waivers, WaiverError> {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("tests")).unwrap();
        std::fs::write(dir.path().join(context::WAIVERS), text).unwrap();
        Waivers::read(dir.path())
    }

    const GOOD: &str = r#"{"waivers": [{"what": "import numpy", "owner": "ada", "reason": "known", "expires": "2024-08-05"}]}"#;

    #[test]
    fn a_waiver_holds_through_its_last_day_and_not_longer() {
        let found = read(GOOD).unwrap();
        let waiver = found.of("import numpy").unwrap();
        assert!(waiver.holds("2024-08-05T23:59:59Z".parse().unwrap()));
        assert!(!waiver.holds("2024-08-06T00:00:00Z".parse().unwrap()));
        assert_eq!(found.of("import num"), None);
    }

    #[test]
    fn who_what_why_and_until_when_must_all_be_told() {
        for bad in [
            GOOD.replace("ada", " "),
            GOOD.replace("known", ""),
            GOOD.replace("import numpy", "everything"),
            GOOD.replace("2024-08-05", "never"),
            GOOD.replace("\"owner\"", "\"onwer\""),
            "[]".to_owned(),
        ] {
            let error = read(&bad).unwrap_err();
            assert_eq!(error.status(), Status::Data, "{bad}");
            assert!(error.to_string().contains("waivers.json:1: "), "{error}");
        }
        let nowhere = tempfile::tempdir().unwrap();
        assert_eq!(Waivers::read(nowhere.path()).unwrap(), Waivers::default());
    }

    #[test]
    fn the_committed_schema_is_that_of_the_types() {
        committed_schema("docs/schema/waivers-1.json", &json_schema());
    }
}
