//! What will be built, from the settings alone: no engine is asked and nothing is read or written.

mod base;
mod cache_place;
mod shown;

use std::path::PathBuf;

use jiff::Timestamp;

use common::engine::{BuildRequest, Capabilities, Engine, Kind, Secret};
use common::settings::{Generation, Settings, UseFrozen};

use crate::dockerfile::{CA_TARGET, CA_VARIABLES, CUTOFF_VARIABLE, Edits};
use crate::stage::CACHED;

pub(crate) use base::{BasePlan, Commit, SourcePlan, Wanted};
pub(crate) use cache_place::references as cache_references;
pub(crate) use shown::{ShownPlan, assumed_engine};

/// What a call adds to the settings.
#[derive(Clone, Debug)]
pub(crate) struct Choices {
    /// Whether image-update runs first.
    pub(crate) update: bool,
    /// The moment that a floating build solves against.
    pub(crate) cutoff: Timestamp,
    /// Whether a base image that this clone made is made again.
    pub(crate) refresh_base: bool,
    /// The bundle of certificates that build steps trust.
    pub(crate) ca_bundle: Option<PathBuf>,
    /// Where the docker-stacks source comes from.
    pub(crate) docker_stacks_url: String,
    /// The user's own clone of it, which may spare a download.
    pub(crate) docker_stacks_clone: Option<PathBuf>,
    /// The moment that images count as made at; none for the clock's.
    pub(crate) epoch: Option<i64>,
    /// Switches of every build that say where it happens.
    pub(crate) place_words: Vec<String>,
    /// Whether the machine is GitHub's, and thrown away afterwards.
    pub(crate) on_github: bool,
}

/// A whole build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    /// Whether image-update runs first.
    pub(crate) update: bool,
    /// Where the base image comes from.
    pub(crate) base: BasePlan,
    /// The image that all missions share.
    pub(crate) common: ImagePlan,
    /// The mission's image, with mount points that belong to root.
    pub(crate) mission: ImagePlan,
    /// The mission's image as it is used.
    pub(crate) caches: ImagePlan,
    /// What the images must say they were built by.
    pub(crate) use_frozen: UseFrozen,
    /// Whether the name of the image with root's mount points goes at the end. Podman and buildah keep
    /// it: with the name they would drop the layers that the next build finds again.
    pub(crate) removes_dirty: bool,
    /// Whether images are squashed into one layer, and those below them removed as soon as they are.
    pub(crate) repacks: bool,
    /// A file of the mission that the image shared by all is built with, in the newest generation.
    pub(crate) wrangler_spec: Option<PathBuf>,
    /// What image-freeze does at the end.
    pub(crate) follow_ups: Vec<FollowUp>,
}

/// One image to build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ImagePlan {
    /// What people are told that it is.
    pub(crate) title: String,
    /// The request; its context is the tree's own until it is staged.
    pub(crate) request: BuildRequest,
    /// What is changed in the staged Dockerfile; none if it is taken as it is.
    pub(crate) edits: Option<Edits>,
}

impl ImagePlan {
    /// The moment as of which it is solved, if anything is.
    pub(crate) fn cutoff(&self) -> Option<Timestamp> {
        let mut arguments = self.request.arguments.iter();
        arguments.find(|(name, _)| name == CUTOFF_VARIABLE)?.1.parse().ok()
    }
}

/// What is done with the image that was built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FollowUp {
    /// Takes what was solved out of the image.
    Freeze,
    /// Loosens what was frozen.
    Chill,
    /// Compares what a frozen build holds with what was frozen (D20: promised, never done).
    Check,
}

impl FollowUp {
    /// The step's name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Freeze => "freeze",
            Self::Chill => "chill",
            Self::Check => "check",
        }
    }

    /// The arguments of image-freeze.
    pub(crate) const fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Freeze => &[],
            Self::Chill => &["chill"],
            Self::Check => &["check"],
        }
    }

    fn of(settings: &Settings) -> Vec<Self> {
        let newest = settings.generation == Generation::Newest;
        match settings.use_frozen {
            _ if !settings.freeze_chill => Vec::new(),
            UseFrozen::Floating if !newest => vec![Self::Freeze, Self::Chill],
            UseFrozen::Frozen if !newest => vec![Self::Check],
            // The newest generation freezes what it built from frozen specs too: the drift is then a diff.
            UseFrozen::Frozen => vec![Self::Check, Self::Freeze],
            UseFrozen::Floating | UseFrozen::Chilly => vec![Self::Freeze],
        }
    }
}

impl Plan {
    /// The build of `settings` with `engine`, which is not asked anything.
    pub(crate) fn new(settings: &Settings, choices: &Choices, engine: &Engine) -> Self {
        let maker = Maker { settings, choices, capabilities: engine.capabilities };
        Self {
            update: choices.update,
            base: maker.base(),
            common: maker.common(),
            mission: maker.mission(),
            caches: maker.caches(),
            use_frozen: settings.use_frozen,
            // A build that repacks is after the space, and has no layers to find again.
            removes_dirty: engine.kind == Kind::Docker || maker.repacks(),
            repacks: maker.repacks(),
            wrangler_spec: maker.wrangler_spec(),
            follow_ups: FollowUp::of(settings),
        }
    }
}

struct Maker<'a> {
    settings: &'a Settings,
    choices: &'a Choices,
    capabilities: Capabilities,
}

/// What the notebook wrangler is told about a mission, below its `environments`.
const WRANGLER_SPEC: &str = "nbw-wrangler-spec.yaml";

impl Maker<'_> {
    fn repacks(&self) -> bool {
        self.settings.repack && self.settings.generation == Generation::Newest
    }

    fn wrangler_spec(&self) -> Option<PathBuf> {
        let path = || self.settings.deployment().environments_dir().join(WRANGLER_SPEC);
        (self.settings.generation == Generation::Newest).then(path)
    }

    fn common(&self) -> ImagePlan {
        let settings = self.settings;
        let arguments = vec![
            pair("BASE_IMAGE", settings.base_reference()),
            pair("USE_FROZEN", settings.use_frozen.number()),
            pair("PIP_SWITCHES", &settings.pip_switches),
            pair("CONDA_VER", &settings.conda_ver),
            pair("USER_CACHE_DIRS", settings.user_cache_dirs.join(" ")),
        ];
        self.edited(
            "Building Common Image".to_owned(),
            self.request("common", settings.common_image(), arguments),
        )
    }

    fn mission(&self) -> ImagePlan {
        let settings = self.settings;
        let title =
            format!("Building {} USE_FROZEN={}", settings.notebook_id(), settings.use_frozen.number());
        let arguments = vec![pair("BASE_IMAGE", settings.common_image())];
        let request = self.request(settings.deployment.as_str(), settings.dirty_image(), arguments);
        self.edited(title, request)
    }

    fn caches(&self) -> ImagePlan {
        let settings = self.settings;
        let arguments = vec![
            pair("BASE_CONTAINER", settings.dirty_image()),
            pair("USER_CACHE_DIRS", settings.user_cache_dirs.join(" ")),
        ];
        let mut request = self.request("common", settings.notebook_id(), arguments);
        "Dockerfile.cache".clone_into(&mut request.dockerfile);
        ImagePlan {
            title: format!("Fixing the cache directories of {}", settings.notebook_id()),
            request,
            edits: None,
        }
    }

    fn request(&self, context: &str, tag: String, arguments: Vec<(String, String)>) -> BuildRequest {
        let places = cache_place::of_image(&self.choices.place_words, &tag);
        BuildRequest {
            context: self.settings.root.join("deployments").join(context),
            dockerfile: CACHED.to_owned(),
            tag,
            words: [self.settings.build_words(), places].concat(),
            arguments,
            labels: Vec::new(),
            secrets: Vec::new(),
            network: self.settings.network.clone(),
            environment: Vec::new(),
            epoch: self.choices.epoch,
            archive_in: None,
        }
    }

    fn edited(&self, title: String, mut request: BuildRequest) -> ImagePlan {
        let edits = self.edits();
        if edits.cutoff {
            request.arguments.push(pair(CUTOFF_VARIABLE, self.choices.cutoff.to_string()));
        }
        self.trust(&mut request);
        ImagePlan { title, request, edits: Some(edits) }
    }

    /// What the Dockerfiles of the tree are changed by when they are staged. The mounts come in the
    /// reverse order of the list, as the original's textual replacement happened to put them.
    fn edits(&self) -> Edits {
        let settings = self.settings;
        let dirs = settings.user_cache_dirs.iter().chain(&settings.system_cache_dirs).rev().cloned();
        Edits {
            cache_dirs: if self.capabilities.cache_mounts { dirs.collect() } else { Vec::new() },
            cache_id: None,
            ca: self.bundle().is_some(),
            cutoff: settings.use_frozen != UseFrozen::Frozen,
            no_empty_copies: !self.capabilities.empty_copy,
        }
    }

    /// Without secrets, a bundle could only come in by staying in the image.
    fn bundle(&self) -> Option<&PathBuf> {
        self.choices.ca_bundle.as_ref().filter(|_| self.capabilities.secrets)
    }

    fn trust(&self, request: &mut BuildRequest) {
        if let Some(bundle) = self.bundle() {
            request.arguments.extend(CA_VARIABLES.map(|name| pair(name, CA_TARGET)));
            request.secrets.push(Secret { id: "ca".to_owned(), source: bundle.clone() });
        }
    }
}

fn pair(name: &str, value: impl Into<String>) -> (String, String) {
    (name.to_owned(), value.into())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use common::settings::{EngineChoice, Owner};
    use std::path::Path;

    pub(crate) fn docker() -> Engine {
        assumed_engine(EngineChoice::Docker)
    }

    pub(crate) fn roman() -> Settings {
        let mut settings = Settings::new(Path::new("/r"), "roman".parse().unwrap());
        settings.owner = Owner::QuayJupyter;
        settings
    }

    pub(crate) fn choices() -> Choices {
        Choices {
            update: true,
            cutoff: Timestamp::UNIX_EPOCH,
            refresh_base: false,
            ca_bundle: None,
            docker_stacks_url: "https://example.org/docker-stacks.git".to_owned(),
            docker_stacks_clone: None,
            epoch: None,
            place_words: Vec::new(),
            on_github: false,
        }
    }

    #[test]
    fn mounts_come_in_the_contracts_order() {
        let plan = Plan::new(&roman(), &choices(), &docker());
        let dirs = plan.common.edits.unwrap().cache_dirs;
        assert_eq!(
            dirs,
            ["/var/cache/apt", "/home/jovyan/.conda/pkgs", "/opt/conda/pkgs", "/home/jovyan/.cache"]
        );
    }

    #[test]
    fn only_builds_that_solve_carry_a_clock() {
        let has_clock = |mode| {
            let mut settings = roman();
            settings.use_frozen = mode;
            let plan = Plan::new(&settings, &choices(), &docker());
            let clocked = |image: &ImagePlan| {
                let argument = image.request.arguments.iter().any(|(name, _)| name == "INDEX_CUTOFF");
                assert_eq!(argument, image.edits.as_ref().is_some_and(|e| e.cutoff));
                argument
            };
            [&plan.common, &plan.mission, &plan.caches].map(clocked)
        };
        assert_eq!(has_clock(UseFrozen::Floating), [true, true, false]);
        assert_eq!(has_clock(UseFrozen::Chilly), [true, true, false]);
        assert_eq!(has_clock(UseFrozen::Frozen), [false, false, false]);
    }

    #[test]
    fn a_bundle_comes_as_a_secret_or_not_at_all() {
        let choices = Choices { ca_bundle: Some("/ca.pem".into()), ..choices() };
        let plan = Plan::new(&roman(), &choices, &docker());
        assert_eq!(plan.mission.request.secrets[0].source, Path::new("/ca.pem"));
        assert!(plan.mission.request.arguments.contains(&pair("SSL_CERT_FILE", "/run/secrets/ca")));
        assert!(plan.caches.request.secrets.is_empty(), "nothing is fetched there");
        let plan = Plan::new(&roman(), &choices, &assumed_engine(EngineChoice::DockerLegacy));
        assert!(plan.mission.request.secrets.is_empty() && !plan.mission.edits.unwrap().ca);
    }

    #[test]
    fn only_the_newest_generation_repacks() {
        let mut settings = roman();
        settings.repack = true;
        let plan = Plan::new(&settings, &choices(), &assumed_engine(EngineChoice::Podman));
        assert_eq!((plan.repacks, plan.removes_dirty, plan.wrangler_spec), (false, false, None));
        let mut newest =
            Settings::of_generation(Generation::Newest, Path::new("/r"), "roman".parse().unwrap());
        newest.repack = true;
        let plan = Plan::new(&newest, &choices(), &assumed_engine(EngineChoice::Podman));
        assert!(plan.repacks && plan.removes_dirty);
        let spec = Path::new("/r/deployments/roman/environments/nbw-wrangler-spec.yaml");
        assert_eq!(plan.wrangler_spec.as_deref(), Some(spec));
    }

    /// D20: a frozen build with freeze-chill compared nothing.
    #[test]
    fn d20_what_follows_a_build() {
        let follow_ups = |mode, freeze| {
            let mut settings = roman();
            (settings.use_frozen, settings.freeze_chill) = (mode, freeze);
            FollowUp::of(&settings)
        };
        assert_eq!(follow_ups(UseFrozen::Floating, true), [FollowUp::Freeze, FollowUp::Chill]);
        assert_eq!(follow_ups(UseFrozen::Chilly, true), [FollowUp::Freeze]);
        assert_eq!(follow_ups(UseFrozen::Frozen, true), [FollowUp::Check]);
        assert!(follow_ups(UseFrozen::Floating, false).is_empty());
        let mut newest =
            Settings::of_generation(Generation::Newest, Path::new("/r"), "roman".parse().unwrap());
        newest.freeze_chill = true;
        assert_eq!(FollowUp::of(&newest), [FollowUp::Freeze], "there is nothing to chill");
        newest.use_frozen = UseFrozen::Frozen;
        assert_eq!(FollowUp::of(&newest), [FollowUp::Check, FollowUp::Freeze]);
    }
}
