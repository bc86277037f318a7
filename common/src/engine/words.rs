//! The switches that users give for docker, made fit for an engine that does not know them all.

/// A switch that an engine does not take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Switch {
    /// It stands alone: `--load`, or `--load=true`.
    Alone(&'static str),
    /// A value follows: `--progress plain`, or `--progress=plain`.
    Valued(&'static str),
}

impl Switch {
    const fn name(self) -> &'static str {
        match self {
            Self::Alone(name) | Self::Valued(name) => name,
        }
    }

    fn is(self, word: &str) -> bool {
        word.strip_prefix(self.name()).is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
    }
}

/// `words` without the switches in `unknown` and their values.
pub(super) fn without(words: &[String], unknown: &[Switch]) -> Vec<String> {
    let mut kept = Vec::with_capacity(words.len());
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match unknown.iter().find(|switch| switch.is(word)) {
            // `--name=value` brought its value along.
            Some(Switch::Valued(name)) if name == word => _ = words.next(),
            Some(_) => {}
            None => kept.push(word.clone()),
        }
    }
    kept
}

/// The names of the switches in `words` that `unknown` has, for a notice to the user.
pub(super) fn named(words: &[String], unknown: &[Switch]) -> Vec<&'static str> {
    let of = |switch: &&Switch| words.iter().any(|word| switch.is(word));
    unknown.iter().filter(of).map(|switch| switch.name()).collect()
}

/// Whether `words` have the switch `name`, alone or with `=value`.
pub(super) fn has(words: &[String], name: &'static str) -> bool {
    words.iter().any(|word| Switch::Alone(name).is(word))
}

/// The value of the switch `name` in `words`, given either way; of several the last.
pub(super) fn value<'a>(words: &'a [String], name: &str) -> Option<&'a str> {
    let mut found = None;
    for (at, word) in words.iter().enumerate() {
        match word.strip_prefix(name) {
            Some("") => found = words.get(at + 1).map(String::as_str),
            Some(rest) => found = rest.strip_prefix('=').or(found),
            None => {}
        }
    }
    found
}

/// `words` with the processor called as OCI calls it: docker takes `linux/aarch64`, others want
/// `linux/arm64`.
pub(super) fn with_oci_platform(words: Vec<String>) -> Vec<String> {
    words.into_iter().map(|word| word.replace("linux/aarch64", "linux/arm64")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNKNOWN: [Switch; 3] =
        [Switch::Valued("--progress"), Switch::Alone("--load"), Switch::Valued("-p")];

    fn check(words: &str, kept: &str) {
        let words = crate::shell::split_unquoted(words);
        assert_eq!(without(&words, &UNKNOWN).join(" "), kept);
    }

    #[test]
    fn unknown_switches_go_with_their_values() {
        check("--rm --progress plain --platform linux/amd64", "--rm --platform linux/amd64");
        check("--progress=plain --load --load=true x", "x");
        check("-p 8888:8888 --pull never", "--pull never");
        check("--progressive --loaded -pp", "--progressive --loaded -pp");
        check("--progress", "");
    }

    #[test]
    fn what_went_is_named_once() {
        let words = crate::shell::split_unquoted("-p 1:1 -p 2:2 --rm");
        assert_eq!(named(&words, &UNKNOWN), ["-p"]);
        assert!(has(&words, "--rm") && !has(&words, "--r"));
    }

    #[test]
    fn the_last_value_wins() {
        let words = crate::shell::split_unquoted("--network a --network=b --networked c --rm");
        assert_eq!(value(&words, "--network"), Some("b"));
        assert_eq!(value(&words, "--net"), None);
        assert_eq!(value(&words, "--rm"), None);
    }

    #[test]
    fn a_processor_has_one_name() {
        let words = crate::shell::split_unquoted("--platform linux/aarch64 --platform=linux/aarch64");
        assert_eq!(with_oci_platform(words).join(" "), "--platform linux/arm64 --platform=linux/arm64");
    }
}
