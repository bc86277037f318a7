//! Tags of the local repository.

use std::env;

use super::{GitError, Repo};

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

    /// The names of the local tags that lead to `commit` or to what came before it.
    ///
    /// # Errors
    /// git failed.
    pub fn tags_before(&self, commit: &str) -> Result<Vec<String>, GitError> {
        Ok(self.text(&["tag", "--list", "--merged", commit])?.lines().map(str::to_owned).collect())
    }

    /// What the annotated tag `name` says, without a signature that follows it; none if there is no
    /// such tag or it says nothing of its own.
    ///
    /// # Errors
    /// git failed.
    pub fn tag_message(&self, name: &str) -> Result<Option<String>, GitError> {
        let format = "--format=%(objecttype)%0a%(contents:subject)%0a%0a%(contents:body)";
        let said = self.text(&["for-each-ref", format, &format!("refs/tags/{name}")])?;
        Ok(said.strip_prefix("tag\n").map(str::to_owned))
    }

    /// When the tag `name` was made, as it says itself; when its commit was, if it is not annotated. None if there
    /// is no such tag.
    ///
    /// # Errors
    /// git failed.
    pub fn tagged_at(&self, name: &str) -> Result<Option<jiff::Timestamp>, GitError> {
        let said =
            self.text(&["for-each-ref", "--format=%(creatordate:unix)", &format!("refs/tags/{name}")])?;
        Ok(said.trim().parse().ok().and_then(|seconds| jiff::Timestamp::from_second(seconds).ok()))
    }

    /// Makes the annotated tag `name` at `commit`. The same commit, message and date make the same
    /// tag: the date is `GIT_COMMITTER_DATE`, else `SOURCE_DATE_EPOCH`, else now.
    ///
    /// # Errors
    /// There is such a tag, or git failed.
    pub fn make_tag(&self, name: &str, commit: &str, message: &str) -> Result<(), GitError> {
        self.tag_as("--annotate", name, commit, message)
    }

    /// As [`Self::make_tag`], signed as git's own settings say: with gpg, ssh or x509.
    ///
    /// # Errors
    /// There is such a tag, there is no key, or git failed.
    pub fn sign_tag(&self, name: &str, commit: &str, message: &str) -> Result<(), GitError> {
        self.tag_as("--sign", name, commit, message)
    }

    fn tag_as(&self, kind: &str, name: &str, commit: &str, message: &str) -> Result<(), GitError> {
        // As an argument: were we killed while git reads it, there would be a tag with half a message.
        let mut call = self.writing(["tag", kind, "--cleanup=verbatim", "--message", message, name, commit]);
        if let Some(seconds) = env::var_os("SOURCE_DATE_EPOCH")
            && env::var_os("GIT_COMMITTER_DATE").is_none()
        {
            call = call.env("GIT_COMMITTER_DATE", format!("@{} +0000", seconds.display()));
        }
        self.run(&call).map(|_| ())
    }
}
