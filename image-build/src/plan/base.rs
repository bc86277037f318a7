//! Where the base image comes from.

use std::path::PathBuf;

use common::engine::BuildRequest;
use common::settings::{BaseImage, Generation, Owner, UseFrozen};

use super::{Maker, pair};
use crate::dockerfile::{CUTOFF_VARIABLE, Edits};
use crate::stage::CACHED;

/// The images of that source that lie upon each other, lowest first.
const STACK: [&str; 4] = ["docker-stacks-foundation", "base-notebook", "minimal-notebook", "scipy-notebook"];

/// Where the base image comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum BasePlan {
    /// A registry, or what the engine already has.
    Pull {
        /// The image.
        reference: String,
        /// What of it is wanted.
        wanted: Wanted,
    },
    /// The docker-stacks source.
    Source(SourcePlan),
    /// This machine's Debian packages.
    Bootstrap {
        /// The name that the image gets.
        tag: String,
        /// Whether to make it again even if it is there.
        refresh: bool,
    },
}

/// How new an image that is pulled has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// The one that is here, if there is one.
    Here,
    /// The one that is here, whatever was locked: it came out of a capsule.
    Given,
    /// The newest if it can be had, else the one that is here.
    Newer,
    /// The newest, or no build.
    Newest,
}

/// A base image from source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SourcePlan {
    /// Where the source comes from.
    pub(crate) url: String,
    /// A clone of the user's that may spare a download; it is only read.
    pub(crate) reference: Option<PathBuf>,
    /// Which commit is built.
    pub(crate) commit: Commit,
    /// Where the commit is written down once the whole build succeeded.
    pub(crate) record: Option<PathBuf>,
    /// The image below all others.
    pub(crate) root_image: String,
    /// The images, lowest first; their contexts are relative to the source.
    pub(crate) images: Vec<BuildRequest>,
    /// What is changed in the Dockerfiles.
    pub(crate) edits: Edits,
    /// Whether each image's name goes as soon as the next one is built upon it.
    pub(crate) removes_lower: bool,
    /// Whether all that nobody uses goes at the end.
    pub(crate) prunes: bool,
}

/// Which commit of the source is built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Commit {
    /// The newest of the main branch.
    Main,
    /// The one that this file names (D14: the original built the newest if it was missing).
    Recorded(PathBuf),
}

impl Maker<'_> {
    pub(super) fn base(&self) -> BasePlan {
        let settings = self.settings;
        let refresh = self.choices.refresh_base;
        let reference = settings.base_reference();
        if settings.base_image == Some(BaseImage::Bootstrap) {
            BasePlan::Bootstrap { tag: reference, refresh }
        } else if let Some(height) = self.height_in_stack(&reference) {
            BasePlan::Source(self.source(height))
        } else {
            let wanted = match settings.use_frozen {
                _ if refresh => Wanted::Newest,
                UseFrozen::Frozen => Wanted::Here,
                UseFrozen::Floating | UseFrozen::Chilly => Wanted::Newer,
            };
            BasePlan::Pull { reference, wanted }
        }
    }

    /// How many images of the stack it takes to build `reference` from source; none if it is pulled.
    /// The generation of 2024 builds the whole stack or nothing.
    fn height_in_stack(&self, reference: &str) -> Option<usize> {
        let name = reference.strip_prefix(&format!("{}/", Owner::Spacetelescope))?;
        let height = STACK.iter().position(|known| *known == name)? + 1;
        let built = match self.settings.generation {
            Generation::Chilly => height == STACK.len(),
            Generation::Newest => height + 1 >= STACK.len(),
        };
        built.then_some(height)
    }

    fn source(&self, height: usize) -> SourcePlan {
        let settings = self.settings;
        let record = settings.deployment().frozen_dir().join("docker-stacks.hash");
        let frozen = settings.use_frozen == UseFrozen::Frozen;
        let edits = Edits {
            ca: self.bundle().is_some(),
            // The commit says what is in it, so layers are kept until somebody wants new ones.
            cutoff: self.choices.refresh_base,
            ..Edits::default()
        };
        SourcePlan {
            url: self.choices.docker_stacks_url.clone(),
            reference: self.choices.docker_stacks_clone.clone(),
            record: (settings.freeze_chill && !frozen).then(|| record.clone()),
            commit: if frozen { Commit::Recorded(record) } else { Commit::Main },
            root_image: format!("ubuntu:{}", settings.ubuntu_tag),
            images: STACK[..height].iter().map(|name| self.stack_image(name, &edits)).collect(),
            edits,
            removes_lower: self.repacks(),
            prunes: settings.generation == Generation::Newest && self.choices.on_github,
        }
    }

    /// The argument for the image below is added when the Dockerfile is read, which knows its name.
    fn stack_image(&self, name: &str, edits: &Edits) -> BuildRequest {
        let tag = format!("{}/{name}:latest", self.settings.owner);
        let mut request = self.request("", tag, Vec::new());
        if self.settings.generation == Generation::Newest && name == STACK[0] {
            request.arguments.push(pair("PYTHON_VERSION", &self.settings.base_python_version));
        }
        request.context = PathBuf::from("images").join(name);
        if edits.cutoff {
            request.arguments.push(pair(CUTOFF_VARIABLE, self.choices.cutoff.to_string()));
        }
        if *edits == Edits::default() {
            "Dockerfile".clone_into(&mut request.dockerfile);
        } else {
            CACHED.clone_into(&mut request.dockerfile);
        }
        self.trust(&mut request);
        request
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::tests::{choices, docker, roman};
    use crate::plan::{Choices, Plan};
    use common::settings::Settings;
    use std::path::Path;

    #[test]
    fn a_frozen_build_takes_the_base_that_is_there() {
        let mut settings = roman();
        let reference = "quay.io/jupyter/scipy-notebook".to_owned();
        let plan = Plan::new(&settings, &choices(), &docker()).base;
        assert_eq!(plan, BasePlan::Pull { reference: reference.clone(), wanted: Wanted::Newer });
        settings.use_frozen = UseFrozen::Frozen;
        let plan = Plan::new(&settings, &choices(), &docker()).base;
        assert_eq!(plan, BasePlan::Pull { reference: reference.clone(), wanted: Wanted::Here });
        let choices = Choices { refresh_base: true, ..choices() };
        let plan = Plan::new(&settings, &choices, &docker()).base;
        assert_eq!(plan, BasePlan::Pull { reference, wanted: Wanted::Newest });
    }

    fn source(mode: UseFrozen, freeze: bool) -> SourcePlan {
        let mut settings = roman();
        settings.owner = Owner::Spacetelescope;
        (settings.use_frozen, settings.freeze_chill) = (mode, freeze);
        let BasePlan::Source(plan) = Plan::new(&settings, &choices(), &docker()).base else {
            panic!("not from source")
        };
        plan
    }

    /// D13, D14: the commit was lost by every freeze, and without it the newest was built.
    #[test]
    fn d13_d14_the_commit_is_written_by_floating_builds_and_read_by_frozen_ones() {
        let hash = PathBuf::from("/r/deployments/roman/env-frozen/docker-stacks.hash");
        let plan = source(UseFrozen::Floating, true);
        assert_eq!((plan.commit, plan.record), (Commit::Main, Some(hash.clone())));
        assert_eq!(source(UseFrozen::Floating, false).record, None);
        let plan = source(UseFrozen::Frozen, true);
        assert_eq!((plan.commit, plan.record), (Commit::Recorded(hash), None));
    }

    #[test]
    fn the_newest_generation_builds_as_high_as_it_needs() {
        let plan = |notebook: &str| {
            let mut settings =
                Settings::of_generation(Generation::Newest, Path::new("/r"), "roman".parse().unwrap());
            notebook.clone_into(&mut settings.base_notebook);
            Plan::new(&settings, &choices(), &docker()).base
        };
        let height = |notebook| match plan(notebook) {
            BasePlan::Source(source) => {
                assert_eq!(source.images[0].arguments, [pair("PYTHON_VERSION", "3.12")]);
                Some(source.images.len())
            }
            _ => None,
        };
        assert_eq!(height("minimal-notebook"), Some(3));
        assert_eq!(height("scipy-notebook"), Some(4));
        assert_eq!(height("pytorch-notebook"), None, "it is not part of the stack, and pulled");
    }

    #[test]
    fn the_stack_is_built_from_the_bottom() {
        let plan = source(UseFrozen::Floating, false);
        let tags: Vec<&str> = plan.images.iter().map(|image| image.tag.as_str()).collect();
        assert_eq!(
            tags,
            [
                "spacetelescope/docker-stacks-foundation:latest",
                "spacetelescope/base-notebook:latest",
                "spacetelescope/minimal-notebook:latest",
                "spacetelescope/scipy-notebook:latest",
            ]
        );
        assert_eq!(plan.root_image, "ubuntu:20.04");
        assert_eq!(plan.images[0].dockerfile, "Dockerfile", "nothing to change, nothing changed");
    }
}
