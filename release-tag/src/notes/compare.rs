//! Two releases side by side.

use std::collections::{BTreeMap, BTreeSet};

use common::report::{
    ChangeDirection, Changed, NotesOutcome, PackageChange, PackageKind, TestChange, TestStatus,
};

use super::debian::Debian;
use super::snapshot::{Packages, Snapshot};
use crate::record::Record;

/// Debian's packages of both sides, as far as they can be told.
pub type BothDebian = (Option<Result<Debian, String>>, Result<Debian, String>);

/// What changed from `before` (nothing, for a first release) to `now`.
#[must_use]
pub fn notes(before: Option<&Snapshot>, now: &Snapshot, debian: BothDebian) -> NotesOutcome {
    let mut untold = BTreeMap::new();
    let debian = match debian {
        (None, Ok(now)) => debian_changes(&Debian::new(), &now),
        (Some(Ok(before)), Ok(now)) => debian_changes(&before, &now),
        (Some(Err(reason)), _) | (_, Err(reason)) => {
            untold.insert("apt packages".to_owned(), reason);
            Vec::new()
        }
    };
    let sides = before.into_iter().chain([now]);
    if let Some(side) = sides.into_iter().find(|side| side.record.is_none()) {
        untold.insert("tests, base and size".to_owned(), format!("{} has no record", side.name));
    }
    let nothing = BTreeMap::new();
    let old = before.map_or(&nothing, |snapshot| &snapshot.packages);
    let names: BTreeSet<&String> = old.keys().chain(now.packages.keys()).collect();
    let none = Packages::new();
    let packages = names.into_iter().filter_map(|name| {
        let found = packages(old.get(name).unwrap_or(&none), now.packages.get(name).unwrap_or(&none));
        (!found.is_empty()).then(|| (name.clone(), found))
    });
    let (theirs, ours) = (before.and_then(|snapshot| snapshot.record.as_ref()), now.record.as_ref());
    // Half of a comparison says that something changed where nothing did.
    let comparable = before.is_none() || (theirs.is_some() && ours.is_some());
    let told = |of: &dyn Fn(&Record) -> Option<String>| {
        let (from, to) = (theirs.and_then(of), ours.and_then(of));
        (comparable && from != to).then_some(Changed { from, to })
    };
    let base = |record: &Record| Some(format!("{} ({})", record.base.name, record.base.id.short()));
    NotesOutcome {
        from: before.map(|snapshot| snapshot.name.clone()),
        to: now.name.clone(),
        title: now.title.clone(),
        packages: packages.collect(),
        base: told(&base),
        size: told(&|record| record.size.map(|size| size.to_string())),
        tests: tests(theirs, ours),
        waivers: ours.map(waivers).unwrap_or_default(),
        debian,
        untold,
    }
}

fn packages(before: &Packages, now: &Packages) -> Vec<PackageChange> {
    let names: BTreeSet<_> = before.keys().chain(now.keys()).collect();
    let change = |key: &(PackageKind, String)| change(key.0, &key.1, (before.get(key), now.get(key)));
    names.into_iter().filter_map(change).collect()
}

fn debian_changes(before: &Debian, now: &Debian) -> Vec<PackageChange> {
    let names: BTreeSet<_> = before.keys().chain(now.keys()).collect();
    let change = |name: &String| change(PackageKind::Debian, name, (before.get(name), now.get(name)));
    names.into_iter().filter_map(change).collect()
}

/// What became of a package; none if it is the same.
fn change(
    kind: PackageKind,
    name: &str,
    (from, to): (Option<&String>, Option<&String>),
) -> Option<PackageChange> {
    let change = ChangeDirection::of(kind, from.map(String::as_str), to.map(String::as_str))?;
    Some(PackageChange { kind, name: name.to_owned(), change, before: from.cloned(), after: to.cloned() })
}

fn tests(before: Option<&Record>, now: Option<&Record>) -> BTreeMap<String, Vec<TestChange>> {
    // Without a record of either side nothing can be compared.
    let (Some(before), Some(now)) = (before, now) else { return BTreeMap::new() };
    let nothing: BTreeMap<String, TestStatus> = BTreeMap::new();
    let (old, new) = (&before.tests.results, &now.tests.results);
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let changes = |name: &String| {
        let (old, new) = (old.get(name).unwrap_or(&nothing), new.get(name).unwrap_or(&nothing));
        let tests: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
        let other = tests.into_iter().filter(|test| old.get(*test) != new.get(*test));
        let change = |test: &String| TestChange {
            name: test.clone(),
            from: old.get(test).copied(),
            to: new.get(test).copied(),
        };
        other.map(change).collect::<Vec<_>>()
    };
    let all = names.into_iter().map(|name| (name.clone(), changes(name)));
    all.filter(|(_, changes)| !changes.is_empty()).collect()
}

fn waivers(record: &Record) -> Vec<String> {
    let all = record.tests.waived.iter().chain(&record.drift.waived);
    all.map(|one| {
        let waiver = &one.waiver;
        let (what, owner, reason) = (&waiver.what, &waiver.owner, &waiver.reason);
        format!("{}: {what}, until {} ({owner}): {reason}", one.environment, waiver.expires)
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(list: &[(&str, &str)]) -> Packages {
        list.iter()
            .map(|(name, version)| ((PackageKind::Pip, (*name).to_owned()), (*version).to_owned()))
            .collect()
    }

    #[test]
    fn versions_go_up_and_down_by_number_and_commits_nowhere() {
        let commit = |hash: &str| format!("git+https://h/g.git@{}", hash.repeat(40));
        let (one, other) = (commit("0"), commit("f"));
        let before = of(&[("a", "1.9"), ("b", "2.0"), ("c", "1"), ("d", "1"), ("e", "1.0rc1"), ("g", &one)]);
        let now = of(&[("a", "1.10"), ("b", "1.9"), ("d", "1"), ("e", "1.0"), ("f", "3"), ("g", &other)]);
        let found = packages(&before, &now);
        let words: Vec<_> = found.iter().map(|one| (one.name.as_str(), one.change)).collect();
        assert_eq!(
            words,
            [
                ("a", ChangeDirection::Up),
                ("b", ChangeDirection::Down),
                ("c", ChangeDirection::Removed),
                ("e", ChangeDirection::Up),
                ("f", ChangeDirection::Added),
                ("g", ChangeDirection::Other)
            ]
        );
    }
}
