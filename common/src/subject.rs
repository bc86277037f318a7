//! Which image a run is about. A name can move between two steps of a release; an id cannot.

use crate::document::Document;
use crate::evidence::{EvidenceError, Store};
use crate::report::{ImageIdentity, Outcome, Report};

/// The image that a run is about, before any engine was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// Whatever this name or id stands for now.
    Named(String),
    /// The very image that a build recorded.
    Recorded(ImageIdentity),
}

impl Subject {
    /// The first that there is: the one that was `typed`, that of the document's last image-build, the one
    /// last built in this clone, the mission's name.
    ///
    /// # Errors
    /// The note of the last build is damaged.
    pub fn of(typed: Option<&str>, document: &Document, store: &Store) -> Result<Self, EvidenceError> {
        // An exported EXEC_ID may be empty, which means none.
        if let Some(typed) = typed.filter(|typed| !typed.is_empty()) {
            return Ok(Self::Named(typed.to_owned()));
        }
        let by_name = || Self::Named(document.settings.notebook_id());
        Ok(recorded(document, store)?.map_or_else(by_name, Self::Recorded))
    }
}

/// The image that a build recorded: the document's last one, else the one last built in this clone. Never
/// what a name happens to mean.
///
/// # Errors
/// The note of the last build is damaged.
pub fn recorded(document: &Document, store: &Store) -> Result<Option<ImageIdentity>, EvidenceError> {
    match last_build(document).and_then(|build| build.image.clone()) {
        Some(image) => Ok(Some(image)),
        None => store.last_built(&document.settings.deployment),
    }
}

/// The docker context that has the image of [`Subject::of`] the same; none where the environment leads to it.
///
/// # Errors
/// The note of the last build is damaged.
pub fn context(
    typed: Option<&str>,
    document: &Document,
    store: &Store,
) -> Result<Option<String>, EvidenceError> {
    if typed.is_some_and(|typed| !typed.is_empty()) {
        return Ok(None);
    }
    match last_build(document).filter(|build| build.image.is_some()).map(|build| &build.outcome) {
        Some(Outcome::Build(build)) => Ok(build.context.clone()),
        _ => store.last_context(&document.settings.deployment),
    }
}

/// What the document's last image-build reported.
#[must_use]
pub fn last_build(document: &Document) -> Option<&Report> {
    document.reports.iter().rev().find(|report| matches!(report.outcome, Outcome::Build(_)))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::digest::Digest;
    use crate::report::Verdict;
    use crate::settings::Settings;
    use crate::testing;

    fn image(content: &[u8]) -> ImageIdentity {
        ImageIdentity { name: "notebook-roman:latest".to_owned(), id: Digest::of(content) }
    }

    fn document(builds: &[ImageIdentity]) -> Document {
        let mut document = Document::new(Settings::new(Path::new("/r"), "roman".parse().unwrap()));
        document.reports.extend(builds.iter().map(|image| testing::built(Verdict::Yes, image)));
        document
    }

    #[test]
    fn the_first_that_there_is() {
        let (nothing, clone) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (nothing, clone) = (Store::in_state(nothing.path()), Store::in_state(clone.path()));
        clone.set_last_built(&"roman".parse().unwrap(), &image(b"b")).unwrap();
        let (none, built) = (document(&[]), document(&[image(b"older"), image(b"a")]));
        let name = || Subject::Named("notebook-roman:latest".to_owned());
        let check = |typed, document: &Document, store: &Store, expected: Subject| {
            assert_eq!(Subject::of(typed, document, store).unwrap(), expected);
        };
        check(Some(""), &none, &nothing, name());
        check(Some("x:1"), &built, &clone, Subject::Named("x:1".to_owned()));
        check(None, &built, &clone, Subject::Recorded(image(b"a")));
        check(None, &none, &clone, Subject::Recorded(image(b"b")));
        check(None, &none, &nothing, name());
        assert_eq!(recorded(&none, &nothing).unwrap(), None);
        clone.set_last_built_in(Some("far"), &"roman".parse().unwrap(), &image(b"b")).unwrap();
        let context = |typed, document| context(typed, document, &clone).unwrap();
        assert_eq!(context(None, &none).as_deref(), Some("far"));
        assert_eq!((context(Some("x:1"), &none), context(None, &built)), (None, None));
        assert_eq!(last_build(&built).and_then(|build| build.image.clone()), Some(image(b"a")));
    }
}
