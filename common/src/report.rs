//! What a tool did, as it appends it to the document: typed, so that the next tool can rely on it.

mod bisect;
mod build;
mod change;
mod configure;
mod freeze;
mod notes;
mod release;
mod rot;
mod test;
mod update;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::digest::Digest;

pub use bisect::{BisectFinding, BisectOutcome, BisectedEnvironment, BisectedTest, Culprit};
pub use build::{BuildOutcome, BuildStep, BuiltImage, CapsuleUse, Isolation, StepStatus};
pub use change::{ChangeDirection, PackageChange};
pub use configure::ConfigureOutcome;
pub use freeze::{
    CheckOutcome, ChillOutcome, ChilledEnvironment, Difference, DriftClass, EnvironmentDrift, FreezeOutcome,
    PackageKind,
};
pub use notes::{Changed, NotesOutcome, TestChange};
pub use release::{
    CapsuleOutcome, CheckedRule, DeliverOutcome, DeliveryStatus, GateOutcome, ProposeOutcome, RecordedImage,
    ReleasedTag, RuleStatus, SaveOutcome, TagOutcome, TagStatus, VerifyOutcome, VersionsOutcome,
};
pub use rot::{
    ConflictSide, EnvironmentRot, EnvironmentThaw, RotClass, RotFinding, RotOutcome, SolveConflict,
    SolveOutcome, SolvedEnvironment, ThawOutcome, ThawedPin,
};
pub use test::{TestCase, TestCounts, TestEnvironment, TestKind, TestOutcome, TestRunner, TestStatus};
pub use update::{SourceCheck, UpdateOutcome, UpdateSource, UpdatedEnvironment};

/// The answer to what the tool was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Done, and the answer is yes.
    Yes,
    /// Done, and the answer is no: tests failed, drift was found, a gate refused.
    No,
}

/// An image, by a name that may move and the id that cannot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ImageIdentity {
    /// The name it had.
    pub name: String,
    /// The digest of its configuration.
    pub id: Digest,
}

/// Whether a file or tree had to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Written {
    /// It held exactly this before.
    Unchanged,
    /// It holds this now.
    Written,
}

impl From<crate::state_file::Change> for Written {
    fn from(change: crate::state_file::Change) -> Self {
        match change {
            crate::state_file::Change::Unchanged => Self::Unchanged,
            crate::state_file::Change::Written => Self::Written,
        }
    }
}

/// One run of one tool.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// The command as typed, without its arguments: `image-freeze check`.
    pub tool: String,
    /// The tool's version.
    pub version: String,
    /// The answer.
    pub verdict: Verdict,
    /// When it began.
    pub started: Timestamp,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// The image that all of it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<ImageIdentity>,
    /// What the user should know and need not act on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<String>,
    /// What was done.
    pub outcome: Outcome,
}

/// What was done, by command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Outcome {
    /// `image-configure`
    Configure(ConfigureOutcome),
    /// `image-update`
    Update(UpdateOutcome),
    /// `image-build`
    Build(BuildOutcome),
    /// `image-test`
    Test(TestOutcome),
    /// `image-test --bisect`
    Bisect(BisectOutcome),
    /// `image-freeze`
    Freeze(FreezeOutcome),
    /// `image-freeze chill`
    Chill(ChillOutcome),
    /// `image-freeze check`
    Check(CheckOutcome),
    /// `image-freeze rot`
    Rot(RotOutcome),
    /// `image-freeze thaw`
    Thaw(ThawOutcome),
    /// `image-freeze solve`
    Solve(SolveOutcome),
    /// `release-tag versions`
    Versions(VersionsOutcome),
    /// `release-tag save`
    Save(SaveOutcome),
    /// `release-tag check`
    Gate(GateOutcome),
    /// `release-tag tag`
    Tag(TagOutcome),
    /// `release-tag deliver`
    Deliver(DeliverOutcome),
    /// `release-tag notes`
    Notes(NotesOutcome),
    /// `release-tag propose`
    Propose(ProposeOutcome),
    /// `release-tag verify`
    Verify(VerifyOutcome),
    /// `release-tag capsule`
    Capsule(CapsuleOutcome),
}
