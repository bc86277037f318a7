//! What the repository asks to be tested: `environments/<env>/tests`.
//!
//! The in-image scripts read the same files as they were when the image was built.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use common::deployment::{Deployment, DeploymentError};
use common::fault::{Fault, Status};
use thiserror::Error;

/// What is asked for of one environment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Spec {
    /// The environment's name.
    pub(crate) environment: String,
    /// `tests/imports`.
    pub(crate) imports: Words,
    /// `tests/notebooks` and every notebook below `tests`, as paths relative to it where they are.
    pub(crate) notebooks: Words,
    /// Whether there is a `tests/test`, and whether it can be executed.
    pub(crate) script: Option<Script>,
}

/// The environment's own script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Script {
    Executable,
    NotExecutable,
}

/// The words of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Words {
    /// Those to be tested.
    pub(crate) asked: Vec<String>,
    /// Those of them with a `!` in front: nothing else runs beside them.
    pub(crate) alone: Vec<String>,
    /// Those with a `#` in front, without it.
    pub(crate) left_out: Vec<String>,
    /// Those behind a `#` that stands alone: a comment for people, but not for the original, which
    /// leaves out the `#` only (D46).
    pub(crate) comment: Vec<String>,
}

impl Spec {
    /// Whether anything is asked for.
    pub(crate) fn is_empty(&self) -> bool {
        self.imports.asked.is_empty() && self.notebooks.asked.is_empty() && self.script.is_none()
    }
}

/// What is asked for cannot be read.
#[derive(Debug, Error)]
pub(crate) enum SpecError {
    /// The environments cannot be listed.
    #[error(transparent)]
    Environments(#[from] DeploymentError),
    /// A file or directory cannot be read.
    #[error("cannot read {}", path.display())]
    Read { path: PathBuf, source: io::Error },
    /// A list is not text.
    #[error("{}:{line}: not UTF-8 text", path.display())]
    Text { path: PathBuf, line: usize },
}

impl Fault for SpecError {
    fn status(&self) -> Status {
        match self {
            Self::Environments(error) => error.status(),
            Self::Read { .. } => Status::Io,
            Self::Text { .. } => Status::Data,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Text { path, .. } => Some(format!("save {} as UTF-8", path.display())),
            Self::Environments(error) => error.hint(),
            Self::Read { .. } => None,
        }
    }
}

/// What is asked for of each environment, sorted by name.
pub(crate) fn read(deployment: &Deployment) -> Result<Vec<Spec>, SpecError> {
    let of = |name: String| read_one(&deployment.environment_dir(&name).join("tests"), name);
    deployment.environments()?.into_iter().map(of).collect()
}

fn read_one(tests: &Path, environment: String) -> Result<Spec, SpecError> {
    let mut notebooks = words(&list(&tests.join("notebooks"))?);
    for path in notebooks.asked.iter_mut().chain(&mut notebooks.alone).chain(&mut notebooks.left_out) {
        *path = relative(path, &environment);
    }
    for found in notebooks_below(tests)? {
        if !notebooks.asked.contains(&found) && !notebooks.left_out.contains(&found) {
            notebooks.asked.push(found);
        }
    }
    Ok(Spec {
        imports: words(&list(&tests.join("imports"))?),
        notebooks,
        script: script(&tests.join("test"))?,
        environment,
    })
}

/// The text of a list; nothing if there is none.
fn list(path: &Path) -> Result<String, SpecError> {
    match fs::read(path) {
        Ok(bytes) => String::from_utf8(bytes).map_err(|error| {
            let good = error.utf8_error().valid_up_to();
            let line = error.as_bytes()[..good].split(|byte| *byte == b'\n').count();
            SpecError::Text { path: path.to_owned(), line }
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        Err(source) => Err(SpecError::Read { path: path.to_owned(), source }),
    }
}

fn script(path: &Path) -> Result<Option<Script>, SpecError> {
    match fs::metadata(path) {
        Ok(found) if !found.is_file() => Ok(None),
        Ok(found) if found.permissions().mode() & 0o111 == 0 => Ok(Some(Script::NotExecutable)),
        Ok(_) => Ok(Some(Script::Executable)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(SpecError::Read { path: path.to_owned(), source }),
    }
}

/// The words of a list by what they are. A `#` alone begins a comment up to the end of its line.
fn words(text: &str) -> Words {
    let mut words = Words::default();
    for line in text.lines() {
        let mut in_comment = false;
        for word in line.split_whitespace() {
            let (list, word) = match word.strip_prefix('#') {
                _ if in_comment => (&mut words.comment, word),
                Some(rest) if rest.trim_start_matches('#').is_empty() => {
                    in_comment = true;
                    continue;
                }
                Some(rest) => (&mut words.left_out, rest),
                None => {
                    let alone = word.strip_prefix('!');
                    words.alone.extend(alone.map(str::to_owned));
                    (&mut words.asked, alone.unwrap_or(word))
                }
            };
            // A word in two lists of the same file, or twice in one, is still one test.
            if !list.iter().any(|known| known == word) {
                list.push(word.to_owned());
            }
        }
    }
    words
}

/// A path in the list as one relative to the tests' directory, if it is below it.
fn relative(path: &str, environment: &str) -> String {
    let inside = format!("/opt/environments/{environment}/tests/");
    path.strip_prefix(&inside).or_else(|| path.strip_prefix("./")).unwrap_or(path).to_owned()
}

/// Every notebook below `tests`, sorted, without Jupyter's own copies.
fn notebooks_below(tests: &Path) -> Result<Vec<String>, SpecError> {
    if !tests.is_dir() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    let walk = walkdir::WalkDir::new(tests).sort_by_file_name().into_iter();
    for entry in walk.filter_entry(|entry| entry.file_name() != ".ipynb_checkpoints") {
        let entry = entry.map_err(|error| SpecError::Read {
            path: error.path().unwrap_or(tests).to_owned(),
            source: error.into(),
        })?;
        let path = entry.path();
        if !entry.file_type().is_dir() && path.extension().is_some_and(|ending| ending == "ipynb") {
            found.push(path.strip_prefix(tests).unwrap_or(path).to_string_lossy().into_owned());
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strings(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn d46_words_of_a_comment_are_told_from_words_that_are_left_out() {
        let found = words("numpy #scipy\n# a comment sys\n\nastropy  numpy\n## more\n!slow.ipynb");
        assert_eq!(found.asked, strings(&["numpy", "astropy", "slow.ipynb"]));
        assert_eq!(found.alone, strings(&["slow.ipynb"]));
        assert_eq!(found.left_out, strings(&["scipy"]));
        assert_eq!(found.comment, strings(&["a", "comment", "sys", "more"]));
    }

    fn environment(files: &[(&str, &str)]) -> (tempfile::TempDir, Deployment) {
        let root = tempfile::tempdir().unwrap();
        let tests = root.path().join("deployments/roman/environments/roman-cal/tests");
        fs::create_dir_all(tests.parent().unwrap()).unwrap();
        for (name, text) in files {
            let path = tests.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let deployment = Deployment::new(root.path(), &"roman".parse().unwrap());
        (root, deployment)
    }

    /// What was no text became a module of another name, which nobody can import.
    #[test]
    fn a_list_that_is_no_text_is_refused_by_file_and_line() {
        for name in ["imports", "notebooks"] {
            let (root, deployment) = environment(&[(name, "")]);
            let path = root.path().join("deployments/roman/environments/roman-cal/tests").join(name);
            fs::write(&path, b"numpy\n\nscip\xff\n").unwrap();
            let error = read(&deployment).unwrap_err();
            assert_eq!(
                (error.to_string(), error.status()),
                (format!("{}:3: not UTF-8 text", path.display()), Status::Data)
            );
            assert!(error.hint().unwrap().ends_with("as UTF-8"));
        }
    }

    #[test]
    fn an_environment_without_tests_asks_for_nothing() {
        let (_root, deployment) = environment(&[]);
        let specs = read(&deployment).unwrap();
        assert_eq!(specs.len(), 1);
        assert!(specs[0].is_empty());
    }

    #[test]
    fn notebooks_of_the_list_and_of_the_directory_are_counted_once() {
        let (_root, deployment) = environment(&[
            ("notebooks", "/opt/environments/roman-cal/tests/a.ipynb #c.ipynb !/home/x.py ./sub/b.ipynb"),
            ("a.ipynb", ""),
            ("sub/b.ipynb", ""),
            ("sub/.ipynb_checkpoints/b-checkpoint.ipynb", ""),
            ("c.ipynb", ""),
            ("d.ipynb", ""),
            ("e.ipynb.disabled", ""),
        ]);
        let spec = &read(&deployment).unwrap()[0];
        assert_eq!(spec.notebooks.asked, strings(&["a.ipynb", "/home/x.py", "sub/b.ipynb", "d.ipynb"]));
        assert_eq!(spec.notebooks.left_out, strings(&["c.ipynb"]));
    }

    #[test]
    fn a_script_that_cannot_be_executed_is_seen() {
        let (root, deployment) = environment(&[("test", "#!/bin/sh\n")]);
        assert_eq!(read(&deployment).unwrap()[0].script, Some(Script::NotExecutable));
        let path = root.path().join("deployments/roman/environments/roman-cal/tests/test");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(read(&deployment).unwrap()[0].script, Some(Script::Executable));
    }
}
