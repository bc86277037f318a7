//! Changes to conda's list of dependencies.

use common::inventory::{CondaPackage, Environment};
use common::report::Difference;
use common::requirement::{CondaConstraint, CondaSpec};

use super::lines::Lines;

/// Changes `lines`, which hold `specs`, so that they say what is `held` wherever something differs.
pub(super) fn edit(
    lines: &mut Lines<'_>,
    specs: &[CondaSpec],
    differences: &[&Difference],
    held: &Environment,
) {
    for difference in differences {
        let found = held.conda.iter().find(|package| package.name == difference.name);
        let spec = specs.iter().find(|spec| spec.name == difference.name);
        match (spec, found) {
            // It is recorded and yet taken out: then nothing that could stand here is true.
            (Some(spec), _) if difference.built.is_none() => lines.remove(spec.line - 1..spec.line),
            (Some(spec), Some(found)) => {
                if let Some(line) = replaced(lines, spec, found) {
                    lines.replace(spec.line - 1..spec.line, line);
                }
            }
            (None, Some(found)) => insert(lines, specs, found),
            (_, None) => {}
        }
    }
}

fn replaced(lines: &Lines<'_>, spec: &CondaSpec, found: &CondaPackage) -> Option<String> {
    let CondaConstraint::Exact { version, build, operator } = &spec.constraint else { return None };
    let line = lines.line(spec.line - 1).trim_end_matches(['\n', '\r']);
    let (head, rest) = line.split_at_checked(operator.end.checked_sub(lines.start(spec.line - 1))?)?;
    let rest = rest.replacen(version.as_str(), &found.version, 1);
    let rest = match build {
        Some(build) => {
            let at = rest.find(&found.version)? + found.version.len();
            let (version, rest) = rest.split_at(at);
            format!("{version}{}", rest.replacen(build.as_str(), &found.build, 1))
        }
        None => rest,
    };
    Some(format!("{head}{rest}"))
}

/// A new spec, where it belongs in a sorted list, in the form of those beside it.
fn insert(lines: &mut Lines<'_>, specs: &[CondaSpec], found: &CondaPackage) {
    let Some(first) = specs.first() else { return };
    let before = specs.iter().rev().find(|spec| spec.name < found.name);
    let at = before.map_or(first.line - 1, |before| before.line);
    let line = lines.line(first.line - 1);
    let indent = &line[..line.find('-').unwrap_or_default()];
    let has_build = matches!(&first.constraint, CondaConstraint::Exact { build: Some(_), .. });
    let build = if has_build { format!("={}", found.build) } else { String::new() };
    lines.insert(at, format!("{indent}- {}={}{build}", found.name, found.version));
}
