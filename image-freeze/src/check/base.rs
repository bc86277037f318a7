//! The base image that specs were frozen upon, against the one below an image.

use common::base_lock::BaseLock;
use common::console::Console;
use common::engine::Engine;
use common::frozen::IMAGE;
use common::inventory::Inventory;
use common::report::{Difference, DriftClass, EnvironmentDrift, PackageKind};

use crate::error::Error;

/// What docker-stacks labels its images with: the repository, and the commit.
const SOURCE: &str = "org.opencontainers.image.source";
const REVISION: &str = "org.opencontainers.image.revision";

/// The base as a lock or an image tells it, in words that can be compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// The digest under which a registry has it.
    Digest(String),
    /// The commit of docker-stacks that it was made from.
    Commit(String),
    /// Not the one that is locked: the image does not begin with its layers.
    Another,
}

impl Told {
    fn text(&self) -> String {
        match self {
            Self::Digest(text) | Self::Commit(text) => text.clone(),
            Self::Another => "another image".to_owned(),
        }
    }
}

/// What `lock` says.
pub(crate) fn locked(lock: &BaseLock) -> Option<Told> {
    let digest = lock.digest.as_ref().map(|digest| Told::Digest(digest.to_string()));
    digest.or_else(|| lock.docker_stacks.clone().map(Told::Commit))
}

/// What the labels of an image say, in the terms of `lock`.
pub(crate) fn labelled(lock: &BaseLock, held: &Inventory) -> Option<Told> {
    if lock.digest.is_some() {
        return held.image.base.as_ref()?.digest.clone().map(Told::Digest);
    }
    let labels = &held.image.labels;
    labels.get(SOURCE).filter(|source| source.contains("docker-stacks"))?;
    labels.get(REVISION).cloned().map(Told::Commit)
}

/// What the layers in `engine` say, if it has the image that `lock` names: more than any label does.
///
/// # Errors
/// The engine failed.
pub(super) fn by_layers(
    lock: &BaseLock,
    image: &str,
    (engine, console): (&Engine, &Console),
) -> Result<Option<Told>, Error> {
    let Some(pinned) = lock.pinned(&lock.reference) else { return Ok(None) };
    let Some(base) = engine.inspect(&pinned, console)? else { return Ok(None) };
    let built = engine.inspect(image, console)?;
    let Some(built) = built.filter(|built| !built.layers.is_empty() && !base.layers.is_empty()) else {
        return Ok(None);
    };
    Ok(if built.is_upon(&base) { locked(lock) } else { Some(Told::Another) })
}

/// The drift between the two; none where either says nothing, or nothing in the same terms.
pub(crate) fn compare(frozen: Option<Told>, built: Option<Told>) -> Option<EnvironmentDrift> {
    let (frozen, built) = (frozen?, built?);
    let of = |same, differences| EnvironmentDrift { name: IMAGE.to_owned(), same, differences };
    if frozen == built {
        return Some(of(1, Vec::new()));
    }
    let difference = Difference {
        kind: PackageKind::Image,
        class: DriftClass::BaseMoved,
        name: "base".to_owned(),
        frozen: Some(frozen.text()),
        built: Some(built.text()),
        path: None,
    };
    Some(of(0, vec![difference]))
}
