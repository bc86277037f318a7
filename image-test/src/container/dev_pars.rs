//! What mounts a clone's own directories over those of the image, so that scripts and environments
//! can be worked on without building.

use std::path::{Path, PathBuf};

use common::settings::{Generation, Settings};
use common::shell;

use super::caller::Caller;
use crate::error::Error;

/// PATH in a container whose scripts and tools are the clone's.
const PATH: &str = "PATH=/opt/conda/bin:/opt/conda/condabin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:\
                    /sbin:/bin:/opt/common-scripts:/opt/tools";

/// The switches that were asked for, and what they need.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct DevPars {
    /// `DEV_PARS`: those of `--dev`; none without it.
    dev: Vec<String>,
    /// The data that the newest generation always mounts.
    data: Vec<String>,
    /// Directories that a run needs: an engine would make them as root.
    pub(crate) create: Vec<PathBuf>,
    /// Directories of the clone that are not there.
    pub(crate) missing: Vec<PathBuf>,
}

/// The switches for `settings`; `is_dir` tells what is there.
pub(crate) fn plan(
    dev: bool,
    settings: &Settings,
    caller: &Caller,
    is_dir: &dyn Fn(&Path) -> bool,
) -> Result<DevPars, Error> {
    let mut pars = DevPars::default();
    if dev {
        for (source, target) in clones(settings) {
            if is_dir(&source) {
                pars.dev.extend(mount(&source, target, ":rw")?);
            } else {
                pars.missing.push(source);
            }
        }
        pars.dev.extend(["-e", "CLEAR_PKG_CACHES=0", "-e", PATH].map(str::to_owned));
    }
    if settings.generation == Generation::Newest {
        pars.data.clone_from(&caller.data_mounts);
        for (source, target, mode) in data(caller) {
            pars.data.extend(mount(&source, target, mode)?);
            pars.create.push(source);
        }
    }
    Ok(pars)
}

fn clones(settings: &Settings) -> [(PathBuf, &'static str); 5] {
    let deployment = settings.deployment();
    let common = deployment.common_dir();
    [
        (common.join("common-scripts"), "/opt/common-scripts"),
        (common.join("common-env"), "/opt/common-env"),
        (common.join("tools"), "/opt/tools"),
        (deployment.environments_dir(), "/opt/environments"),
        (deployment.frozen_dir(), "/opt/env-frozen"),
    ]
}

fn data(caller: &Caller) -> Vec<(PathBuf, &'static str, &'static str)> {
    let home = caller.home.as_ref().or(caller.own_home.as_ref());
    let place = |named: Option<&PathBuf>, name: &str| {
        let path = named.cloned().or_else(|| Some(home?.join(name)))?;
        Some(caller.dir.join(path))
    };
    let pantry = place(caller.pantry.as_ref(), ".nbw-pantry").map(|dir| (dir, "/teams/admin/nbw-pantry", ""));
    let crds = place(caller.crds.as_ref(), "crds_cache").map(|dir| (dir, "/home/jovyan/crds_cache", ":rw"));
    pantry.into_iter().chain(crds).collect()
}

/// `-v source:target`, with `mode` behind it.
pub(crate) fn mount(source: &Path, target: &str, mode: &str) -> Result<[String; 2], Error> {
    let unfit = |reason| Error::Unfit { path: source.to_owned(), reason };
    let text = source.to_str().ok_or_else(|| unfit("its name is not UTF-8"))?;
    if text.contains(':') {
        return Err(unfit("engines take a colon for the end of the name"));
    }
    Ok(["-v".to_owned(), format!("{text}:{target}{mode}")])
}

impl DevPars {
    /// `words` with these behind them, unless they are there already: an engine refuses a place that
    /// is mounted twice.
    pub(crate) fn appended_to(&self, mut words: Vec<String>) -> Vec<String> {
        for group in [&self.dev, &self.data] {
            if !group.is_empty() && !words.windows(group.len()).any(|there| there == group.as_slice()) {
                words.extend_from_slice(group);
            }
        }
        words
    }

    /// The value of `IMAGE_RUN_PARS`, which is split at blanks: a word that has one cannot be in it.
    pub(crate) fn exported(&self, words: Vec<String>) -> Result<String, Error> {
        let all = self.appended_to(words);
        match all.iter().find(|word| word.contains(|c: char| c.is_ascii_whitespace())) {
            Some(word) => Err(Error::Blank { word: word.clone() }),
            None => Ok(all.join(" ")),
        }
    }

    /// Assignments for a shell, `all` being the value of `IMAGE_RUN_PARS`.
    pub(crate) fn as_shell(&self, all: &str) -> String {
        let (dev, all) = (shell::quote(&self.dev.join(" ")), shell::quote(all));
        format!("export DEV_PARS={dev}\nexport IMAGE_RUN_PARS={all}\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(root: &str) -> Settings {
        Settings::new(Path::new(root), "roman".parse().unwrap())
    }

    fn made(root: &str) -> DevPars {
        plan(true, &settings(root), &Caller::default(), &|_| true).unwrap()
    }

    #[test]
    fn the_clones_directories_lie_over_the_images() {
        let text = made("/r").dev.join(" ");
        let (common, roman) = ("/r/deployments/common", "/r/deployments/roman");
        assert_eq!(
            text,
            format!(
                "-v {common}/common-scripts:/opt/common-scripts:rw -v {common}/common-env:/opt/common-env:rw \
                 -v {common}/tools:/opt/tools:rw -v {roman}/environments:/opt/environments:rw \
                 -v {roman}/env-frozen:/opt/env-frozen:rw -e CLEAR_PKG_CACHES=0 -e {PATH}"
            )
        );
    }

    #[test]
    fn without_dev_nothing_is_mounted_and_the_variable_is_emptied() {
        let pars = plan(false, &settings("/r"), &Caller::default(), &|_| true).unwrap();
        assert_eq!(pars, DevPars::default());
        assert_eq!(pars.as_shell("--rm"), "export DEV_PARS=''\nexport IMAGE_RUN_PARS=--rm\n");
    }

    #[test]
    fn what_is_not_there_is_left_out_and_not_made_by_an_engine_as_root() {
        let pars = plan(true, &settings("/r"), &Caller::default(), &|dir| !dir.ends_with("tools")).unwrap();
        assert_eq!(pars.missing, [Path::new("/r/deployments/common/tools")]);
        assert!(!pars.dev.iter().any(|word| word.contains(":/opt/tools:")));
    }

    #[test]
    fn nothing_is_mounted_twice() {
        let pars = made("/r");
        let once = pars.appended_to(vec!["--rm".to_owned()]);
        assert_eq!(pars.appended_to(once.clone()), once);
    }

    /// D8: in `IMAGE_RUN_PARS` a path with a blank falls apart; the words themselves hold together.
    #[test]
    fn d8_a_path_with_a_blank_cannot_be_exported() {
        let pars = made("/a clone");
        assert!(matches!(pars.exported(Vec::new()), Err(Error::Blank { .. })));
        let whole = "/a clone/deployments/common/tools:/opt/tools:rw";
        assert!(pars.appended_to(Vec::new()).iter().any(|word| word == whole));
    }

    #[test]
    fn the_newest_generation_mounts_data_too() {
        let newest = Settings::of_generation(Generation::Newest, Path::new("/r"), "roman".parse().unwrap());
        let mut caller = Caller { own_home: Some("/home/me".into()), dir: "/w".into(), ..Caller::default() };
        let check = |caller: &Caller, expected: &str| {
            let pars = plan(false, &newest, caller, &|_| true).unwrap();
            assert_eq!(pars.data.join(" "), expected);
            assert_eq!(
                (pars.dev.len(), pars.create.len() * 2 + caller.data_mounts.len()),
                (0, pars.data.len())
            );
        };
        check(
            &caller,
            "-v /home/me/.nbw-pantry:/teams/admin/nbw-pantry -v /home/me/crds_cache:/home/jovyan/crds_cache:rw",
        );
        caller.home = Some("sp".into());
        caller.crds = Some("/crds".into());
        check(&caller, "-v /w/sp/.nbw-pantry:/teams/admin/nbw-pantry -v /crds:/home/jovyan/crds_cache:rw");
        check(&Caller::default(), "");
        caller.data_mounts = ["-v", "/data:/data"].map(str::to_owned).to_vec();
        let first = "-v /data:/data -v /w/sp/.nbw-pantry:/teams/admin/nbw-pantry";
        check(&caller, &format!("{first} -v /crds:/home/jovyan/crds_cache:rw"));
    }
}
