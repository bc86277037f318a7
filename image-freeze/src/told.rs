//! What programs told of themselves, kept in `.image/programs/` until they change: to start one takes longer
//! than all that we do ourselves.

use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use common::digest::Digest;
use common::state_file;
use serde::{Deserialize, Serialize};

/// The variables that have a say in what a Python finds.
const VARIABLES: [&str; 5] = ["HOME", "PYTHONPATH", "PYTHONHOME", "PYTHONUSERBASE", "PYTHONNOUSERSITE"];

/// An answer, and what it was found in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Told {
    /// What the program said; `None` if it has not what it was asked for.
    pub text: Option<String>,
    /// The directories that it looked in, as they were when it began.
    #[serde(default)]
    pub looked_in: Vec<Looked>,
}

/// A directory, and when its entries were last changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Looked {
    path: PathBuf,
    /// Nanoseconds since 1970; `None` where there is none.
    changed: Option<i64>,
}

/// The answers of a clone.
#[derive(Clone, Debug)]
pub(crate) struct Programs(PathBuf);

impl Programs {
    /// Those that are kept in `state_dir`.
    pub(crate) fn in_state(state_dir: &Path) -> Self {
        Self(state_dir.join("programs"))
    }

    /// What `program` answers to `question`: what it did the last time, if neither it nor what it looked in
    /// has changed since; else what `ask` brings. That it cannot be kept is no reason to fail.
    ///
    /// # Errors
    /// Those of `ask`.
    pub(crate) fn of<E>(
        &self,
        program: &Path,
        question: &str,
        ask: impl FnOnce() -> Result<Told, E>,
    ) -> Result<Told, E> {
        let Some(file) = identity(program, question).map(|name| self.0.join(name)) else { return ask() };
        let kept = fs::read(&file).ok().and_then(|text| serde_json::from_slice::<Told>(&text).ok());
        if let Some(kept) = kept.filter(|kept| kept.looked_in.iter().all(Looked::is_unchanged)) {
            return Ok(kept);
        }
        let answer = ask()?;
        if answer.says_something()
            && let Ok(text) = serde_json::to_vec_pretty(&answer)
            && state_file::make_dir(&self.0).is_ok()
        {
            _ = state_file::replace(&file, &text, 0o644);
        }
        Ok(answer)
    }
}

impl Told {
    /// One that does not could be a program that failed, and would hold for ever.
    fn says_something(&self) -> bool {
        self.text.is_some() || !self.looked_in.is_empty()
    }
}

impl Looked {
    fn is_unchanged(&self) -> bool {
        let now = self.path.metadata().ok();
        now.map(|status| changed(&status)) == self.changed
    }
}

fn changed(status: &fs::Metadata) -> i64 {
    status.mtime().saturating_mul(1_000_000_000).saturating_add(status.mtime_nsec())
}

/// What names the question, the program file as it is now, and what leads it elsewhere. `None` for a version manager's shim.
fn identity(program: &Path, question: &str) -> Option<String> {
    let place = on_path(program)?;
    if may_be_shim(program, &place) {
        return None;
    }
    let status = place.metadata().ok()?;
    let file = format!("{}.{}.{}.{}", status.dev(), status.ino(), status.size(), changed(&status));
    // A virtual environment's own words on where it looks.
    let venv = place.ancestors().nth(2).and_then(|dir| dir.join("pyvenv.cfg").metadata().ok());
    let venv = venv.map(|status| changed(&status).to_string()).unwrap_or_default();
    let mut parts = vec![question.as_bytes().to_vec(), place.as_os_str().as_bytes().to_vec()];
    parts.extend([file.into_bytes(), venv.into_bytes()]);
    parts.extend(VARIABLES.map(|name| env::var_os(name).unwrap_or_default().as_bytes().to_vec()));
    Some(Digest::of(&parts.join(&0)).short().to_string())
}

/// Whether a file may start whichever program it chooses at the moment: a script does, and so does a link to a program with
/// a name of its own.
fn may_be_shim(program: &Path, place: &Path) -> bool {
    let name = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
    let (Some(asked), Ok(real)) = (name(program), place.canonicalize()) else { return true };
    // `python3` is a link to `python3.12`.
    let stem = asked.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    let mut magic = [0; 4];
    let begun = fs::File::open(&real).and_then(|mut file| file.read_exact(&mut magic));
    begun.is_err() || magic != *b"\x7fELF" || !name(&real).is_some_and(|name| name.starts_with(stem))
}

/// The file that a call of `program` starts.
fn on_path(program: &Path) -> Option<PathBuf> {
    if program.components().count() > 1 {
        return Some(program.to_owned());
    }
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|dir| dir.join(program)).find(|file| is_program(file))
}

fn is_program(file: &Path) -> bool {
    file.metadata().is_ok_and(|status| status.is_file() && status.mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A program that is no script.
    fn this_program() -> PathBuf {
        env::current_exe().unwrap()
    }

    fn answer(text: &str, looked_in: &[&Path]) -> Told {
        let looked = |path: &&Path| Looked {
            path: path.to_path_buf(),
            changed: path.metadata().ok().map(|status| changed(&status)),
        };
        Told { text: Some(text.to_owned()), looked_in: looked_in.iter().map(looked).collect() }
    }

    fn told(programs: &Programs, program: &Path, question: &str, now: &Told) -> Option<String> {
        programs.of(program, question, || Ok::<_, ()>(now.clone())).unwrap().text
    }

    #[test]
    fn a_program_is_asked_once() {
        let state = tempfile::tempdir().unwrap();
        let (programs, program) = (Programs::in_state(state.path()), this_program());
        assert_eq!(told(&programs, &program, "version", &answer("1", &[])).as_deref(), Some("1"));
        assert_eq!(told(&programs, &program, "version", &answer("2", &[])).as_deref(), Some("1"));
        assert_eq!(told(&programs, &program, "another", &answer("3", &[])).as_deref(), Some("3"));
    }

    #[test]
    fn what_is_installed_or_removed_later_is_seen() {
        let state = tempfile::tempdir().unwrap();
        let (programs, program) = (Programs::in_state(state.path()), this_program());
        let (packages, absent) = (state.path().join("site-packages"), state.path().join("user"));
        fs::create_dir(&packages).unwrap();
        let ask = |text: &str| told(&programs, &program, "py-rattler", &answer(text, &[&packages, &absent]));
        assert_eq!(ask("1").as_deref(), Some("1"));
        assert_eq!(ask("2").as_deref(), Some("1"));
        fs::create_dir(packages.join("py_rattler-2.dist-info")).unwrap();
        assert_eq!(ask("2").as_deref(), Some("2"));
        fs::create_dir(&absent).unwrap();
        assert_eq!(ask("3").as_deref(), Some("3"));
    }

    #[test]
    fn another_program_at_the_same_place_is_asked_anew() {
        let state = tempfile::tempdir().unwrap();
        let (programs, program) = (Programs::in_state(state.path()), state.path().join("uv"));
        fs::write(&program, "\x7fELF 1").unwrap();
        assert_eq!(told(&programs, &program, "version", &answer("1", &[])).as_deref(), Some("1"));
        fs::write(&program, "\x7fELF 10").unwrap();
        assert_eq!(told(&programs, &program, "version", &answer("10", &[])).as_deref(), Some("10"));
    }

    /// A version manager's shim starts another program tomorrow: it is a script, or a link to the manager.
    #[test]
    fn a_shim_is_asked_each_time() {
        let state = tempfile::tempdir().unwrap();
        let (programs, script, link) =
            (Programs::in_state(state.path()), state.path().join("uv"), state.path().join("python3"));
        fs::write(&script, "#!/bin/sh\n").unwrap();
        std::os::unix::fs::symlink(this_program(), &link).unwrap();
        for shim in [script, link] {
            assert_eq!(told(&programs, &shim, "version", &answer("1", &[])).as_deref(), Some("1"));
            assert_eq!(told(&programs, &shim, "version", &answer("2", &[])).as_deref(), Some("2"));
        }
    }

    #[test]
    fn a_link_to_a_numbered_python_is_that_python() {
        let state = tempfile::tempdir().unwrap();
        let (programs, link) = (Programs::in_state(state.path()), state.path().join("python3"));
        fs::write(state.path().join("python3.12"), "\x7fELF").unwrap();
        std::os::unix::fs::symlink("python3.12", &link).unwrap();
        assert_eq!(told(&programs, &link, "version", &answer("1", &[])).as_deref(), Some("1"));
        assert_eq!(told(&programs, &link, "version", &answer("2", &[])).as_deref(), Some("1"));
    }

    #[test]
    fn what_cannot_be_kept_or_read_is_asked_for() {
        let state = tempfile::tempdir().unwrap();
        fs::write(state.path().join("programs"), "").unwrap();
        let programs = Programs::in_state(state.path());
        for text in ["1", "2"] {
            let now = answer(text, &[]);
            assert_eq!(told(&programs, &this_program(), "version", &now).as_deref(), Some(text));
        }
    }

    #[test]
    fn a_program_that_said_nothing_is_asked_again() {
        let state = tempfile::tempdir().unwrap();
        let (programs, program) = (Programs::in_state(state.path()), this_program());
        let nothing = Told { text: None, looked_in: Vec::new() };
        assert_eq!(told(&programs, &program, "version", &nothing), None);
        assert_eq!(told(&programs, &program, "version", &answer("1", &[])).as_deref(), Some("1"));
    }

    #[test]
    fn what_ask_fails_with_is_told_and_not_kept() {
        let state = tempfile::tempdir().unwrap();
        let programs = Programs::in_state(state.path());
        assert_eq!(programs.of(&this_program(), "version", || Err("broken")), Err("broken"));
        assert!(fs::read_dir(state.path()).unwrap().next().is_none());
    }
}
