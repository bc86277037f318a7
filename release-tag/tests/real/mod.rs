//! Debian's `docker-registry`, where there is one.

#![allow(dead_code, unused_imports, reason = "each test program uses its own part")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

pub use common::testing::{Registry as Real, free_port};

/// What is at `path` in the repository that the tests deliver to.
pub fn fetch(registry: &Real, path: &str) -> serde_json::Value {
    let url = format!("http://{}/v2/stsci/roman/{path}", registry.host);
    let client = reqwest::blocking::Client::builder().no_proxy().build().unwrap();
    let kinds = ["index", "manifest"].map(|kind| format!("application/vnd.oci.image.{kind}.v1+json"));
    let answer = client.get(url).header("Accept", kinds.join(", ")).send().unwrap();
    serde_json::from_slice(&answer.bytes().unwrap()).unwrap()
}
