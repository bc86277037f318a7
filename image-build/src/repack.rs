//! Makes an image of one layer of another one, with the same settings: the same files and behaviour in
//! less space, where upper layers remove what lower ones hold.
//!
//! The original wrote settings into a Dockerfile as they are, left some out, and removed the source
//! before anybody had looked at what came out (D57). Here the source goes last, when the target has
//! been read back and is the same.

mod recipe;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use thiserror::Error;

use common::console::Console;
use common::digest::Digest;
use common::engine::{self, BuildRequest, Engine, EngineError, ImageConfig, Kind, TemporaryImage};
use common::fault::{Fault, Status};
use common::process::Exit;
use common::settings::EngineChoice;

use crate::error::Error;
use crate::stage::{Stage, StageError};
use recipe::Recipe;

/// What the Dockerfile is called; the original called it so, and had it in the working directory.
const DOCKERFILE: &str = "Dockerfile.squash";

/// An image to repack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Repack {
    /// The name or id of the image that there is.
    pub(crate) source: String,
    /// The name of the image to make.
    pub(crate) target: String,
    /// Whether the source goes when the target is there.
    pub(crate) deletes_source: bool,
}

/// No image was made; the source is as it was, except where [`RepackError::Kept`] says otherwise.
#[derive(Debug, Error)]
pub(crate) enum RepackError {
    /// The engine failed, or there is no such image.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The engine did not build the target.
    #[error("{target} was not built ({exit}); {source_name} is untouched")]
    Build {
        /// What was to be made.
        target: String,
        /// What of.
        source_name: String,
        /// How the engine ended.
        exit: Exit,
    },
    /// The engine would change the image by copying it.
    #[error(
        "{source_name} has ONBUILD steps ({}), which {engine} would carry out and forget when it makes {target}",
        steps.join("; ")
    )]
    Triggers {
        /// What was to be made.
        target: String,
        /// What of.
        source_name: String,
        /// The steps.
        steps: Vec<String>,
        /// The engine.
        engine: String,
    },
    /// What came out is not what went in.
    #[error(
        "{target} would not be as {source_name} is: {} would differ; {source_name} is untouched",
        settings.join(", ")
    )]
    Differs {
        /// What was made, and removed again.
        target: String,
        /// What of.
        source_name: String,
        /// The settings that were not the same.
        settings: Vec<&'static str>,
    },
    /// The target is there and the source cannot be removed.
    #[error("{target} is made; {source_name} cannot be removed")]
    Kept {
        /// What was made.
        target: String,
        /// What is still there.
        source_name: String,
        /// Why.
        source: EngineError,
    },
    /// The Dockerfile cannot be staged.
    #[error(transparent)]
    Stage(#[from] StageError),
}

impl Fault for RepackError {
    fn status(&self) -> Status {
        match self {
            Self::Engine(error) | Self::Kept { source: error, .. } => error.status(),
            Self::Build { exit, .. } => exit.status(),
            Self::Triggers { .. } => Status::Unavailable,
            Self::Differs { .. } => Status::Protocol,
            Self::Stage(error) => error.status(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Engine(EngineError::NoImage { .. }) | Self::Stage(_) | Self::Build { .. } => None,
            Self::Engine(error) => error.hint(),
            Self::Triggers { source_name, target, .. } => {
                Some(format!("image-repack {source_name} {target} --engine docker"))
            }
            Self::Differs { source_name, .. } => {
                Some(format!("use {source_name} as it is: image-configure --repack=0"))
            }
            Self::Kept { source_name, .. } => {
                Some(format!("docker ps --all --filter ancestor={source_name} shows what uses it"))
            }
        }
    }
}

/// `image-repack`: works anywhere, without a document.
///
/// # Errors
/// There is no engine, or nothing could be made.
pub(crate) fn command(
    repack: &Repack,
    choice: Option<EngineChoice>,
    console: &Console,
) -> Result<Status, Error> {
    let exported = || env::var("IMAGE_ENGINE").ok().and_then(|name| name.parse().ok());
    let engine = engine::choose(choice.or_else(exported).unwrap_or(EngineChoice::Auto), console)?;
    let stage_dir =
        tempfile::tempdir().map_err(|source| StageError::File { path: env::temp_dir(), source })?;
    let work = Workplace { engine: &engine, console, stage_dir: stage_dir.path() };
    work.run(repack, &mut |line| console.child_line(line))?;
    console.status(format_args!("{} is {} in one layer", repack.target, repack.source));
    Ok(Status::Done)
}

/// Whether this is a machine of GitHub's, which is thrown away afterwards: only there is removed what
/// others may have made.
pub(crate) fn is_on_github() -> bool {
    env::var_os("GITHUB_RUN_ID").is_some()
}

/// Where it is done.
pub(crate) struct Workplace<'a> {
    pub(crate) engine: &'a Engine,
    pub(crate) console: &'a Console,
    /// The directory for a staged context.
    pub(crate) stage_dir: &'a Path,
}

impl Workplace<'_> {
    /// Makes the target, compares it with the source, and only then removes that if it is to go. Gives
    /// the target's id. Each line that the build prints goes to `sink`.
    pub(crate) fn run(&self, repack: &Repack, sink: &mut dyn FnMut(&[u8])) -> Result<Digest, RepackError> {
        let Self { engine, console, .. } = *self;
        engine.sweep_containers(console)?;
        let (source_id, config) = engine.config(&repack.source, console)?;
        if engine.kind != Kind::Docker && !config.on_build.is_empty() {
            return Err(RepackError::Triggers {
                target: repack.target.clone(),
                source_name: repack.source.clone(),
                steps: config.on_build,
                engine: engine.kind.to_string(),
            });
        }
        match engine.kind {
            Kind::Docker => self.rebuild(repack, &config, sink)?,
            Kind::Podman => self.build_squashed(repack, &source_id, sink)?,
            Kind::Buildah => engine.squash(&repack.source, &repack.target, console)?,
        }
        let (target_id, made) = engine.config(&repack.target, console)?;
        // The target may have had the source's name, or have it now.
        let in_place = engine.inspect(&repack.source, console)?.is_none_or(|facts| facts.id != source_id);
        let settings = config.differences(&made);
        if !settings.is_empty() {
            self.undo(repack, in_place.then_some(&source_id))?;
            let (target, source_name) = (repack.target.clone(), repack.source.clone());
            return Err(RepackError::Differs { target, source_name, settings });
        }
        if repack.deletes_source {
            let name = if in_place { source_id.as_str() } else { &repack.source };
            match engine.remove_image(name, console) {
                Ok(()) => {}
                // In containerd's store an image goes with its last name.
                Err(EngineError::NoImage { .. }) if in_place => {}
                Err(source) => {
                    let (target, source_name) = (repack.target.clone(), repack.source.clone());
                    return Err(RepackError::Kept { target, source_name, source });
                }
            }
        }
        if is_on_github() {
            self.prune();
        }
        Ok(target_id)
    }

    /// As the original: export into a base without settings, and a Dockerfile that has them.
    fn rebuild(
        &self,
        repack: &Repack,
        config: &ImageConfig,
        sink: &mut dyn FnMut(&[u8]),
    ) -> Result<(), RepackError> {
        let platform = foreign_platform(&config.architecture);
        let base = TemporaryImage::new("squash-base", self.engine, self.console);
        self.engine.flatten(&repack.source, &base, platform.as_deref(), self.console)?;
        let recipe = Recipe::new(base.name(), config);
        let mut words = vec!["--no-cache".to_owned()];
        words.extend(platform.into_iter().flat_map(|platform| ["--platform".to_owned(), platform]));
        self.build(repack, (recipe, words), sink)
    }

    /// Podman keeps the settings by itself, also those that it does not tell.
    fn build_squashed(
        &self,
        repack: &Repack,
        source: &Digest,
        sink: &mut dyn FnMut(&[u8]),
    ) -> Result<(), RepackError> {
        let recipe = Recipe::new(source.hex(), &ImageConfig::default());
        let words = ["--no-cache", "--squash-all"].map(str::to_owned).to_vec();
        self.build(repack, (recipe, words), sink)
    }

    fn build(
        &self,
        repack: &Repack,
        (recipe, words): (Recipe, Vec<String>),
        sink: &mut dyn FnMut(&[u8]),
    ) -> Result<(), RepackError> {
        let stage = Stage::empty(self.stage_dir)?;
        let path: PathBuf = stage.path().join(DOCKERFILE);
        fs::write(&path, recipe.text).map_err(|source| StageError::File { path, source })?;
        let request = BuildRequest {
            context: stage.path(),
            dockerfile: DOCKERFILE.to_owned(),
            tag: repack.target.clone(),
            words,
            arguments: recipe.arguments,
            ..BuildRequest::default()
        };
        let exit = self.engine.build(&request, self.console, sink)?;
        if exit.is_success() {
            return Ok(());
        }
        let (target, source_name) = (repack.target.clone(), repack.source.clone());
        Err(RepackError::Build { target, source_name, exit })
    }

    /// Takes the target's name away from what should not have it. Where it is the source's own name, it
    /// goes back to `source`.
    fn undo(&self, repack: &Repack, source: Option<&Digest>) -> Result<(), EngineError> {
        match source {
            Some(id) => self.engine.tag(id.as_str(), &repack.source, self.console),
            None => self.engine.remove_image(&repack.target, self.console),
        }
    }

    /// What fails here has only left something lying about.
    fn prune(&self) {
        if let Err(error) = self.engine.prune_images(self.console) {
            self.console.warn(error);
        }
    }
}

/// The platform of an image for another processor than this machine's: imported files would count as
/// for this one's.
fn foreign_platform(architecture: &str) -> Option<String> {
    let own = match env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    (!architecture.is_empty() && architecture != own).then(|| format!("linux/{architecture}"))
}
