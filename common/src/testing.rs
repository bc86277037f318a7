//! What the tools' tests share: container engines that only pretend, and a deployments repository.
//!
//! Nothing here is part of a tool. A crate's tests switch it on with
//! `common = { workspace = true, features = ["testing"] }` among the development dependencies.
//! Whatever goes wrong panics: in a test that is the answer.

#![allow(clippy::missing_panics_doc, reason = "a panic is how a test fails")]
#![allow(clippy::must_use_candidate, reason = "what is prepared has an id that not every test needs")]

mod call;
pub mod closure;
mod engine;
mod image;
mod programs;
mod registry;
mod repository;
mod results;
mod schema;

pub use call::Call;
pub use engine::FakeEngine;
pub use programs::{engine_variables, plain_programs, program};
pub use registry::{Registry, free_port};
pub use repository::Repository;
pub use results::{built, tested};
pub use schema::committed_schema;
