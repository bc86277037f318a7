//! A room to build in: a fresh directory with the context of a capsule.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use common::archive::{self, Flow};
use common::capsule::{Capsule, Recipe};
use common::digest::Digest;
use common::engine::Kind;
use common::settings::{EngineChoice, Settings};
use common::state_dir::StateDir;
use common::tree::{self, Staged};

use super::CapsuleError;
use crate::apply::Way;
use crate::error::Error;
use crate::proxy::Proxy;

/// The file that names the context of a capsule in the making.
pub(super) const CONTEXT: &str = "context.tar";

/// Where a context comes from.
pub(super) enum Context<'a> {
    /// A capsule in the making.
    Recorded(&'a Path),
    /// A capsule.
    Packed(&'a Capsule),
}

/// A room; it goes when dropped.
pub(super) struct Room {
    tree: Staged,
    /// What is built there.
    pub(super) settings: Settings,
}

impl Room {
    /// A room in `outer` with what `context` holds. The lock of the builds is held, so what is there was left
    /// by a run that was killed.
    pub(super) fn new(
        context: &Context<'_>,
        (recipe, kind): (&Recipe, Kind),
        outer: &StateDir,
    ) -> Result<Self, Error> {
        let dir = outer.dir("rebuild")?.join(recipe.settings.deployment.as_str());
        tree::sweep(&dir);
        let tree = Staged::new(&dir).map_err(CapsuleError::from)?;
        let root = tree.path();
        let unpack = |reader: &mut dyn io::Read| archive::unpack(Box::new(Flow(reader)), &root);
        match context {
            Context::Recorded(dir) => {
                let path = dir.join(CONTEXT);
                let failed = |source| CapsuleError::File { verb: "read", path: path.clone(), source };
                unpack(&mut File::open(&path).map_err(failed)?)
            }
            Context::Packed(capsule) => {
                let mut reader = capsule.read(&capsule.index.context).map_err(CapsuleError::from)?;
                unpack(&mut reader)
            }
        }
        .map_err(CapsuleError::Context)?;
        let mut settings = recipe.settings.clone();
        settings.engine = match kind {
            Kind::Docker => EngineChoice::Docker,
            Kind::Podman => EngineChoice::Podman,
            Kind::Buildah => EngineChoice::Buildah,
        };
        settings.root = root;
        settings.freeze_chill = false;
        Ok(Self { tree, settings })
    }

    /// A fresh directory beside the context.
    pub(super) fn scratch(&self, name: &str) -> Result<PathBuf, Error> {
        let path = self.tree.path().with_file_name(name);
        let failed = |source| CapsuleError::File { verb: "create", path: path.clone(), source };
        fs::create_dir_all(&path).map_err(failed)?;
        Ok(path)
    }

    /// How steps get at what they fetch.
    pub(super) fn way(&self, proxy: &Proxy, recipe: &Recipe) -> Result<Way, Error> {
        let certificate = self.scratch("trust")?.join("ca.pem");
        common::state_file::replace(&certificate, proxy.certificate().as_bytes(), 0o644)?;
        let own = Digest::of(format!("{} {}", certificate.display(), proxy.certificate()).as_bytes());
        Ok(Way {
            proxy: proxy.url(),
            certificate,
            scratch: self.scratch("engine")?,
            cache_id: format!("image-tools-{}", own.short()),
            epoch: recipe.epoch,
        })
    }
}
