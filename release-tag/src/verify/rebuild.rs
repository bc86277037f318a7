//! The tested image beside one that is built again of the same commit, from nothing that was built before.
//!
//! The clone that the build works in goes away afterwards, and the names that it gives to its images mean
//! again what they meant before. What it made stays under a name of its own.

mod fresh;

use std::path::Path;

use common::console::Console;
use common::document::Document;
use common::engine::{self, Engine, KeptNames};
use common::git::Repo;
use common::image_diff::{self, Comparison, Source};
use common::process;
use common::report::{ImageIdentity, Outcome};
use common::settings::Settings;
use common::sibling;
use common::state_dir::StateDir;

use super::chain::{Chain, Link};
use super::commit::Told;
use super::place::{Kind, Place};
use crate::args::VerifyArgs;
use crate::error::Error;

/// As many lines about differences as people are shown; the document has more.
const LINES: usize = 20;

/// Why there is no answer, in words.
type Unknown = String;

/// What came of it.
pub struct Again {
    /// The tested image beside the one that was built again.
    pub comparison: Comparison,
    /// The images that were built, base first.
    pub images: Vec<ImageIdentity>,
}

/// Builds the commit of `told` again, and compares it with the image that was tested: as the engine has it, or
/// as it is kept at the place that was named.
///
/// # Errors
/// The clone's own directory cannot be used, git failed, or we were told to stop.
pub fn check(
    (told, place): (&Told, Option<&Place>),
    args: &VerifyArgs,
    repo: &Repo<'_>,
    chain: &mut Chain,
) -> Result<Option<Again>, Error> {
    let scratch = StateDir::open(repo.root())?.dir("stage/rebuild")?;
    // Only what a run that was killed has left: nobody else works there.
    common::tree::sweep(&scratch);
    let rebuild = Rebuild { told, place, args, repo, scratch: &scratch };
    match rebuild.run() {
        Ok(again) => {
            if again.comparison.is_same() {
                chain.holds(Link::Rebuild);
            } else {
                chain.broken(Link::Rebuild, summary(&again.comparison));
            }
            tell(&again.comparison, repo.console());
            Ok(Some(again))
        }
        Err(unknown) => {
            process::check_interrupted()?;
            chain.unchecked(Link::Rebuild, unknown);
            Ok(None)
        }
    }
}

struct Rebuild<'a> {
    told: &'a Told,
    place: Option<&'a Place>,
    args: &'a VerifyArgs,
    repo: &'a Repo<'a>,
    scratch: &'a Path,
}

impl Rebuild<'_> {
    fn run(&self) -> Result<Again, Unknown> {
        let record = &self.told.record;
        let settings = fresh::settings(self.told, self.repo)?;
        let console = self.repo.console();
        let engine = engine::choose(settings.engine, console).map_err(words)?;
        let original = self.original(&engine)?;
        let names = [settings.common_image(), settings.dirty_image(), settings.notebook_id()];
        let kept = KeptNames::keep(&names, "release-tag-kept", &engine, console).map_err(words)?;
        let (made, images) = self.build(&settings, &engine)?;
        let name = format!("{}-rebuilt", settings.notebook_id());
        engine.tag(made.id.as_str(), &name, console).map_err(words)?;
        drop(kept);
        console.status(format_args!("comparing {} with {name}", record.image.id.short()));
        let rebuilt = Source::Engine { engine: &engine, image: made.id.as_str() };
        let sides = (&original, &rebuilt);
        let comparison = image_diff::compare(sides, image_diff::SHOWN, self.scratch, console);
        Ok(Again { comparison: comparison.map_err(words)?, images })
    }

    /// The image that was tested, wherever it can be had.
    fn original<'s>(&'s self, engine: &'s Engine) -> Result<Source<'s>, Unknown> {
        let id = self.told.record.image.id.as_str();
        if engine.inspect(id, self.repo.console()).map_err(words)?.is_some() {
            return Ok(Source::Engine { engine, image: id });
        }
        let image = Some(id);
        match self.place.map(|place| &place.kind) {
            Some(Kind::Layout(path)) => Ok(Source::Layout { path, image }),
            Some(Kind::Archive(path)) => Ok(Source::Archive { path, image }),
            Some(Kind::Registry(_)) => {
                Err(format!("{engine} does not have the tested image {id}: pull it from the registry first"))
            }
            None => Err(format!(
                "{engine} does not have the tested image {id}; pull it, or name a layout or archive: --image"
            )),
        }
    }

    /// Has the commit built in a clone that lives as long as that takes.
    fn build(
        &self,
        settings: &Settings,
        engine: &Engine,
    ) -> Result<(ImageIdentity, Vec<ImageIdentity>), Unknown> {
        let console = self.repo.console();
        let dir = tempfile::Builder::new().prefix("tree.").tempdir_in(self.scratch).map_err(words)?;
        let root = self.repo.clone_at(&self.told.commit, &dir.path().join("clone")).map_err(words)?;
        let mut settings = Settings { root, ..settings.clone() };
        let created = engine.inspect(self.told.record.image.id.as_str(), console).map_err(words)?;
        let epoch = fresh::epoch(created.and_then(|facts| facts.created).as_deref(), self.told, self.repo)?;
        let mut arguments = vec!["--no-update".to_owned(), format!("--reproducible={epoch}")];
        if let Some(capsule) = &self.args.capsule {
            arguments = vec!["--from-capsule".to_owned(), capsule.clone()];
        } else {
            arguments.extend(["--from", "common"].map(str::to_owned));
            fresh::upon_nothing(&mut settings);
        }
        console.status(format_args!("building {} again of {}", settings.notebook_id(), self.told.commit));
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let document = sibling::run("image-build", &arguments, &Document::new(settings), console);
        let document = document.map_err(|error| format!("the rebuild failed: {error}"))?;
        let built = document.reports.iter().rev().find_map(|report| match &report.outcome {
            Outcome::Build(outcome) => Some((report.image.clone()?, &outcome.images)),
            _ => None,
        });
        let (made, images) = built.ok_or_else(|| "image-build tells of no image".to_owned())?;
        Ok((made, images.iter().map(|built| built.image.clone()).collect()))
    }
}

fn words(error: impl std::fmt::Display) -> Unknown {
    error.to_string()
}

/// In a few words, what differs.
fn summary(comparison: &Comparison) -> String {
    let Comparison { differing, settings, .. } = comparison;
    let first = comparison.files.first().map(|file| format!(", {file} first")).unwrap_or_default();
    format!("{differing} of {} files differ{first}; and {} settings", comparison.compared, settings.len())
}

/// Tells people what differs.
fn tell(comparison: &Comparison, console: &Console) {
    let Comparison { verdict, first, second, only_times, .. } = comparison;
    console.notice(format_args!("tested {}, rebuilt {}: {verdict}", first.short(), second.short()));
    for setting in &comparison.settings {
        console.notice(setting);
    }
    let shown = comparison.files.iter().take(LINES);
    shown.for_each(|file| console.notice(file));
    let files = comparison.differing + only_times;
    if files > LINES as u64 {
        console
            .notice(format_args!("… of {files} files that differ, {only_times} of them by their time alone"));
    }
}
