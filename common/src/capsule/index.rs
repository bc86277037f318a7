//! The list of a capsule's parts.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

use super::Answer;
use crate::digest::Digest;
use crate::fetch::without_logins;
use crate::report::ImageIdentity;
use crate::settings::{CaBundle, Settings};

/// Where the schema of this version stands.
pub(super) const SCHEMA_URL: &str = "docs/schema/capsule-1.json";

/// The version of the index's form that this build reads and writes.
pub const SCHEMA: u32 = 1;

/// A part: bytes by their digest.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Blob {
    /// The digest of the bytes.
    pub digest: Digest,
    /// How many there are. What is empty is not stored.
    pub size: u64,
}

impl Blob {
    /// These bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self { digest: Digest::of(bytes), size: bytes.len() as u64 }
    }
}

/// Everything that a release's image was made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Index {
    /// Where the schema stands, for editors.
    #[serde(rename = "$schema")]
    pub schema_url: String,
    /// The version of the form.
    pub schema: u32,
    /// The release: `roman-12.0.0`.
    pub release: String,
    /// The commit that the context is of.
    pub commit: String,
    /// How to build it.
    pub recipe: Recipe,
    /// The image that was tested and is released.
    pub tested: ImageIdentity,
    /// The image that came out when this was recorded.
    pub recorded: ImageIdentity,
    /// How the two compare.
    pub sameness: Sameness,
    /// The engine that built when this was recorded: `docker 20.10.24`.
    pub engine: String,
    /// The tools that recorded: `image-tools 0.1.0`.
    pub tool: String,
    /// The `deployments/` of the commit, as a tar archive of git.
    pub context: Blob,
    /// The release's record.
    pub record: Blob,
    /// The image below all others.
    pub base: Base,
    /// What the network gave, by what was asked.
    pub answers: Vec<Answer>,
}

/// What decides how it is built, besides the bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// The settings, without what is only of the machine that recorded, and without logins.
    pub settings: Settings,
    /// The image below all others, by the name under which it is built upon.
    pub base: ImageIdentity,
    /// The moment that stands for all clocks of the build, in seconds since 1970, where one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch: Option<i64>,
}

/// The image below all others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Base {
    /// Its configuration, whose digest is its id.
    pub config: Blob,
    /// Its layers, lowest first.
    pub layers: Vec<BaseLayer>,
    /// Whether it has the form of the Open Container Initiative; else docker's.
    pub is_oci: bool,
    /// All its names where it was recorded, in the engine's order, where they count: buildah and podman write the
    /// first of them into the history of what is built upon it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
}

/// A layer of the base image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BaseLayer {
    /// Its digest when uncompressed.
    pub diff_id: Digest,
    /// It, compressed with gzip.
    pub blob: Blob,
}

/// How an image compares with the one that was tested.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Sameness {
    /// It is that very image.
    Identical,
    /// Every file is the same; times, or what the configuration tells, are not.
    SameContent,
    /// It differs; where first.
    Different(String),
    /// It has another id, and nobody compared the files.
    OtherId,
}

impl Recipe {
    /// What of `settings` decides what a build upon `base` makes, by the clock.
    #[must_use]
    pub fn of(settings: &Settings, base: ImageIdentity) -> Self {
        let mut settings = settings.clone();
        settings.root = PathBuf::from("/");
        settings.ca_bundle = CaBundle::None;
        settings.source_url = None;
        settings.insecure_hosts.clear();
        // Images are called by it; all else is of the shell that exported it.
        settings.exports.retain(|name, _| name == "IMAGE_PREFIX");
        settings.pip_switches = without_logins(&settings.pip_switches);
        settings.docker_build_args = settings.docker_build_args.as_deref().map(without_logins);
        settings.image_run_pars = None;
        Self { settings, base, epoch: None }
    }
}

impl Index {
    /// Where the schema stands, for editors.
    #[must_use]
    pub fn schema_url() -> String {
        SCHEMA_URL.to_owned()
    }

    /// Its bytes: the same index, the same bytes.
    ///
    /// # Panics
    /// Never: an index has only string keys.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let mut text = serde_json::to_vec_pretty(self).expect("an index has only string keys");
        text.push(b'\n');
        text
    }

    /// Every part that is stored, once, sorted: its media type, and it.
    #[must_use]
    pub fn parts(&self) -> Vec<(Blob, &'static str)> {
        use super::manifest::{MEDIA_ANSWER, MEDIA_CONTEXT, MEDIA_RECORD};
        use crate::oci::model::{MEDIA_CONFIG, MEDIA_LAYER_GZIP};
        let own =
            [(&self.context, MEDIA_CONTEXT), (&self.record, MEDIA_RECORD), (&self.base.config, MEDIA_CONFIG)];
        let layers = self.base.layers.iter().map(|layer| (&layer.blob, MEDIA_LAYER_GZIP));
        let answers = self.answers.iter().map(|answer| (&answer.body, MEDIA_ANSWER));
        let all = own.into_iter().chain(layers).chain(answers);
        let mut parts: Vec<(Blob, &'static str)> =
            all.filter(|(blob, _)| blob.size > 0).map(|(blob, kind)| (blob.clone(), kind)).collect();
        parts.sort();
        parts.dedup_by(|a, b| a.0.digest == b.0.digest);
        parts
    }
}

/// The JSON Schema of the index, as text with a final newline.
#[cfg(test)]
pub(super) fn json_schema() -> String {
    let schema = schemars::schema_for!(Index);
    serde_json::to_string_pretty(&schema).expect("a schema is plain JSON") + "\n"
}
