//! An image that was read.

use serde::Deserialize;
use serde_json::Value;

use crate::digest::Digest;
use crate::oci::{ListedImage, OciError};

use super::layer::Layer;
use super::model::Origin;
use super::paths::Paths;
use super::stack::Tree;

/// What is kept of an image.
#[derive(Debug)]
pub(super) struct Image {
    pub(super) id: Digest,
    pub(super) tree: Tree,
    /// Its configuration.
    pub(super) configuration: Value,
    /// The step that made each layer, the lowest first, as far as the history tells.
    steps: Vec<Option<String>>,
}

#[derive(Deserialize)]
struct Step {
    #[serde(default)]
    created_by: String,
    #[serde(default)]
    empty_layer: bool,
}

impl Image {
    /// The image `listed` with these layers, the lowest first.
    ///
    /// # Errors
    /// Its configuration makes no sense.
    pub(super) fn new(listed: &ListedImage, layers: &[&Layer], paths: &Paths) -> Result<Self, OciError> {
        let configuration: Value =
            serde_json::from_slice(&listed.config).map_err(|error| OciError::Content {
                place: listed.id.to_string(),
                name: "the configuration".to_owned(),
                reason: error.to_string(),
            })?;
        let steps = steps(&configuration, layers.len());
        Ok(Self { id: listed.id.clone(), tree: Tree::of(layers, paths), configuration, steps })
    }

    /// What made the layer `at`, which is counted from 0.
    pub(super) fn origin(&self, at: u16) -> Origin {
        let at = usize::from(at);
        Origin { layer: at + 1, step: self.steps.get(at).cloned().flatten() }
    }
}

/// The steps of the history that made a layer. One that tells of more or fewer tells nothing.
fn steps(configuration: &Value, layers: usize) -> Vec<Option<String>> {
    let history: Vec<Step> =
        configuration.get("history").and_then(|history| Vec::deserialize(history).ok()).unwrap_or_default();
    let made: Vec<Option<String>> = history
        .into_iter()
        .filter(|step| !step.empty_layer)
        .map(|step| Some(step.created_by).filter(|text| !text.is_empty()))
        .collect();
    if made.len() == layers { made } else { Vec::new() }
}
