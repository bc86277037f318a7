//! `image-test` on the engines that are really here. Each that is not is skipped, and says so.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(clippy::print_stderr, reason = "a test tells what it skips")]

mod bisect;
mod lab;
mod native;
#[path = "../support/ran.rs"]
mod ran;
mod root;
mod scripts;
