//! Which indexes a lock is installed from: the first of these that says one.
//!
//! `--index`; the lock's own `--index-url`; the settings' pip switches; `PIP_INDEX_URL`,
//! `UV_DEFAULT_INDEX`, `UV_INDEX_URL`; pip's and uv's configuration files; what the pip or the uv of
//! this machine asks if nobody tells it anything. Further ones (`--extra-index-url` and its like)
//! come from wherever they stand.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use common::console::Console;
use common::process::{self, Invocation};
use common::state_file;
use reqwest::Url;

use super::error::IndexError;
use super::http::redacted;

/// Where a lock's packages come from, the main index first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    /// The indexes; their files count together.
    pub urls: Vec<Url>,
}

/// Everything that may name an index.
#[derive(Clone, Debug, Default)]
pub(crate) struct Origins {
    /// `--index`
    pub flag: Option<String>,
    /// Switches of pip, as words: the lock's own, then those of the settings.
    pub switches: Vec<String>,
    /// The environment.
    pub variables: BTreeMap<String, String>,
}

impl Origins {
    /// What the command line, `pip_switches` and this process's environment say.
    pub(crate) fn new(flag: Option<&str>, pip_switches: &str) -> Self {
        let switches = pip_switches.split_ascii_whitespace().map(str::to_owned).collect();
        let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        let variables = std::env::vars_os().filter_map(text).collect();
        Self { flag: flag.map(str::to_owned), switches, variables }
    }

    /// The indexes; `memory` is a directory that keeps what pip or uv had to be asked for.
    ///
    /// # Errors
    /// Nothing names an index, or what does is no address.
    pub(crate) fn address(&self, memory: &Path, console: &Console) -> Result<Address, IndexError> {
        let files = self.files();
        let main = self.main(&files);
        let main = match main {
            Some((url, origin)) => parsed(&url, &origin)?,
            None => parsed(&of_this_machine(memory, console)?, "what pip or uv asks")?,
        };
        let mut urls = vec![main];
        if self.flag.is_none() {
            for (url, origin) in self.further(&files) {
                let url = parsed(&url, &origin)?;
                if !urls.contains(&url) {
                    urls.push(url);
                }
            }
        }
        Ok(Address { urls })
    }

    /// The main index, if somebody says which, for those who pass it on to uv.
    pub(crate) fn told(&self) -> Option<String> {
        self.main(&self.files()).map(|(url, _)| url)
    }

    /// The further indexes, for the same.
    pub(crate) fn told_further(&self) -> Vec<String> {
        self.further(&self.files()).into_iter().map(|(url, _)| url).collect()
    }

    fn main(&self, files: &[Configured]) -> Option<(String, String)> {
        let flag = self.flag.clone().map(|url| (url, "--index".to_owned()));
        let switch = || {
            let found = values(&self.switches, &["--index-url", "-i"]).pop();
            found.map(|url| (url, "--index-url in the pip switches".to_owned()))
        };
        let variable = || {
            let names = ["PIP_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX_URL"];
            names.iter().find_map(|name| Some((self.variable(name)?, (*name).to_owned())))
        };
        let file =
            || files.iter().find_map(|file| Some((file.main.clone()?, file.path.display().to_string())));
        flag.or_else(switch).or_else(variable).or_else(file)
    }

    fn further(&self, files: &[Configured]) -> Vec<(String, String)> {
        let mut found: Vec<(String, String)> = Vec::new();
        let switches = values(&self.switches, &["--extra-index-url"]);
        found.extend(switches.into_iter().map(|url| (url, "--extra-index-url".to_owned())));
        for name in ["PIP_EXTRA_INDEX_URL", "UV_INDEX", "UV_EXTRA_INDEX_URL"] {
            let text = self.variable(name).unwrap_or_default();
            // uv allows `name=URL`.
            let urls = text.split_ascii_whitespace().map(|word| match word.split_once('=') {
                Some((label, url)) if !label.contains(':') => url.to_owned(),
                _ => word.to_owned(),
            });
            found.extend(urls.map(|url| (url, name.to_owned())));
        }
        for file in files {
            found.extend(file.further.iter().map(|url| (url.clone(), file.path.display().to_string())));
        }
        found
    }

    fn variable(&self, name: &str) -> Option<String> {
        self.variables.get(name).filter(|value| !value.trim().is_empty()).cloned()
    }

    /// The configuration files of pip and uv that there are, the one that counts most first.
    fn files(&self) -> Vec<Configured> {
        let mut paths: Vec<PathBuf> = Vec::new();
        let home = self.variable("HOME").map(PathBuf::from);
        let named = self.variable("XDG_CONFIG_HOME").map(PathBuf::from);
        let config = named.or_else(|| home.as_ref().map(|home| home.join(".config")));
        let below = |dir: &Option<PathBuf>, name: &str| dir.as_ref().map(|dir| dir.join(name));
        paths.extend(self.variable("PIP_CONFIG_FILE").map(PathBuf::from));
        paths.extend(self.variable("VIRTUAL_ENV").map(|dir| PathBuf::from(dir).join("pip.conf")));
        paths.extend(below(&config, "pip/pip.conf"));
        paths.extend(below(&home, ".pip/pip.conf"));
        paths.push("/etc/xdg/pip/pip.conf".into());
        paths.push("/etc/pip.conf".into());
        paths.extend(self.variable("UV_CONFIG_FILE").map(PathBuf::from));
        paths.extend(below(&config, "uv/uv.toml"));
        paths.push("/etc/uv/uv.toml".into());
        paths.into_iter().filter_map(Configured::read).collect()
    }
}

fn parsed(text: &str, origin: &str) -> Result<Url, IndexError> {
    let bad = |text: String| IndexError::BadAddress { origin: origin.to_owned(), text };
    let url = Url::parse(text.trim()).map_err(|_| bad("(no URL)".to_owned()))?;
    if matches!(url.scheme(), "http" | "https") { Ok(url) } else { Err(bad(redacted(&url))) }
}

/// The values of a switch among `words`: `--name value` and `--name=value`.
fn values(words: &[String], names: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if names.contains(&word.as_str()) {
            found.extend(words.next().cloned());
        } else if let Some((name, value)) = word.split_once('=')
            && names.contains(&name)
        {
            found.push(value.to_owned());
        }
    }
    found
}

/// What a configuration file names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Configured {
    path: PathBuf,
    main: Option<String>,
    further: Vec<String>,
}

impl Configured {
    fn read(path: PathBuf) -> Option<Self> {
        let text = std::fs::read_to_string(&path).ok()?;
        let is_toml = path.extension().is_some_and(|ending| ending == "toml");
        let (main, further) = if is_toml { in_uv_toml(&text) } else { in_pip_conf(&text) };
        (main.is_some() || !further.is_empty()).then_some(Self { path, main, further })
    }
}

/// `index-url` and `extra-index-url` of the sections that count for installing; the latter may go on
/// in indented lines.
fn in_pip_conf(text: &str) -> (Option<String>, Vec<String>) {
    let (mut main, mut further) = (None, Vec::new());
    let (mut counts, mut key) = (false, String::new());
    for line in text.lines().filter(|line| !line.trim_start().starts_with(['#', ';'])) {
        if let Some(section) = line.trim().strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            counts = matches!(section.trim(), "global" | "install" | "download");
            key.clear();
            continue;
        }
        let is_further = line.starts_with([' ', '\t']);
        let value = match line.split_once(['=', ':']).filter(|_| !is_further) {
            Some((name, value)) => {
                key = name.trim().replace('_', "-");
                value.trim()
            }
            None => line.trim(),
        };
        match key.as_str() {
            "index-url" if counts && !value.is_empty() => main = Some(value.to_owned()),
            "extra-index-url" if counts => further.extend(value.split_ascii_whitespace().map(str::to_owned)),
            _ => {}
        }
    }
    (main, further)
}

/// `index-url`, `extra-index-url` and the tables `[[index]]`, as far as lines of their own say them.
fn in_uv_toml(text: &str) -> (Option<String>, Vec<String>) {
    let (mut main, mut further) = (None, Vec::new());
    let mut table: Option<(Option<String>, bool)> = None;
    let mut close = |table: &mut Option<(Option<String>, bool)>, main: &mut Option<String>| match table.take()
    {
        Some((Some(url), true)) => *main = Some(url),
        Some((Some(url), false)) => further.push(url),
        _ => {}
    };
    let mut listed = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
        if line.starts_with('[') {
            close(&mut table, &mut main);
            table = matches!(line, "[[index]]" | "[[tool.uv.index]]").then_some((None, false));
            continue;
        }
        let Some((key, value)) = line.split_once('=') else { continue };
        let text = || Some(value.trim().trim_matches(['"', '\'']).to_owned());
        match (key.trim(), &mut table) {
            ("url", Some((url, _))) => *url = text(),
            ("default", Some((_, default))) => *default = value.trim() == "true",
            ("index-url", None) => main = text(),
            ("extra-index-url", None) => {
                let words = value.split(['[', ']', ',']).map(|word| word.trim().trim_matches(['"', '\'']));
                listed.extend(words.filter(|word| !word.is_empty()).map(str::to_owned));
            }
            _ => {}
        }
    }
    close(&mut table, &mut main);
    further.extend(listed);
    (main, further)
}

/// The index that the pip or the uv of this machine asks by itself; what was found is remembered.
fn of_this_machine(memory: &Path, console: &Console) -> Result<String, IndexError> {
    let path = memory.join("default");
    if let Some(text) = state_file::read(&path)?.and_then(|content| String::from_utf8(content).ok()) {
        return Ok(text.trim().to_owned());
    }
    let found = asked_pip(console).or_else(|| asked_uv(console)).ok_or(IndexError::NoIndex)?;
    state_file::make_dir(memory)?;
    state_file::replace(&path, format!("{found}\n").as_bytes(), 0o644)?;
    Ok(found)
}

fn asked_pip(console: &Console) -> Option<String> {
    const QUESTION: &str = "from pip._internal.models.index import PyPI; print(PyPI.simple_url)";
    let call = Invocation::new("python3").args(["-c", QUESTION]);
    process::text(&call, console).ok().filter(|url| Url::parse(url).is_ok())
}

/// uv tells it only in its help.
fn asked_uv(console: &Console) -> Option<String> {
    let help = process::text(&Invocation::new("uv").args(["pip", "compile", "--help"]), console).ok()?;
    let (_, behind) = help.split_once("default: <")?;
    let (url, _) = behind.split_once('>')?;
    Url::parse(url).is_ok().then(|| url.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origins(switches: &str, variables: &[(&str, &str)]) -> Origins {
        let variables = variables.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        let switches = switches.split_ascii_whitespace().map(str::to_owned).collect();
        Origins { flag: None, switches, variables }
    }

    fn urls(origins: &Origins) -> Vec<String> {
        let address = origins.address(Path::new("/nonexistent"), &Console::silent()).unwrap();
        address.urls.iter().map(Url::to_string).collect()
    }

    #[test]
    fn the_first_that_says_one_counts_and_further_ones_add_up() {
        let mut all = origins(
            "--no-color --index-url=https://switch/simple --extra-index-url https://extra/simple",
            &[("PIP_INDEX_URL", "https://variable/simple"), ("UV_INDEX", "corp=https://corp/simple")],
        );
        assert_eq!(urls(&all), ["https://switch/simple", "https://extra/simple", "https://corp/simple"]);
        all.flag = Some("https://flag/simple".to_owned());
        assert_eq!(urls(&all), ["https://flag/simple"], "a flag is the whole answer");
        let variable =
            origins("", &[("UV_DEFAULT_INDEX", "https://u/simple"), ("PIP_INDEX_URL", "https://p/simple")]);
        assert_eq!(urls(&variable), ["https://p/simple"]);
    }

    #[test]
    fn configuration_files_are_read_as_pip_and_uv_read_them() {
        let home = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = home.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        let variables = [("HOME", home.path().to_str().unwrap())];
        write(".config/uv/uv.toml", "[[index]]\nname = \"x\"\nurl = \"https://uv/simple\"\ndefault = true\n");
        assert_eq!(urls(&origins("", &variables))[0], "https://uv/simple");
        write(
            ".config/pip/pip.conf",
            "# index-url = https://no\n[global]\nindex_url = https://pip/simple\nextra-index-url =\n  https://one/s\n  \
             https://two/s\n[search]\nindex-url = https://no/simple\n",
        );
        assert_eq!(
            urls(&origins("", &variables))[..3],
            ["https://pip/simple", "https://one/s", "https://two/s"]
        );
    }

    #[test]
    fn what_is_no_address_is_named_without_its_password() {
        let bad = origins("", &[("PIP_INDEX_URL", "ftp://me:secret@host/simple")]);
        let error = bad.address(Path::new("/nonexistent"), &Console::silent()).unwrap_err().to_string();
        assert_eq!(error, "PIP_INDEX_URL is no address of a package index: \"ftp://host/simple\"");
    }
}
