//! Where a run works: the mission in its repository, what is known about images, and the lock.

use std::path::PathBuf;
use std::time::Duration;

use common::console::Console;
use common::deployment::{self, Deployment};
use common::document::Document;
use common::evidence::Store;
use common::lock::Lock;
use common::report::ImageIdentity;
use common::session::Session;
use common::settings::Settings;
use common::state_dir::StateDir;
use common::subject;

use crate::error::Error;

/// How long another run may keep us waiting.
const PATIENCE: Duration = Duration::from_mins(10);

/// The mission in its repository.
#[derive(Clone, Debug)]
pub struct Workplace {
    /// The inputs.
    pub settings: Settings,
    /// The mission's part of the repository.
    pub deployment: Deployment,
    /// What was handed on.
    document: Document,
}

impl Workplace {
    /// The place that `session`'s settings name.
    ///
    /// # Errors
    /// There is no such mission.
    pub fn of(session: &Session) -> Result<Self, Error> {
        let settings = session.document.settings.clone();
        deployment::mission(&settings.root, settings.deployment.as_str())?;
        Ok(Self { deployment: settings.deployment(), settings, document: session.document.clone() })
    }

    /// What is known about images.
    #[must_use]
    pub fn evidence(&self) -> Store {
        Store::in_state(&self.settings.state_dir())
    }

    /// The image that the release is about: the one that the document's last build made, else the
    /// one last built in this clone. Never what a name happens to mean.
    ///
    /// # Errors
    /// The note of the last build is damaged.
    pub fn image(&self) -> Result<Option<ImageIdentity>, Error> {
        Ok(subject::recorded(&self.document, &self.evidence())?)
    }

    /// The docker context that has that image; none where the environment leads to it.
    ///
    /// # Errors
    /// The note of the last build is damaged.
    pub fn context(&self) -> Result<Option<String>, Error> {
        Ok(subject::context(None, &self.document, &self.evidence())?)
    }

    /// Takes the lock of all who change versions, commits, tags or deliveries.
    ///
    /// # Errors
    /// It cannot be had.
    pub fn lock(&self, console: &Console) -> Result<Lock, Error> {
        let state = StateDir::open(&self.settings.root)?;
        Ok(Lock::take(&state.dir("locks")?.join("release"), PATIENCE, console)?)
    }

    /// Where images are delivered to if nothing else is said.
    #[must_use]
    pub fn deliveries(&self) -> PathBuf {
        self.settings.state_dir().join("delivery")
    }
}
