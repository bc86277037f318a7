//! An image out of an archive into an engine.

use std::ffi::OsString;
use std::path::Path;

use super::podman;
use super::{Engine, EngineError, Kind};
use crate::console::Console;
use crate::process::{self, Invocation};

impl Engine {
    /// Takes the one image of `archive`, which has no name there: an archive of docker's form, or of OCI's.
    /// Its id is the digest of its configuration, as everywhere.
    ///
    /// # Errors
    /// The engine failed, or the archive is none.
    pub fn load(&self, archive: &Path, is_oci: bool, console: &Console) -> Result<(), EngineError> {
        process::text(&self.load_call(archive, is_oci), console)?;
        Ok(())
    }

    fn load_call(&self, archive: &Path, is_oci: bool) -> Invocation {
        if self.kind != Kind::Buildah {
            return self.call().args(["load", "--quiet", "--input"]).arg(archive);
        }
        // Behind a colon buildah would look for a name.
        let (dir, name) = podman::split(archive);
        let mut source = OsString::from(if is_oci { "oci-archive:" } else { "docker-archive:" });
        source.push(name);
        self.call().args(["pull", "--quiet"]).arg(source).dir(dir)
    }
}

#[cfg(test)]
mod tests {
    use super::super::calls::tests::{engine, shown};
    use super::*;

    #[test]
    fn an_archive_is_taken_in_each_engines_words() {
        let call = |kind, is_oci| engine(kind).load_call(Path::new("/a:b/base.tar"), is_oci);
        assert_eq!(shown(&call(Kind::Docker, false)), "docker load --quiet --input /a:b/base.tar");
        assert_eq!(shown(&call(Kind::Podman, true)), "podman load --quiet --input /a:b/base.tar");
        assert_eq!(shown(&call(Kind::Buildah, false)), "buildah pull --quiet docker-archive:base.tar");
        assert_eq!(shown(&call(Kind::Buildah, true)), "buildah pull --quiet oci-archive:base.tar");
        assert_eq!(call(Kind::Buildah, true).directory(), Some(Path::new("/a:b")));
    }
}
