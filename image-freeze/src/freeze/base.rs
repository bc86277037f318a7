//! Which base image the specs were solved upon: written down, so that a frozen build finds the same.

use common::base_lock::{self, BaseLock};
use common::console::Console;
use common::engine::Engine;
use common::report::{ImageIdentity, Outcome};
use common::session::Session;
use common::settings::{BaseImage, Owner};

use crate::error::Error;
use crate::overlay::Standing;

/// The record of the docker-stacks commit, which a build from source writes.
const DOCKER_STACKS: &str = "docker-stacks.hash";

/// The lock of the base that `image` was built upon; `Err` says why there is none.
pub(super) type Found = Result<BaseLock, String>;

/// Finds the base image of `image`.
///
/// # Errors
/// The engine failed.
pub(super) fn find(
    session: &Session,
    image: &ImageIdentity,
    standing: &Standing,
    (engine, console): (&Engine, &Console),
) -> Result<Option<Found>, Error> {
    let settings = &session.document.settings;
    let reference = settings.base_reference();
    if settings.base_image == Some(BaseImage::Bootstrap) {
        return Ok(None);
    }
    let commit = standing.text(DOCKER_STACKS).map(|text| text.trim().to_owned());
    if let Some(commit) =
        commit.filter(|_| settings.base_image.is_none() && settings.owner == Owner::Spacetelescope)
    {
        return Ok(Some(Ok(BaseLock { reference, digest: None, docker_stacks: Some(commit) })));
    }
    let Some(base) = engine.inspect(&reference, console)? else {
        return Ok(Some(Err(format!("the base {reference} is not here any more"))));
    };
    let built = engine.inspect(image.id.as_str(), console)?;
    let by_layers = built.is_some_and(|built| !base.layers.is_empty() && built.is_upon(&base));
    if !by_layers && recorded(session) != Some(&base.id) {
        return Ok(Some(Err(format!(
            "{reference} names another image now than {} was built upon",
            image.name
        ))));
    }
    let name = base_lock::repository(&reference);
    let of_registry = base.repo_digests.iter().filter_map(|text| text.split_once('@')).find(|(known, _)| {
        *known == name
            || known.strip_suffix(name).is_some_and(|host| host.ends_with('/') && host != "localhost/")
    });
    let digest = of_registry.and_then(|(_, digest)| digest.parse().ok());
    Ok(Some(match digest {
        Some(digest) => Ok(BaseLock { reference, digest: Some(digest), docker_stacks: None }),
        None => Err(format!("no registry has {reference}, as far as the engine knows")),
    }))
}

/// The base of the document's last build.
fn recorded(session: &Session) -> Option<&common::digest::Digest> {
    let reference = session.document.settings.base_reference();
    let builds = session.document.reports.iter().rev().filter_map(|report| match &report.outcome {
        Outcome::Build(build) => Some(build),
        _ => None,
    });
    let images = builds.take(1).flat_map(|build| &build.images);
    images.map(|built| &built.image).find(|image| image.name == reference).map(|image| &image.id)
}
