//! What is said in a tag's object, and who signed it.

use super::{GitError, Repo};
use crate::process::{self, Exit};

/// How a tag is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signed {
    /// It is, and the signature is good.
    Well,
    /// It is, and the signature is bad or cannot be verified; what git says of it.
    Badly(String),
    /// It is not.
    Not,
}

/// How signatures begin, whatever made them.
const BEGINNINGS: [&str; 3] = ["-----BEGIN PGP", "-----BEGIN SSH", "-----BEGIN SIGNED"];

impl Repo<'_> {
    /// What the tag object `object` says, a signature that follows it included; none if it is no tag object.
    ///
    /// # Errors
    /// git failed.
    pub fn said_in(&self, object: &str) -> Result<Option<String>, GitError> {
        if self.text(&["cat-file", "-t", object])? != "tag" {
            return Ok(None);
        }
        let text = self.text(&["cat-file", "tag", object])?;
        Ok(Some(text.split_once("\n\n").map_or(String::new(), |(_, said)| said.to_owned())))
    }

    /// How the tag object `object` is signed. An ssh key counts if the signature is its own: whose key that is can
    /// only be judged where git is told (`gpg.ssh.allowedSignersFile`).
    ///
    /// # Errors
    /// git failed.
    pub fn signed(&self, object: &str) -> Result<Signed, GitError> {
        let said = self.said_in(object)?.unwrap_or_default();
        if !said.lines().any(|line| BEGINNINGS.iter().any(|beginning| line.starts_with(beginning))) {
            return Ok(Signed::Not);
        }
        let signers = self.maybe(&["config", "--get", "gpg.ssh.allowedSignersFile"])?;
        let nobody = ["-c", "gpg.ssh.allowedSignersFile=/dev/null"];
        let call = self.reading([]).args(nobody.into_iter().filter(|_| signers.is_none()));
        let captured = process::capture(&call.args(["verify-tag", "--raw", object]), self.console)?;
        let told = String::from_utf8_lossy(&captured.stderr).trim().to_owned();
        let unjudged =
            signers.is_none() && told.lines().any(|line| line.starts_with("Good \"git\" signature"));
        Ok(if captured.exit == Exit::Code(0) || unjudged { Signed::Well } else { Signed::Badly(told) })
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::Fixture;
    use super::Signed;

    /// A tag object that says `said`.
    fn tag(f: &Fixture, said: &str) -> String {
        let head = f.git(&["rev-parse", "HEAD"]);
        let object = format!("object {head}\ntype commit\ntag t\ntagger T <t@e> 0 +0000\n\n{said}");
        f.write("tag", &object);
        f.git(&["hash-object", "-t", "tag", "-w", "tag"])
    }

    #[test]
    fn a_tag_that_nobody_signed_and_one_with_anything_for_a_signature_are_told() {
        let f = Fixture::new();
        let head = f.git(&["rev-parse", "HEAD"]);
        assert_eq!(f.repo().said_in(&head).unwrap(), None, "a lightweight tag says nothing");
        assert_eq!(f.repo().signed(&head).unwrap(), Signed::Not);
        let plain = tag(&f, "Release\n\nImage: x\n");
        assert_eq!(f.repo().said_in(&plain).unwrap().as_deref(), Some("Release\n\nImage: x"));
        assert_eq!(f.repo().signed(&plain).unwrap(), Signed::Not);
        let forged = "Release\n-----BEGIN SSH SIGNATURE-----\nU1NIU0lH\n-----END SSH SIGNATURE-----\n";
        let forged = tag(&f, forged);
        assert!(matches!(f.repo().signed(&forged).unwrap(), Signed::Badly(_)));
    }
}
