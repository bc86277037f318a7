//! Finding out what the rules judge.

use std::path::Path;

use common::clock;
use common::console::Console;
use common::context;
use common::deployment::Deployment;
use common::digest;
use common::engine;
use common::evidence::{self, Built, Fact, Frozen as FrozenFact};
use common::fault::Fault as _;
use common::frozen::{BASE, CONDA_FILE, FrozenEnvironment, FrozenTree, PIP_FILE};
use common::git::{GitError, Repo};
use common::receipt;
use common::report::ImageIdentity;
use common::requirement::{DirectReference, PipItem};
use common::state_file;
use common::version_file;
use common::waiver::MissionWaivers;

use super::Reach;
use super::facts::{Environment, Facts, Found, Frozen, Image, Presence, Receipt, Tree};
use super::history::{self, Names};
use crate::args::TagsArgs;
use crate::error::Error;
use crate::release::Release;
use crate::workplace::Workplace;

/// Everything.
pub fn all(place: &Workplace, tags: &TagsArgs, reach: Reach, console: &Console) -> Result<Facts, Error> {
    let repo = Repo::open(place.deployment.root(), console)?;
    let tree = tree(&place.deployment);
    let git = history::git(&repo, place, Names::Asked(tags), reach)?;
    Ok(Facts { image: image(place, console)?, tree, git, now: clock::wall() })
}

/// The tree, the image, and what this clone holds; a copy of a tree is in no repository.
pub fn delivery(place: &Workplace, console: &Console) -> Result<Facts, Error> {
    let git = match Repo::open(place.deployment.root(), console) {
        Ok(repo) => history::git(&repo, place, Names::Mission, Reach::Clone)?,
        // A repository that git does not trust or cannot read is no missing one.
        Err(GitError::NoRepository { said, .. }) if said.contains("not a git repository") => {
            history::nothing("the tree is in no git repository")
        }
        Err(error) => return Err(error.into()),
    };
    Ok(Facts { tree: tree(&place.deployment), image: image(place, console)?, git, now: clock::wall() })
}

/// The tree and the image; of git nothing.
pub fn image_only(place: &Workplace, console: &Console) -> Result<Facts, Error> {
    let git = history::nothing("git was not asked");
    Ok(Facts { tree: tree(&place.deployment), image: image(place, console)?, git, now: clock::wall() })
}
/// An error as a finding, with its causes: the rule that needs the fact fails with it.
pub(super) fn told<E: std::error::Error>(error: &E) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

fn digest_of<T>(dir: &Path, digested: std::io::Result<T>) -> Found<T> {
    digested.map_err(|e| format!("cannot read {}: {e}", dir.display()))
}

fn tree(deployment: &Deployment) -> Tree {
    let (common, mission, frozen) = (deployment.common_dir(), deployment.dir(), deployment.frozen_dir());
    let contexts = digest_of(&common, context::context_digest(&common))
        .and_then(|one| Ok((one, digest_of(&mission, context::context_digest(&mission))?)));
    Tree {
        release: Release::in_tree(deployment).map_err(|e| told(&e)),
        environments: environments(deployment),
        frozen: self::frozen(deployment),
        specs: digest_of(&frozen, digest::of_tree(&frozen, &|_| false)),
        contexts,
        locks: digest_of(&frozen, evidence::locks(deployment)),
        record: state_file::read(&deployment.dir().join(context::RECORD)).map_err(|e| told(&e)),
        waivers: MissionWaivers::read(deployment).map_err(|e| told(&e)),
    }
}

fn environments(deployment: &Deployment) -> Found<Vec<Environment>> {
    let line = |path: &Path| -> Found<Option<String>> {
        if !path.exists() {
            return Ok(None);
        }
        version_file::read_line(path).map(Some).map_err(|e| told(&e))
    };
    let names = deployment.environments().map_err(|e| told(&e))?;
    let read = |name: String| {
        let dir = deployment.environment_dir(&name);
        let (cal_version, kernel_name) = (line(&dir.join("CAL_VERSION"))?, line(&dir.join("kernel.name"))?);
        Ok(Environment { name, cal_version, kernel_name, receipt: receipt(&dir)? })
    };
    names.into_iter().map(read).collect()
}

/// The receipt in the environment's directory `dir`. Who asked for which version is told by one of a
/// few keys; a receipt without any says nothing of it.
fn receipt(dir: &Path) -> Found<Option<Receipt>> {
    let path = dir.join(receipt::FILE_NAME);
    let Some(text) = state_file::read(&path).map_err(|e| told(&e))? else { return Ok(None) };
    let received = receipt::Receipt::parse(&text, &path.display().to_string()).map_err(|e| told(&e))?;
    let (digest, delivered) = (digest::Digest::of(&text), received.script.is_none());
    Ok(Some(Receipt { digest, version: Some(received.version), delivered }))
}

/// D50: references that can move, and specs that are not there at all.
fn frozen(deployment: &Deployment) -> Found<Frozen> {
    let tree = FrozenTree::read(&deployment.frozen_dir()).map_err(|e| told(&e))?;
    let mut names = deployment.environments().map_err(|e| told(&e))?;
    names.push(BASE.to_owned());
    names.sort();
    let mut found = Frozen::default();
    for name in names {
        let lacks = match tree.environments.get(&name) {
            None if name == BASE => vec![CONDA_FILE],
            None => vec![CONDA_FILE, PIP_FILE],
            Some(frozen) => lacks(&name, frozen),
        };
        found.missing.extend(lacks.iter().map(|file| format!("env-frozen/{name}/{file}")));
    }
    for (name, frozen) in &tree.environments {
        let conda = frozen.conda.iter().flat_map(|file| &file.pip).map(|item| (CONDA_FILE, item));
        let pip = frozen.pip.iter().flat_map(|file| &file.items).map(|item| (PIP_FILE, item));
        for (file, item) in conda.chain(pip) {
            if let Some((line, reference)) = moving(item) {
                found.moving.push(format!("env-frozen/{name}/{file}:{line}: {reference}"));
            }
        }
    }
    Ok(found)
}

fn lacks(name: &str, frozen: &FrozenEnvironment) -> Vec<&'static str> {
    let conda = frozen.conda.is_none().then_some(CONDA_FILE);
    let pip = (frozen.pip.is_none() && name != BASE).then_some(PIP_FILE);
    conda.into_iter().chain(pip).collect()
}

/// The line and the reference, if `item` comes from a version control system and names no commit.
fn moving(item: &PipItem) -> Option<(usize, DirectReference)> {
    let (line, reference) = match item {
        PipItem::Requirement(requirement) => (requirement.line, requirement.direct()?.clone()),
        PipItem::Unnamed { line, reference } => (*line, reference.clone()),
        PipItem::Option { line, text } => {
            let editable = text.strip_prefix("--editable").or_else(|| text.strip_prefix("-e"))?;
            (*line, DirectReference::new(editable.trim_start_matches('=').trim()))
        }
    };
    let moves = reference.vcs().is_some() && reference.commit().is_none();
    moves.then_some((line, reference))
}

fn image(place: &Workplace, console: &Console) -> Result<Image, Error> {
    let Some(identity) = place.image()? else {
        let nothing = || "nothing was built".to_owned();
        return Ok(Image {
            identity: None,
            built: Ok(None),
            tested: Ok(None),
            compared: Ok(None),
            sbom: None,
            engine: Err(nothing()),
        });
    };
    let built: Found<Option<Built>> = fact(place, &identity);
    let base = built.as_ref().ok().and_then(|built| Some(built.as_ref()?.base.name.clone()));
    let frozen: Found<Option<FrozenFact>> = fact(place, &identity);
    Ok(Image {
        built,
        tested: fact(place, &identity),
        compared: fact(place, &identity),
        sbom: frozen.ok().flatten().and_then(|frozen| frozen.sbom),
        engine: presence(place, &identity, base.as_deref(), console)?,
        identity: Some(identity),
    })
}

fn fact<F: Fact>(place: &Workplace, image: &ImageIdentity) -> Found<Option<F>> {
    place.evidence().read(&image.id).map_err(|e| told(&e))
}

/// What the engine has; that none works is a finding, that we were told to stop is not.
fn presence(
    place: &Workplace,
    image: &ImageIdentity,
    base: Option<&str>,
    console: &Console,
) -> Result<Found<Presence>, Error> {
    let context = place.context()?;
    let look = || {
        let engine = engine::choose_in(context.as_deref(), place.settings.engine, console)?;
        let found = engine.inspect(image.id.as_str(), console)?;
        let id_of = |name: &str| -> Result<_, engine::EngineError> {
            Ok(engine.inspect(name, console)?.map(|facts| facts.id))
        };
        let (has_image, size) = (found.is_some(), found.and_then(|facts| facts.size));
        let named = id_of(&image.name)?;
        let base = base.map(id_of).transpose()?.flatten();
        Ok(Presence { engine: engine.to_string(), has_image, named, base, size, handle: Some(engine) })
    };
    match look() {
        Ok(presence) => Ok(Ok(presence)),
        Err(error @ engine::EngineError::Call(_))
            if matches!(error.status(), common::fault::Status::Signal(_)) =>
        {
            Err(error.into())
        }
        Err(error) => Ok(Err(told(&error))),
    }
}
