//! What a build itself wrote into the mission's directory: frozen and chilly specs.

use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use common::settings::UseFrozen;

use super::input::Input;
use super::manifest::{Difference, Manifest};
use crate::dockerfile::{Taken, selected_files};

/// The directories that image-freeze writes.
const WRITTEN: [&str; 2] = ["env-frozen", "env-chilly"];

/// What stood in the directories that image-freeze writes, when a build had ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Outputs(Manifest);

impl Outputs {
    /// What stands in them now; `mission` is the mission's directory.
    pub(crate) fn read(mission: &Path) -> io::Result<Self> {
        let mut manifest = Manifest::default();
        for dir in WRITTEN {
            let at = mission.join(dir);
            if at.is_dir() {
                for path in selected_files(&at, &Taken::Everything, "")? {
                    manifest.add_file(mission, format!("{dir}/{path}"))?;
                }
            }
        }
        Ok(Self(manifest))
    }

    /// Whether `difference` is nothing but what the build itself wrote, and builds in this mode do
    /// not go by it: the image then holds the older specs, as files that nobody reads.
    pub(crate) fn explain(&self, difference: &Difference, mode: UseFrozen) -> bool {
        let Input::File(path) = &difference.input else { return false };
        let unread: &[&str] = match mode {
            UseFrozen::Floating => &WRITTEN,
            UseFrozen::Chilly => &WRITTEN[..1],
            UseFrozen::Frozen => &[],
        };
        let top = path.split('/').next().unwrap_or_default();
        unread.contains(&top) && self.0.get(&difference.input) == difference.now.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(path: &str, now: Option<&str>) -> Difference {
        let now = now.map(str::to_owned);
        Difference { input: Input::File(path.to_owned()), before: Some("file 0".to_owned()), now }
    }

    #[test]
    fn what_the_build_froze_is_no_reason_to_build_again() {
        let mut outputs = Outputs::default();
        outputs.0.set(Input::File("env-frozen/a/requirements.txt".to_owned()), "file 1");
        let same = changed("env-frozen/a/requirements.txt", Some("file 1"));
        assert!(outputs.explain(&same, UseFrozen::Floating) && outputs.explain(&same, UseFrozen::Chilly));
        assert!(!outputs.explain(&same, UseFrozen::Frozen), "this is what such a build is made of");
        let edited = changed("env-frozen/a/requirements.txt", Some("file 2"));
        assert!(!outputs.explain(&edited, UseFrozen::Floating));
        assert!(outputs.explain(&changed("env-frozen/gone", None), UseFrozen::Floating));
        assert!(!outputs.explain(&changed("environments/a", None), UseFrozen::Floating));
        assert!(!outputs.explain(&changed("env-chilly/gone", None), UseFrozen::Chilly));
    }

    #[test]
    fn what_is_there_is_read() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(Outputs::read(dir.path()).unwrap(), Outputs::default());
        std::fs::create_dir_all(dir.path().join("env-frozen/base")).unwrap();
        std::fs::write(dir.path().join("env-frozen/base/a"), "x").unwrap();
        assert_ne!(Outputs::read(dir.path()).unwrap(), Outputs::default());
    }
}
