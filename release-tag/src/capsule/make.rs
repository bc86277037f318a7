//! A capsule in the making: context, recording, base, list.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use common::capsule::{
    Answer, Base, BaseLayer, Blob, Capsule, CapsuleManifest, Index, OCI_LAYOUT, Recipe, Sameness,
    capsule_tag, layout_index,
};
use common::console::Console;
use common::context::RECORD;
use common::digest::Digest;
use common::document::Document;
use common::engine::Engine;
use common::evidence::TOOL;
use common::git::{self, Repo};
use common::image_diff::{self, Comparison, Source};
use common::oci::blobs::{Blobs as _, blob_name, must};
use common::process;
use common::report::{DeliveryStatus, ImageIdentity, Outcome};
use common::sibling;
use common::state_file;
use common::tree::{self, Staged};

use crate::error::Error;
use crate::oci::{Archive, Compression, OciError, SavedImage, copy_layer};
use crate::record::Record;
use crate::release::Release;
use crate::workplace::Workplace;

/// The context, while the capsule is made.
const CONTEXT: &str = "context.tar";
/// What decides how it is built, likewise.
const RECIPE: &str = "recipe.json";
/// What was answered, likewise.
const ANSWERS: &str = "answers.json";

/// A capsule of a release.
#[derive(Clone, Copy)]
pub(super) struct Making<'a> {
    pub(super) place: &'a Workplace,
    pub(super) document: &'a Document,
    /// The image that was tested.
    pub(super) image: &'a ImageIdentity,
    pub(super) engine: &'a Engine,
    pub(super) release: &'a Release,
    pub(super) console: &'a Console,
}

/// What was recorded.
struct Recorded {
    image: ImageIdentity,
    answers: Vec<Answer>,
}

impl Making<'_> {
    /// The commit that is checked out: its context is the release's.
    pub(super) fn commit(&self) -> Result<String, Error> {
        let repo = Repo::open(&self.place.settings.root, self.console)?;
        repo.head()?.ok_or(Error::NoCommit)
    }

    /// Makes `dir` hold the capsule of `commit`, unless it does.
    pub(super) fn layout(
        &self,
        dir: &Path,
        commit: &str,
        replace: bool,
    ) -> Result<(Capsule, DeliveryStatus), Error> {
        if dir.exists() && fs::read_dir(dir).is_ok_and(|mut entries| entries.next().is_some()) {
            match Capsule::open(dir) {
                Ok(there) if there.index.tested.id == self.image.id && there.index.commit == commit => {
                    return Ok((there, DeliveryStatus::Present));
                }
                Ok(_) if replace => {}
                Err(error) if replace && dir.join("oci-layout").is_file() => {
                    self.console.warn(format_args!("{error}; it is made again"));
                }
                _ => {
                    let expected = "capsule of this release (--replace makes it anew)";
                    return Err(OciError::InTheWay { path: dir.to_owned(), expected }.into());
                }
            }
        }
        let parent = dir.parent().unwrap_or_else(|| Path::new("/"));
        // The lock is held: what is there was left by a run that was killed.
        if parent.starts_with(self.place.settings.state_dir()) {
            tree::sweep(parent);
        }
        let staged = Staged::new(parent)?;
        self.fill(&staged.path(), commit)?;
        let made = Capsule::open(&staged.path())?;
        drop(made);
        staged.exchange(dir)?;
        Ok((Capsule::open(dir)?, DeliveryStatus::Delivered))
    }

    /// Writes all of the capsule into the empty directory `dir`.
    fn fill(&self, dir: &Path, commit: &str) -> Result<(), Error> {
        let repo = Repo::open(&self.place.settings.root, self.console)?;
        let (record, record_bytes) = self.record(&repo, commit)?;
        make_dir(&dir.join("blobs/sha256"))?;
        self.console.status(format_args!("taking deployments/ of {}", git::short(commit)));
        repo.archive(commit, Path::new("deployments"), &dir.join(CONTEXT))?;
        let recipe = Recipe::of(&self.place.settings, record.base.clone());
        let recipe = Recipe { epoch: self.epoch(&repo, commit)?, ..recipe };
        write(
            &dir.join(RECIPE),
            &serde_json::to_vec_pretty(&recipe).expect("a recipe has only string keys"),
        )?;
        let recorded = self.build(dir, &record)?;
        let base = self.base(dir, &record.base)?;
        let context = store(dir, &dir.join(CONTEXT))?;
        let record = store_bytes(dir, &record_bytes)?;
        let index = Index {
            schema_url: Index::schema_url(),
            schema: 1,
            release: self.release.mission.to_string(),
            commit: commit.to_owned(),
            sameness: self.sameness(&recorded.image, dir)?,
            recipe,
            tested: self.image.clone(),
            recorded: recorded.image,
            engine: format!("{} {}", self.engine.kind, self.engine.version),
            tool: TOOL.to_owned(),
            context,
            record,
            base,
            answers: recorded.answers,
        };
        store_bytes(dir, &index.bytes())?;
        let (_, descriptor, manifest) = CapsuleManifest::of(&index);
        store_bytes(dir, &manifest)?;
        for scaffold in [RECIPE, ANSWERS] {
            _ = fs::remove_file(dir.join(scaffold));
        }
        write(&dir.join("oci-layout"), OCI_LAYOUT)?;
        write(&dir.join("index.json"), &layout_index(&descriptor, &capsule_tag(&index.release)))
    }

    /// The release's record in `commit`.
    fn record(&self, repo: &Repo<'_>, commit: &str) -> Result<(Record, Vec<u8>), Error> {
        let mission = self.place.deployment.dir();
        let path = mission.strip_prefix(&self.place.settings.root).unwrap_or(&mission).join(RECORD);
        let no_record = |reason: String| Error::NoVersions { reason };
        let bytes = repo.file_at(commit, &path)?;
        let bytes = bytes.ok_or_else(|| no_record(format!("it has no {}", path.display())))?;
        let record =
            Record::parse(&bytes).map_err(|reason| no_record(format!("{}: {reason}", path.display())))?;
        Ok((record, bytes))
    }

    /// Builds once more, of the capsule's own context, and gives what came out and what was fetched.
    fn build(&self, dir: &Path, record: &Record) -> Result<Recorded, Error> {
        let mut document = self.document.clone();
        document.settings.engine = choice(self.engine);
        let words = ["--record".to_owned(), dir.display().to_string()];
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let sibling = |source| Error::Sibling { step: "record", source };
        let ended = sibling::run("image-build", &words, &document, self.console).map_err(sibling)?;
        let missing = |name: &str| OciError::Missing {
            place: "the report of image-build".to_owned(),
            name: name.to_owned(),
        };
        let report = ended.reports.last().ok_or_else(|| missing("build"))?;
        let Outcome::Build(built) = &report.outcome else { return Err(missing("build").into()) };
        let image = report.image.clone().ok_or_else(|| missing("image"))?;
        let contexts =
            [("common context", &record.contexts.common), ("mission context", &record.contexts.mission)];
        let found = built.images.iter().filter_map(|image| image.context.as_ref());
        for ((what, expected), found) in contexts.into_iter().zip(found) {
            if found != expected {
                let (release, found) = (self.release.mission.to_string(), found.to_string());
                return Err(Error::OtherContext { release, what, expected: expected.clone(), found });
            }
        }
        let text = fs::read(dir.join(ANSWERS)).map_err(|e| failed("read", &dir.join(ANSWERS), e))?;
        let content = |e: serde_json::Error| OciError::Content {
            place: dir.display().to_string(),
            name: ANSWERS.to_owned(),
            reason: e.to_string(),
        };
        let answers = serde_json::from_slice(&text).map_err(content)?;
        let image = ImageIdentity { name: self.image.name.clone(), id: image.id };
        Ok(Recorded { image, answers })
    }

    /// The base image out of the engine.
    fn base(&self, dir: &Path, base: &ImageIdentity) -> Result<Base, Error> {
        self.console.status(format_args!("taking the base image {} ({})", base.name, base.id.short()));
        let archive_path = dir.join("base.tar");
        self.engine.save(base.id.as_str(), &archive_path, self.console)?;
        let archive = Archive::open(&archive_path)?;
        let saved = SavedImage::find(&archive, &base.id)?;
        if saved.manifest.is_some() {
            return Err(Error::BaseByManifest { id: base.id.clone() });
        }
        let mut layers = Vec::new();
        for (diff_id, name) in &saved.layers {
            let part = dir.join("layer.part");
            let mut out = File::create(&part).map_err(|e| failed("write", &part, e))?;
            let copied = copy_layer(&mut *must(&archive, name)?, &mut out, Compression::Gzip)
                .map_err(|e| failed("write", &part, e))?;
            common::oci::blobs::check(&format!("the layer {name}"), diff_id, &copied.diff_id)?;
            let blob = Blob { digest: copied.digest, size: copied.size };
            rename(&part, &dir.join(blob_name(&blob.digest)))?;
            layers.push(BaseLayer { diff_id: diff_id.clone(), blob });
        }
        let is_oci = archive.open("manifest.json")?.is_none();
        let config = store_bytes(dir, &saved.config)?;
        drop(archive);
        _ = fs::remove_file(&archive_path);
        let names = self.engine.names_of(&base.id, self.console)?;
        Ok(Base { config, layers, is_oci, names })
    }

    /// The moment that the image counts as made at: that of the tested one, else the commit's.
    fn epoch(&self, repo: &Repo<'_>, commit: &str) -> Result<Option<i64>, Error> {
        let facts = self.engine.inspect(self.image.id.as_str(), self.console)?;
        let created = facts.and_then(|facts| facts.created?.parse::<jiff::Timestamp>().ok());
        match created {
            Some(moment) => Ok(Some(moment.as_second())),
            None => Ok(repo.time_of(commit)?),
        }
    }

    /// How `recorded` compares with the image that was tested: file by file, where their ids differ.
    fn sameness(&self, recorded: &ImageIdentity, scratch: &Path) -> Result<Sameness, Error> {
        if recorded.id == self.image.id {
            return Ok(Sameness::Identical);
        }
        let (ours, theirs) = (recorded.id.short(), self.image.id.short());
        self.console.status(format_args!("comparing {ours} with the tested image {theirs}"));
        let source = |image| Source::Engine { engine: self.engine, image };
        let sides = (source(self.image.id.as_str()), source(recorded.id.as_str()));
        match image_diff::compare((&sides.0, &sides.1), image_diff::SHOWN, scratch, self.console) {
            Ok(comparison) if comparison.is_same() => Ok(Sameness::SameContent),
            Ok(comparison) => {
                let first = told(&comparison);
                self.console.notice(format_args!("{ours} is not the tested image {theirs}: {first}"));
                Ok(Sameness::Different(first))
            }
            Err(error) => {
                process::check_interrupted()?;
                self.console.warn(format_args!("{ours} and {theirs} could not be compared: {error}"));
                Ok(Sameness::OtherId)
            }
        }
    }
}

/// What differs first, in a few words.
fn told(comparison: &Comparison) -> String {
    let Comparison { differing, compared, settings, files, .. } = comparison;
    match (files.first(), settings.first()) {
        (Some(file), _) if *differing > 0 => format!("{differing} of {compared} files differ, {file} first"),
        (_, Some(setting)) => format!("no file differs, but {} settings do, first {setting}", settings.len()),
        _ => "its configuration differs".to_owned(),
    }
}

/// `engine` as it is asked for.
fn choice(engine: &Engine) -> common::settings::EngineChoice {
    use common::engine::Kind;
    use common::settings::EngineChoice;
    match engine.kind {
        Kind::Docker => EngineChoice::Docker,
        Kind::Podman => EngineChoice::Podman,
        Kind::Buildah => EngineChoice::Buildah,
    }
}

fn failed(verb: &'static str, path: &Path, source: io::Error) -> OciError {
    OciError::Io { verb, path: path.to_owned(), source }
}

fn make_dir(dir: &Path) -> Result<(), Error> {
    Ok(state_file::make_dir(dir)?)
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    Ok(fs::write(path, bytes).map_err(|e| failed("write", path, e))?)
}

fn rename(from: &Path, to: &Path) -> Result<(), Error> {
    Ok(fs::rename(from, to).map_err(|e| failed("write", to, e))?)
}

fn store_bytes(dir: &Path, bytes: &[u8]) -> Result<Blob, Error> {
    let blob = Blob::of(bytes);
    write(&dir.join(blob_name(&blob.digest)), bytes)?;
    Ok(blob)
}

/// Makes the file `path` a blob.
fn store(dir: &Path, path: &Path) -> Result<Blob, Error> {
    let mut file = File::open(path).map_err(|e| failed("read", path, e))?;
    let size = file.metadata().map_err(|e| failed("read", path, e))?.len();
    let digest = Digest::of_reader(&mut file).map_err(|e| failed("read", path, e))?;
    rename(path, &dir.join(blob_name(&digest)))?;
    Ok(Blob { digest, size })
}
