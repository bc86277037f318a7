//! Builds a mission's image chain.
mod dockerfile;
fn main() {}
