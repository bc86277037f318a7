//! placeholder
#![allow(dead_code, unused_imports)]
mod oci;
mod registry;
fn main() {}
