//! An environment's floating specs: the files that a build would compile, in its order.

use std::path::{Path, PathBuf};

use common::deployment::Deployment;
use common::requirement::{CondaConstraint, CondaFile, PackageName, PipFile, PipRequirement};
use common::state_file;

use crate::error::Error;

/// Where the common files are inside an image.
const COMMON_IN_IMAGE: &str = "/opt/common-env/";

/// The pip half of an environment's floating specs.
#[derive(Debug)]
pub(crate) struct Specs {
    /// The files, in the order in which they are compiled.
    pub files: Vec<SpecFile>,
}

/// One of them.
#[derive(Debug)]
pub(crate) struct SpecFile {
    /// Relative to the repository.
    pub shown: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// What it asks for.
    pub content: PipFile,
}

impl Specs {
    /// The floating specs of `environment`: its own files, then `extra` (or else what its Dockerfile
    /// hands to `env-compile`, or else all common ones), then the mission's hints.
    ///
    /// # Errors
    /// A file cannot be read or makes no sense.
    pub(crate) fn read(deployment: &Deployment, environment: &str, extra: &[PathBuf]) -> Result<Self, Error> {
        let mut paths = pip_files(&deployment.environment_dir(environment))?;
        let common = deployment.common_dir().join("common-env");
        if extra.is_empty() {
            match in_dockerfile(deployment, environment) {
                Some(names) => paths.extend(names.iter().map(|name| common.join(name))),
                None => paths.extend(pip_files(&common)?),
            }
        } else {
            paths.extend(extra.iter().cloned());
        }
        paths.push(deployment.environments_dir().join("common-hints.pip"));
        let mut files = Vec::new();
        for path in paths {
            let Some(bytes) = state_file::read(&path)? else { continue };
            let shown = path.strip_prefix(deployment.root()).unwrap_or(&path).display().to_string();
            let content = PipFile::parse(&bytes, &shown)?;
            files.push(SpecFile { shown, bytes, content });
        }
        Ok(Self { files })
    }

    /// Every line that asks for `name`.
    pub(crate) fn asking_for<'a>(
        &'a self,
        name: &'a PackageName,
    ) -> impl Iterator<Item = (&'a SpecFile, &'a PipRequirement)> {
        let each = self.files.iter().flat_map(|file| file.content.requirements().map(move |r| (file, r)));
        each.filter(move |(_, requirement)| requirement.name == *name)
    }
}

impl SpecFile {
    /// What the line of `requirement` says, without its comment.
    pub(crate) fn line(&self, requirement: &PipRequirement) -> String {
        let text = String::from_utf8_lossy(&self.bytes);
        let line = text.lines().nth(requirement.line - 1).unwrap_or_default();
        line.split(" #").next().unwrap_or_default().trim().to_owned()
    }
}

/// The `.pip` files of `dir`, as a shell would list them.
fn pip_files(dir: &Path) -> Result<Vec<PathBuf>, Error> {
    let failed = |source| Error::Read { path: dir.to_owned(), source };
    let entries = match std::fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.map_err(failed)?.path();
        let hidden = path.file_name().is_none_or(|name| name.as_encoded_bytes().starts_with(b"."));
        if !hidden && path.extension().is_some_and(|ending| ending == "pip") {
            paths.push(path);
        }
    }
    paths.sort_unstable();
    Ok(paths)
}

/// The common files that the mission's Dockerfile names behind `env-compile ENVIRONMENT`.
fn in_dockerfile(deployment: &Deployment, environment: &str) -> Option<Vec<String>> {
    let text = ["Dockerfile.custom", "Dockerfile"]
        .iter()
        .find_map(|name| std::fs::read_to_string(deployment.dir().join(name)).ok())?;
    let text = text.replace("\\\n", " ");
    let mut words = text.lines().filter(|line| !line.trim_start().starts_with('#')).filter_map(|line| {
        let (_, behind) = line.split_once("env-compile ")?;
        let mut words = behind.split_ascii_whitespace();
        words.next().filter(|name| *name == environment)?;
        let named = words.map_while(|word| word.strip_prefix(COMMON_IN_IMAGE)).map(str::to_owned);
        Some(named.filter(|name| !name.contains("..")).collect::<Vec<_>>())
    });
    words.next().filter(|names| !names.is_empty())
}

/// The Python that conda's half asks for: `python~=3.11.0` is 3.11.
pub(crate) fn python_of(deployment: &Deployment, environment: &str) -> Result<Option<String>, Error> {
    let dir = deployment.environment_dir(environment);
    let path = dir.join(format!("{environment}.yml"));
    let Some(bytes) = state_file::read(&path)? else { return Ok(None) };
    let file = CondaFile::parse(&bytes, &path.display().to_string())?;
    let asked = file.conda.iter().find(|spec| spec.name == "python").map(|spec| &spec.constraint);
    let version = asked.and_then(|asked| match asked {
        CondaConstraint::Exact { version, .. } => Some(version.clone()),
        CondaConstraint::Other(text) => {
            let begins = text.find(|c: char| c.is_ascii_digit())?;
            let version: String =
                text[begins..].chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
            Some(version.splitn(3, '.').take(2).collect::<Vec<_>>().join("."))
        }
        CondaConstraint::Any => None,
    });
    Ok(version)
}
