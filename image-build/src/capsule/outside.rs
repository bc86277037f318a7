//! What a Dockerfile has the engine fetch by itself: no step does it, so no proxy sees it.

use std::path::Path;

use common::settings::Settings;

use super::CapsuleError;
use crate::dockerfile::{Dockerfile, Keyword};
use crate::error::Error;

/// The Dockerfiles of `settings` must have the engine fetch nothing.
pub(super) fn check(settings: &Settings) -> Result<(), Error> {
    let deployments = settings.root.join("deployments");
    let common = deployments.join("common");
    let files = [
        common.join("Dockerfile"),
        common.join("Dockerfile.cache"),
        deployments.join(settings.deployment.as_str()).join("Dockerfile"),
    ];
    let mut found = Vec::new();
    for path in files {
        let failed = |source| CapsuleError::File { verb: "read", path: path.clone(), source };
        let text = std::fs::read(&path).map_err(failed)?;
        let file = Dockerfile::parse(text, &path).map_err(crate::stage::StageError::from)?;
        let shown = path.strip_prefix(&settings.root).unwrap_or(&path);
        found.extend(in_file(&file, shown));
    }
    if found.is_empty() { Ok(()) } else { Err(CapsuleError::Outside { instructions: found }.into()) }
}

/// What `file` has the engine fetch.
fn in_file(file: &Dockerfile, path: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let first = file.text().lines().take_while(|line| line.trim_start().starts_with('#'));
    let syntax = |line: &&str| {
        line.trim_start_matches(['#', ' ', '\t'])
            .split_once('=')
            .is_some_and(|(name, _)| name.trim().eq_ignore_ascii_case("syntax"))
    };
    found.extend(first.filter(syntax).map(str::to_owned));
    let mut stages: Vec<String> = Vec::new();
    for instruction in file.instructions() {
        let operands = instruction.operands();
        let words: Vec<&str> = operands.split_whitespace().collect();
        let from =
            |prefix: &str| instruction.flags().find_map(|flag| flag.strip_prefix(prefix).map(str::to_owned));
        let is_stage = |name: &str| {
            name == "scratch"
                || name.parse::<usize>().is_ok_and(|number| number < stages.len())
                || stages.iter().any(|stage| stage.eq_ignore_ascii_case(name))
        };
        match instruction.keyword {
            Keyword::From => {
                let image = words.first().copied().unwrap_or_default();
                // The image below comes as an argument; any other one is the engine's to pull.
                if !is_stage(image) && !image.contains('$') {
                    found.push(format!("FROM {operands}"));
                }
                let named = words.get(1).is_some_and(|word| word.eq_ignore_ascii_case("as"));
                stages
                    .push(words.get(2).filter(|_| named).map(|name| (*name).to_owned()).unwrap_or_default());
            }
            Keyword::Add if words.iter().any(|word| word.contains("://") || word.starts_with("git@")) => {
                found.push(format!("ADD {operands}"));
            }
            Keyword::Copy => {
                let image = from("--from=").filter(|image| !is_stage(image));
                found.extend(image.map(|image| format!("COPY --from={image} {operands}")));
            }
            Keyword::Run => {
                let mounts = instruction.flags().filter_map(|flag| flag.strip_prefix("--mount="));
                let sources =
                    mounts.flat_map(|mount| mount.split(',')).filter_map(|o| o.strip_prefix("from="));
                found.extend(
                    sources
                        .filter(|image| !is_stage(image))
                        .map(|image| format!("RUN --mount=…,from={image}")),
                );
            }
            _ => {}
        }
    }
    found.iter().map(|instruction| format!("{}: {instruction}", path.display())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        let file = Dockerfile::parse(text.into(), Path::new("D")).unwrap();
        let expected: Vec<String> = expected.iter().map(|line| format!("D: {line}")).collect();
        assert_eq!(in_file(&file, Path::new("D")), expected, "{text}");
    }

    #[test]
    fn what_the_engine_fetches_by_itself_is_found() {
        check(
            "ARG BASE_IMAGE\nFROM $BASE_IMAGE AS a\nFROM scratch AS b\nFROM a\nCOPY --from=b /x /y\nCOPY --from=0 /x /y\n",
            &[],
        );
        check("FROM debian:12\n", &["FROM debian:12"]);
        check("# syntax=docker/dockerfile:1\nFROM ${B}\n", &["# syntax=docker/dockerfile:1"]);
        check("FROM $B\nADD https://h/x /x\nADD a /b\n", &["ADD https://h/x /x"]);
        check("FROM $B\nCOPY --from=quay.io/x /a /b\n", &["COPY --from=quay.io/x /a /b"]);
        check("FROM $B\nRUN --mount=type=bind,from=x,target=/t y\n", &["RUN --mount=…,from=x"]);
        check("FROM $B\nRUN curl https://h/x\n", &[]);
    }
}
