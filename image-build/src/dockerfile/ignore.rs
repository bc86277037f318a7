//! `.dockerignore`: what of a context an engine does not see.

use std::path::Path;

use super::pattern;

/// The rules of a context, in order.
#[derive(Debug, Default)]
pub(super) struct Ignore(Vec<Rule>);

#[derive(Debug)]
struct Rule {
    pattern: String,
    /// It brings back what an earlier rule left out.
    back: bool,
}

impl Ignore {
    /// The rules of the context at `dir` for the Dockerfile `dockerfile`: a file of its own name wins
    /// over the general one. None if there is no such file.
    pub(super) fn read(dir: &Path, dockerfile: &str) -> Self {
        let own = std::fs::read_to_string(dir.join(format!("{dockerfile}.dockerignore")));
        let text = own.or_else(|_| std::fs::read_to_string(dir.join(".dockerignore"))).unwrap_or_default();
        Self::parse(&text)
    }

    fn parse(text: &str) -> Self {
        let lines = text.lines().filter(|line| !line.starts_with('#')).map(str::trim);
        let rules = lines.filter(|line| !line.is_empty()).map(|line| {
            let (back, pattern) = line.strip_prefix('!').map_or((false, line), |rest| (true, rest.trim()));
            let parts: Vec<&str> = pattern.split('/').filter(|p| !matches!(*p, "" | ".")).collect();
            Rule { pattern: parts.join("/"), back }
        });
        Self(rules.collect())
    }

    /// Whether the engine sees `path`. The last rule that matches it, or a directory above it, wins.
    pub(super) fn shows(&self, path: &str) -> bool {
        let ends = path.match_indices('/').map(|(i, _)| i).chain([path.len()]);
        let places: Vec<&str> = ends.map(|end| &path[..end]).collect();
        let hit = |rule: &Rule| places.iter().any(|place| pattern::matches(&rule.pattern, place));
        self.0.iter().rev().find(|rule| hit(rule)).is_none_or(|rule| rule.back)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(rules: &str, shown: &[&str], hidden: &[&str]) {
        let ignore = Ignore::parse(rules);
        for path in shown {
            assert!(ignore.shows(path), "{rules:?} must show {path}");
        }
        for path in hidden {
            assert!(!ignore.shows(path), "{rules:?} must hide {path}");
        }
    }

    #[test]
    fn the_last_matching_rule_wins() {
        check("", &["a", "a/b"], &[]);
        check("*.log\n# *.txt\n", &["a.txt", "d/a.log"], &["a.log"]);
        check("**/*.log", &["a.txt"], &["a.log", "d/e/a.log"]);
        check("/docs/\n!docs/keep", &["docs/keep", "docs/keep/x"], &["docs", "docs/a"]);
        check("*\n!environments\n", &["environments/a"], &["other", "other/a"]);
        check("!a\na", &[], &["a"]);
    }

    #[test]
    fn a_dockerfiles_own_rules_win() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(".dockerignore"), "a\n").unwrap();
        assert!(!Ignore::read(dir.path(), "Dockerfile").shows("a"));
        std::fs::write(dir.path().join("Dockerfile.dockerignore"), "b\n").unwrap();
        assert!(Ignore::read(dir.path(), "Dockerfile").shows("a"));
    }
}
