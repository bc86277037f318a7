//! The environments of a mission, by name.

use common::deployment::{self, Deployment};
use common::fault::Status;
use common::session;
use common::settings::Settings;

use crate::error::Error;

/// Prints the names on one line, sorted, for scripts to split.
pub fn print(mission: Option<&str>, settings: &Settings) -> Result<Status, Error> {
    let name = mission.unwrap_or_else(|| settings.deployment.as_str());
    let mission = deployment::mission(&settings.root, name)?;
    let environments = Deployment::new(&settings.root, &mission).environments()?;
    session::print(&format!("{}\n", environments.join(" ")))?;
    Ok(Status::Done)
}
