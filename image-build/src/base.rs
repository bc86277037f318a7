//! Base images: pulled, built from source, or made from this machine's own packages.

pub(crate) mod apt_sources;
pub(crate) mod bootstrap;
pub(crate) mod rootfs;
pub(crate) mod source;
