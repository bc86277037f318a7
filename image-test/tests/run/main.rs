//! `image-test` as its users run it, on engines that only pretend.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(clippy::print_stderr, reason = "a test tells what it skips")]

mod again;
mod bisect;
mod callers;
mod defects;
mod endings;
mod images;
mod lab;
mod native;
#[path = "../support/ran.rs"]
mod ran;
mod results;
mod waivers;
