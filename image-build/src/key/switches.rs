//! The switches of every build: which are arguments, which say how to build, and which what.

use std::collections::BTreeMap;

/// The switches of every build that say how to build and not what.
const NEUTRAL: [&str; 10] = [
    "--rm",
    "--force-rm",
    "--quiet",
    "-q",
    "--load",
    "--no-cache",
    "--progress",
    "--builder",
    "--cache-from",
    "--cache-to",
];

/// Takes the build arguments out of the switches of every build, and gives those of the rest that
/// have a say in what is built.
pub(super) fn sift<'w>(words: &'w [String], arguments: &mut BTreeMap<String, String>) -> Vec<&'w str> {
    let mut kept = Vec::new();
    let mut words = words.iter().map(String::as_str).peekable();
    while let Some(word) = words.next() {
        let (name, mut value) =
            word.split_once('=').map_or((word, None), |(name, value)| (name, Some(value)));
        let alone = ["--rm", "--force-rm", "--quiet", "-q", "--load", "--no-cache"].contains(&name);
        if value.is_none() && !alone && name.starts_with('-') {
            value = words.next_if(|next| !next.starts_with('-'));
        }
        if name == "--build-arg" {
            let argument = value.unwrap_or_default();
            // Without a value it is that of the variable of this name.
            let inherited = |name| (name, std::env::var(name).unwrap_or_default());
            let (name, value) = match argument.split_once('=') {
                Some((name, value)) => (name, value.to_owned()),
                None => inherited(argument),
            };
            arguments.insert(name.to_owned(), value);
        } else if !NEUTRAL.contains(&name) {
            kept.push(name);
            kept.extend(value);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_argument_without_a_value_has_that_of_the_environment() {
        let (words, mut arguments) = (["--build-arg", "PATH"].map(str::to_owned), BTreeMap::new());
        assert!(sift(&words, &mut arguments).is_empty());
        assert_eq!(arguments["PATH"], std::env::var("PATH").unwrap());
    }

    #[test]
    fn switches_are_told_from_arguments_and_from_what_says_how() {
        let words = common::shell::split_unquoted(
            "--rm --force-rm --build-arg OWNER=a --build-arg=B=c --progress plain --platform linux/amd64 --squash",
        );
        let mut arguments = BTreeMap::new();
        assert_eq!(sift(&words, &mut arguments), ["--platform", "linux/amd64", "--squash"]);
        assert_eq!(arguments, BTreeMap::from([("OWNER".into(), "a".into()), ("B".into(), "c".into())]));
    }
}
