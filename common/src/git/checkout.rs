//! A commit's files in a directory of their own.

use std::path::Path;

use super::{GitError, Repo, pinned};
use crate::process::{self, Invocation};

impl Repo<'_> {
    /// Makes `dir`, which is not there yet, a clone of this repository with `commit` checked out, and gives
    /// what stands for our root in it. Nothing here is touched.
    ///
    /// # Errors
    /// git failed.
    pub fn clone_at(&self, commit: &str, dir: &Path) -> Result<std::path::PathBuf, GitError> {
        let git = || pinned(Invocation::new("git"));
        // The top of the work tree, which our root may be below.
        let top = self.text(&["rev-parse", "--show-toplevel"])?;
        let clone = git().args(["clone", "--quiet", "--no-checkout", "--shared", "--"]).arg(top).arg(dir);
        let checkout = git().arg("-C").arg(dir).args(["checkout", "--quiet", "--detach", commit]);
        for call in [clone, checkout] {
            let captured = process::capture(&call, self.console)?;
            if !captured.exit.is_success() {
                return Err(call.failed(&captured).into());
            }
        }
        Ok(dir.join(&self.prefix))
    }

    /// When `commit` was made, in seconds since 1970.
    ///
    /// # Errors
    /// git failed.
    pub fn time_of(&self, commit: &str) -> Result<Option<i64>, GitError> {
        let text = self.maybe(&["show", "--no-patch", "--no-show-signature", "--format=%ct", commit])?;
        Ok(text.and_then(|text| text.trim().parse().ok()))
    }
}
