//! The images upon the base, each built only if it does not stand already.

use std::path::{Path, PathBuf};

use common::context::context_digest;
use common::digest::Digest;
use common::engine::{BuildRequest, ImageFacts, Kind};
use common::report::{BuiltImage, ImageIdentity};

use super::chain::Build;
use super::ground::{Common, Ground};
use crate::error::Error;
use crate::key::{Cached, Chain, Forecast, Input, Outlook, Reason, Record, Step, Times, label_below};
use crate::memory;
use crate::plan::ImagePlan;
use crate::preflight;
use crate::stage::Stage;

/// An image that is there, and the content it was made from.
pub(super) struct Made {
    pub(super) image: ImageIdentity,
    pub(super) context: Digest,
    /// Whether it was not built here: its label says what it is made of.
    pub(super) adopted: bool,
}

impl Made {
    pub(super) fn reported(self) -> BuiltImage {
        BuiltImage { image: self.image, context: Some(self.context) }
    }
}

/// The images of a mission, all there.
pub(super) struct Chained {
    /// The image that is used.
    pub(super) image: ImageIdentity,
    /// All of them that are there, base first.
    pub(super) images: Vec<BuiltImage>,
    /// The base image.
    pub(super) base: ImageIdentity,
    /// The content of the shared context and of the mission's.
    pub(super) contexts: [Digest; 2],
    /// What became of the image that is used.
    pub(super) outlook: Outlook,
    /// Whether anything was built.
    pub(super) is_new: bool,
    /// Whether anything of it upon the base was not built here.
    pub(super) adopted: bool,
}

/// An image that is there and is what it should be.
pub(super) struct Standing {
    pub(super) image: ImageIdentity,
    /// Whether its label says so, and nobody here built it.
    pub(super) adopted: bool,
}

impl Build<'_> {
    /// The image of `outlook`, if it is there and is what it should be: the one that this clone built
    /// of the same, or, where this clone knows of none, one that is labelled so.
    pub(super) fn standing(&self, outlook: &Outlook) -> Result<Option<Standing>, Error> {
        let known = match &outlook.reason {
            None => outlook.record.as_ref().filter(|record| record.id.is_some()),
            Some(Reason::Never | Reason::Changed(_)) if outlook.step != Step::Base => None,
            Some(_) => return Ok(None),
        };
        let Some(facts) = self.engine.inspect(&outlook.image, self.console)? else { return Ok(None) };
        let (stands, adopted) = match known {
            Some(record) => (record.id.as_ref() == Some(&facts.id), record.adopted),
            None => (self.is_believed(outlook, &facts), true),
        };
        let image = ImageIdentity { name: outlook.image.clone(), id: facts.id };
        Ok(stands.then_some(Standing { image, adopted }))
    }

    /// Whether the labels of an image that this clone knows nothing of are to be believed. They are put on
    /// before anybody has looked at what came out, but what an image was really built upon is in the
    /// labels that it inherited, and how it was set is in its environment: a build that went wrong, and
    /// still has its name, does not pass. Nor does one that was begun here and not finished.
    fn is_believed(&self, outlook: &Outlook, facts: &ImageFacts) -> bool {
        !self.records.is_begun(&outlook.image)
            && self.is_wanted(outlook, &facts.labels, facts.variable("USE_FROZEN"))
    }

    /// Builds the shared image.
    pub(super) fn common(
        &mut self,
        outlook: &Outlook,
        base: &ImageIdentity,
        chain: &Chain,
    ) -> Result<Made, Error> {
        let plan = self.plan.common.clone();
        let stage = Stage::copy(&plan.request.context, &self.stage_dir)?;
        // Of the copy, which is what is built: the tree may be edited meanwhile.
        let context = unchanged(&stage.path(), outlook, chain)?;
        self.add_wrangler_spec(&stage)?;
        let below = self.below(base, &plan.request.tag)?;
        self.image(&plan, &stage, outlook)?;
        self.see_upon(Step::Common, &plan.request.tag, (&base.name, &below))?;
        self.drop_base()?;
        self.repack("repack-common", &plan.request.tag)?;
        let image = self.as_set(Step::Common, &plan.request.tag)?;
        self.remember(outlook, Some((&image.id, false)), Vec::new())?;
        Ok(Made { image, context, adopted: false })
    }

    /// What is known of `below`, which must still have its name, as `image` is about to be built upon that.
    fn below(&self, below: &ImageIdentity, image: &str) -> Result<ImageFacts, Error> {
        let facts = self.facts(&below.name)?;
        if facts.id == below.id {
            return Ok(facts);
        }
        Err(Error::Mixed { image: image.to_owned(), name: below.name.clone() })
    }

    /// Sees that the mission's own images are there.
    pub(super) fn upon(&mut self, ground: Ground, chain: &Chain) -> Result<Chained, Error> {
        let Ground { base, forecast, common, _shared } = ground;
        let common = match common {
            Common::Needless => return self.stand(forecast, base, chain),
            Common::Stood(made) => {
                self.skip("common");
                made
            }
            Common::New(made) => made,
        };
        let [_, mission, caches] = forecast.images;
        let below = (&common.image, common.adopted);
        let (context, dirty, adopted) = self.mission(&mission, below, chain)?;
        self.drop_common()?;
        let image = self.caches(&caches, &dirty, chain)?;
        let contexts = [common.context.clone(), context.clone()];
        let lowest = BuiltImage { image: base.clone(), context: None };
        let made = Made { image: image.clone(), context, adopted };
        let images = vec![lowest, common.reported(), made.reported()];
        self.remember(&caches, Some((&image.id, adopted)), images.clone())?;
        Ok(Chained { image, images, base, contexts, outlook: caches, is_new: true, adopted })
    }

    /// Nothing is built: the image that is used stands.
    fn stand(&mut self, forecast: Forecast, base: ImageIdentity, chain: &Chain) -> Result<Chained, Error> {
        let [common, mission, outlook] = forecast.images;
        for step in [&common, &mission, &outlook] {
            self.skip(step.step.name());
        }
        self.console.status(format_args!("{} is up to date", outlook.image));
        let image = self.as_set(Step::Caches, &outlook.image)?;
        unchanged(&self.plan.caches.request.context, &outlook, chain)?;
        let contexts = [
            unchanged(&self.plan.common.request.context, &common, chain)?,
            unchanged(&self.plan.mission.request.context, &mission, chain)?,
        ];
        let (images, adopted) = match &outlook.record {
            Some(record) if record.id.as_ref() == Some(&image.id) => (record.images.clone(), record.adopted),
            _ => {
                let lowest = BuiltImage { image: base.clone(), context: None };
                let made = Made { image: image.clone(), context: contexts[1].clone(), adopted: true };
                let images = vec![lowest, made.reported()];
                self.remember(&outlook, Some((&image.id, true)), images.clone())?;
                (images, true)
            }
        };
        Ok(Chained { image, images, base, contexts, outlook, is_new: false, adopted })
    }

    /// The context that it was built of, what is known of the image, and whether it or the shared image below
    /// was adopted.
    fn mission(
        &mut self,
        outlook: &Outlook,
        (common, adopted): (&ImageIdentity, bool),
        chain: &Chain,
    ) -> Result<(Digest, ImageFacts, bool), Error> {
        let mut plan = self.plan.mission.clone();
        let standing = if self.plan.removes_dirty { None } else { self.standing(outlook)? };
        if let Some(Standing { adopted, .. }) = standing {
            self.skip("mission");
            let context = unchanged(&plan.request.context, outlook, chain)?;
            return Ok((context, self.facts(&plan.request.tag)?, adopted));
        }
        let stage = Stage::copy(&plan.request.context, &self.stage_dir)?;
        let context = unchanged(&stage.path(), outlook, chain)?;
        stage.pin_references()?;
        stage.add_directories(&self.expected_directories()?)?;
        let below = self.below(common, &plan.request.tag)?;
        self.upon_id(&mut plan, common);
        self.image(&plan, &stage, outlook)?;
        let facts = self.see_upon(Step::Mission, &plan.request.tag, (&common.name, &below))?;
        self.remember(outlook, Some((&facts.id, adopted)), Vec::new())?;
        Ok((context, facts, adopted))
    }

    /// Mission Dockerfiles copy these, also before the first freeze has made them.
    fn expected_directories(&self) -> Result<Vec<PathBuf>, Error> {
        let environments = preflight::environments(&self.settings().deployment())?;
        let (frozen, chilly) = (Path::new("env-frozen"), Path::new("env-chilly"));
        let each = environments.iter().flat_map(|e| [frozen.join(e), chilly.join(e)]);
        Ok(each.chain([frozen.join("base")]).collect())
    }

    fn caches(
        &mut self,
        outlook: &Outlook,
        built: &ImageFacts,
        chain: &Chain,
    ) -> Result<ImageIdentity, Error> {
        let mut plan = self.plan.caches.clone();
        let dirty = self.plan.mission.request.tag.clone();
        self.upon_id(&mut plan, &ImageIdentity { name: dirty.clone(), id: built.id.clone() });
        let stage = Stage::copy(&plan.request.context, &self.stage_dir)?;
        unchanged(&stage.path(), outlook, chain)?;
        self.image(&plan, &stage, outlook).inspect_err(|_| {
            // The name would only be in the way. Why it failed is what matters.
            _ = self.engine.remove_image(&dirty, self.console);
        })?;
        self.see_upon(Step::Caches, &plan.request.tag, (&dirty, built))?;
        if self.plan.removes_dirty {
            self.remove(&dirty)?;
        }
        self.repack("repack", &plan.request.tag)?;
        self.as_set(Step::Caches, &plan.request.tag)
    }

    /// Says the id of the image `below` in place of its name, which somebody else may give away. `BuildKit`
    /// takes no ids: there, what came out is compared ([`Self::see_upon`]).
    fn upon_id(&self, plan: &mut ImagePlan, below: &ImageIdentity) {
        if self.engine.kind == Kind::Docker {
            return;
        }
        for (_, value) in plan.request.arguments.iter_mut().filter(|(_, value)| *value == below.name) {
            below.id.as_str().clone_into(value);
        }
    }

    /// Sees that the image `image` of `step` was built upon the image `name` that `below` tells of: another
    /// clone on the same engine may have given the name away. A wrong one must not be found by its name.
    fn see_upon(
        &self,
        step: Step,
        image: &str,
        (name, below): (&str, &ImageFacts),
    ) -> Result<ImageFacts, Error> {
        let facts = self.facts(image)?;
        // Images of the same layers may still be set in other ways; what they are made of tells.
        let others = [Step::Common, Step::Mission].into_iter().filter(|other| *other != step);
        let is_handed_on =
            |label: &str| facts.labels.get(label).is_none_or(|found| below.labels.get(label) == Some(found));
        if facts.is_upon(below) && others.filter_map(label_below).all(is_handed_on) {
            return Ok(facts);
        }
        // What went wrong is that it is another one, whether or not the name can be taken away.
        _ = self.engine.remove_image(image, self.console);
        Err(Error::Mixed { image: image.to_owned(), name: name.to_owned() })
    }

    fn image(&mut self, plan: &ImagePlan, stage: &Stage, outlook: &Outlook) -> Result<(), Error> {
        self.console.status(&plan.title);
        if let Some(edits) = &plan.edits {
            stage.add_edited(edits)?;
        }
        if let Some(epoch) = plan.request.epoch {
            stage.settle(epoch)?;
        }
        self.records.begin(&outlook.image)?;
        let mut request =
            BuildRequest { context: stage.path(), labels: outlook.labels(), ..plan.request.clone() };
        let form = self.form(&request)?;
        request.words.extend(form);
        let handed = self.hand_over(&request)?;
        request.words.extend(handed.iter().flat_map(|handed| handed.words.clone()));
        let step = outlook.step.name();
        self.engine_step(step, |engine, console, sink| engine.build(&request, console, sink))
    }

    /// The identity of `image`, which must say that it was built as the settings ask: buildah has
    /// been seen to take a cached layer in spite of another build argument.
    fn as_set(&mut self, step: Step, image: &str) -> Result<ImageIdentity, Error> {
        let facts = self.facts(image)?;
        let (wanted, found) = (self.plan.use_frozen.number(), facts.variable("USE_FROZEN"));
        if found != Some(wanted) {
            let (image, found) = (image.to_owned(), found.map(str::to_owned));
            return Err(Error::NotAsSet { image, wanted, found });
        }
        self.timeline.set_bytes(step.name(), facts.size);
        Ok(ImageIdentity { name: image.to_owned(), id: facts.id })
    }

    /// The times of `outlook`'s step, with what it took in this run if it did anything. Bases are made in several
    /// steps, of which nothing but an update comes before.
    fn times(&self, outlook: &Outlook) -> Times {
        let earlier = outlook.record.as_ref().map(|record| record.seconds.clone()).unwrap_or_default();
        let done = self.timeline.steps.iter().filter(|timed| !timed.skipped);
        if outlook.step == Step::Base {
            let seconds = done.filter(|timed| timed.step != "update").map(|timed| timed.seconds).sum();
            return if seconds > 0.0 { earlier.and(seconds, Cached::Partly) } else { earlier };
        }
        match done.rev().find(|timed| timed.step == outlook.step.name()) {
            Some(timed) => earlier.and(timed.seconds, timed.work_cached()),
            None => earlier,
        }
    }

    /// Keeps what the image of `outlook` was built from: `made` is its id, and whether it was adopted.
    pub(super) fn remember(
        &self,
        outlook: &Outlook,
        made: Option<(&Digest, bool)>,
        images: Vec<BuiltImage>,
    ) -> Result<(), Error> {
        let peak = self.timeline.steps.iter().rev().find(|timed| timed.step == outlook.step.name());
        let earlier = outlook.record.as_ref();
        let record = Record {
            image: outlook.image.clone(),
            id: made.map(|(id, _)| id.clone()),
            key: outlook.key.clone(),
            inputs: outlook.inputs.clone(),
            engine: self.engine.kind.name().to_owned(),
            seconds: self.times(outlook),
            adopted: made.is_some_and(|(_, adopted)| adopted),
            memory: memory::most(earlier, peak.and_then(|timed| timed.memory)),
            commit: self.source_commit.clone().filter(|_| outlook.step == Step::Base),
            images,
            follow_ups: earlier.map(|record| record.follow_ups.clone()).unwrap_or_default(),
            followed: None,
        };
        Ok(self.records.write(&record)?)
    }
}

/// The digest of `context`, which must hold what the key of `outlook` is of: the tree was read for that
/// earlier, and may have been edited since.
pub(super) fn unchanged(context: &Path, outlook: &Outlook, chain: &Chain) -> Result<Digest, Error> {
    let whole = digest(context)?;
    // What is below is no matter of the context.
    let mut differences = chain.of_context(outlook.step, &whole, context)?.differences(&outlook.inputs);
    differences.retain(|difference| difference.input != Input::Base);
    if differences.is_empty() {
        return Ok(whole);
    }
    let differences = differences.iter().map(ToString::to_string).collect();
    Err(Error::Edited { image: outlook.image.clone(), differences })
}

/// The digest of a context, for the evidence.
fn digest(context: &Path) -> Result<Digest, Error> {
    let failed = |source| Error::Context { context: context.display().to_string(), source };
    context_digest(context).map_err(failed)
}
