//! What an index's files of a project mean for one pin. Pure.

use common::report::RotClass;
use common::requirement::{PipRequirement, PipSource};
use pep440_rs::Version;

use crate::index::{FileKind, FileName, IndexFile, Project};
use crate::target::Target;

/// What is wrong with a pin, and what is known about that.
pub(crate) type Wrong = (RotClass, Option<String>);

/// What is wrong with a pin, if anything is.
pub(crate) type Answer = Option<Wrong>;

/// A file of the pinned version.
struct Candidate<'a> {
    file: &'a IndexFile,
    kind: FileKind,
}

impl Candidate<'_> {
    fn fits(&self, target: &Target) -> bool {
        let runs = match &self.kind {
            FileKind::Wheel(tags) => target.runs(tags),
            FileKind::Source => true,
        };
        runs && target.allows(self.file.requires_python.as_deref())
    }

    /// Whether it may have one of the digests; one that the index does not tell may be right.
    fn has_one_of(&self, hashes: &[String]) -> bool {
        hashes.is_empty()
            || self.file.hashes.is_empty()
            || self.file.hashes.iter().any(|hash| hashes.contains(hash))
    }
}

/// Judges `requirement` by what the index has of its project.
pub(crate) fn judge(requirement: &PipRequirement, project: &Project, target: &Target) -> Answer {
    let PipSource::Specifiers(specifiers) = &requirement.source else { return None };
    if !project.known {
        return Some((RotClass::Gone, Some("the index does not know the project".to_owned())));
    }
    let mut versions: Vec<Version> = Vec::new();
    let mut candidates = Vec::new();
    for file in &project.files {
        let Some(FileName { version, kind }) = FileName::read(&file.name, &requirement.name) else {
            continue;
        };
        if specifiers.contains(&version) {
            candidates.push(Candidate { file, kind });
        } else {
            versions.push(version);
        }
    }
    if candidates.is_empty() {
        return Some((RotClass::Gone, requirement.pin().map(|pin| neighbours(pin, versions))));
    }
    of_candidates(&candidates, &requirement.hashes, target)
}

fn of_candidates(candidates: &[Candidate<'_>], hashes: &[String], target: &Target) -> Answer {
    let fitting: Vec<_> = candidates.iter().filter(|candidate| candidate.fits(target)).collect();
    if fitting.is_empty() {
        let names: Vec<&str> = candidates.iter().map(|candidate| candidate.file.name.as_str()).collect();
        let more = if names.len() > 2 { " …" } else { "" };
        let reason = format!("there is only {}{more}", names[..names.len().min(2)].join(", "));
        return Some((RotClass::Unfit, Some(reason)));
    }
    let good: Vec<_> = fitting.iter().filter(|candidate| candidate.has_one_of(hashes)).collect();
    let Some(first) = good.first() else {
        let reason = format!("{} has another digest than is frozen", fitting[0].file.name);
        return Some((RotClass::HashChanged, Some(reason)));
    };
    if good.iter().all(|candidate| candidate.file.yanked.is_some()) {
        let reason = first.file.yanked.clone().filter(|reason| !reason.trim().is_empty());
        return Some((RotClass::Yanked, reason));
    }
    if good.iter().all(|candidate| candidate.kind == FileKind::Source) {
        let wheels = candidates.len() > good.len();
        let reason = if wheels { "the wheels there are do not fit" } else { "there is no wheel" };
        return Some((RotClass::SdistOnly, Some(reason.to_owned())));
    }
    None
}

/// The releases next to `pin`, for people who look for a way out.
fn neighbours(pin: &Version, mut versions: Vec<Version>) -> String {
    versions.retain(|version| version.is_stable() || !pin.is_stable());
    versions.sort_unstable();
    versions.dedup();
    let before = versions.iter().rev().find(|version| *version < pin);
    let after = versions.iter().find(|version| *version > pin);
    match (before, after) {
        (Some(before), Some(after)) => format!("the index has {before} and {after}"),
        (Some(only), None) => format!("the index has {only} and nothing later"),
        (None, Some(only)) => format!("the index has {only} and nothing earlier"),
        (None, None) => "the index has no other version".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use common::requirement::PipFile;
    use common::settings::Platform;

    use super::*;
    use crate::target::Glibc;

    fn file(name: &str) -> IndexFile {
        IndexFile { name: name.to_owned(), hashes: vec!["sha256:aa".to_owned()], ..IndexFile::default() }
    }

    fn check(line: &str, files: Vec<IndexFile>, expected: Option<RotClass>) -> String {
        let pins = PipFile::parse(line.as_bytes(), "r.txt").unwrap();
        let target = Target::new("3.11.9", Platform::Amd64, Glibc(2, 28)).unwrap();
        let answer = judge(pins.requirements().next().unwrap(), &Project { known: true, files }, &target);
        assert_eq!(answer.as_ref().map(|(class, _)| *class), expected, "{line}");
        answer.and_then(|(_, reason)| reason).unwrap_or_default()
    }

    #[test]
    fn a_version_that_is_there_in_any_spelling_is_no_finding() {
        check("a==1.0", vec![file("a-1.0-py3-none-any.whl")], None);
        check("a==1.0.0", vec![file("a-1-py3-none-any.whl"), file("a-2-py3-none-any.whl")], None);
        check("a==1.0+cu1", vec![file("a-1.0+cu1-cp311-cp311-linux_x86_64.whl")], None);
        check("a==1.0 --hash=sha256:aa", vec![file("a-1.0-py3-none-any.whl")], None);
    }

    #[test]
    fn a_version_that_is_gone_is_told_with_its_neighbours() {
        let files =
            || ["1.8.2", "1.8.5", "1.8.22", "1.8.4rc1"].map(|v| file(&format!("a-{v}.tar.gz"))).to_vec();
        assert_eq!(check("a==1.8.3", files(), Some(RotClass::Gone)), "the index has 1.8.2 and 1.8.5");
        assert_eq!(check("a==2", files(), Some(RotClass::Gone)), "the index has 1.8.22 and nothing later");
        assert_eq!(check("a==1", vec![], Some(RotClass::Gone)), "the index has no other version");
    }

    #[test]
    fn what_does_not_fit_the_lock_is_not_there() {
        let wheel = "a-1.0-cp312-cp312-manylinux_2_17_x86_64.whl";
        assert_eq!(
            check("a==1.0", vec![file(wheel)], Some(RotClass::Unfit)),
            format!("there is only {wheel}")
        );
        let late = IndexFile { requires_python: Some(">=3.12".to_owned()), ..file("a-1.0-py3-none-any.whl") };
        check("a==1.0", vec![late], Some(RotClass::Unfit));
        let reason = check("a==1.0", vec![file(wheel), file("a-1.0.tar.gz")], Some(RotClass::SdistOnly));
        assert_eq!(reason, "the wheels there are do not fit");
    }

    #[test]
    fn another_digest_and_a_withdrawal_are_told() {
        let line = "a==1.0 --hash=sha256:bb";
        check(line, vec![file("a-1.0-py3-none-any.whl")], Some(RotClass::HashChanged));
        let yanked = IndexFile { yanked: Some("broken".to_owned()), ..file("a-1.0-py3-none-any.whl") };
        assert_eq!(check("a==1.0", vec![yanked.clone()], Some(RotClass::Yanked)), "broken");
        check("a==1.0", vec![yanked, file("a-1.0-1-py3-none-any.whl")], None);
        check(
            "a==1.0 --hash=sha256:bb --hash=sha256:aa",
            vec![file("a-1.0.tar.gz")],
            Some(RotClass::SdistOnly),
        );
    }
}
