//! Writing the generated Dockerfile.

use std::fs;

use common::console::Console;
use common::digest::Digest;
use common::generated::Generated;
use common::report::Written;
use common::settings::Settings;
use common::state_dir::StateDir;
use common::state_file;

use crate::error::Error;

/// Writes the Dockerfile if it is not as it must be. One that we did not generate is kept aside.
pub fn write(
    generated: &Generated,
    settings: &Settings,
    state: &StateDir,
    console: &Console,
) -> Result<Written, Error> {
    let record = state.dir("generated")?.join(format!("{}-Dockerfile", settings.deployment));
    let digest = Digest::of(&generated.content);
    if let Ok(old) = fs::read(&generated.path)
        && old != generated.content
    {
        let ours = fs::read_to_string(&record).is_ok_and(|known| known == Digest::of(&old).as_str());
        if !ours {
            let kept = state.keep(&format!("{}-Dockerfile", settings.deployment), &old)?;
            console.notice(format_args!(
                "{} differed from Dockerfile.custom + Dockerfile.trailer; it is kept as {}",
                generated.path.display(),
                kept.display()
            ));
        }
    }
    let change = state_file::replace(&generated.path, &generated.content, 0o644)?;
    state_file::replace(&record, digest.as_str().as_bytes(), 0o644)?;
    Ok(change.into())
}
