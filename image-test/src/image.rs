//! Which image is tested: never one before a build that failed.

use common::document::Document;
use common::evidence::Store;
use common::report::Verdict;
use common::subject::{self, Subject};

use crate::error::Error;

/// The image that is meant: the one that was typed, else what [`Subject::of`] finds, unless the document's
/// last build failed.
pub(crate) fn meant(typed: Option<&str>, document: &Document, store: &Store) -> Result<Subject, Error> {
    let failed = subject::last_build(document).is_some_and(|build| build.verdict == Verdict::No);
    if failed && typed.is_none_or(str::is_empty) {
        return Err(Error::NotBuilt);
    }
    Ok(Subject::of(typed, document, store)?)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use common::digest::Digest;
    use common::report::ImageIdentity;
    use common::settings::Settings;
    use common::testing;

    fn image(content: &[u8]) -> ImageIdentity {
        ImageIdentity { name: "notebook-roman:latest".to_owned(), id: Digest::of(content) }
    }

    fn document(builds: &[(Verdict, ImageIdentity)]) -> Document {
        let mut document = Document::new(Settings::new(Path::new("/r"), "roman".parse().unwrap()));
        document.reports.extend(builds.iter().map(|(verdict, image)| testing::built(*verdict, image)));
        document
    }

    #[test]
    fn a_build_that_failed_is_not_passed_over_for_an_older_one() {
        let built = document(&[(Verdict::Yes, image(b"a")), (Verdict::No, image(b"b"))]);
        let clone = tempfile::tempdir().unwrap();
        let store = Store::in_state(clone.path());
        assert!(matches!(meant(None, &built, &store), Err(Error::NotBuilt)));
        assert_eq!(meant(Some("x:1"), &built, &store).unwrap(), Subject::Named("x:1".to_owned()));
    }
}
