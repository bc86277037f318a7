//! An engine that is really here, and images in it.

use std::cell::RefCell;
use std::fs;
use std::process::Command;

use common::console::Console;
use common::engine::{Engine, choose};
use common::settings::EngineChoice;
use common::testing::Repository;

use crate::ran::Ran;

/// A repository, an engine, and the images that a test makes in it. Removed at the end.
pub(crate) struct Lab {
    pub(crate) repository: Repository,
    choice: EngineChoice,
    engine: Engine,
    name: String,
    kinds: RefCell<Vec<&'static str>>,
}

impl Lab {
    pub(crate) fn new(choice: EngineChoice) -> Option<Self> {
        let console = Console::silent();
        let engine = match choose(choice, &console) {
            Ok(engine) => engine,
            Err(error) => {
                eprintln!("skipped: {error}");
                return None;
            }
        };
        let repository = Repository::new();
        repository.configure(|settings| {
            settings.engine = choice;
            // Nothing here needs a network, and not every machine can make one for a container.
            settings.network = Some("host".to_owned());
        });
        let name = format!("image-test-{choice}-{}", std::process::id());
        let lab = Self { repository, choice, engine, name, kinds: RefCell::default() };
        Some(lab)
    }

    /// Makes the image `kind` of a root file system in a tar.
    pub(crate) fn import(&self, kind: &'static str, tar: &[u8]) {
        let file = self.repository.at(&format!("{kind}.tar"));
        fs::write(&file, tar).unwrap();
        self.engine.import(&file, &self.image(kind), &Console::silent()).unwrap();
        self.kinds.borrow_mut().push(kind);
    }

    pub(crate) fn image(&self, kind: &str) -> String {
        format!("{}-{kind}:latest", self.name)
    }

    pub(crate) fn run(&self, kind: &str, args: &[&str]) -> Ran {
        eprintln!("{}: {kind} {args:?}", self.choice);
        let mut command = Command::new(env!("CARGO_BIN_EXE_image-test"));
        command.args(["--image", &self.image(kind)]).args(args).current_dir(self.repository.root());
        Ran(command.env_remove("JUPYTERHUB_DIR").env_remove("EXEC_ID").output().unwrap())
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        for kind in self.kinds.take() {
            _ = self.engine.remove_image(&self.image(kind), &Console::silent());
        }
    }
}
