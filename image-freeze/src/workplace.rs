//! Where a run works: the mission in its repository, and the clone's own directory with the lock.

use std::path::PathBuf;
use std::time::Duration;

use common::console::Console;
use common::deployment::{self, Deployment};
use common::evidence::Store;
use common::lock::Lock;
use common::session::Session;
use common::state_dir::StateDir;
use common::tree;

use crate::error::Error;
use crate::told::Programs;

/// How long another run may keep us waiting: longer than any run takes, shorter than patience.
const PATIENCE: Duration = Duration::from_mins(2);

/// The mission and the clone's own directory.
#[derive(Debug)]
pub(crate) struct Workplace {
    /// The mission's part of the repository.
    pub deployment: Deployment,
    state: StateDir,
}

impl Workplace {
    /// The place that `session`'s settings name.
    ///
    /// # Errors
    /// There is no such mission, or `.image` cannot be made.
    pub(crate) fn of(session: &Session) -> Result<Self, Error> {
        let settings = &session.document.settings;
        deployment::mission(&settings.root, settings.deployment.as_str())?;
        Ok(Self { deployment: settings.deployment(), state: StateDir::open(&settings.root)? })
    }

    /// What is known about images.
    pub(crate) fn evidence(&self) -> Store {
        Store::in_state(self.state.path())
    }

    /// What programs told of themselves.
    pub(crate) fn programs(&self) -> Programs {
        Programs::in_state(self.state.path())
    }

    /// Takes the lock of all who write the mission's frozen trees, and clears away what a killed
    /// run left; gives the directory for staging with it.
    ///
    /// # Errors
    /// The lock cannot be had.
    pub(crate) fn begin(&self, console: &Console) -> Result<(Lock, PathBuf), Error> {
        let lock = Lock::take(&self.state.dir("locks")?.join("freeze"), PATIENCE, console)?;
        // A directory of our own: what others stage is guarded by other locks.
        let stage = self.state.dir("stage/freeze")?;
        tree::sweep(&stage);
        Ok((lock, stage))
    }
}
