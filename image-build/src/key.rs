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

pub(crate) use chain::Chain;
pub(crate) use forecast::{Forecast, Outlook, Reason, Step, Steps};
pub(crate) use input::Input;
pub(crate) use outputs::Outputs;
pub(crate) use record::{Followed, Record, Records, place};
pub(crate) use shown::ShownForecast;

/// The label of an image that holds its key.
pub(crate) const LABEL: &str = "image-tools.key";
