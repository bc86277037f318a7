//! Building from a capsule.

use std::path::PathBuf;

use common::capsule::Location;

/// Flags for building from a capsule, which `release-tag capsule` makes.
#[derive(Debug, clap::Args)]
pub(crate) struct CapsuleArgs {
    /// Build the image anew from a capsule and from nothing else: a directory, a file, or `docker://REGISTRY/REPOSITORY:TAG`
    ///
    /// Every byte of the capsule is checked first. Its context is unpacked below .image/rebuild, and its settings
    /// count, but for the engine. No layer and no cache of an earlier build is used. Steps fetch through a proxy on
    /// this machine's own address, which answers from the capsule and refuses everything else. With buildah, for
    /// root and where `unshare` and `ip` are there, the whole build has no network besides; elsewhere a step that
    /// ignores `HTTP_PROXY` and `HTTPS_PROXY` is not kept from the network. The image is named NAME:rebuilt; names that
    /// meant other images mean them again afterwards. Each address that was asked for and is not in the capsule is told.
    #[arg(long, value_name = "CAPSULE", conflicts_with_all = ["all", "plan", "engine_info", "prune", "base_only", "repack", "force", "from", "timings"])]
    from_capsule: Option<String>,

    /// Build the recipe in DIR in a room of its own, and keep there what its steps fetch: for `release-tag capsule`
    #[arg(long, value_name = "DIR", hide = true, conflicts_with = "from_capsule")]
    record: Option<PathBuf>,

    /// There is no network here but this machine's own address: set by ourselves
    #[arg(long, hide = true, requires = "from_capsule")]
    isolated: bool,
}

/// What is done with a capsule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CapsuleWork {
    /// It is built from; whether the network was taken away already.
    Replay(Location, bool),
    /// It is in the making, in this directory.
    Record(PathBuf),
}

impl CapsuleArgs {
    /// What is asked for, if anything is.
    pub(crate) fn work(&self) -> Option<CapsuleWork> {
        let replay = |text: &String| CapsuleWork::Replay(Location::from(text.as_str()), self.isolated);
        let record = || self.record.clone().map(CapsuleWork::Record);
        self.from_capsule.as_ref().map(replay).or_else(record)
    }
}
