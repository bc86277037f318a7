//! The files that every build is made of.

use std::fs;
use std::path::Path;

use common::deployment::Deployment;

use super::{Problem, problem, shown};
use crate::dockerfile::{Dockerfile, Keyword};

/// That the file at `path` is missing, or holds nothing.
pub(super) fn missing(deployment: &Deployment, path: &Path, todo: &str) -> Option<Problem> {
    let problem = |why: &str| Some(problem(format!("{} {why}", shown(deployment, path)), todo));
    match path.metadata() {
        Err(_) => problem("is missing"),
        Ok(metadata) if metadata.is_dir() => problem("is a directory"),
        Ok(metadata) if metadata.len() == 0 => problem("is empty"),
        Ok(_) => None,
    }
}

/// What is wrong with the Dockerfile at `path`, as far as no engine is needed to tell.
fn dockerfile(deployment: &Deployment, path: &Path, todo: &str) -> Option<Problem> {
    if let Some(problem) = missing(deployment, path, todo) {
        return Some(problem);
    }
    // What cannot be read is told by whoever needs it.
    let text = fs::read(path).ok()?;
    let name = shown(deployment, path);
    match Dockerfile::parse(text, Path::new(&name)) {
        Err(error) => Some(problem(error.to_string(), &format!("save {name} as UTF-8"))),
        Ok(file) => {
            let has_from = file.instructions().iter().any(|instruction| instruction.keyword == Keyword::From);
            let todo = format!("begin {name} with: FROM IMAGE");
            (!has_from).then(|| problem(format!("{name} has no FROM"), &todo))
        }
    }
}

/// What is wrong with the files of the mission's directory and of the shared one.
pub(super) fn all(deployment: &Deployment) -> Vec<Problem> {
    let dir = deployment.dir();
    if !dir.is_dir() {
        let what = format!("{} is not there", shown(deployment, &dir));
        return vec![problem(what, "image-configure MISSION, for a mission that the repository has")];
    }
    let restore = "git restore deployments/common";
    let common = ["Dockerfile", "Dockerfile.cache"].map(|name| deployment.common_dir().join(name));
    let mut problems: Vec<_> =
        common.iter().filter_map(|path| dockerfile(deployment, path, restore)).collect();
    let custom = dir.join("Dockerfile.custom");
    let todo = format!("write {}", shown(deployment, &custom));
    if custom.exists() {
        // With a custom part, image-update makes the Dockerfile; the other part may be empty.
        problems.extend(dockerfile(deployment, &custom, &todo));
        let trailer = deployment.common_dir().join("Dockerfile.trailer");
        if !trailer.is_file() {
            let why = if trailer.exists() { "is no file" } else { "is missing" };
            problems.push(problem(format!("{} {why}", shown(deployment, &trailer)), restore));
        }
    } else {
        problems.extend(dockerfile(deployment, &dir.join("Dockerfile"), &todo));
    }
    problems
}
