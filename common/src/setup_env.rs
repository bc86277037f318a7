//! `setup-env`: the settings as a file that a shell sources, and the way back when somebody edited it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::console::Console;
use crate::exported::{self, ExportedError, Variables};
use crate::fault::{Fault, Status};
use crate::process::{self, Invocation, ProcessError};
use crate::settings::Settings;
use crate::shell::quote;

/// The file's name, at the root of the repository.
pub const FILE_NAME: &str = "setup-env";

/// The file cannot be turned back into settings.
#[derive(Debug, Error)]
pub enum SetupEnvError {
    /// bash refused it.
    #[error("{} cannot be sourced", path.display())]
    Source {
        /// The file.
        path: PathBuf,
        /// What bash said.
        source: ProcessError,
    },
    /// Its variables do not make settings.
    #[error("{}: {source}", path.display())]
    Variables {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: ExportedError,
    },
}

impl Fault for SetupEnvError {
    fn status(&self) -> Status {
        match self {
            Self::Source { source: ProcessError::NotFound { .. }, .. } => Status::Missing,
            _ => Status::Settings,
        }
    }

    fn hint(&self) -> Option<String> {
        Some("mend the file, or run image-configure again".to_owned())
    }
}

/// The text of `setup-env` for `settings`. The directories of `path_first` come first on PATH, once,
/// however often it is sourced.
#[must_use]
pub fn render(settings: &Settings, path_first: &[PathBuf]) -> String {
    let mut text = format!(
        "# Written by image-configure for {}.\n\
         # Source it from anywhere: source {}\n\
         # Edits hold until image-configure runs again; the tools take them over.\n\n",
        settings.summary(),
        quote(&settings.root.join(FILE_NAME).to_string_lossy()),
    );
    for (name, value) in exported::of(settings) {
        // Writing to a String cannot fail.
        _ = writeln!(text, "export {name}={}", quote(&value));
    }
    for (name, value) in &settings.exports {
        _ = writeln!(text, "export {name}={}", quote(value));
    }
    text.push('\n');
    for dir in path_first.iter().rev() {
        let dir = dir.to_string_lossy();
        let (word, pattern) = (quote(&dir), quote(&format!(":{dir}:")));
        _ = writeln!(text, "case \":$PATH:\" in *{pattern}*) ;; *) export PATH={word}:\"$PATH\" ;; esac");
    }
    text.push_str(FUNCTIONS);
    text
}

/// Conveniences for people; no tool relies on them.
const FUNCTIONS: &str = r#"
where() {
    case "$USE_FROZEN" in
        0) set -- floating ;;
        1) set -- frozen ;;
        2) set -- chilly ;;
        *) set -- ERROR ;;
    esac
    printf '%s\n' "$DEPLOYMENT_NAME-$ENVIRONMENT-$OWNER-$CAL_VERSION-$1"
}
alias glog='git log --oneline --graph --decorate'
"#;

/// Sources `path` once, in a bash that has nothing of ours but PATH and HOME, and reads the settings
/// from what it exports. Variables that we do not know are kept as further exports.
///
/// # Errors
/// bash is missing or refuses the file, or its variables do not make settings.
pub fn source(path: &Path, console: &Console) -> Result<Settings, SetupEnvError> {
    let failed = |source| SetupEnvError::Source { path: path.to_owned(), source };
    let kept = ["PATH", "HOME"];
    let mut call = Invocation::new("bash")
        .args(["--noprofile", "--norc", "-c", "set -e; . \"$1\" >/dev/null; env -0", "bash"])
        .arg(path)
        .only_env();
    for name in kept {
        call = call.env(name, std::env::var_os(name).unwrap_or_default());
    }
    if let Some(root) = path.parent() {
        call = call.dir(root);
    }
    let captured = process::capture(&call, console).map_err(failed)?;
    if !captured.exit.is_success() {
        return Err(failed(call.failed(&captured)));
    }
    let variables = parse(&captured.stdout);
    let wrong = |source| SetupEnvError::Variables { path: path.to_owned(), source };
    let mut settings = exported::settings(&variables).map_err(wrong)?;
    settings.exports = further(&variables, &settings);
    Ok(settings)
}

/// The output of `env -0`.
fn parse(output: &[u8]) -> Variables {
    let pairs = output.split(|b| *b == 0).filter_map(|pair| {
        let pair = String::from_utf8_lossy(pair);
        pair.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()))
    });
    pairs.collect()
}

/// What somebody exports besides the variables that we know and those that a shell always has.
fn further(variables: &Variables, settings: &Settings) -> Variables {
    let ours: Vec<&str> = exported::of(settings).into_iter().map(|(name, _)| name).collect();
    let shells = ["PATH", "HOME", "PWD", "OLDPWD", "SHLVL", "_"];
    let is_further = |name: &str| !ours.contains(&name) && !shells.contains(&name);
    let pairs = variables.iter().filter(|(name, _)| is_further(name) && !name.starts_with("BASH_FUNC"));
    pairs.map(|(name, value)| (name.clone(), value.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(root: &Path, settings: &Settings) -> PathBuf {
        let path = root.join(FILE_NAME);
        std::fs::write(&path, render(settings, &[PathBuf::from("/opt/our tools")])).unwrap();
        path
    }

    /// D8: a path with a space broke the scripts. D2: a value could run code when sourced.
    #[test]
    fn d2_d8_any_value_survives_sourcing() {
        let root = tempfile::Builder::new().prefix("with space and 'quote'").tempdir().unwrap();
        let mut settings = Settings::new(root.path(), "roman".parse().unwrap());
        settings.pip_switches = "--no-color; touch $(echo owned) `id` 'x' \"y\"".to_owned();
        settings.exports.insert("CRDS_PATH".to_owned(), "/a b".to_owned());
        let path = write(root.path(), &settings);
        assert_eq!(source(&path, &Console::silent()).unwrap(), settings);
        assert!(!root.path().join("owned").exists());
    }

    /// D7: it had to be sourced from the root. PATH used to grow with each sourcing.
    #[test]
    fn d7_it_is_sourced_from_anywhere_and_path_grows_once() {
        let root = tempfile::tempdir().unwrap();
        let settings = Settings::new(root.path(), "roman".parse().unwrap());
        let path = write(root.path(), &settings);
        let script = ". \"$1\"; . \"$1\"; echo \"$PATH\"; where";
        let call = Invocation::new("bash").args(["-euc", script, "bash"]).arg(path).dir("/");
        let text = process::text(&call, &Console::silent()).unwrap();
        assert_eq!(text.matches("/opt/our tools:").count(), 1, "{text}");
        assert!(text.ends_with("roman-sandbox-spacetelescope-none-floating"), "{text}");
    }

    #[test]
    fn an_edit_by_hand_is_taken_over() {
        let root = tempfile::tempdir().unwrap();
        let settings = Settings::new(root.path(), "roman".parse().unwrap());
        let path = write(root.path(), &settings);
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, text.replace("USE_FROZEN=0", "USE_FROZEN=1")).unwrap();
        let edited = source(&path, &Console::silent()).unwrap();
        assert_eq!(edited.use_frozen, crate::settings::UseFrozen::Frozen);
    }

    #[test]
    fn a_broken_file_is_named() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join(FILE_NAME);
        std::fs::write(&path, "export JUPYTERHUB_DIR='").unwrap();
        let error = source(&path, &Console::silent()).unwrap_err();
        assert!(error.to_string().contains("setup-env cannot be sourced"));
    }
}
