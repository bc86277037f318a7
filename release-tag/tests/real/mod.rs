//! Debian's `docker-registry`, where there is one.

#![allow(unused_imports, reason = "not every test file uses all of it")]

pub use common::testing::{Registry as Real, free_port};
