//! A base image from this machine's own Debian packages, for machines that can pull nothing.
//!
//! The same packages give the same bytes: times are clamped, and the archive is rewritten in a fixed
//! way. The result is kept, and found again by its recipe.

use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

use thiserror::Error;

use common::console::Console;
use common::digest::Digest;
use common::engine::{Engine, EngineError};
use common::fault::{Fault, Status, io_status};
use common::process::{self, Invocation, ProcessError};
use common::state_file::{self, StateFileError};

use super::{apt_sources, rootfs};

/// What is in the image: Python, a shell, and what wheels and in-image scripts rely on. No apt, no
/// compiler, no server. `libstdc++6` and `libgomp1` are what most scientific wheels link to.
const PACKAGES: [&str; 23] = [
    "base-files",
    "base-passwd",
    "bash",
    "ca-certificates",
    "coreutils",
    "dash",
    "debianutils",
    "diffutils",
    "dpkg",
    "findutils",
    "grep",
    "gzip",
    "hostname",
    "libc-bin",
    "libgomp1",
    "libstdc++6",
    "login",
    "mawk",
    "perl-base",
    "python3",
    "python3-venv",
    "sed",
    "tar",
];

/// The time that every file gets at most. Any fixed one will do; this is in November 2023.
const EPOCH: u64 = 1_700_000_000;

/// No base image could be made.
#[derive(Debug, Error)]
pub(crate) enum BootstrapError {
    /// The machine is no Debian, or does not say which.
    #[error("{file} does not tell which Debian or Ubuntu release this machine is")]
    NoRelease {
        /// What was read.
        file: &'static str,
    },
    /// There is nothing to install from.
    #[error(
        "/etc/apt names no archive of {codename} with `main`, so there are no packages to make a base image of"
    )]
    NoArchive {
        /// The release.
        codename: String,
    },
    /// A file cannot be read or written.
    #[error("cannot make a base image: {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// mmdebstrap failed, or is not there.
    #[error(transparent)]
    Call(#[from] ProcessError),
    /// What belongs to the result cannot be kept.
    #[error(transparent)]
    State(#[from] StateFileError),
    /// The engine cannot take it.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl Fault for BootstrapError {
    fn status(&self) -> Status {
        match self {
            Self::NoRelease { .. } | Self::NoArchive { .. } => Status::Unavailable,
            Self::File { source, .. } => io_status(source),
            Self::Call(error) => error.status(),
            Self::State(error) => error.status(),
            Self::Engine(error) => error.status(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NoRelease { .. } | Self::NoArchive { .. } => {
                Some("name an image that can be pulled: --base-image REF".to_owned())
            }
            Self::Call(ProcessError::NotFound { .. }) => Some("apt-get install mmdebstrap".to_owned()),
            Self::Engine(error) => error.hint(),
            _ => None,
        }
    }
}

/// How to make the root file system: everything that decides what is in it.
#[derive(Debug, PartialEq, Eq)]
struct Recipe {
    codename: String,
    archives: Vec<String>,
}

impl Recipe {
    /// The recipe for this machine.
    fn of_host() -> Result<Self, BootstrapError> {
        let file = "/etc/os-release";
        let os_release = fs::read_to_string(file).unwrap_or_default();
        let codename = apt_sources::codename(&os_release).ok_or(BootstrapError::NoRelease { file })?;
        let apt = Path::new("/etc/apt");
        let archives = apt_sources::archives(apt, &codename).map_err(failed(apt))?;
        if archives.is_empty() {
            return Err(BootstrapError::NoArchive { codename });
        }
        Ok(Self { codename, archives: archives.iter().map(apt_sources::Archive::line).collect() })
    }

    /// The name that the result is kept under.
    fn key(&self) -> String {
        let text = format!(
            "{}\n{}\n{}\n{}\n{EPOCH}\n",
            self.codename,
            self.archives.join("\n"),
            PACKAGES.join(","),
            rootfs::RULES
        );
        Digest::of(text.as_bytes()).short().to_owned()
    }

    /// mmdebstrap, printing a tar archive. As root it needs no tricks; else it finds what it can.
    fn call(&self, is_root: bool) -> Invocation {
        Invocation::new("mmdebstrap")
            .arg(if is_root { "--mode=root" } else { "--mode=auto" })
            .args(["--variant=custom", "--format=tar", "--aptopt=Acquire::Languages \"none\""])
            .arg(format!("--include={}", PACKAGES.join(",")))
            .args([self.codename.as_str(), "-"])
            .args(&self.archives)
            .env("SOURCE_DATE_EPOCH", EPOCH.to_string())
    }
}

/// What decides of this machine what the image holds, as one short name.
pub(crate) fn recipe_key() -> Result<String, BootstrapError> {
    Ok(Recipe::of_host()?.key())
}

/// Whether anything had to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Made {
    /// The image of this recipe was there.
    Reused,
    /// It was made, or at least imported.
    Now,
}

/// Sees that the engine has the bootstrapped image as `tag`; archives are kept in `dir`. `refresh`
/// makes it again with the packages of today.
///
/// The image also has a name of its recipe, by which every clone on the machine finds it again.
pub(crate) fn ensure(
    engine: &Engine,
    tag: &str,
    (dir, refresh): (&Path, bool),
    console: &Console,
) -> Result<Made, BootstrapError> {
    let recipe = Recipe::of_host()?;
    let key = recipe.key();
    let named = format!("{}:{key}", tag.split(':').next().unwrap_or(tag));
    let made = match engine.inspect(&named, console)? {
        Some(_) if !refresh => Made::Reused,
        _ => {
            state_file::make_dir(dir)?;
            let archive = dir.join(format!("{key}.tar"));
            if refresh || !archive.is_file() {
                let count = PACKAGES.len();
                console.status(format_args!("installing {count} packages of {} for {tag}", recipe.codename));
                make(&recipe, &archive, console)?;
            }
            engine.import(&archive, &named, console)?;
            Made::Now
        }
    };
    let id = |name: &str| engine.inspect(name, console).map(|facts| facts.map(|facts| facts.id));
    if id(tag)? != id(&named)? {
        engine.tag(&named, tag, console)?;
    }
    Ok(made)
}

/// Makes the archive beside its place, then moves it there: a half one is never taken for a whole.
fn make(recipe: &Recipe, archive: &Path, console: &Console) -> Result<(), BootstrapError> {
    let dir = archive.parent().unwrap_or(archive);
    let mut file = tempfile::Builder::new().prefix("part.").tempfile_in(dir).map_err(failed(archive))?;
    let call = recipe.call(rustix::process::geteuid().is_root());
    let out: &mut File = file.as_file_mut();
    // If mmdebstrap fails, its reason comes first; that the archive is cut short only follows.
    let refined = process::read(&call, console, &mut |input| {
        Ok::<_, ProcessError>(rootfs::refine(input, BufWriter::new(&mut *out), EPOCH))
    })?;
    refined.map_err(failed(archive))?;
    file.as_file().sync_all().map_err(failed(archive))?;
    file.persist(archive).map_err(|e| failed(archive)(e.error))?;
    Ok(())
}

fn failed(path: &Path) -> impl Fn(io::Error) -> BootstrapError + '_ {
    move |source| BootstrapError::File { path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recipe() -> Recipe {
        Recipe {
            codename: "bookworm".to_owned(),
            archives: vec!["deb http://mirror.example/debian bookworm main".to_owned()],
        }
    }

    #[test]
    fn the_machines_own_archives_are_what_is_installed_from() {
        let call = recipe().call(true);
        let text = call.to_string();
        assert!(text.starts_with("mmdebstrap --mode=root --variant=custom --format=tar "), "{text}");
        assert!(text.ends_with(" bookworm - 'deb http://mirror.example/debian bookworm main'"), "{text}");
        assert!(text.contains("python3,python3-venv"), "{text}");
        assert!(recipe().call(false).to_string().starts_with("mmdebstrap --mode=auto"));
    }

    #[test]
    fn another_recipe_is_another_image() {
        let mut other = recipe();
        assert_eq!(recipe().key(), other.key());
        other.archives[0].push_str(" universe");
        assert_ne!(recipe().key(), other.key());
    }

    #[test]
    fn without_mmdebstrap_the_package_is_named() {
        let error: BootstrapError = ProcessError::NotFound { program: "mmdebstrap".to_owned() }.into();
        assert_eq!(error.status(), Status::Missing);
        assert_eq!(error.hint().unwrap(), "apt-get install mmdebstrap");
    }
}
