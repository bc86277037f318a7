//! placeholder
#![allow(dead_code, unused_imports)]
mod oci;
fn main() {}
