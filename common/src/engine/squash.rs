//! Images of one layer made of images of many.

use super::{Engine, EngineError, ImageConfig, Kind, TemporaryImage, buildah, docker};
use crate::console::Console;
use crate::digest::Digest;
use crate::process;

impl Engine {
    /// The id and the settings of `image` (a name or an id).
    ///
    /// # Errors
    /// The image is not there, the engine failed, or its answer makes no sense.
    pub fn config(&self, image: &str, console: &Console) -> Result<(Digest, ImageConfig), EngineError> {
        let found = self.look_at(image, console)?.ok_or_else(|| self.no_image(image))?;
        Ok((found.facts.id, found.config))
    }

    /// Makes the image `flat` of all files of `image` in one layer, for the `platform` if it is not
    /// the engine's own. It has no settings. Docker and podman; buildah has [`Self::squash`].
    ///
    /// # Errors
    /// The image is not there, or the engine failed at either end of the stream.
    pub fn flatten(
        &self,
        image: &str,
        flat: &TemporaryImage<'_>,
        platform: Option<&str>,
        console: &Console,
    ) -> Result<(), EngineError> {
        let container = self.container_of(image, console)?;
        let export = docker::export(self, container.name());
        process::pipe(&export, &docker::import_stream(self, flat.name(), platform), console)?;
        Ok(())
    }

    /// Makes the image `target` of all files of `image` in one layer, with the same settings: buildah
    /// alone, which can.
    ///
    /// # Errors
    /// The image is not there, or the engine failed.
    pub fn squash(&self, image: &str, target: &str, console: &Console) -> Result<(), EngineError> {
        debug_assert_eq!(self.kind, Kind::Buildah, "no other has such a call");
        let container = self.container_of(image, console)?;
        process::text(&buildah::commit_squashed(self, container.name(), target), console)?;
        Ok(())
    }

    /// Removes images that have no name and that nobody uses, whoever made them.
    ///
    /// # Errors
    /// The engine failed.
    pub fn prune_images(&self, console: &Console) -> Result<(), EngineError> {
        let call = match self.kind {
            Kind::Docker | Kind::Podman => self.call().args(["image", "prune", "--force"]),
            Kind::Buildah => self.call().args(["rmi", "--prune"]),
        };
        process::text(&call, console)?;
        Ok(())
    }

    /// Removes all that the engine holds and nobody uses, whoever made it.
    ///
    /// # Errors
    /// The engine failed.
    pub fn prune_system(&self, console: &Console) -> Result<(), EngineError> {
        process::text(&self.call().args(["system", "prune", "--force"]), console)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::calls::tests::{engine, shown};
    use super::*;

    #[test]
    fn a_stream_becomes_an_image() {
        let docker = engine(Kind::Docker);
        assert_eq!(shown(&docker::import_stream(&docker, "t", None)), "docker import - t");
        let foreign = docker::import_stream(&docker, "t", Some("linux/arm64"));
        assert_eq!(shown(&foreign), "docker import --platform linux/arm64 - t");
        let buildah = engine(Kind::Buildah);
        assert_eq!(
            shown(&buildah::commit_squashed(&buildah, "n", "t")),
            "buildah commit --quiet --squash --format docker n t"
        );
    }
}
