//! Two images that were read, side by side.

use super::image::Image;
use super::model::{Aspect, Comparison, FileDifference, Likeness};
use super::node::Node;
use super::paths::{PathId, Paths};
use super::settings;

/// Compares them; at most `shown` files are named.
pub(super) fn images(first: &Image, second: &Image, paths: &Paths, shown: usize) -> Comparison {
    let mut comparison = Comparison::of_one(first.id.clone(), second.id.clone());
    let mut found = Vec::new();
    // The root itself is in the archives of some engines only.
    for path in (1..paths.count()).filter_map(|path| PathId::try_from(path).ok()) {
        let sides = (first.tree.at(path), second.tree.at(path));
        let what = differences(sides);
        comparison.compared += u64::from(sides.0.is_some() || sides.1.is_some());
        if what.is_empty() {
            continue;
        }
        let is_time = what == [Aspect::Time];
        *(if is_time { &mut comparison.only_times } else { &mut comparison.differing }) += 1;
        found.push((is_time, earliest(sides), path));
    }
    if first.id == second.id {
        return comparison;
    }
    found.sort_unstable();
    comparison.files =
        found.iter().take(shown).map(|(.., path)| named((first, second), *path, paths)).collect();
    comparison.settings = settings::differences(&first.configuration, &second.configuration);
    let same = comparison.differing == 0 && comparison.settings.is_empty();
    comparison.verdict = if same { Likeness::SameContent } else { Likeness::Different };
    comparison
}

fn differences(sides: (Option<&Node>, Option<&Node>)) -> Vec<Aspect> {
    match sides {
        (None, None) => Vec::new(),
        (Some(_), None) => vec![Aspect::OnlyInFirst],
        (None, Some(_)) => vec![Aspect::OnlyInSecond],
        (Some(one), Some(other)) => one.differences(other),
    }
}

/// The lower of the layers that it comes from: a difference shows up there first.
fn earliest((one, other): (Option<&Node>, Option<&Node>)) -> u16 {
    [one, other].into_iter().flatten().map(|node| node.layer).min().unwrap_or(0)
}

fn named((first, second): (&Image, &Image), path: PathId, paths: &Paths) -> FileDifference {
    let sides = (first.tree.at(path), second.tree.at(path));
    FileDifference {
        path: paths.text(path),
        what: differences(sides),
        first: sides.0.map(|node| first.origin(node.layer)),
        second: sides.1.map(|node| second.origin(node.layer)),
    }
}
