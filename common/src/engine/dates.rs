//! Whether the times of files can be chosen.

use super::{Engine, Kind};
use crate::console::Console;
use crate::process;

impl Engine {
    /// Whether builds can give one time to all files: podman and buildah do it, docker's builder from 0.13 on,
    /// and it is that builder which is asked.
    #[must_use]
    pub fn dates_files(&self, console: &Console) -> bool {
        if self.kind != Kind::Docker {
            return true;
        }
        let call = self.call().args(["buildx", "inspect"]);
        !self.is_legacy()
            && process::capture(&call, console)
                .is_ok_and(|told| told.exit.is_success() && rewrites_times(&told.text()))
    }
}

/// Whether the builders that `docker buildx inspect` tells of all know `rewrite-timestamp`.
fn rewrites_times(told: &str) -> bool {
    let version = |line: &str| {
        let (name, version) = line.split_once(':')?;
        let name = name.trim().to_ascii_lowercase();
        ["buildkit", "buildkit version"].contains(&name.as_str()).then(|| version.trim().to_owned())
    };
    let is_new = |version: &String| {
        let mut numbers = version.trim_start_matches('v').split('.').map(|part| part.parse::<u32>().ok());
        let (major, minor) = (numbers.next().flatten(), numbers.next().flatten());
        (major, minor) >= (Some(0), Some(13))
    };
    let versions: Vec<String> = told.lines().filter_map(version).collect();
    !versions.is_empty() && versions.iter().all(is_new)
}

#[cfg(test)]
mod tests {
    use super::rewrites_times;

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
}
