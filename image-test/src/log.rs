//! Everything that the container prints, kept as it comes.

use std::fs::{self, File};
use std::io::{LineWriter, Write as _};
use std::path::{Path, PathBuf};

use common::clock;
use common::console::Console;
use common::settings::Settings;
use common::state_dir::StateDir;
use common::state_file::{self, StateFileError};

/// A log file.
#[derive(Debug)]
pub(crate) struct Log {
    path: PathBuf,
    /// Nothing any more after a write failed.
    file: Option<LineWriter<File>>,
}

impl Log {
    /// A fresh one: `.image/logs/<time>-<mission>/test.log`. A second run within a second gets a
    /// number of its own.
    pub(crate) fn create(state: &StateDir, settings: &Settings) -> Result<Self, StateFileError> {
        let logs = state.dir("logs")?;
        let base = format!("{}-{}", clock::compact(clock::wall()), settings.deployment);
        for number in 1_u32.. {
            let name = if number == 1 { base.clone() } else { format!("{base}.{number}") };
            let dir = logs.join(name);
            state_file::make_dir(&dir)?;
            let path = dir.join("test.log");
            match File::create_new(&path) {
                Ok(file) => return Ok(Self { path, file: Some(LineWriter::new(file)) }),
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(StateFileError::new("create", &path, error)),
            }
        }
        unreachable!("there are not that many runs in a second")
    }

    /// Keeps one line. That the disk is full is told once and does not end the tests.
    pub(crate) fn line(&mut self, line: &[u8], console: &Console) {
        let Some(file) = &mut self.file else { return };
        if let Err(error) = file.write_all(line).and_then(|()| file.write_all(b"\n")) {
            console.warn(format_args!("cannot go on writing {}: {error}", self.path.display()));
            self.file = None;
        }
    }

    /// Its path below `root`, as reports tell it.
    pub(crate) fn relative_to(&self, root: &Path) -> String {
        let root = fs::canonicalize(root).unwrap_or_else(|_| root.to_owned());
        let path = fs::canonicalize(&self.path).unwrap_or_else(|_| self.path.clone());
        path.strip_prefix(&root).unwrap_or(&path).to_string_lossy().into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_run_has_a_log_of_its_own() {
        let root = tempfile::tempdir().unwrap();
        let settings = Settings::new(root.path(), "roman".parse().unwrap());
        let state = StateDir::open(root.path()).unwrap();
        let mut one = Log::create(&state, &settings).unwrap();
        let mut two = Log::create(&state, &settings).unwrap();
        let console = Console::silent();
        one.line(b"a", &console);
        two.line(b"b \xff", &console);
        assert_eq!(fs::read(&one.path).unwrap(), b"a\n");
        assert_eq!(fs::read(&two.path).unwrap(), b"b \xff\n");
        let relative = one.relative_to(root.path());
        assert!(
            relative.starts_with(".image/logs/20") && relative.ends_with("-roman/test.log"),
            "{relative}"
        );
    }
}
