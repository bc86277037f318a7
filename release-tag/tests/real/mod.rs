//! Debian's `docker-registry`, where there is one.

pub use common::testing::{Registry as Real, free_port};
