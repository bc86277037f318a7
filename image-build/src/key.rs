//! Content keys: what an image is made of, as one digest, and what of it changed since it was built.
//!
//! A key is the digest of a [`Manifest`]: the Dockerfile, exactly those files that its COPY, ADD and
//! mounts take, build arguments, the settings that matter, and the key of the image below. Of a
//! file its path, its bytes and git's own executable bit count; other mode bits, times, owners and
//! where the clone stands do not.

mod chain;
mod forecast;
mod input;
mod manifest;
mod outputs;
mod record;
mod shown;
mod switches;
mod times;

pub(crate) use chain::Chain;
pub(crate) use forecast::{Forecast, Outlook, Reason, Step, Steps};
pub(crate) use input::Input;
pub(crate) use outputs::Outputs;
pub(crate) use record::{Followed, Record, Records, place};
pub(crate) use shown::{ShownForecast, together};
pub(crate) use times::{Cached, Times};

/// The label of an image that holds its own key.
pub(crate) const LABEL: &str = "image-tools.key";

/// The label that holds the key of the image of `step` in it and in all that is built upon it: engines
/// hand labels on, so it tells what an image really stands upon, whoever gave a name away meanwhile.
pub(crate) const fn label_below(step: Step) -> Option<&'static str> {
    match step {
        Step::Common => Some("image-tools.key.common"),
        Step::Mission => Some("image-tools.key.mission"),
        Step::Base | Step::Caches => None,
    }
}
