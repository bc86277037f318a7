//! Which image is tested. A name may have moved since the build; an id cannot.

use common::document::Document;
use common::report::{ImageIdentity, Verdict};

use crate::error::Error;

/// The image that is meant, before the engine was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Meant {
    /// Whatever this name or id stands for now.
    Named(String),
    /// The very image that a build recorded.
    Recorded(ImageIdentity),
}

/// The image that is meant; the first that there is: the one that was typed, that of the last
/// `image-build` in the document, the last one built in this clone, the configured name.
pub(crate) fn meant(
    typed: Option<&str>,
    document: &Document,
    last_built: Option<ImageIdentity>,
) -> Result<Meant, Error> {
    // An exported EXEC_ID may be empty, which means none.
    if let Some(typed) = typed.filter(|typed| !typed.is_empty()) {
        return Ok(Meant::Named(typed.to_owned()));
    }
    if let Some(build) = document.reports.iter().rev().find(|report| report.tool == "image-build") {
        if build.verdict == Verdict::No {
            return Err(Error::NotBuilt);
        }
        if let Some(image) = &build.image {
            return Ok(Meant::Recorded(image.clone()));
        }
    }
    let by_name = || Meant::Named(document.settings.notebook_id());
    Ok(last_built.map_or_else(by_name, Meant::Recorded))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use common::digest::Digest;
    use common::report::{BuildOutcome, Outcome, Report};
    use common::settings::Settings;

    fn image(content: &[u8]) -> ImageIdentity {
        ImageIdentity { name: "notebook-roman:latest".to_owned(), id: Digest::of(content) }
    }

    fn document(builds: &[(Verdict, ImageIdentity)]) -> Document {
        let mut document = Document::new(Settings::new(Path::new("/r"), "roman".parse().unwrap()));
        document.reports.extend(builds.iter().map(|(verdict, image)| Report {
            tool: "image-build".to_owned(),
            version: "1.0.0".to_owned(),
            verdict: *verdict,
            started: jiff::Timestamp::UNIX_EPOCH,
            seconds: 1.0,
            image: Some(image.clone()),
            notices: Vec::new(),
            outcome: Outcome::Build(BuildOutcome {
                engine: "docker".to_owned(),
                steps: Vec::new(),
                images: Vec::new(),
                capsule: None,
            }),
        }));
        document
    }

    #[test]
    fn the_first_that_there_is() {
        let (yes, a, b) = (Verdict::Yes, image(b"a"), image(b"b"));
        let built = document(&[(yes, image(b"older")), (yes, a.clone())]);
        let check = |typed, document: &Document, last: Option<&ImageIdentity>, expected: Meant| {
            assert_eq!(meant(typed, document, last.cloned()).unwrap(), expected);
        };
        check(Some(""), &document(&[]), None, Meant::Named("notebook-roman:latest".to_owned()));
        check(Some("x:1"), &built, Some(&b), Meant::Named("x:1".to_owned()));
        check(None, &built, Some(&b), Meant::Recorded(a));
        check(None, &document(&[]), Some(&b), Meant::Recorded(b.clone()));
        check(None, &document(&[]), None, Meant::Named("notebook-roman:latest".to_owned()));
    }

    #[test]
    fn a_build_that_failed_is_not_passed_over_for_an_older_one() {
        let built = document(&[(Verdict::Yes, image(b"a")), (Verdict::No, image(b"b"))]);
        assert!(matches!(meant(None, &built, None), Err(Error::NotBuilt)));
    }
}
