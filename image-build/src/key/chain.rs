//! The manifests of a mission's images, each upon the key of the one below. No engine is asked.

mod base;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use common::base_lock::BaseLock;
use common::digest::Digest;
use common::engine::Engine;
use common::generated;
use common::receipt::Receipt;
use common::requirement::SpecKind;
use common::settings::{EngineChoice, Settings};

use super::forecast::Step;
use super::input::Input;
use super::manifest::Manifest;
use super::switches::sift;
use crate::dockerfile::{CA_VARIABLES, Dockerfile, Taken, selected_files, takes_file};
use crate::error::Error;
use crate::plan::{Choices, ImagePlan, Plan, assumed_engine};

/// The images of a mission, as keys see them: the same on every engine, whatever it can do.
#[derive(Clone)]
pub(crate) struct Chain {
    plan: Plan,
    cutoff: String,
    /// The mission's Dockerfile as image-update will have written it, where it is generated.
    generated: Option<Vec<u8>>,
    /// Whether the images below keep instructions for this one.
    common_keeps: bool,
    mission_keeps: bool,
    /// The very base image that a frozen build was frozen upon, where that is known.
    pinned: Option<String>,
}

impl Chain {
    /// The chain of `settings`, as the tree is now.
    pub(crate) fn read(settings: &Settings, choices: &Choices) -> Result<Self, Error> {
        let engine: Engine = assumed_engine(EngineChoice::Docker);
        let plan = Plan::new(settings, choices, &engine);
        let deployment = settings.deployment();
        let generated = if choices.update { generated::dockerfile(&deployment)? } else { None };
        let generated = generated.map(|generated| generated.content);
        let mut chain = Self {
            plan,
            cutoff: choices.cutoff.to_string(),
            generated,
            common_keeps: false,
            mission_keeps: false,
            // Where the lock cannot be read, making the base will say why.
            pinned: BaseLock::read(&BaseLock::path(&deployment))
                .ok()
                .flatten()
                .and_then(|lock| lock.pinned(&settings.base_reference())),
        };
        chain.common_keeps = dockerfile(&chain.plan.common, "Dockerfile")?.keeps_copies();
        chain.mission_keeps = chain.mission_dockerfile()?.keeps_copies();
        Ok(chain)
    }

    /// What the shared image is made of, upon the base image `base`.
    pub(crate) fn common(&self, base: &Digest) -> Result<Manifest, Error> {
        let file = dockerfile(&self.plan.common, "Dockerfile")?;
        let mut manifest = manifest(&self.plan.common, &file, "Dockerfile", (base, false))?;
        self.add_wrangler_spec(&file, &mut manifest)?;
        self.add_layers(&mut manifest);
        Ok(manifest)
    }

    /// The mission's file that is put into the shared context, where it is taken from there.
    fn add_wrangler_spec(&self, file: &Dockerfile, manifest: &mut Manifest) -> Result<(), Error> {
        let Some(spec) = self.plan.wrangler_spec.as_deref().filter(|spec| spec.is_file()) else {
            return Ok(());
        };
        let (Some(dir), Some(name)) = (spec.parent(), spec.file_name().and_then(|name| name.to_str())) else {
            return Ok(());
        };
        let taken = file.takes(&BTreeMap::new());
        if takes_file(&self.plan.common.request.context, &taken, "Dockerfile", name) {
            manifest.add_file(dir, name.to_owned()).map_err(unreadable(spec))?;
        }
        Ok(())
    }

    /// An image of one layer is another one.
    fn add_layers(&self, manifest: &mut Manifest) {
        if self.plan.repacks {
            manifest.set(Input::setting("layers"), "one");
        }
    }

    /// What the mission's image is made of, upon a shared image of the key `common`.
    pub(crate) fn mission(&self, common: &Digest) -> Result<Manifest, Error> {
        let file = self.mission_dockerfile()?;
        let mut manifest = manifest(&self.plan.mission, &file, "Dockerfile", (common, self.common_keeps))?;
        self.pin_references(&mut manifest)?;
        Ok(manifest)
    }

    /// Floating specs count as they are staged: at the commits of their environment's receipt.
    fn pin_references(&self, manifest: &mut Manifest) -> Result<(), Error> {
        let dir = &self.plan.mission.request.context;
        for path in manifest.files() {
            let Some(kind) = spec_kind(&path) else { continue };
            let file = dir.join(&path);
            let environment = file.parent().unwrap_or(dir);
            if let Ok(Some(receipt)) = Receipt::of_environment(environment) {
                let text = std::fs::read(&file).map_err(unreadable(&file))?;
                if let Some(pinned) = receipt.pin(kind, &text) {
                    manifest.set(Input::File(path), format!("pinned {}", Digest::of(&pinned).hex()));
                }
            }
        }
        Ok(())
    }

    /// What the image that is used is made of, upon a mission's image of the key `mission`.
    pub(crate) fn caches(&self, mission: &Digest) -> Result<Manifest, Error> {
        let name = self.plan.caches.request.dockerfile.as_str();
        let file = dockerfile(&self.plan.caches, name)?;
        let mut manifest = manifest(&self.plan.caches, &file, name, (mission, self.mission_keeps))?;
        self.add_layers(&mut manifest);
        Ok(manifest)
    }

    /// What the image of `step` upon `below` would be made of, were the directory `context` its context.
    ///
    /// # Errors
    /// It cannot be read.
    pub(crate) fn of_context(&self, step: Step, below: &Digest, context: &Path) -> Result<Manifest, Error> {
        let mut plan = self.plan.clone();
        for image in [&mut plan.common, &mut plan.mission, &mut plan.caches] {
            context.clone_into(&mut image.request.context);
        }
        let chain = Self { plan, ..self.clone() };
        match step {
            Step::Base => Ok(chain.base()),
            Step::Common => chain.common(below),
            Step::Mission => chain.mission(below),
            Step::Caches => chain.caches(below),
        }
    }

    /// Whether the mission's Dockerfile in the tree is what image-update would write.
    pub(crate) fn is_generated(&self) -> bool {
        let path = self.plan.mission.request.context.join("Dockerfile");
        self.generated.as_ref().is_none_or(|text| std::fs::read(path).is_ok_and(|found| found == *text))
    }

    /// The plan that the keys are of.
    pub(crate) const fn plan(&self) -> &Plan {
        &self.plan
    }

    fn mission_dockerfile(&self) -> Result<Dockerfile, Error> {
        match &self.generated {
            Some(text) => parse(text.clone(), &self.plan.mission.request.context.join("Dockerfile")),
            None => dockerfile(&self.plan.mission, "Dockerfile"),
        }
    }
}

/// The kind of `path`, if it is one of an environment's own floating specs.
fn spec_kind(path: &str) -> Option<SpecKind> {
    match path.split('/').collect::<Vec<_>>()[..] {
        ["environments", _, name] => SpecKind::of_name(name),
        _ => None,
    }
}

fn dockerfile(image: &ImagePlan, name: &str) -> Result<Dockerfile, Error> {
    let path = image.request.context.join(name);
    let text = std::fs::read(&path).map_err(unreadable(&path))?;
    parse(text, &path)
}

fn parse(text: Vec<u8>, path: &Path) -> Result<Dockerfile, Error> {
    Ok(Dockerfile::parse(text, path).map_err(crate::stage::StageError::from)?)
}

fn manifest(
    image: &ImagePlan,
    file: &Dockerfile,
    name: &str,
    (base, takes_all): (&Digest, bool),
) -> Result<Manifest, Error> {
    let mut manifest = Manifest::default();
    manifest.set(Input::Base, base.hex());
    manifest.set(Input::Dockerfile, Digest::of(file.text().as_bytes()).hex());
    let mut arguments: BTreeMap<String, String> = BTreeMap::new();
    let rest = sift(&image.request.words, &mut arguments);
    arguments.extend(image.request.arguments.iter().cloned());
    arguments.retain(|name, _| !CA_VARIABLES.contains(&name.as_str()));
    manifest.set(Input::setting("switches"), rest.join(" "));
    if let Some(edits) = &image.edits {
        manifest.set(Input::setting("cache directories"), edits.cache_dirs.join(" "));
    }
    let taken = if takes_all { Taken::Everything } else { file.takes(&arguments) };
    for (name, value) in arguments {
        manifest.set(Input::Argument(name), value);
    }
    let dir = &image.request.context;
    let add = |manifest: &mut Manifest| {
        selected_files(dir, &taken, name)?.into_iter().try_for_each(|path| manifest.add_file(dir, path))
    };
    add(&mut manifest).map_err(unreadable(dir))?;
    Ok(manifest)
}

fn unreadable(path: &Path) -> impl Fn(std::io::Error) -> Error + '_ {
    let path: PathBuf = path.to_owned();
    move |source| Error::Context { context: path.display().to_string(), source }
}

#[cfg(test)]
mod tests {
    use super::*;
    use common::testing::Repository;

    fn chain(repository: &Repository) -> Chain {
        let mut settings = crate::plan::tests::roman();
        repository.root().clone_into(&mut settings.root);
        Chain::read(&settings, &crate::plan::tests::choices()).unwrap()
    }

    fn key(repository: &Repository) -> Digest {
        let chain = chain(repository);
        let common = chain.common(&Digest::of(b"base")).unwrap().key();
        let mission = chain.mission(&common).unwrap().key();
        chain.caches(&mission).unwrap().key()
    }

    #[test]
    fn a_file_that_no_image_takes_is_in_no_key() {
        let repository = Repository::new();
        let before = key(&repository);
        repository.write("deployments/roman/README.md", "new");
        repository.write("deployments/common/notes.txt", "new");
        assert_eq!(key(&repository), before);
        repository.write("deployments/roman/environments/test", "new");
        assert_ne!(key(&repository), before);
    }

    /// Each `save` and each waiver made the image that it was about an old one.
    #[test]
    fn what_judges_an_image_is_in_no_key_of_it() {
        let repository = Repository::new();
        repository.write("deployments/roman/Dockerfile.custom", "FROM a\nCOPY . /opt/\n");
        let before = key(&repository);
        repository.write("deployments/roman/release.json", "{}");
        repository.write("deployments/roman/environments/roman-cal/tests/waivers.json", "{}");
        repository.write("deployments/roman/waivers.json", "{}");
        assert_eq!(key(&repository), before);
        repository.write("deployments/roman/environments/release.json", "{}");
        assert_ne!(key(&repository), before);
    }

    #[test]
    fn two_clones_of_one_content_have_one_key() {
        assert_eq!(key(&Repository::new()), key(&Repository::new()));
    }

    /// What is not yet written is already planned with.
    #[test]
    fn the_dockerfile_is_that_which_image_update_will_write() {
        let repository = Repository::new();
        let before = key(&repository);
        repository.write("deployments/roman/Dockerfile", "FROM elsewhere\n");
        assert_eq!(key(&repository), before);
        assert!(!chain(&repository).is_generated());
        repository.write("deployments/common/Dockerfile.trailer", "RUN other\n");
        assert_ne!(key(&repository), before);
    }
}
