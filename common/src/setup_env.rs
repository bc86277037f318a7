//! `setup-env`: the settings as a file that a shell sources, and the way back when somebody edited it.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::console::Console;
use crate::digest::Digest;
use crate::exported::{self, ExportedError, Variables};
use crate::fault::{Fault, Status};
use crate::process::{self, Input, Invocation, ProcessError};
use crate::settings::{Generation, Settings};
use crate::shell::quote;

/// The file's name, at the root of the repository.
pub const FILE_NAME: &str = "setup-env";

/// What a repository may have for it to be made of, at the root too.
const TEMPLATES: [&str; 2] = ["setup-env.template", "infrequent-env"];

/// The digest of the templates of the repository at `root`; none if it has none that can be read.
#[must_use]
pub fn templates(root: &Path) -> Option<Digest> {
    let texts: Vec<Vec<u8>> = TEMPLATES.iter().filter_map(|name| fs::read(root.join(name)).ok()).collect();
    (!texts.is_empty()).then(|| Digest::of(&texts.join(&0)))
}

/// The file cannot be turned back into settings.
#[derive(Debug, Error)]
pub enum SetupEnvError {
    /// It cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
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
    // The moment of sourcing, which other exports may refer to, comes before them.
    let moment = settings.exports.iter().filter(|(name, _)| *name == MOMENT);
    let others = settings.exports.iter().filter(|(name, _)| *name != MOMENT);
    for (name, value) in moment.chain(others) {
        _ = writeln!(text, "export {name}={}", quote_with_moment(value));
    }
    text.push('\n');
    for dir in path_first.iter().rev() {
        let dir = dir.to_string_lossy();
        let (word, pattern) = (quote(&dir), quote(&format!(":{dir}:")));
        _ = writeln!(text, "case \":$PATH:\" in *{pattern}*) ;; *) export PATH={word}:\"$PATH\" ;; esac");
    }
    text.push_str(match settings.generation {
        Generation::Chilly => WHERE_2024,
        Generation::Newest => WHERE_NEWEST,
    });
    text.push_str("alias glog='git log --oneline --graph --decorate'\n");
    text
}

/// The variable that the newest generation sets to the moment of sourcing, and names images with.
const MOMENT: &str = "DATE_TAG";
/// How that moment is asked for.
const MOMENT_VALUE: &str = "$(date -u +%Y-%m-%d-%H-%M-%S)";
/// How other values refer to it.
const MOMENT_REFERENCE: &str = "${DATE_TAG}";

/// A value in quotes, except that the moment, or a reference to it, is left for the shell.
fn quote_with_moment(value: &str) -> String {
    let live = if value == MOMENT_VALUE { MOMENT_VALUE } else { MOMENT_REFERENCE };
    let parts: Vec<String> =
        value.split(live).map(|part| if part.is_empty() { String::new() } else { quote(part) }).collect();
    match &parts[..] {
        [only] => quote(if only.is_empty() { "" } else { value }),
        _ => parts.join(&format!("\"{live}\"")),
    }
}

/// A convenience for people; no tool relies on it.
const WHERE_2024: &str = r#"
where() {
    case "$USE_FROZEN" in
        0) set -- floating ;;
        1) set -- frozen ;;
        2) set -- chilly ;;
        *) set -- ERROR ;;
    esac
    printf '%s\n' "$DEPLOYMENT_NAME-$ENVIRONMENT-$OWNER-$CAL_VERSION-$1"
}
"#;

/// The same for the newest generation (D55: a repacked image was always an ERROR).
const WHERE_NEWEST: &str = r#"
where() {
    case "$USE_FROZEN/$REPACK" in
        0/0) set -- floating+fat ;;
        0/1) set -- floating+slim ;;
        1/0) set -- frozen+fat ;;
        1/1) set -- frozen+slim ;;
        *) set -- ERROR ;;
    esac
    printf '%s\n' "$DEPLOYMENT_NAME+$ENVIRONMENT+$OWNER+$BASE_NOTEBOOK+$1"
}
"#;

/// Sources `path` once, in a bash that has nothing of ours but PATH and HOME, and reads the settings
/// from what it exports. Variables that we do not know are kept as further exports.
///
/// # Errors
/// bash is missing or refuses the file, or its variables do not make settings.
pub fn source(path: &Path, console: &Console) -> Result<Settings, SetupEnvError> {
    let root = path.parent().unwrap_or_else(|| Path::new("/"));
    let text = std::fs::read(path).map_err(|source| SetupEnvError::Read { path: path.to_owned(), source })?;
    source_text(&text, path, root, console)
}

/// As [`source`], for a file that was written for `recorded` and edited since. What only follows from
/// other variables, and was not edited itself, follows from the edited ones.
///
/// # Errors
/// As [`source`].
pub fn source_edited(path: &Path, recorded: &Settings, console: &Console) -> Result<Settings, SetupEnvError> {
    let root = path.parent().unwrap_or_else(|| Path::new("/"));
    let text = std::fs::read(path).map_err(|source| SetupEnvError::Read { path: path.to_owned(), source })?;
    let mut variables = sourced(&text, path, root, console)?;
    for (name, value) in exported::of(recorded) {
        if DERIVED.contains(&name) && variables.get(name) == Some(&value) {
            variables.remove(name);
        }
    }
    let untouched = |name: &str| !variables.contains_key(name);
    let mut settings = settled(&variables, path)?;
    if untouched("BASE_NOTEBOOK") {
        settings.base_notebook.clone_from(&recorded.base_notebook);
    }
    if untouched("BASE_IMAGE") {
        settings.base_image.clone_from(&recorded.base_image);
    }
    if untouched("DOCKER_BUILD_ARGS") {
        settings.docker_build_args.clone_from(&recorded.docker_build_args);
    }
    if untouched("IMAGE_RUN_PARS") {
        settings.image_run_pars.clone_from(&recorded.image_run_pars);
    }
    Ok(settings)
}

/// The variables that follow from others unless somebody sets them.
const DERIVED: [&str; 3] = ["BASE_IMAGE", "DOCKER_BUILD_ARGS", "IMAGE_RUN_PARS"];

/// As [`source`], for `text` that stands, or might stand, in `path`; bash runs in `root`.
///
/// # Errors
/// As [`source`].
pub fn source_text(
    text: &[u8],
    path: &Path,
    root: &Path,
    console: &Console,
) -> Result<Settings, SetupEnvError> {
    settled(&sourced(text, path, root, console)?, path)
}

/// What bash is told: to stop at what fails, and to say where that is.
const SOURCE_AND_SHOW: &str = "set -eE; trap 'echo $BASH_SOURCE: line $LINENO: \"$BASH_COMMAND\" >&2' ERR; \
                               . /dev/stdin >/dev/null; trap - ERR; env -0";

/// What `text` exports when sourced.
fn sourced(text: &[u8], path: &Path, root: &Path, console: &Console) -> Result<Variables, SetupEnvError> {
    let failed = |source| SetupEnvError::Source { path: path.to_owned(), source };
    // The text comes on standard input. A file that it sources by its bare name is looked for in
    // the root first (D9: one of that name elsewhere on PATH used to win).
    let mut search = root.as_os_str().to_owned();
    search.push(":");
    search.push(std::env::var_os("PATH").unwrap_or_default());
    let call = Invocation::new("bash")
        .args(["--noprofile", "--norc", "-c", SOURCE_AND_SHOW])
        .only_env()
        .env("PATH", search)
        .env("HOME", std::env::var_os("HOME").unwrap_or_default())
        .input(Input::Bytes(text.to_owned()))
        .dir(root);
    let captured = process::capture(&call, console).map_err(failed)?;
    if !captured.exit.is_success() {
        return Err(failed(call.failed(&captured)));
    }
    Ok(parse(&captured.stdout))
}

fn settled(variables: &Variables, path: &Path) -> Result<Settings, SetupEnvError> {
    let wrong = |source| SetupEnvError::Variables { path: path.to_owned(), source };
    let mut settings = exported::settings(variables).map_err(wrong)?;
    settings.exports = further(variables, &settings);
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
    let mut ours: Vec<&str> = exported::of(settings).into_iter().map(|(name, _)| name).collect();
    // A switch of either generation is never somebody's own variable.
    ours.extend(["FREEZE", "FREEZE_CHILL"]);
    let shells = ["PATH", "HOME", "PWD", "OLDPWD", "SHLVL", "_"];
    let is_further = |name: &str| !ours.contains(&name) && !shells.contains(&name);
    let pairs = variables.iter().filter(|(name, _)| is_further(name) && !name.starts_with("BASH_FUNC"));
    let moment = variables.get(MOMENT).filter(|m| !m.is_empty());
    let settled = |name: &str, value: &str| match moment {
        Some(_) if name == MOMENT => MOMENT_VALUE.to_owned(),
        Some(moment) => value.replace(moment.as_str(), MOMENT_REFERENCE),
        None => value.to_owned(),
    };
    pairs.map(|(name, value)| (name.clone(), settled(name, value))).collect()
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

    /// The newest generation names images after the moment of sourcing.
    #[test]
    fn the_moment_of_sourcing_stays_one() {
        let root = tempfile::tempdir().unwrap();
        let mut settings = Settings::of_generation(Generation::Newest, root.path(), "roman".parse().unwrap());
        settings.exports.insert("DATE_TAG".to_owned(), MOMENT_VALUE.to_owned());
        settings.exports.insert("GITHUB_TAG".to_owned(), "notebook roman-${DATE_TAG}".to_owned());
        let path = write(root.path(), &settings);
        assert_eq!(source(&path, &Console::silent()).unwrap(), settings);
        let script =
            ". \"$1\"; test \"$GITHUB_TAG\" = \"notebook roman-$DATE_TAG\"; date -u +%Y; echo $DATE_TAG";
        let call = Invocation::new("bash").args(["-euc", script, "bash"]).arg(path);
        let text = process::text(&call, &Console::silent()).unwrap();
        let (year, moment) = text.split_once('\n').unwrap();
        assert!(moment.starts_with(year) && moment.len() == "2026-06-08-00-00-00".len(), "{text}");
    }

    #[test]
    fn templates_that_moved_on_are_others() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(templates(root.path()), None);
        fs::write(root.path().join("infrequent-env"), "export A=1\n").unwrap();
        let before = templates(root.path());
        assert!(before.is_some());
        fs::write(root.path().join("setup-env.template"), "source infrequent-env\n").unwrap();
        assert_ne!(templates(root.path()), before);
    }

    /// D55: `where` called every repacked image an ERROR.
    #[test]
    fn d55_where_knows_a_repacked_image() {
        let root = tempfile::tempdir().unwrap();
        let mut settings = Settings::of_generation(Generation::Newest, root.path(), "roman".parse().unwrap());
        settings.repack = true;
        let call = Invocation::new("bash")
            .args(["-euc", ". \"$1\"; where", "bash"])
            .arg(write(root.path(), &settings));
        let text = process::text(&call, &Console::silent()).unwrap();
        assert_eq!(text, "roman+sandbox+spacetelescope+minimal-notebook+floating+slim");
    }

    #[test]
    fn what_follows_from_an_edited_variable_follows_the_edit() {
        let root = tempfile::tempdir().unwrap();
        let mut recorded = Settings::new(root.path(), "roman".parse().unwrap());
        recorded.base_notebook = "minimal-notebook".to_owned();
        let path = write(root.path(), &recorded);
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, text.replace("export OWNER=spacetelescope", "export OWNER=quay.io/jupyter"))
            .unwrap();
        let edited = source_edited(&path, &recorded, &Console::silent()).unwrap();
        assert_eq!(edited.base_reference(), "quay.io/jupyter/minimal-notebook");
        assert!(edited.build_words().contains(&"OWNER=quay.io/jupyter".to_owned()));
        assert_eq!((edited.base_image, edited.docker_build_args), (None, None));
    }

    #[test]
    fn a_broken_file_is_named() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join(FILE_NAME);
        std::fs::write(&path, "export JUPYTERHUB_DIR='").unwrap();
        let error = source(&path, &Console::silent()).unwrap_err();
        assert!(error.to_string().contains("setup-env cannot be sourced"));
        std::fs::write(&path, "export A=1\nexport B=2\nfalse\n").unwrap();
        let error = source(&path, &Console::silent()).unwrap_err();
        let why = std::error::Error::source(&error).unwrap().to_string();
        assert!(why.contains("line 3: false"), "{why}");
    }
}
