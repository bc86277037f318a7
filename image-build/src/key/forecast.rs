//! Which images will be built and why, from what is remembered of them and what is there now.

use std::collections::BTreeMap;

use serde::Serialize;

use common::digest::Digest;
use common::settings::{EngineChoice, Settings};

use super::chain::Chain;
use super::input::{CUTOFF, Input};
use super::manifest::{Difference, Manifest};
use super::outputs::Outputs;
use super::record::{Record, Records};
use super::{LABEL, label_below};
use crate::error::Error;

/// The steps that make an image, lowest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Step {
    /// The base image.
    Base,
    /// The image that all missions share.
    Common,
    /// The mission's image.
    Mission,
    /// The same with its cache directories mended.
    Caches,
}

impl Step {
    /// What it is called.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Base => "base",
            Self::Common => "common",
            Self::Mission => "mission",
            Self::Caches => "caches",
        }
    }
}

/// Why an image is built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// Somebody asked for it.
    Asked,
    /// Nothing is known of an earlier one.
    Never,
    /// The one that is known is another engine's.
    Elsewhere(String),
    /// What goes into it is not what it was.
    Changed(Vec<Difference>),
    /// It is built if another base image comes than the one that is known.
    IfBaseMoves,
    /// The image above needs it, and its name is gone; the engine has its layers.
    Needed,
}

/// What becomes of one image.
#[derive(Clone, Debug)]
pub(crate) struct Outlook {
    /// The step that makes it.
    pub(crate) step: Step,
    /// Its name.
    pub(crate) image: String,
    /// Why it is built; none if it stands.
    pub(crate) reason: Option<Reason>,
    /// What it is made of.
    pub(crate) inputs: Manifest,
    /// The key of the image that will stand: of the one that is there, if that stands.
    pub(crate) key: Digest,
    /// What is known of the one that was built last.
    pub(crate) record: Option<Record>,
    /// The labels that it has from those images below it that have keys.
    inherited: Vec<(String, String)>,
}

impl Outlook {
    /// The labels that the image gets when it is built.
    pub(crate) fn labels(&self) -> Vec<(String, String)> {
        let own = label_below(self.step).map(|name| (name.to_owned(), self.key.hex().to_owned()));
        [(LABEL.to_owned(), self.key.hex().to_owned())].into_iter().chain(own).collect()
    }

    /// The same of an image that is not what was wanted and is used all the same: the next build tries again,
    /// and knows meanwhile what the images upon it are upon.
    pub(crate) fn of_older(&self) -> Self {
        let mut inputs = self.inputs.clone();
        inputs.set(Input::setting(CUTOFF), "none: it could not be pulled");
        Self { key: inputs.key(), inputs, ..self.clone() }
    }

    /// Whether an image with the labels `found` is this one, by its own key and by those of what it was
    /// really built upon.
    pub(crate) fn is_labelled(&self, found: &BTreeMap<String, String>) -> bool {
        let has = |(name, value): &(String, String)| found.get(name) == Some(value);
        self.labels().iter().chain(&self.inherited).all(has)
    }
}

/// Which steps are to run whatever was there before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Steps {
    /// The lowest of them.
    pub(crate) from: Option<Step>,
    /// Whether the base image is made or pulled again.
    pub(crate) base: bool,
    /// Whether all that follows a build is repeated too.
    pub(crate) follow_ups: bool,
}

impl Steps {
    /// Whether any step is.
    pub(crate) fn any(self) -> bool {
        self != Self::default()
    }

    /// Whether `step` is to run.
    pub(crate) fn has(self, step: Step) -> bool {
        self.from.is_some_and(|from| from <= step) || (self.base && step == Step::Base)
    }
}

/// What becomes of the images of one mission.
#[derive(Clone, Debug)]
pub(crate) struct Forecast {
    /// The base image.
    pub(crate) base: Outlook,
    /// The three upon it, lowest first.
    pub(crate) images: [Outlook; 3],
}

impl Forecast {
    /// The forecast for `settings`, by what is remembered alone.
    pub(crate) fn new(
        settings: &Settings,
        chain: &Chain,
        records: &Records,
        asked: Steps,
    ) -> Result<Self, Error> {
        let judge = Judge::new(settings, records, asked);
        let base = judge.judge(Step::Base, &settings.base_reference(), chain.base());
        let known = base.record.as_ref().and_then(|record| record.id.clone());
        let id = known.clone().unwrap_or_else(|| Digest::of(b"not known yet"));
        let mut forecast = judge.upon(&id, chain, base)?;
        if known.is_some() && forecast.base.reason.is_some() {
            for outlook in forecast.images.iter_mut().filter(|outlook| outlook.reason.is_none()) {
                outlook.reason = Some(Reason::IfBaseMoves);
            }
        }
        forecast.settle(chain.plan().removes_dirty);
        Ok(forecast)
    }

    /// The same once the base image is there, with this id.
    pub(crate) fn upon(
        self,
        base: &Digest,
        (settings, chain): (&Settings, &Chain),
        records: &Records,
        asked: Steps,
    ) -> Result<Self, Error> {
        Judge::new(settings, records, asked).upon(base, chain, self.base)
    }

    /// The image that is used.
    pub(crate) const fn result(&self) -> &Outlook {
        &self.images[2]
    }

    /// Whether all images stand.
    pub(crate) fn stands(&self) -> bool {
        self.base.reason.is_none() && self.result().reason.is_none()
    }

    /// What stands above makes what is below needless; what is built above needs what is below, also
    /// the mission's image whose name is removed after each build.
    fn settle(&mut self, removes_dirty: bool) {
        let [common, mission, caches] = &mut self.images;
        if caches.reason.is_none() {
            (common.reason, mission.reason) = (None, None);
        } else if mission.reason.is_none() && removes_dirty {
            mission.reason = Some(Reason::Needed);
        }
    }
}

/// Compares what is there with what is remembered.
struct Judge<'a> {
    settings: &'a Settings,
    records: &'a Records,
    asked: Steps,
    outputs: Outputs,
}

impl<'a> Judge<'a> {
    fn new(settings: &'a Settings, records: &'a Records, asked: Steps) -> Self {
        let followed = records.read(&settings.notebook_id()).and_then(|record| record.followed);
        let outputs = followed.map(|followed| followed.outputs).unwrap_or_default();
        Self { settings, records, asked, outputs }
    }

    fn upon(self, base: &Digest, chain: &Chain, below: Outlook) -> Result<Forecast, Error> {
        let settings = self.settings;
        let common = self.judge(Step::Common, &settings.common_image(), chain.common(base)?);
        let mut mission = self.judge(Step::Mission, &settings.dirty_image(), chain.mission(&common.key)?);
        mission.inherited = common.labels().split_off(1);
        let mut caches = self.judge(Step::Caches, &settings.notebook_id(), chain.caches(&mission.key)?);
        caches.inherited = [&mission.inherited[..], &mission.labels()[1..]].concat();
        Ok(Forecast { base: below, images: [common, mission, caches] })
    }

    fn judge(&self, step: Step, image: &str, inputs: Manifest) -> Outlook {
        let record = self.records.read(image);
        let mut key = inputs.key();
        let reason = match &record {
            _ if self.asked.has(step) => Some(Reason::Asked),
            None => Some(Reason::Never),
            Some(record) if self.is_elsewhere(record) => Some(Reason::Elsewhere(record.engine.clone())),
            Some(record) => {
                let mut differences = inputs.differences(&record.inputs);
                let mode = self.settings.use_frozen;
                differences.retain(|difference| !self.outputs.explain(difference, mode));
                if differences.is_empty() {
                    key.clone_from(&record.key);
                }
                (!differences.is_empty()).then_some(Reason::Changed(differences))
            }
        };
        Outlook { step, image: image.to_owned(), reason, inputs, key, record, inherited: Vec::new() }
    }

    fn is_elsewhere(&self, record: &Record) -> bool {
        let engine = match self.settings.engine {
            EngineChoice::Auto => return false,
            EngineChoice::Docker | EngineChoice::DockerLegacy => "docker",
            EngineChoice::Podman => "podman",
            EngineChoice::Buildah => "buildah",
        };
        record.engine != engine
    }
}
