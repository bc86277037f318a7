//! Whether the times of files can be chosen.

use super::{Engine, Kind};
use crate::console::Console;
use crate::process;

/// How an engine gives one time to all files of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dating {
    /// It does so whenever it is told a time: podman and buildah.
    Always,
    /// Its builder does so on the way out of it: one of docker's that is not the daemon itself.
    Output,
    /// The daemon does so for an archive alone, which it then takes in: docker with images in containerd's store.
    Archive,
    /// It does not: docker with a store of its own takes the wish and passes over it.
    Never,
}

impl Dating {
    /// Whether it can be had.
    #[must_use]
    pub fn is_possible(self) -> bool {
        self != Self::Never
    }
}

/// The first docker whose builder can do it: the daemon of a distribution does not always tell the builder's version.
const FIRST_DOCKER: u32 = 26;

impl Engine {
    /// How builds give one time to all files: docker's builder is asked.
    #[must_use]
    pub fn dating(&self, console: &Console) -> Dating {
        if self.kind != Kind::Docker {
            return Dating::Always;
        }
        let ask = |words: &[&str]| {
            let told = process::capture(&self.call().args(words.iter().copied()), console).ok()?;
            told.exit.is_success().then(|| told.text())
        };
        let builder = (!self.is_legacy()).then(|| ask(&["buildx", "inspect"])).flatten();
        let Some(builder) = builder else { return Dating::Never };
        if !is_daemon(&builder) {
            return if rewrites_times(&builder) { Dating::Output } else { Dating::Never };
        }
        let store = || ask(&["info", "--format", "{{json .DriverStatus}}"]).unwrap_or_default();
        let is_new = first_number(&self.version) >= Some(FIRST_DOCKER);
        if is_new && store().contains("io.containerd.snapshotter") { Dating::Archive } else { Dating::Never }
    }
}

fn first_number(version: &str) -> Option<u32> {
    version.trim_start_matches('v').split('.').next()?.parse().ok()
}

/// The values of the lines `NAME: value` of what `docker buildx inspect` tells.
fn values<'t>(told: &'t str, names: &'t [&str]) -> impl Iterator<Item = &'t str> {
    told.lines().filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        names.contains(&name.trim().to_ascii_lowercase().as_str()).then(|| value.trim())
    })
}

/// Whether the builder is docker's daemon.
fn is_daemon(told: &str) -> bool {
    values(told, &["driver"]).all(|driver| driver == "docker")
}

/// Whether the builders that `docker buildx inspect` tells of all know `rewrite-timestamp`.
fn rewrites_times(told: &str) -> bool {
    let is_new = |version: &str| {
        let mut numbers = version.trim_start_matches('v').split('.').map(|part| part.parse::<u32>().ok());
        let (major, minor) = (numbers.next().flatten(), numbers.next().flatten());
        (major, minor) >= (Some(0), Some(13))
    };
    let versions: Vec<&str> = values(told, &["buildkit", "buildkit version"]).collect();
    !versions.is_empty() && versions.into_iter().all(is_new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_builder_must_be_new_enough_and_say_so() {
        let check = |told: &str, expected: bool| assert_eq!(rewrites_times(told), expected, "{told}");
        check(
            "Name:   default\nDriver: docker\n\nNodes:\nBuildKit version: v0.13.1\nPlatforms: linux/amd64",
            true,
        );
        check("Buildkit: v0.12.5\n", false);
        check("BuildKit version: v0.17.0\nBuildKit version: v0.11.2\n", false);
        check("Buildkit: 1.0.0\n", true);
        check("Name: default\nStatus: running\n", false);
        check("Buildkit: unknown\n", false);
    }

    /// The daemon's own builder takes `rewrite-timestamp`, and either does nothing of it or fails.
    #[test]
    fn the_daemon_is_no_builder_that_dates_what_it_keeps() {
        let check = |told: &str, expected: bool| assert_eq!(is_daemon(told), expected, "{told}");
        check("Name:   default\nDriver: docker\nNodes:\nBuildKit version: v0.25.1\n", true);
        check("Name:   b\nDriver: docker-container\nNodes:\nBuildKit version: v0.25.1\n", false);
        check("Name:   b\nDriver: kubernetes\n", false);
        assert_eq!(
            [first_number("28.5.2+dfsg4"), first_number("20.10.24"), first_number("x")],
            [Some(28), Some(20), None]
        );
    }
}
