//! A registry, as far as a delivery needs one: is the blob there, take this blob, take this manifest
//! under this tag, and what is under this tag now.
//!
//! Credentials come from docker's configuration and its helpers, go to the registry and to the token
//! service it names, and appear nowhere else.

mod access;
mod begun;
mod challenge;
mod client;
mod credentials;
mod download;
mod error;
mod manifests;
mod piece;
mod proxies;
mod referrers;
mod repository;
mod upload;

pub use access::Access;
pub use begun::Begun;
pub use client::Client;
pub use error::RegistryError;
pub use piece::{PIECE, size_parser};
pub use repository::{BadRepository, Reference, Repository};
