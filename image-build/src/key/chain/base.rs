//! What the base image is made of, wherever it comes from.

use std::collections::BTreeMap;

use common::settings::UseFrozen;

use super::Chain;
use crate::base::bootstrap;
use crate::base::source::recorded;
use crate::dockerfile::{CA_VARIABLES, CUTOFF_VARIABLE};
use crate::key::input::{CUTOFF, Input};
use crate::key::manifest::Manifest;
use crate::key::switches::sift;
use crate::plan::{BasePlan, Commit, SourcePlan, Wanted};

impl Chain {
    /// What the base image is, as far as we decide it.
    pub(crate) fn base(&self) -> Manifest {
        let mut manifest = Manifest::default();
        let mut set = |name: &str, value: &str| manifest.set(Input::setting(name), value);
        match &self.plan.base {
            BasePlan::Pull { reference, wanted } => {
                set("reference", reference);
                if let Some(platform) = self.platform() {
                    set("platform", &platform);
                }
                if self.plan.use_frozen != UseFrozen::Frozen {
                    set(CUTOFF, &self.cutoff);
                } else if let Some(pinned) = self.pinned.as_ref().filter(|_| *wanted == Wanted::Here) {
                    // A refreshed base is not the locked one, which the next build takes again.
                    set("locked", pinned);
                }
            }
            BasePlan::Bootstrap { tag, .. } => {
                set("reference", tag);
                // Where there is none, making the base will say why.
                set("recipe", &bootstrap::recipe_key().unwrap_or_default());
            }
            BasePlan::Source(source) => self.source(source, &mut set),
        }
        manifest
    }

    fn source(&self, source: &SourcePlan, set: &mut dyn FnMut(&str, &str)) {
        set("source", &source.url);
        set("root image", &source.root_image);
        match &source.commit {
            Commit::Main => set(CUTOFF, &self.cutoff),
            Commit::Recorded(file) => {
                // Where there is none, making the base will say why.
                set("commit", &recorded(file).unwrap_or_default());
            }
        }
        for image in &source.images {
            let mut arguments: BTreeMap<String, String> = BTreeMap::new();
            let rest = sift(&image.words, &mut arguments);
            arguments.extend(image.arguments.iter().cloned());
            // When it is asked for once more, it is the same image that is asked for.
            arguments.retain(|name, _| name != CUTOFF_VARIABLE && !CA_VARIABLES.contains(&name.as_str()));
            let arguments: Vec<String> =
                arguments.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
            set(&image.tag, &arguments.join(" "));
            set("switches", &rest.join(" "));
        }
    }

    /// The machine that images are for, where that is said: engines pull another one then.
    fn platform(&self) -> Option<String> {
        let words = sift(&self.plan.common.request.words, &mut BTreeMap::new()).into_iter();
        let said = words.skip_while(|word| *word != "--platform").nth(1).map(str::to_owned);
        said.or_else(|| std::env::var("DOCKER_DEFAULT_PLATFORM").ok().filter(|value| !value.is_empty()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use common::digest::Digest;
    use common::settings::Settings;
    use common::testing::Repository;

    fn base(change: impl FnOnce(&mut Settings)) -> Digest {
        let repository = Repository::new();
        let mut settings = crate::plan::tests::roman();
        repository.root().clone_into(&mut settings.root);
        change(&mut settings);
        Chain::read(&settings, &crate::plan::tests::choices()).unwrap().base().key()
    }

    /// A base of other switches was taken for the one that was asked for.
    #[test]
    fn a_base_is_of_the_switches_that_it_is_built_with_and_of_its_platform() {
        use common::settings::Owner;
        let with = |owner, words: &str| {
            base(|settings| {
                settings.owner = owner;
                settings.docker_build_args = Some(words.to_owned());
            })
        };
        let plain = with(Owner::Spacetelescope, "--rm");
        assert_eq!(with(Owner::Spacetelescope, "--rm --progress=plain"), plain);
        for words in ["--rm --squash", "--rm --build-arg X=1", "--rm --platform linux/arm64"] {
            assert_ne!(with(Owner::Spacetelescope, words), plain, "{words}");
        }
        let pulled = with(Owner::QuayJupyter, "--rm");
        assert_eq!(with(Owner::QuayJupyter, "--rm --squash"), pulled, "it is not built here");
        assert_ne!(with(Owner::QuayJupyter, "--platform=linux/arm64"), pulled);
    }
}
