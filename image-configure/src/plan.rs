//! What will be written, worked out before anything is.

use std::env;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use clap::ValueEnum as _;
use common::console::Console;
use common::deployment;
use common::digest::Digest;
use common::document::Document;
use common::settings::{CaBundle, Generation, Settings, UseFrozen};
use common::setup_env;

use crate::args::{Args, Switch};
use crate::error::Error;
use crate::explain::Stages;
use crate::template::{self, Template};

/// The two files and what they hold.
#[derive(Debug)]
pub struct Plan {
    /// The root of the repository.
    pub root: PathBuf,
    /// The text of `setup-env`.
    pub setup_env: String,
    /// The text of `setup-env.json`.
    pub document: String,
    summary: String,
}

impl Plan {
    /// The digest that later tells whether `setup-env` was edited.
    pub fn setup_env_digest(&self) -> Digest {
        Digest::of(self.setup_env.as_bytes())
    }

    /// What a person sees at the end.
    pub fn table(&self) -> impl fmt::Display {
        let file = self.root.join(setup_env::FILE_NAME);
        let file = common::shell::quote_os(file.as_os_str());
        format!("{}\nsource {file}\n", self.summary)
    }
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> Error + use<> {
    let path = path.to_owned();
    move |source| Error::Root { path, source }
}

/// The repository: `--root`, else around the working directory, else `$JUPYTERHUB_DIR`.
pub fn root(args: &Args) -> Result<PathBuf, Error> {
    if let Some(root) = &args.root {
        let root = std::path::absolute(root).map_err(failed(root))?;
        return Ok(deployment::find_root(&root)?);
    }
    let here = env::current_dir().map_err(failed(Path::new(".")))?;
    let found = deployment::find_root(&here);
    let sourced = env::var_os("JUPYTERHUB_DIR").filter(|v| !v.is_empty());
    match (found, sourced) {
        (Err(_), Some(root)) => Ok(deployment::find_root(Path::new(&root))?),
        (found, _) => Ok(found?),
    }
}

/// The settings that the command line and the repository's own template ask for, with the stages on
/// the way to them.
pub fn settings(args: &Args, root: &Path, console: &Console) -> Result<Stages, Error> {
    let utf8 = || io::Error::new(io::ErrorKind::InvalidInput, "its path is not UTF-8");
    root.to_str().ok_or_else(|| Error::Root { path: root.to_owned(), source: utf8() })?;
    let mission = deployment::mission(root, args.deployment.as_deref().unwrap_or_default())?;
    let template = template::find(root)?;
    let generation = template.as_ref().map(Template::generation).unwrap_or_default();
    let defaults = Settings::of_generation(generation, root, mission);
    let chosen = choose(args, &defaults)?;
    let mut settled = match template {
        Some(template) => template.settings(&chosen, console)?,
        None => chosen.clone(),
    };
    if args.no_docker_caching {
        settled.user_cache_dirs.clone_from(&chosen.user_cache_dirs);
    }
    Ok(Stages { defaults, chosen, settled })
}

/// `defaults` with what the command line decides.
fn choose(args: &Args, defaults: &Settings) -> Result<Settings, Error> {
    let generation = defaults.generation;
    let refuse = |what| Err(Error::Generation { what, generation });
    if generation == Generation::Newest && args.use_frozen == UseFrozen::Chilly {
        return refuse("--use-frozen=chilly");
    }
    if generation == Generation::Chilly && args.repack == Switch::On {
        return refuse("--repack");
    }
    let mut settings = defaults.clone();
    settings.environment = args.environment;
    settings.platform = args.platform;
    settings.use_frozen = args.use_frozen;
    settings.freeze_chill = args.freeze_chill == Switch::On;
    settings.repack = args.repack == Switch::On;
    settings.cal_version = args.cal_version.clone();
    settings.owner = args.owner;
    if let Some(notebook) = args.base_notebook.and_then(|n| n.to_possible_value()) {
        notebook.get_name().clone_into(&mut settings.base_notebook);
    }
    if args.no_docker_caching {
        settings.user_cache_dirs.clear();
    }
    settings.base_image.clone_from(&args.base_image);
    settings.engine = args.engine;
    settings.network.clone_from(&args.network);
    settings.source_url.clone_from(&args.source_url);
    settings.insecure_hosts = args.insecure_host.iter().map(ToString::to_string).collect();
    settings.ca_bundle = match &args.ca_bundle {
        CaBundle::File(path) => CaBundle::File(std::path::absolute(path).map_err(failed(path))?),
        other => other.clone(),
    };
    Ok(settings)
}

/// The directories that `setup-env` puts first on PATH: where these tools are, so that they win,
/// then the repository's own `scripts`.
pub fn path_first(root: &Path) -> Vec<PathBuf> {
    // The entries in scripts/ name their directory as they were called.
    let tools = env::var_os("IMAGE_TOOLS_DIR").and_then(|dir| std::path::absolute(dir).ok());
    let beside = || env::current_exe().ok().and_then(|exe| exe.parent().map(Path::to_owned));
    let mut dirs: Vec<PathBuf> = tools.or_else(beside).into_iter().collect();
    let scripts = root.join("scripts");
    if scripts.is_dir() && !dirs.contains(&scripts) {
        dirs.push(scripts);
    }
    dirs
}

/// The files for `settings`, which the templates that are there now were made into.
pub fn plan(settings: &Settings, path_first: &[PathBuf]) -> Plan {
    let setup_env = setup_env::render(settings, path_first);
    let mut document = Document::new(settings.clone());
    document.setup_env = Some(Digest::of(setup_env.as_bytes()));
    document.templates = setup_env::templates(&settings.root);
    Plan { root: settings.root.clone(), setup_env, document: document.to_json(), summary: settings.summary() }
}
