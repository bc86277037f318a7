//! The kinds of facts.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Fact, Materials, TestInputs};
use crate::digest::Digest;
use crate::report::{CheckOutcome, ImageIdentity, TestOutcome, Verdict};
use crate::settings::{CalVersion, UseFrozen};

/// How it is known what an image was built of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// This clone built it, upon an image that it built.
    #[default]
    Built,
    /// A label says so, of it or of the shared image below it: whoever makes a label can say anything.
    Adopted,
}

impl Origin {
    /// Whether this clone built it.
    #[must_use]
    pub const fn is_built(&self) -> bool {
        matches!(self, Self::Built)
    }
}

/// How an image was built.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Built {
    /// The image.
    pub image: ImageIdentity,
    /// How that is known.
    #[serde(default, skip_serializing_if = "Origin::is_built")]
    pub origin: Origin,
    /// When, in UTC; of one that was adopted, when that was.
    pub at: Timestamp,
    /// Whether its versions were solved or taken as frozen.
    pub use_frozen: UseFrozen,
    /// The calibration version that was asked for.
    pub cal_version: CalVersion,
    /// The content of `deployments/common` that went in.
    pub common_context: Digest,
    /// The content of `deployments/<mission>` that went in.
    pub mission_context: Digest,
    /// The base image.
    pub base: ImageIdentity,
    /// The engine, in words; of one that was adopted, the one that has it.
    pub engine: String,
    /// What else decided what went in.
    pub materials: Materials,
    /// The moment as of which package indexes were asked; none where nothing was solved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index_cutoff: Option<Timestamp>,
}

/// How an image's tests went.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tested {
    /// The image.
    pub image: ImageIdentity,
    /// When, in UTC.
    pub at: Timestamp,
    /// Whether it passed.
    pub verdict: Verdict,
    /// Every result.
    pub outcome: TestOutcome,
    /// What decided them besides the image, where that was noted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inputs: Option<TestInputs>,
}

/// How an image compared with the frozen specs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Compared {
    /// The image.
    pub image: ImageIdentity,
    /// When, in UTC.
    pub at: Timestamp,
    /// Whether there was no drift.
    pub verdict: Verdict,
    /// The content of `env-frozen` that it was compared with.
    pub frozen: Digest,
    /// Every difference.
    pub outcome: CheckOutcome,
}

/// What an image holds: what was frozen out of it, and all that was found in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Frozen {
    /// The image.
    pub image: ImageIdentity,
    /// When, in UTC.
    pub at: Timestamp,
    /// The content of `env-frozen` that came out; where nothing was frozen out of it, the content that it
    /// was compared with.
    pub specs: Digest,
    /// The inventory of what the image holds, where one was made: `inventory.json` beside this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inventory: Option<Digest>,
    /// The software bill of materials, where one was made: `image.spdx.json` beside this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sbom: Option<Digest>,
}

impl Fact for Built {
    const NAME: &'static str = "built";
    const PREDICATE: &'static str = "urn:image-tools:build:1";

    fn image(&self) -> &ImageIdentity {
        &self.image
    }
}

impl Fact for Frozen {
    const NAME: &'static str = "frozen";
    const PREDICATE: &'static str = "urn:image-tools:freeze:1";

    fn image(&self) -> &ImageIdentity {
        &self.image
    }
}

impl Fact for Tested {
    const NAME: &'static str = "tested";
    const PREDICATE: &'static str = "urn:image-tools:test:1";

    fn image(&self) -> &ImageIdentity {
        &self.image
    }
}

impl Fact for Compared {
    const NAME: &'static str = "compared";
    const PREDICATE: &'static str = "urn:image-tools:drift:1";

    fn image(&self) -> &ImageIdentity {
        &self.image
    }
}
