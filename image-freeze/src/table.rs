//! The short tables that people see on a terminal.

use std::fmt;
use std::path::PathBuf;

use common::report::{
    CheckOutcome, ChillOutcome, Difference, EnvironmentDrift, FreezeOutcome, ImageIdentity, Written,
};
use common::waiver::WaiverUse;

/// What was taken out of the image.
pub(crate) struct FreezeTable(pub FreezeOutcome, pub PathBuf);

impl fmt::Display for FreezeTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(outcome, dir) = self;
        writeln!(f, "{}: {}", dir.display(), written(outcome.tree))?;
        writeln!(f, "frozen: {}", outcome.environments.join(", "))?;
        if !outcome.kept.is_empty() {
            writeln!(f, "kept: {}", outcome.kept.join(", "))?;
        }
        Ok(())
    }
}

/// How far the specs were loosened.
pub(crate) struct ChillTable(pub ChillOutcome, pub PathBuf);

impl fmt::Display for ChillTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(outcome, dir) = self;
        writeln!(f, "{}: {}", dir.display(), written(outcome.tree))?;
        let width = outcome.environments.iter().map(|e| e.name.len()).max().unwrap_or_default();
        for e in &outcome.environments {
            let (name, pip, conda) = (&e.name, e.pip_loosened, e.conda_loosened);
            let (pips, condas) = (e.pip_pins, e.conda_pins);
            writeln!(
                f,
                "{name:width$}  {pip} of {pips} pip pins and {conda} of {condas} conda pins loosened"
            )?;
        }
        Ok(())
    }
}

const fn written(tree: Written) -> &'static str {
    match tree {
        Written::Written => "written",
        Written::Unchanged => "unchanged",
    }
}

/// How the image differs from the specs.
pub(crate) struct CheckTable(pub CheckOutcome, pub ImageIdentity);

/// Which of the columns a difference counts in.
const fn column(difference: &Difference) -> &'static str {
    match (&difference.frozen, &difference.built) {
        (Some(_), None) => "missing",
        (None, _) => "extra",
        (Some(_), Some(_)) => "changed",
    }
}

impl fmt::Display for CheckTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(outcome, image) = self;
        writeln!(f, "{} ({})", image.name, image.id.short())?;
        DriftTable(outcome).fmt(f)
    }
}

/// Drift, environment by environment.
pub(crate) struct DriftTable<'o>(pub &'o CheckOutcome);

impl fmt::Display for DriftTable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(outcome) = self;
        let names = outcome.environments.iter().map(|e| e.name.len());
        let width = names.max().unwrap_or_default().max("environment".len());
        writeln!(f, "{:width$}  same  changed  missing  extra", "environment")?;
        for environment in &outcome.environments {
            let count = |kind| environment.differences.iter().filter(|d| column(d) == kind).count();
            let (changed, missing, extra) = (count("changed"), count("missing"), count("extra"));
            let (name, same) = (&environment.name, environment.same);
            writeln!(f, "{name:width$}  {same:>4}  {changed:>7}  {missing:>7}  {extra:>5}")?;
        }
        Differences(outcome).fmt(f)
    }
}

/// Each difference, with what waivers say of it.
pub(crate) struct Differences<'o>(pub &'o CheckOutcome);

impl fmt::Display for Differences<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(outcome) = self;
        let mut drifted = outcome.environments.iter().filter(|e| !e.differences.is_empty());
        drifted.try_for_each(|environment| differences(f, environment, &outcome.waivers))
    }
}

fn differences(
    f: &mut fmt::Formatter<'_>,
    environment: &EnvironmentDrift,
    waivers: &WaiverUse,
) -> fmt::Result {
    writeln!(f, "\n{}", environment.name)?;
    let all = &environment.differences;
    let widest = |of: &dyn Fn(&Difference) -> usize| all.iter().map(of).max().unwrap_or_default();
    let width = widest(&|d| d.name.len());
    let classes = widest(&|d| d.class.name().len()).max(7);
    for difference in all {
        let (class, kind, name) = (difference.class.name(), difference.kind.name(), &difference.name);
        write!(f, "  {class:classes$}  {kind:5}  {name:width$}  ")?;
        if let Some(path) = &difference.path {
            write!(f, "{path}  ")?;
        }
        match (&difference.frozen, &difference.built) {
            (Some(frozen), Some(built)) => writeln!(f, "{frozen} -> {built}")?,
            (Some(version), None) | (None, Some(version)) => writeln!(f, "{version}")?,
            (None, None) => writeln!(f)?,
        }
        let what = format!("drift {name}");
        if let Some(waiver) = waivers.excuse(&environment.name, &what) {
            writeln!(f, "  {:classes$}  {waiver}", "")?;
        } else if let Some(waived) = waivers.ended(&environment.name, &what) {
            writeln!(f, "  {:classes$}  its waiver {}", "", waived.waiver.ended())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use common::digest::Digest;
    use common::report::{DriftClass, PackageKind};
    use common::waiver::{Waived, Waiver};

    use super::*;

    fn waived(what: &str, expires: &str) -> Waived {
        let waiver = Waiver {
            what: what.to_owned(),
            owner: "ada".to_owned(),
            reason: "known".to_owned(),
            expires: expires.parse().unwrap(),
        };
        Waived { environment: "roman-cal".to_owned(), waiver }
    }

    #[test]
    fn drift_is_told_in_aligned_columns() {
        let difference = |kind, name: &str, frozen: Option<&str>, built: Option<&str>| Difference {
            kind,
            class: match (frozen, built) {
                (Some(_), None) => DriftClass::Missing,
                (None, _) => DriftClass::Extra,
                _ => DriftClass::Version,
            },
            path: None,
            name: name.to_owned(),
            frozen: frozen.map(str::to_owned),
            built: built.map(str::to_owned),
        };
        let differences = vec![
            difference(PackageKind::Conda, "fftw", Some("3.3.10"), Some("3.3.11")),
            difference(PackageKind::Pip, "asdf", Some("3.4.0"), None),
            difference(PackageKind::Pip, "surprise", None, Some("1.0")),
        ];
        let clean = EnvironmentDrift { name: "base".to_owned(), same: 376, differences: Vec::new() };
        let drifted = EnvironmentDrift { name: "roman-cal".to_owned(), same: 313, differences };
        let image = ImageIdentity { name: "notebook-roman:latest".to_owned(), id: Digest::of(b"") };
        let mut outcome = CheckOutcome::of(vec![clean, drifted]);
        let table = CheckTable(outcome.clone(), image).to_string();
        let expected = "\
notebook-roman:latest (e3b0c44298fc)
environment  same  changed  missing  extra
base          376        0        0      0
roman-cal     313        1        1      1

roman-cal
  version  conda  fftw      3.3.10 -> 3.3.11
  missing  pip    asdf      3.4.0
  extra    pip    surprise  1.0
";
        assert_eq!(table, expected);
        outcome.waivers.excused.push(waived("drift fftw", "2026-12-31"));
        outcome.waivers.expired.push(waived("drift asdf", "2024-08-05"));
        let expected = "
roman-cal
  version  conda  fftw      3.3.10 -> 3.3.11
           waived until 2026-12-31 (ada): known
  missing  pip    asdf      3.4.0
           its waiver ended on 2024-08-05 (ada)
  extra    pip    surprise  1.0
";
        let table = DriftTable(&outcome).to_string();
        assert!(table.ends_with(expected), "{table}");
    }
}
