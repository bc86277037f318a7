//! What tools do with images: ask, build, name, save, fetch, remove.

use std::path::Path;

use super::answer::{self, Image};
use super::container::Container;
use super::{BuildRequest, Engine, EngineError, ImageFacts, Kind};
use super::{buildah, docker};
use crate::console::Console;
use crate::digest::Digest;
use crate::process::{self, Exit, ProcessError};

impl Engine {
    /// What the engine knows of `image` (a name or an id); `None` if it has no such image.
    ///
    /// # Errors
    /// The engine failed, or its answer makes no sense.
    pub fn inspect(&self, image: &str, console: &Console) -> Result<Option<ImageFacts>, EngineError> {
        Ok(self.look_at(image, console)?.map(|image| image.facts))
    }

    pub(super) fn look_at(&self, image: &str, console: &Console) -> Result<Option<Image>, EngineError> {
        let call = self.inspect_call(image);
        let captured = process::capture(&call, console)?;
        if captured.exit.is_success() {
            return answer::image(self.kind, &call, &captured.text()).map(Some);
        }
        if answer::is_no_image(&String::from_utf8_lossy(&captured.stderr)) {
            return Ok(None);
        }
        Err(call.failed(&captured).into())
    }

    /// The ids of `images`, in their order, in one call if all are there.
    ///
    /// # Errors
    /// The engine failed, or its answer makes no sense.
    pub fn ids(&self, images: &[&str], console: &Console) -> Result<Vec<Option<Digest>>, EngineError> {
        let captured = process::capture(&self.ids_call(images), console)?;
        if captured.exit.is_success()
            && let Some(ids) = answer::ids(self.kind, images, &captured.text())
        {
            return Ok(ids);
        }
        let id = |image: &&str| Ok(self.inspect(image, console)?.map(|facts| facts.id));
        images.iter().map(id).collect()
    }

    /// All names of the image `id`, in the order in which the engine keeps them: what is built upon an image by its
    /// id has the first of them in its history. Docker's builds have none there, so none is told.
    ///
    /// # Errors
    /// The engine failed, or its answer makes no sense.
    pub fn names_of(&self, id: &Digest, console: &Console) -> Result<Vec<String>, EngineError> {
        let call = match self.kind {
            Kind::Docker => return Ok(Vec::new()),
            Kind::Podman => self.call().args(["images", "--format", "json", "--no-trunc"]),
            Kind::Buildah => buildah::images(self),
        };
        answer::names(id, &call, &process::text(&call, console)?)
    }

    /// Whether `--progress=rawjson` makes a build tell its progress as JSON. Help texts keep quiet about
    /// it, and `build` need not be buildx's own, so it is asked to build what is not there: who takes the
    /// word complains of the place alone, in the words of buildx. Docker's own older `build` looks at the place
    /// before it looks at the word. An engine that cannot be asked has none.
    #[must_use]
    pub fn has_raw_progress(&self, console: &Console) -> bool {
        const NOWHERE: &str = "/nonexistent/image-tools";
        if self.kind != Kind::Docker || self.is_legacy() {
            return false;
        }
        let call = self.call().args(["build", "--progress=rawjson", NOWHERE]).env("DOCKER_BUILDKIT", "1");
        process::capture(&call, console).is_ok_and(|told| {
            let said = String::from_utf8_lossy(&told.stderr).into_owned();
            said.starts_with("ERROR:") && said.contains(NOWHERE) && !said.contains("progress")
        })
    }

    /// Builds an image; each line that the engine prints goes to `sink`. A status other than 0 is
    /// no error here.
    ///
    /// # Errors
    /// The engine cannot be run, or we were told to stop.
    pub fn build(
        &self,
        request: &BuildRequest,
        console: &Console,
        sink: &mut dyn FnMut(&[u8]),
    ) -> Result<Exit, EngineError> {
        let Some(dir) = &request.archive_in else {
            return Ok(process::stream(&self.build_call(request), console, sink)?);
        };
        let failed = |source| EngineError::Place { path: dir.clone(), source };
        std::fs::create_dir_all(dir).map_err(failed)?;
        // Called as trees are, so that what a run that was killed leaves is swept like those.
        let place = tempfile::Builder::new().prefix("tree.").tempdir_in(dir).map_err(failed)?;
        let archive = place.path().join("image.tar");
        let mut request = request.clone();
        request.words.push(format!("--output=type=docker,dest={},rewrite-timestamp=true", archive.display()));
        let exit = process::stream(&self.build_call(&request), console, sink)?;
        if exit.is_success() {
            self.load(&archive, false, console)?;
        }
        Ok(exit)
    }

    /// Writes `image` to `file` as an archive whose configuration blob is byte for byte that of the
    /// image, so that its digest is the image's id: a docker archive, or from podman and buildah an
    /// OCI archive if the image has that form.
    ///
    /// # Errors
    /// The image is not there, or the engine failed.
    pub fn save(&self, image: &str, file: &Path, console: &Console) -> Result<(), EngineError> {
        let Some(Image { form, .. }) = self.look_at(image, console)? else {
            return Err(self.no_image(image));
        };
        process::text(&self.save_call(image, file, form), console)?;
        Ok(())
    }

    /// Gives `image` the further name `name`.
    ///
    /// # Errors
    /// The image is not there, or the engine failed.
    pub fn tag(&self, image: &str, name: &str, console: &Console) -> Result<(), EngineError> {
        let tagged = process::text(&self.tag_call(image, name), console);
        self.needing(image, tagged, console)
    }

    /// Removes the name `image`, and the image if it was its last.
    ///
    /// # Errors
    /// The image is not there, or the engine failed.
    pub fn remove_image(&self, image: &str, console: &Console) -> Result<(), EngineError> {
        let removed = process::text(&self.remove_image_call(image), console);
        self.needing(image, removed, console)
    }

    /// Fetches `reference` from its registry; each line printed goes to `sink`.
    ///
    /// # Errors
    /// The engine cannot be run, or we were told to stop.
    pub fn pull(
        &self,
        reference: &str,
        console: &Console,
        sink: &mut dyn FnMut(&[u8]),
    ) -> Result<Exit, EngineError> {
        Ok(process::stream(&self.pull_call(reference), console, sink)?)
    }

    /// Makes an image `tag` of one layer from a root file system in the tar file `archive`.
    ///
    /// # Errors
    /// The engine failed.
    pub fn import(&self, archive: &Path, tag: &str, console: &Console) -> Result<(), EngineError> {
        if self.kind != Kind::Buildah {
            process::text(&docker::import(self, archive, tag), console)?;
            return Ok(());
        }
        let container = Container::new(self, console);
        for call in buildah::import(self, archive, tag, container.name()) {
            process::text(&call, console)?;
        }
        Ok(())
    }

    /// Makes a failure plain whose cause is that `image` is not there. The engine is asked, because
    /// each says it in other words.
    pub(super) fn needing<T>(
        &self,
        image: &str,
        result: Result<T, ProcessError>,
        console: &Console,
    ) -> Result<(), EngineError> {
        match result {
            Ok(_) => Ok(()),
            Err(error @ ProcessError::Failed { .. }) => match self.inspect(image, console)? {
                Some(_) => Err(error.into()),
                None => Err(self.no_image(image)),
            },
            Err(error) => Err(error.into()),
        }
    }

    pub(super) fn no_image(&self, image: &str) -> EngineError {
        EngineError::NoImage { image: image.to_owned(), engine: self.to_string() }
    }
}

#[cfg(test)]
mod tests;
