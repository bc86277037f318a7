//! Waivers: failures that are known and accepted until a day. A waiver is visible wherever the failure
//! would be, and from the day after its last it excuses nothing.

mod judged;
mod mission;

use std::fmt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::context;
use crate::deployment::DeploymentError;
use crate::fault::{Fault, Status};
use crate::state_file::{self, StateFileError};

pub use judged::{Red, WaiverUse, drift, is_bad, name_of, red};
pub use mission::MissionWaivers;

/// What can be waived. The status of a run that shows no failed test cannot.
const KINDS: [&str; 4] = ["import", "notebook", "script", "drift"];

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

/// A waiver, and where it holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Waived {
    /// The environment.
    pub environment: String,
    /// The waiver.
    pub waiver: Waiver,
}

/// A file of waivers: of an environment, `environments/<env>/tests/waivers.json`, or of what belongs to none,
/// `waivers.json` of the mission.
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
    /// The environments cannot be listed.
    #[error(transparent)]
    Environments(#[from] DeploymentError),
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
            Self::Environments(error) => error.status(),
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
        Self::read_file(&environment_dir.join(context::WAIVERS))
    }

    /// The waivers in the file at `path`; none where there is none.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn read_file(path: &Path) -> Result<Self, WaiverError> {
        let Some(text) = state_file::read(path)? else { return Ok(Self::default()) };
        let bad = |line, reason| WaiverError::Content { path: path.to_owned(), line, reason };
        let found: Self = serde_json::from_slice(&text).map_err(|e| bad(e.line(), e.to_string()))?;
        for waiver in &found.waivers {
            let blank =
                [&waiver.what, &waiver.owner, &waiver.reason].iter().any(|text| text.trim().is_empty());
            let (kind, name) = waiver.what.split_once(' ').unwrap_or_default();
            if blank || name.trim().is_empty() || !KINDS.contains(&kind) {
                let told = format!(
                    "the waiver of {:?} must say what (KIND NAME; the kinds are {}), owner and reason",
                    waiver.what,
                    KINDS.join(", ")
                );
                return Err(bad(1, told));
            }
        }
        Ok(found)
    }

    /// The waiver of `what`: one that holds at `moment`, else one that has ended.
    #[must_use]
    pub fn of(&self, what: &str, moment: Timestamp) -> Option<&Waiver> {
        let all = || self.waivers.iter().filter(|waiver| waiver.what == what);
        all().find(|waiver| waiver.holds(moment)).or_else(|| all().next())
    }
}

impl Waiver {
    /// Whether it holds at `moment`.
    #[must_use]
    pub fn holds(&self, moment: Timestamp) -> bool {
        moment.to_zoned(TimeZone::UTC).date() <= self.expires
    }

    /// Since when it does not hold, in words: `ended on 2024-08-05 (ada)`.
    #[must_use]
    pub fn ended(&self) -> String {
        format!("ended on {} ({})", self.expires, self.owner)
    }
}

impl fmt::Display for Waiver {
    /// That it holds, in words that follow what it excuses.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "waived until {} ({}): {}", self.expires, self.owner, self.reason)
    }
}

impl Waived {
    /// That it holds no more, in words.
    #[must_use]
    pub fn ended(&self) -> String {
        format!("{}: the waiver of {} {}", self.environment, self.waiver.what, self.waiver.ended())
    }

    /// That nothing needs it, in words.
    #[must_use]
    pub fn needless(&self) -> String {
        let Waiver { what, owner, expires, .. } = &self.waiver;
        format!(
            "{}: the waiver of {what} ({owner}, until {expires}) has nothing to excuse any more",
            self.environment
        )
    }
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
        let (last, after) =
            ("2024-08-05T23:59:59Z".parse().unwrap(), "2024-08-06T00:00:00Z".parse().unwrap());
        let waiver = found.of("import numpy", last).unwrap();
        assert!(waiver.holds(last) && !waiver.holds(after));
        assert_eq!(found.of("import num", last), None);
        assert_eq!(waiver.to_string(), "waived until 2024-08-05 (ada): known");
    }

    #[test]
    fn a_waiver_that_was_renewed_counts_and_the_one_that_ended_does_not() {
        let renewed = GOOD.replace("]}", &GOOD["{\"waivers\": [".len()..]).replacen("}{", "},{", 1);
        let found = read(&renewed.replacen("2024-08-05", "2023-01-01", 1)).unwrap();
        assert_eq!(found.waivers.len(), 2);
        let now = "2024-08-05T00:00:00Z".parse().unwrap();
        assert!(found.of("import numpy", now).unwrap().holds(now));
    }

    #[test]
    fn who_what_why_and_until_when_must_all_be_told() {
        for bad in [
            GOOD.replace("ada", " "),
            GOOD.replace("known", ""),
            GOOD.replace("import numpy", "everything"),
            GOOD.replace("import numpy", "import "),
            GOOD.replace("import numpy", "imports numpy"),
            GOOD.replace("import numpy", "run tests"),
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
