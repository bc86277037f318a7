//! Quoting for, and splitting as, a POSIX shell. Nothing here runs one.

use std::ffi::OsStr;

/// `text` as one shell word: bare where that is safe, in single quotes otherwise.
#[must_use]
pub fn quote(text: &str) -> String {
    let safe = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,~^".contains(c);
    // A leading ~ is expanded, and an empty word vanishes.
    if !text.is_empty() && text.chars().all(safe) && !text.starts_with('~') {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// [`quote`] for what the operating system calls a string. What is not UTF-8 is shown replaced, so
/// the result is for people.
#[must_use]
pub fn quote_os(text: &OsStr) -> String {
    quote(&text.to_string_lossy())
}

/// Splits at blanks as an unquoted expansion does: quotes mean nothing, as in `$DOCKER_BUILD_ARGS`.
#[must_use]
pub fn split_unquoted(text: &str) -> Vec<String> {
    text.split_ascii_whitespace().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_survives_a_real_shell() {
        for word in ["", "a b", "it's", "$HOME", "~", "`x`", "a\nb", "--x=1", "*"] {
            let script = format!("printf %s {}", quote(word));
            let out = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
            assert_eq!(String::from_utf8(out.stdout).unwrap(), word);
        }
    }

    #[test]
    fn plain_words_stay_readable() {
        assert_eq!(quote("notebook-roman:latest"), "notebook-roman:latest");
        assert_eq!(split_unquoted(" --rm  --progress plain\n"), ["--rm", "--progress", "plain"]);
    }
}
