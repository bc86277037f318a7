//! A registry, as far as a delivery needs one: is the blob there, take this blob, take this manifest
//! under this tag, and what is under this tag now.
//!
//! Credentials come from docker's configuration and its helpers, go to the registry and to the token
//! service it names, and appear nowhere else.

mod challenge;
mod client;
mod credentials;
mod download;
mod error;
mod manifests;
mod referrers;
mod repository;
mod retry;
mod upload;

pub use client::Client;
pub use error::RegistryError;
pub use repository::{BadRepository, Repository};
