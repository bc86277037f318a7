//! conda's versions: their order, and what a constraint allows. As conda's `VersionOrder` has it.

use std::cmp::Ordering;
use std::iter;

/// A version that can be compared.
#[derive(Clone, Debug)]
pub struct CondaVersion {
    epoch: u64,
    release: Vec<Vec<Part>>,
    local: Vec<Vec<Part>>,
}

/// A run of digits or of anything else. Words come before numbers, `dev` before all, `post` after all.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Dev,
    Word(String),
    Number(u64),
    Post,
}

impl CondaVersion {
    /// The version that `text` is; whatever it is, it has its place in the order.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let text = text.trim().to_ascii_lowercase();
        let (epoch, rest) = match text.split_once('!') {
            Some((epoch, rest)) => (epoch.parse().unwrap_or(0), rest),
            None => (0, text.as_str()),
        };
        let (release, local) = rest.split_once('+').unwrap_or((rest, ""));
        Self { epoch, release: components(release), local: components(local) }
    }

    /// Whether it is one before a release.
    #[must_use]
    pub fn is_early(&self) -> bool {
        let early = |part: &Part| match part {
            Part::Dev => true,
            Part::Word(word) => ["rc", "alpha", "beta"].contains(&word.as_str()),
            Part::Number(_) | Part::Post => false,
        };
        self.release.iter().flatten().any(early)
    }

    /// Whether it begins with `prefix`, as `1.2.3` does with `1.2`.
    fn starts_with(&self, prefix: &Self) -> bool {
        let begins = |all: &[Vec<Part>], some: &[Vec<Part>]| {
            let Some((last, before)) = some.split_last() else { return true };
            all.len() >= some.len()
                && iter::zip(all, before).all(|(a, b)| a == b)
                && all[some.len() - 1].starts_with(last)
        };
        self.epoch == prefix.epoch && begins(&self.release, &prefix.release)
    }
}

fn components(text: &str) -> Vec<Vec<Part>> {
    if text.is_empty() {
        return Vec::new();
    }
    // An underscore at the end is a part of its own, as in the old 1.0.1_.
    let (text, tail) = text.strip_suffix('_').map_or((text, None), |rest| (rest, Some('_')));
    let mut all: Vec<Vec<Part>> = text.split(['.', '_', '-']).map(parts).collect();
    if let (Some(tail), Some(last)) = (tail, all.last_mut()) {
        last.push(Part::Word(tail.to_string()));
    }
    all
}

fn parts(component: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut rest = component;
    // So that `1.rc1` is before `1.0`.
    if !rest.starts_with(|c: char| c.is_ascii_digit()) {
        parts.push(Part::Number(0));
    }
    while let Some(first) = rest.chars().next() {
        let is_digit = first.is_ascii_digit();
        let end = rest.find(|c: char| c.is_ascii_digit() != is_digit).unwrap_or(rest.len());
        let (run, behind) = rest.split_at(end);
        parts.push(match run {
            "dev" => Part::Dev,
            "post" => Part::Post,
            _ if is_digit => Part::Number(run.parse().unwrap_or(u64::MAX)),
            _ => Part::Word(run.to_owned()),
        });
        rest = behind;
    }
    parts
}

impl Ord for CondaVersion {
    fn cmp(&self, other: &Self) -> Ordering {
        let release = || compared(&self.release, &other.release);
        let local = || compared(&self.local, &other.local);
        self.epoch.cmp(&other.epoch).then_with(release).then_with(local)
    }
}

/// What is missing counts as zero, so that 1.0 is 1.
fn compared(one: &[Vec<Part>], other: &[Vec<Part>]) -> Ordering {
    let zero = [Part::Number(0)];
    let component = |all: &[Vec<Part>], at: usize| all.get(at).cloned().unwrap_or_else(|| zero.to_vec());
    (0..one.len().max(other.len()))
        .map(|at| {
            let (one, other) = (component(one, at), component(other, at));
            let part = |all: &[Part], at: usize| all.get(at).cloned().unwrap_or(Part::Number(0));
            let each = (0..one.len().max(other.len())).map(|at| part(&one, at).cmp(&part(&other, at)));
            each.fold(Ordering::Equal, Ordering::then)
        })
        .fold(Ordering::Equal, Ordering::then)
}

impl PartialOrd for CondaVersion {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for CondaVersion {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for CondaVersion {}

/// Whether `constraint` (`>=1,<2`, `1.2.*`, `=1.2`, `~=1.2.0`, `1.2|1.3`) allows `version`; `None` if
/// it is of a form that only a solver understands.
#[must_use]
pub fn allows(constraint: &str, version: &CondaVersion) -> Option<bool> {
    if constraint.contains(['(', '[', '^', '$', ' ']) {
        return None;
    }
    let all = |text: &str| {
        text.split(',').map(|one| of_one(one, version)).try_fold(true, |all, one| Some(all && one?))
    };
    constraint.split('|').map(all).try_fold(false, |any, one| Some(any || one?))
}

fn of_one(text: &str, version: &CondaVersion) -> Option<bool> {
    let at = text.find(|c: char| !"<>=!~".contains(c)).unwrap_or(text.len());
    let (operator, bound) = text.split_at(at);
    if bound == "*" {
        return Some(!matches!(operator, "!=" | "!"));
    }
    let (stem, is_open) = match bound.strip_suffix(".*").or_else(|| bound.strip_suffix('*')) {
        Some(stem) => (stem, true),
        None => (bound, false),
    };
    if stem.is_empty() || stem.contains('*') {
        return None;
    }
    let bound = CondaVersion::new(stem);
    let order = version.cmp(&bound);
    Some(match operator {
        "" | "==" if !is_open => order == Ordering::Equal,
        "" | "==" | "=" => version.starts_with(&bound),
        "!=" if is_open => !version.starts_with(&bound),
        "!=" => order != Ordering::Equal,
        ">=" => order != Ordering::Less,
        "<=" => order != Ordering::Greater,
        ">" => order == Ordering::Greater,
        "<" => order == Ordering::Less,
        "~=" => {
            let series = stem.rsplit_once('.').map_or(stem, |(series, _)| series);
            order != Ordering::Less && version.starts_with(&CondaVersion::new(series))
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example in conda's own documentation of its order, with what conda-forge really has.
    #[test]
    fn versions_come_in_condas_order() {
        let groups: &[&[&str]] = &[
            &["0.4", "0.4.0"],
            &["0.4.1.rc", "0.4.1.RC"],
            &["0.4.1"],
            &["0.5a1"],
            &["0.5b3"],
            &["0.5C1"],
            &["0.5"],
            &["0.9.6"],
            &["0.960923"],
            &["1.0"],
            &["1.1dev1"],
            &["1.1_"],
            &["1.1a1"],
            &["1.1.0dev1", "1.1.dev1"],
            &["1.1.a1"],
            &["1.1.0rc1"],
            &["1.1.0", "1.1"],
            &["1.1.0+1"],
            &["1.1.0post1", "1.1.post1"],
            &["1.1.1a"],
            &["1.1.1w"],
            &["1.1.1"],
            &["1.1post1"],
            &["3.1.20191231"],
            &["1996.07.12"],
            &["2023c"],
            &["2024a"],
            &["2024.2.2", "2024.02.02"],
            &["1!0.4.1"],
            &["1!3.1.1.6"],
            &["2!0.4.1"],
        ];
        for (at, group) in groups.iter().enumerate() {
            for one in *group {
                for (other_at, other) in
                    groups.iter().enumerate().flat_map(|(at, g)| g.iter().map(move |v| (at, v)))
                {
                    let order = CondaVersion::new(one).cmp(&CondaVersion::new(other));
                    assert_eq!(order, at.cmp(&other_at), "{one} {other}");
                }
            }
        }
    }

    #[test]
    fn constraints_allow_what_conda_lets_them() {
        let check = |constraint: &str, version: &str, expected: Option<bool>| {
            assert_eq!(allows(constraint, &CondaVersion::new(version)), expected, "{constraint} {version}");
        };
        for (constraint, yes, no) in [
            (">=1.2,<2", "1.10", "2.0"),
            ("~=3.11.0", "3.11.9", "3.12.0"),
            ("=3.11", "3.11.9", "3.1.1"),
            ("3.11.*", "3.11", "3.110"),
            ("3.11*", "3.11.2", "3.2"),
            ("==1.0", "1", "1.0.1"),
            ("1.2|1.3.*", "1.3.5", "1.2.1"),
            ("!=1.5", "1.4", "1.5.0"),
            ("!=1.5.*", "1.6", "1.5.1"),
            (">1", "1.0.1", "1.0"),
        ] {
            check(constraint, yes, Some(true));
            check(constraint, no, Some(false));
        }
        check("*", "7", Some(true));
        check("(1|2),>1", "2", None);
        check("1.2 h0_0", "1.2", None);
    }

    #[test]
    fn what_comes_before_a_release_is_known() {
        for (version, expected) in
            [("1.0rc1", true), ("2.0.dev3", true), ("1.1.1w", false), ("2024a", false), ("1.0.post1", false)]
        {
            assert_eq!(CondaVersion::new(version).is_early(), expected, "{version}");
        }
    }
}
