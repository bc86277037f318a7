//! What the caller's environment asks for.

use std::env;
use std::path::PathBuf;

use common::settings::Settings;
use common::shell;

/// The variables that change a run, and where it was asked for. An empty variable is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Caller {
    /// `EXEC_ID`: the image.
    pub(crate) image: Option<String>,
    /// `IMAGE_RUN_PARS`, to which people and `image-dev-pars` append.
    pub(crate) run_pars: Option<String>,
    /// `SP_HOME`: becomes /home/jovyan.
    pub(crate) home: Option<PathBuf>,
    /// `SP_HUB_INIT`: whatever it holds, also with blanks (D31).
    pub(crate) hub_init: Option<String>,
    /// `SP_USER`.
    pub(crate) user: Option<String>,
    /// `NBW_PANTRY`.
    pub(crate) pantry: Option<PathBuf>,
    /// `CRDS_PATH`.
    pub(crate) crds: Option<PathBuf>,
    /// `DATA_MOUNTS`: further switches of the newest generation, before those of its own data.
    pub(crate) data_mounts: Vec<String>,
    /// `HOME`.
    pub(crate) own_home: Option<PathBuf>,
    /// The working directory; relative paths are seen from here (D29).
    pub(crate) dir: PathBuf,
}

impl Caller {
    /// Our own environment.
    pub(crate) fn ours() -> Self {
        let os = |name: &str| env::var_os(name).filter(|value| !value.is_empty());
        let text = |name: &str| os(name).map(|value| value.to_string_lossy().into_owned());
        let path = |name: &str| os(name).map(PathBuf::from);
        Self {
            image: text("EXEC_ID"),
            run_pars: text("IMAGE_RUN_PARS"),
            home: path("SP_HOME"),
            hub_init: text("SP_HUB_INIT"),
            user: text("SP_USER"),
            pantry: path("NBW_PANTRY"),
            crds: path("CRDS_PATH"),
            data_mounts: text("DATA_MOUNTS").map_or_else(Vec::new, |text| shell::split_unquoted(&text)),
            own_home: path("HOME"),
            // Without one nothing relative can be meant.
            dir: env::current_dir().unwrap_or_default(),
        }
    }

    /// The same for settings of a document that was piped in: the shell's switches are for others.
    pub(crate) fn with_document(self, piped: bool) -> Self {
        if piped { Self { run_pars: None, ..self } } else { self }
    }

    /// The switches of a run: the shell's, else the configured ones.
    pub(crate) fn words(&self, settings: &Settings) -> Vec<String> {
        self.run_pars.as_deref().map_or_else(|| settings.run_words(), shell::split_unquoted)
    }

    /// The shell's switches, where they are not the configured ones.
    pub(crate) fn other_words(&self, settings: &Settings) -> Option<String> {
        let words = self.words(settings);
        (words != settings.run_words()).then(|| words.join(" "))
    }
}
