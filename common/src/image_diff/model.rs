//! What a comparison comes to.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::digest::Digest;

/// How much two images have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Likeness {
    /// They have the same id, so every byte is the same.
    SameId,
    /// All files are equal in name, kind, mode, owner and content, and so are the settings; times and the
    /// history differ.
    SameContent,
    /// Something differs that is no time.
    Different,
}

impl std::fmt::Display for Likeness {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::SameId => "same id",
            Self::SameContent => "same content",
            Self::Different => "different",
        })
    }
}

/// Two images side by side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Comparison {
    /// How much they have in common.
    pub verdict: Likeness,
    /// The first image.
    pub first: Digest,
    /// The second.
    pub second: Digest,
    /// How many files, links and directories were compared; 0 where the ids said enough.
    pub compared: u64,
    /// How many of them differ by more than their time.
    pub differing: u64,
    /// How many differ by their time alone.
    pub only_times: u64,
    /// The first that differ, in the order of the steps that made them; those that differ by their time
    /// alone come last. Not all of them, if there are many.
    pub files: Vec<FileDifference>,
    /// The settings that differ.
    pub settings: Vec<SettingDifference>,
}

impl Comparison {
    /// Of two that have the same id.
    #[must_use]
    pub const fn of_one(id: Digest, other: Digest) -> Self {
        Self {
            verdict: Likeness::SameId,
            first: id,
            second: other,
            compared: 0,
            differing: 0,
            only_times: 0,
            files: Vec::new(),
            settings: Vec::new(),
        }
    }

    /// Whether nothing differs but times.
    #[must_use]
    pub fn is_same(&self) -> bool {
        self.verdict != Likeness::Different
    }
}

/// What of a file differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Aspect {
    /// The second image has no such file.
    OnlyInFirst,
    /// The first image has no such file.
    OnlyInSecond,
    /// It is a file in one and, say, a link in the other.
    Kind,
    /// Its bytes; of a link, where it leads.
    Content,
    /// Who may do what with it.
    Mode,
    /// Whose it is.
    Owner,
    /// Its extended attributes, such as capabilities.
    Attributes,
    /// When it was changed.
    Time,
}

impl std::fmt::Display for Aspect {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::OnlyInFirst => "only in the first",
            Self::OnlyInSecond => "only in the second",
            Self::Kind => "kind",
            Self::Content => "content",
            Self::Mode => "mode",
            Self::Owner => "owner",
            Self::Attributes => "attributes",
            Self::Time => "time",
        })
    }
}

/// A file that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileDifference {
    /// Its path, from the root.
    pub path: String,
    /// What differs.
    pub what: Vec<Aspect>,
    /// What put it into the first image, if that has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<Origin>,
    /// The same for the second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second: Option<Origin>,
}

/// What put a file into an image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    /// Which layer, counted from 1 at the bottom.
    pub layer: usize,
    /// The step of the build that made the layer, as the history says it; none if that says nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
}

/// A setting that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SettingDifference {
    /// Where it is in the configuration: `config.Env.3`.
    pub name: String,
    /// What it is in the first image, as JSON; none if it is not set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<String>,
    /// The same for the second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second: Option<String>,
}

/// As much of a step as is shown in a line, in characters.
const STEP_SHOWN: usize = 100;

impl std::fmt::Display for Origin {
    /// `layer 7: RUN env-sync roman-cal`
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "layer {}", self.layer)?;
        let Some(step) = &self.step else { return Ok(()) };
        let step = step.split_whitespace().collect::<Vec<_>>().join(" ");
        // What is mounted comes first and says nothing.
        let step = step
            .rsplit_once("--mount=")
            .and_then(|(_, rest)| rest.split_once(' '))
            .map_or(&*step, |(_, s)| s);
        let shown: String = step.chars().take(STEP_SHOWN).collect();
        let cut = if shown.len() < step.len() { "…" } else { "" };
        write!(f, ": {shown}{cut}")
    }
}

impl std::fmt::Display for FileDifference {
    /// `/opt/x: content, mode (layer 7: RUN …)`
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let what: Vec<String> = self.what.iter().map(ToString::to_string).collect();
        write!(f, "{}: {}", self.path, what.join(", "))?;
        match self.first.as_ref().or(self.second.as_ref()) {
            Some(origin) => write!(f, " ({origin})"),
            None => Ok(()),
        }
    }
}

impl std::fmt::Display for SettingDifference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let none = || "nothing".to_owned();
        let (first, second) =
            (self.first.clone().unwrap_or_else(none), self.second.clone().unwrap_or_else(none));
        write!(f, "{}: {first}, and {second}", self.name)
    }
}
