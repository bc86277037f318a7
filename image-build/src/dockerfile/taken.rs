//! What of its context a Dockerfile takes: the sources of COPY and ADD, and what RUN mounts.

use std::collections::BTreeMap;

use super::Dockerfile;
use super::instruction::{Instruction, Keyword};
use super::variables::Scope;

/// What of its context a Dockerfile takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// All of it, or nobody can tell without building.
    Everything,
    /// What these patterns match, with everything below: clean paths without `.` and `..`.
    Matching(Vec<String>),
}

impl Dockerfile {
    /// What of its context this takes when it is built with the arguments `given`.
    pub(crate) fn takes(&self, given: &BTreeMap<String, String>) -> Taken {
        let mut scope = Scope::new(given);
        let mut patterns = Vec::new();
        for instruction in &self.instructions {
            scope.pass(instruction);
            let sources = match instruction.keyword {
                Keyword::Copy | Keyword::Add => copied(instruction),
                Keyword::Run => mounted(instruction),
                // What ONBUILD keeps is for the builds upon this image; see `keeps_copies`.
                _ => continue,
            };
            for source in sources {
                match scope.expand(&source).map(|source| clean(&source)) {
                    Some(source) if !source.is_empty() => patterns.push(source),
                    _ => return Taken::Everything,
                }
            }
        }
        patterns.sort_unstable();
        patterns.dedup();
        Taken::Matching(patterns)
    }

    /// Whether a build upon this image begins with instructions of this file, and so takes something
    /// of its own context by them.
    pub(crate) fn keeps_copies(&self) -> bool {
        self.instructions.iter().any(|instruction| instruction.keyword == Keyword::OnBuild)
    }
}

/// The sources that a COPY or ADD takes from the context, as they are written.
fn copied(instruction: &Instruction) -> Vec<String> {
    // What another stage or image holds is no part of the context.
    if instruction.flags().any(|flag| flag.starts_with("--from")) {
        return Vec::new();
    }
    let operands = instruction.operands();
    let list: Option<Vec<String>> =
        if operands.starts_with('[') { serde_json::from_str(operands).ok() } else { None };
    let mut sources =
        list.unwrap_or_else(|| instruction.words().iter().map(|(_, word)| (*word).to_owned()).collect());
    sources.pop();
    // A here-document is in the Dockerfile; what is downloaded is known to the engine alone.
    sources.retain(|source| !source.starts_with("<<") && !source.contains("://") && !is_git(source));
    sources
}

fn is_git(source: &str) -> bool {
    source.starts_with("git@")
}

/// The directories of the context that a RUN mounts.
fn mounted(instruction: &Instruction) -> Vec<String> {
    let mounts = instruction.flags().filter_map(|flag| flag.strip_prefix("--mount="));
    mounts.filter_map(bound).collect()
}

/// The source of a bind mount that is not of another stage; `bind` is what a mount is by default.
fn bound(options: &str) -> Option<String> {
    let value = |names: &[&str]| {
        let mut pairs = options.split(',').filter_map(|option| option.split_once('='));
        pairs
            .find(|(name, _)| names.iter().any(|known| name.eq_ignore_ascii_case(known)))
            .map(|(_, value)| value)
    };
    let is_bind = value(&["type"]).is_none_or(|kind| kind.eq_ignore_ascii_case("bind"));
    // Of nothing is of the context.
    (is_bind && value(&["from"]).is_none_or(str::is_empty))
        .then(|| value(&["source", "src"]).unwrap_or(".").to_owned())
}

/// `path` without `.`, `..` and slashes that say nothing. Nothing leads out of a context.
pub(super) fn clean(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn takes(text: &str) -> Taken {
        let given = BTreeMap::from([("DIR".to_owned(), "given".to_owned())]);
        Dockerfile::of(format!("FROM a\n{text}\n")).takes(&given)
    }

    fn check(text: &str, expected: &[&str]) {
        let patterns = expected.iter().map(|pattern| (*pattern).to_owned()).collect();
        assert_eq!(takes(text), Taken::Matching(patterns), "{text:?}");
    }

    #[test]
    fn sources_are_all_words_but_the_last() {
        check("COPY b ./a/ /x/\nADD [\"c d\", \"/e/../f\", \"/x/\"]", &["a", "b", "c d", "f"]);
        check("copy --chown=1:1 --chmod=755 \\\n  a \\\n  # why\n  /x", &["a"]);
        check("COPY a* environments/*/*.pip /x/", &["a*", "environments/*/*.pip"]);
        check("RUN cp a b\nONBUILD COPY c /x\n", &[]);
        assert!(Dockerfile::of("FROM a\nONBUILD COPY . /\n".to_owned()).keeps_copies());
    }

    #[test]
    fn what_is_not_in_the_context_does_not_count() {
        check("COPY --from=build a /x", &[]);
        check("ADD https://example.org/a.tar git@host:r.git /x/", &[]);
        check("COPY <<EOF /x\na\nEOF\nCOPY b /x", &["b"]);
    }

    #[test]
    fn variables_are_filled_in_or_all_is_taken() {
        check("ARG DIR=tools\nCOPY $DIR/a \"b\" /x/", &["b", "given/a"]);
        assert_eq!(takes("COPY $HOME/a /x"), Taken::Everything);
        assert_eq!(takes("COPY . /x"), Taken::Everything);
        assert_eq!(takes("ADD / /x"), Taken::Everything);
    }

    #[test]
    fn a_mounted_directory_is_taken_too() {
        check("RUN --mount=type=bind,source=tools,target=/t x", &["tools"]);
        check("RUN --mount=src=tools,dst=/t --mount=type=cache,target=/c x", &["tools"]);
        check("RUN --mount=type=bind,from=build,source=a,target=/t x", &[]);
        assert_eq!(takes("RUN --mount=target=/t x"), Taken::Everything);
        check("RUN --mount=Type=Bind,Source=tools,target=/t x", &["tools"]);
        check("RUN --mount=type=BIND,from=,src=tools,target=/t x", &["tools"]);
    }
}
