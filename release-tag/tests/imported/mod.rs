//! A release of a real image, in a real engine.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(clippy::print_stderr, reason = "what is skipped is told")]

use std::fs;

use common::console::Console;
use common::engine::{self, Engine};
use common::settings::EngineChoice;
use common::testing::engine_variables;

use super::support::Release;

/// What real engines need of the environment.
const NEEDED: [&str; 5] = ["PATH", "HOME", "CONTAINERS_STORAGE_CONF", "CONTAINERS_CONF", "XDG_RUNTIME_DIR"];

/// A release whose image is in an engine. It is removed in the end.
pub struct Imported {
    pub release: Release,
    engine: Engine,
}

impl Imported {
    /// None where there is no such engine.
    pub fn into(choice: EngineChoice) -> Option<Self> {
        let engine = match engine::choose(choice, &Console::silent()) {
            Ok(engine) => engine,
            Err(error) => {
                eprintln!("skipped: {choice}: {error}");
                return None;
            }
        };
        let mut release = Release::ready();
        release.name = format!("release-tag-test-{choice}-{}:1", std::process::id());
        release.id = make(&engine, &release.name, b"delivered");
        release.repository.configure(|settings| settings.engine = choice);
        let told = NEEDED.iter().filter_map(|name| Some(((*name).to_owned(), std::env::var_os(name)?)));
        release.env.extend(told);
        release
            .env
            .extend(engine_variables().filter_map(|(name, value)| Some((name.into_string().ok()?, value))));
        let imported = Self { release, engine };
        imported.release.settle();
        Some(imported)
    }
}

impl Drop for Imported {
    fn drop(&mut self) {
        _ = self.engine.remove_image(&self.release.name, &Console::silent());
    }
}

/// An image of one file, made from nothing.
fn make(engine: &Engine, name: &str, content: &[u8]) -> common::digest::Digest {
    let dir = tempfile::tempdir().unwrap();
    let archive = dir.path().join("root.tar");
    let mut tar = tar::Builder::new(fs::File::create(&archive).unwrap());
    let mut header = tar::Header::new_gnu();
    header.set_size(content.len() as u64);
    header.set_mode(0o644);
    tar.append_data(&mut header, "content", content).unwrap();
    tar.into_inner().unwrap();
    let console = Console::silent();
    engine.import(&archive, name, &console).unwrap();
    engine.inspect(name, &console).unwrap().unwrap().id
}
