//! What will be run for a person, before anything is.

use std::path::Path;

use common::engine::RunRequest;
use common::report::ImageIdentity;
use common::settings::Settings;

use super::caller::Caller;
use super::dev_pars::{self, DevPars};
use crate::error::Error;

/// The hub's own preparation of an account, in the image.
const HOOK: [&str; 2] = ["/opt/environments/post-start-hook", "off-hub"];

/// What was typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wish {
    /// The image, if one was named.
    pub(crate) image: Option<String>,
    /// Whether nothing is mounted but what the caller's variables ask for.
    pub(crate) is_plain: bool,
    /// Whether the clone's own directories are mounted.
    pub(crate) dev: bool,
    /// Further switches.
    pub(crate) words: Vec<String>,
    /// The command; empty for the image's own.
    pub(crate) command: Vec<String>,
    /// Whether a person talks to it.
    pub(crate) is_interactive: bool,
}

/// The image that is meant. Never just the newest on this machine (D32).
pub(crate) fn image(wish: &Wish, settings: &Settings, caller: &Caller) -> String {
    let named = wish.image.as_ref().or(caller.image.as_ref());
    named.cloned().unwrap_or_else(|| settings.notebook_id())
}

/// One command in a container, and what comes before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    /// What people are told first.
    pub(crate) announcements: Vec<String>,
    /// The hub's hook, in a container of its own.
    pub(crate) hook: Option<RunRequest>,
    /// The command.
    pub(crate) request: RunRequest,
}

impl Plan {
    /// A run of `image` with the configured switches alone.
    pub(crate) fn plain(image: &ImageIdentity, settings: &Settings) -> Self {
        let request = RunRequest {
            image: image.id.to_string(),
            words: settings.run_words(),
            network: settings.network.clone(),
            ..RunRequest::default()
        };
        Self { announcements: Vec::new(), hook: None, request }
    }

    /// What `wish` means, with `dev` and the real path of the home directory, if one is mounted.
    pub(crate) fn new(
        wish: &Wish,
        settings: &Settings,
        caller: &Caller,
        (dev, home): (&DevPars, Option<&Path>),
    ) -> Result<Self, Error> {
        let mut announcements = Vec::new();
        let mut words = caller.words(settings);
        words.extend_from_slice(&wish.words);
        words = dev.appended_to(words);
        if let Some(home) = home {
            announcements.push(format!("SP_HOME: {} is /home/jovyan", home.display()));
            words.extend(dev_pars::mount(home, "/home/jovyan", "")?);
        }
        let mut request = RunRequest {
            image: image(wish, settings, caller),
            words,
            command: HOOK.map(str::to_owned).to_vec(),
            network: settings.network.clone(),
            ..RunRequest::default()
        };
        let hook = caller.hub_init.is_some().then(|| request.clone());
        if hook.is_some() {
            announcements.push(format!("SP_HUB_INIT: running {} first", HOOK[0]));
        }
        if let Some(user) = &caller.user {
            announcements.push(format!("SP_USER: running as {user} in the group users"));
            let switches = ["--user", user, "--group-add", "users"];
            request.words.extend(switches.map(str::to_owned));
        }
        request.command.clone_from(&wish.command);
        Ok(Self { announcements, hook, request })
    }
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
