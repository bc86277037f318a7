//! Finding out what the rules judge.

use std::collections::BTreeMap;
use std::path::Path;

use common::console::Console;
use common::context;
use common::deployment::Deployment;
use common::digest;
use common::engine;
use common::evidence::Fact;
use common::fault::Fault as _;
use common::frozen::{BASE, CONDA_FILE, FrozenEnvironment, FrozenTree, PIP_FILE};
use common::git::Repo;
use common::report::ImageIdentity;
use common::requirement::{DirectReference, PipItem};
use common::version_file;

use super::Reach;
use super::facts::{Environment, Facts, Found, Frozen, Git, Image, Presence, Remote, Tree, Upstream};
use crate::args::TagsArgs;
use crate::error::Error;
use crate::release::Release;
use crate::workplace::Workplace;

/// Everything.
pub fn all(place: &Workplace, tags: &TagsArgs, reach: Reach, console: &Console) -> Result<Facts, Error> {
    let repo = Repo::open(place.deployment.root(), console)?;
    let tree = tree(&place.deployment);
    let git = git(&repo, place, tags, reach)?;
    Ok(Facts { image: image(place, console)?, tree, git })
}

/// The tree and the image; of git nothing.
pub fn image_only(place: &Workplace, console: &Console) -> Result<Facts, Error> {
    let git = Git {
        head: None,
        committed: Err("not looked at".to_owned()),
        changes: Vec::new(),
        ignored: Vec::new(),
        tags: BTreeMap::new(),
        remote: Remote::None,
    };
    Ok(Facts { tree: tree(&place.deployment), image: image(place, console)?, git })
}

/// An error as a finding, with its causes: the rule that needs the fact fails with it.
fn told<E: std::error::Error>(error: &E) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

fn tree(deployment: &Deployment) -> Tree {
    let digest_of = |dir: &Path, digested: std::io::Result<digest::Digest>| {
        digested.map_err(|e| format!("cannot read {}: {e}", dir.display()))
    };
    let (common, mission, frozen) = (deployment.common_dir(), deployment.dir(), deployment.frozen_dir());
    let contexts = digest_of(&common, context::context_digest(&common))
        .and_then(|one| Ok((one, digest_of(&mission, context::context_digest(&mission))?)));
    Tree {
        release: Release::in_tree(deployment).map_err(|e| told(&e)),
        environments: environments(deployment),
        frozen: self::frozen(deployment),
        specs: digest_of(&frozen, digest::of_tree(&frozen, &|_| false)),
        contexts,
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
        Ok(Environment { name, cal_version, kernel_name })
    };
    names.into_iter().map(read).collect()
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
            engine: Err(nothing()),
        });
    };
    Ok(Image {
        built: fact(place, &identity),
        tested: fact(place, &identity),
        compared: fact(place, &identity),
        engine: presence(place, &identity, console)?,
        identity: Some(identity),
    })
}

fn fact<F: Fact>(place: &Workplace, image: &ImageIdentity) -> Found<Option<F>> {
    place.evidence().read(&image.id).map_err(|e| told(&e))
}

/// What the engine has; that none works is a finding, that we were told to stop is not.
fn presence(place: &Workplace, image: &ImageIdentity, console: &Console) -> Result<Found<Presence>, Error> {
    let look = || {
        let engine = engine::choose(place.settings.engine, console)?;
        let has_image = engine.inspect(image.id.as_str(), console)?.is_some();
        let named = engine.inspect(&image.name, console)?.map(|facts| facts.id);
        Ok(Presence { engine: engine.to_string(), has_image, named, handle: Some(engine) })
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

fn git(repo: &Repo<'_>, place: &Workplace, tags: &TagsArgs, reach: Reach) -> Result<Git, Error> {
    let deployment = &place.deployment;
    let below = |dir: std::path::PathBuf| dir.strip_prefix(deployment.root()).unwrap_or(&dir).to_owned();
    let contexts = [below(deployment.common_dir()), below(deployment.dir())];
    let contexts = [contexts[0].as_path(), contexts[1].as_path()];
    let mut ignored = repo.ignored(&contexts)?;
    ignored.retain(|file| file.path.ancestors().all(context::is_input));
    let head = repo.head()?;
    let committed = match &head {
        Some(commit) => Release::in_commit(repo, commit, deployment)?.map_err(|e| told(&e)),
        None => Err("there is no commit yet".to_owned()),
    };
    let names = committed.as_ref().map_or_else(|_| Vec::new(), |release| release.tag_names(tags.combined));
    let mut local = BTreeMap::new();
    for name in &names {
        if let Some(tag) = repo.tag(name)? {
            local.insert(name.clone(), tag.commit);
        }
    }
    let remote = remote(repo, &names, tags, reach)?;
    // What image-configure reads decides what is built, as the contexts do.
    let inputs = [contexts[0], contexts[1], Path::new("setup-env.template"), Path::new("infrequent-env")];
    Ok(Git { changes: repo.changes(&inputs)?, ignored, tags: local, remote, head, committed })
}

fn remote(repo: &Repo<'_>, names: &[String], tags: &TagsArgs, reach: Reach) -> Result<Remote, Error> {
    let Some(name) = repo.remote(tags.remote.as_deref())? else { return Ok(Remote::None) };
    if reach == Reach::Clone {
        return Ok(Remote::Unasked { name });
    }
    let branch = repo.branch()?;
    let branch_ref = branch.as_ref().map(|branch| format!("refs/heads/{branch}"));
    let refs: Vec<String> =
        names.iter().map(|n| format!("refs/tags/{n}")).chain(branch_ref.clone()).collect();
    let found = match repo.remote_refs(&name, &refs) {
        Ok(found) => found,
        Err(error) if matches!(error.status(), common::fault::Status::Signal(_)) => return Err(error.into()),
        Err(error) => return Ok(Remote::Silent { name, reason: told(&error) }),
    };
    let there = names.iter().filter_map(|n| Some((n.clone(), found.tagged(n)?.to_owned())));
    let tip = branch_ref.and_then(|r| found.object(&r).map(str::to_owned));
    let upstream = match (branch, tip, repo.head()?) {
        (Some(branch), Some(commit), Some(head)) => {
            let standing = repo.ancestry(&commit, &head)?;
            Some(Upstream { name: branch, commit, standing })
        }
        _ => None,
    };
    Ok(Remote::Asked { name, tags: there.collect(), branch: upstream })
}
