//! Tags of the local repository.

use std::env;

use super::{GitError, Repo};
use crate::process::Input;

/// Where a tag leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// The object that the ref names: a tag object, or for a lightweight tag the commit itself.
    pub object: String,
    /// The commit in the end.
    pub commit: String,
}

impl Repo<'_> {
    /// The local tag `name`, if there is one and it leads to a commit.
    ///
    /// # Errors
    /// git failed.
    pub fn tag(&self, name: &str) -> Result<Option<Tag>, GitError> {
        let name = format!("refs/tags/{name}");
        let Some(object) = self.maybe(&["rev-parse", "--verify", "--quiet", &name])? else { return Ok(None) };
        let commit = self.commit_of(&name)?.unwrap_or_else(|| object.clone());
        Ok(Some(Tag { object, commit }))
    }

    /// Makes the annotated tag `name` at `commit`. The same commit, message and date make the same
    /// tag: the date is `GIT_COMMITTER_DATE`, else `SOURCE_DATE_EPOCH`, else now.
    ///
    /// # Errors
    /// There is such a tag, or git failed.
    pub fn make_tag(&self, name: &str, commit: &str, message: &str) -> Result<(), GitError> {
        let mut call = self
            .writing(["tag", "--annotate", "--cleanup=verbatim", "--file=-", name, commit])
            .input(Input::Bytes(message.as_bytes().to_vec()));
        if let Some(seconds) = env::var_os("SOURCE_DATE_EPOCH")
            && env::var_os("GIT_COMMITTER_DATE").is_none()
        {
            call = call.env("GIT_COMMITTER_DATE", format!("@{} +0000", seconds.display()));
        }
        self.run(&call).map(|_| ())
    }
}
