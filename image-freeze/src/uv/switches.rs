//! pip's switches in uv's words. One without a counterpart is refused rather than dropped: a search
//! that silently looks elsewhere for packages is not the one that was asked for.

use thiserror::Error;

/// A switch of pip means nothing to uv.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("the pip switches have {switch}, which {why}")]
pub(crate) struct SwitchError {
    switch: String,
    why: &'static str,
}

/// What a switch of pip becomes.
enum Means {
    /// Nothing: it does not change what is found.
    Nothing,
    /// The same, but it takes a value that does not matter either.
    NothingWithValue,
    /// A word for uv.
    Word(&'static str),
    /// A word for uv, with the value.
    WithValue(&'static str),
    /// Variables for uv that hold the value.
    Variables(&'static [&'static str]),
    /// Where packages come from, which is told apart.
    Index,
}

fn meaning(switch: &str) -> Option<Means> {
    Some(match switch {
        "--no-color"
        | "--prefer-binary"
        | "--verbose"
        | "-v"
        | "--quiet"
        | "-q"
        | "--no-input"
        | "--require-hashes"
        | "--disable-pip-version-check" => Means::Nothing,
        "--progress-bar" => Means::NothingWithValue,
        "--no-index" => Means::Word("--no-index"),
        "--pre" => Means::Word("--prerelease=allow"),
        "--no-cache-dir" => Means::Word("--no-cache"),
        "--find-links" | "-f" => Means::WithValue("--find-links"),
        "--trusted-host" => Means::WithValue("--allow-insecure-host"),
        "--no-binary" => Means::WithValue("--no-binary"),
        "--only-binary" => Means::WithValue("--only-binary"),
        "--default-timeout" | "--timeout" => Means::Variables(&["UV_HTTP_TIMEOUT"]),
        "--retries" => Means::Variables(&["UV_HTTP_RETRIES"]),
        "--cert" => Means::Variables(&["SSL_CERT_FILE"]),
        "--proxy" => Means::Variables(&["HTTP_PROXY", "HTTPS_PROXY"]),
        "--index-url" | "-i" | "--extra-index-url" => Means::Index,
        _ => return None,
    })
}

/// Arguments, and variables with their values.
pub(super) type Translated = (Vec<String>, Vec<(&'static str, String)>);

/// uv's arguments and variables for pip's `switches`, which are words.
///
/// # Errors
/// A switch has no counterpart, or lacks its value.
pub(super) fn translated(switches: &[String]) -> Result<Translated, SwitchError> {
    let (mut arguments, mut variables) = (Vec::new(), Vec::new());
    let mut words = switches.iter();
    while let Some(word) = words.next() {
        let (name, given) =
            word.split_once('=').map_or((word.as_str(), None), |(n, v)| (n, Some(v.to_owned())));
        let wrong = |why| SwitchError { switch: name.to_owned(), why };
        let mut value =
            || given.clone().or_else(|| words.next().cloned()).ok_or_else(|| wrong("needs a value"));
        match meaning(name).ok_or_else(|| wrong("uv has no counterpart for"))? {
            Means::Nothing => {}
            Means::NothingWithValue | Means::Index => drop(value()?),
            Means::Word(word) => arguments.push(word.to_owned()),
            Means::WithValue(word) => arguments.push(format!("{word}={}", value()?)),
            Means::Variables(names) => {
                let value = value()?;
                variables.extend(names.iter().map(|name| (*name, value.clone())));
            }
        }
    }
    Ok((arguments, variables))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<Translated, SwitchError> {
        let words: Vec<String> = text.split_ascii_whitespace().map(str::to_owned).collect();
        translated(&words)
    }

    #[test]
    fn switches_become_uvs_own_and_indexes_are_left_out() {
        let (arguments, variables) =
            of("--no-color --default-timeout 100 --index-url https://i/s --pre --find-links=/w --progress-bar off").unwrap();
        assert_eq!(arguments, ["--prerelease=allow", "--find-links=/w"]);
        assert_eq!(variables, [("UV_HTTP_TIMEOUT", "100".to_owned())]);
    }

    #[test]
    fn what_has_no_counterpart_is_refused() {
        let message = |text: &str| of(text).unwrap_err().to_string();
        assert_eq!(message("--user"), "the pip switches have --user, which uv has no counterpart for");
        assert_eq!(message("--retries"), "the pip switches have --retries, which needs a value");
    }
}
