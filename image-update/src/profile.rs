//! Sources that this tool knows by itself, for environments whose script it replaces.

use common::digest::Digest;
use common::sources::Sources;

/// A script, by its SHA-256, and the sources that do what it did.
struct Profile {
    name: &'static str,
    scripts: &'static [&'static str],
    sources: &'static str,
}

const PROFILES: [Profile; 1] = [Profile {
    name: "roman-cal",
    scripts: &["ac6143d8a85ae33018f40b97ed51505edfa62dcc8431ef349ee9046ddb85de59"],
    sources: include_str!("../profiles/roman-cal.json"),
}];

/// The profile that takes the place of an `update-requirements` with this content, with its name.
pub fn of_script(content: &[u8]) -> Option<(&'static str, Sources)> {
    let digest = Digest::of(content);
    let profile = PROFILES.iter().find(|profile| profile.scripts.contains(&digest.hex()))?;
    Some((profile.name, sources(profile)))
}

fn sources(profile: &Profile) -> Sources {
    Sources::parse(profile.sources.as_bytes(), profile.name).expect("a profile of ours is well formed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_profile_can_be_read_and_only_known_scripts_have_one() {
        for profile in &PROFILES {
            assert!(sources(profile).modes.release.is_some(), "{}", profile.name);
        }
        assert!(of_script(b"#!/bin/sh\n").is_none());
    }

    /// What the documented script does for a release and for the newest state.
    #[test]
    fn d12c_the_roman_profile_leaves_no_development_list_in_a_release() {
        let sources = sources(&PROFILES[0]);
        let release = sources.mode(&"0.13.0".parse().unwrap()).unwrap();
        let absent: Vec<&str> = sources.absent(release).iter().map(|name| name.as_str()).collect();
        assert_eq!(absent, ["romancal-dev-st.pip", "romancal-dev-thirdparty.pip"]);
        let latest = sources.mode(&"latest".parse().unwrap()).unwrap();
        let absent: Vec<&str> = sources.absent(latest).iter().map(|name| name.as_str()).collect();
        assert_eq!(absent, ["roman-cal.explicit"]);
    }
}
