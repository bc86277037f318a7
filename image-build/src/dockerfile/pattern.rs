//! The patterns of COPY, ADD and `.dockerignore`: those of Go's `filepath.Match`, plus `**`.

use std::path::Path;

/// Whether `text` holds a character that makes it a pattern.
pub(super) fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '['])
}

/// Whether `pattern` matches all of `name`. No wildcard matches a `/`, except `**`, which matches
/// any number of whole directories. A pattern that is malformed matches nothing.
pub(super) fn matches(pattern: &str, name: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let name: Vec<char> = name.chars().collect();
    whole(&pattern, &name)
}

fn whole(pattern: &[char], name: &[char]) -> bool {
    match pattern {
        [] => name.is_empty(),
        ['*', '*', '/', rest @ ..] => {
            whole(rest, name) || (0..name.len()).any(|i| name[i] == '/' && whole(rest, &name[i + 1..]))
        }
        ['*', '*', rest @ ..] => (0..=name.len()).any(|i| whole(rest, &name[i..])),
        ['*', rest @ ..] => {
            let reach = name.iter().position(|c| *c == '/').unwrap_or(name.len());
            (0..=reach).any(|i| whole(rest, &name[i..]))
        }
        ['?', rest @ ..] => name.first().is_some_and(|c| *c != '/') && whole(rest, &name[1..]),
        ['[', class @ ..] => in_class(class, name),
        ['\\', c, rest @ ..] | [c, rest @ ..] => name.first() == Some(c) && whole(rest, &name[1..]),
    }
}

/// `class` begins behind the `[`: `^` negates, `a-z` is a range, `\` quotes.
fn in_class(class: &[char], name: &[char]) -> bool {
    let Some(first) = name.first().filter(|c| **c != '/') else { return false };
    let (negated, mut class) = match class {
        ['^', rest @ ..] => (true, rest),
        _ => (false, class),
    };
    let mut found = false;
    let mut any = false;
    loop {
        let (low, rest) = match class {
            [']', rest @ ..] if any => return found != negated && whole(rest, &name[1..]),
            ['\\', c, rest @ ..] | [c, rest @ ..] => (*c, rest),
            [] => return false,
        };
        let (high, rest) = match rest {
            ['-', '\\', c, rest @ ..] | ['-', c, rest @ ..] if *c != ']' => (*c, rest),
            _ => (low, rest),
        };
        found |= (low..=high).contains(first);
        any = true;
        class = rest;
    }
}

/// Whether something below `root` that `counts` is matched by `pattern`, component by component.
pub(super) fn finds(root: &Path, pattern: &str, counts: &dyn Fn(&str) -> bool) -> bool {
    let parts: Vec<&str> = pattern.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    below(root, "", &parts, counts)
}

fn below(root: &Path, prefix: &str, parts: &[&str], counts: &dyn Fn(&str) -> bool) -> bool {
    let [part, rest @ ..] = parts else { return counts(prefix) };
    let entries = std::fs::read_dir(root.join(prefix)).into_iter().flatten().flatten();
    let mut names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    names.any(|name| {
        let path = if prefix.is_empty() { name.clone() } else { format!("{prefix}/{name}") };
        matches(part, &name) && below(root, &path, rest, counts)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, yes: &[&str], no: &[&str]) {
        for name in yes {
            assert!(matches(pattern, name), "{pattern:?} must match {name:?}");
        }
        for name in no {
            assert!(!matches(pattern, name), "{pattern:?} must not match {name:?}");
        }
    }

    #[test]
    fn patterns_are_those_of_go() {
        check("*.pip", &["a.pip", ".pip"], &["a.pip.x", "d/a.pip"]);
        check("a?c", &["abc"], &["ac", "a/c"]);
        check("[a-c]x", &["ax", "cx"], &["dx", "x"]);
        check("[^a-c]x", &["dx"], &["ax", "/x"]);
        check("[]a]x", &["]x", "ax"], &["x"]);
        check(r"\*", &["*"], &["a"]);
        check(r"[\]]", &["]"], &["a"]);
        check("[a", &[], &["a", "[a"]);
        check("**/x", &["x", "a/x", "a/b/x"], &["ax", "x/a"]);
        check("a/**", &["a/b", "a/b/c"], &["b/a"]);
    }

    #[test]
    fn a_pattern_is_looked_for_component_by_component() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("environments/roman-cal")).unwrap();
        std::fs::write(dir.path().join("environments/roman-cal/roman-cal.yml"), "").unwrap();
        let all = |_: &str| true;
        assert!(finds(dir.path(), "environments/*/*.yml", &all));
        assert!(finds(dir.path(), "./environments/roman-cal/*.y?l", &all));
        assert!(!finds(dir.path(), "environments/*/*.explicit", &all));
        assert!(!finds(dir.path(), "environments/*/*.yml", &|path: &str| !path.ends_with("cal.yml")));
    }
}
