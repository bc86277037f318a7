//! What can be typed for the commands in an image.

use clap::{Args, Subcommand};
use common::cli::PlaceArgs;
use common::console::Verbosity;

use super::plan::Wish;

/// What else an image is run for.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a command in the image; standard output is the command's own
    ///
    /// The image is `EXEC_ID`, else the configured one. `SP_HOME` is mounted as /home/jovyan (made if it is
    /// not there), `SP_HUB_INIT` runs the hub's post-start-hook first, in a container of its own, and
    /// `SP_USER` is the user. The words of CMD reach the container as they are.
    ///
    /// Exit status: the command's own; 125 if there is no such image, which is never fetched.
    Exec(ExecArgs),
    /// Open a shell in the image
    ///
    /// The image is IMAGE, else `EXEC_ID`, else the configured one. `SP_HOME`, `SP_HUB_INIT` and `SP_USER`
    /// mean what they mean for exec.
    Shell(ShellArgs),
    /// Start the image's `JupyterLab`, reached at port 8888 of this host
    Lab(LabArgs),
    /// Print `IMAGE_RUN_PARS` with what mounts this clone over the image: for image-dev-pars
    DevPars(DevParsArgs),
}

/// Of `exec`.
#[derive(Args, Clone, Debug)]
pub(crate) struct ExecArgs {
    #[command(flatten)]
    pub(crate) place: PlaceArgs,

    /// The command and its arguments; the image's own if there is none
    #[arg(value_name = "CMD", trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) words: Vec<String>,
}

/// Of `shell`.
#[derive(Args, Clone, Debug)]
pub(crate) struct ShellArgs {
    /// Mount this clone's scripts and environments over those of the image
    #[arg(long)]
    pub(crate) dev: bool,

    #[command(flatten)]
    pub(crate) place: PlaceArgs,

    /// The image, by name or id
    #[arg(value_name = "IMAGE")]
    pub(crate) image: Option<String>,
}

/// Of `lab`.
#[derive(Args, Clone, Debug)]
pub(crate) struct LabArgs {
    /// Mount this clone's scripts and environments over those of the image
    #[arg(long)]
    pub(crate) dev: bool,

    #[command(flatten)]
    pub(crate) place: PlaceArgs,

    /// What the original ignored too
    #[arg(hide = true, trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) ignored: Vec<String>,
}

/// Of `dev-pars`.
#[derive(Args, Clone, Debug)]
pub(crate) struct DevParsArgs {
    /// Mount this clone's scripts and environments over those of the image
    #[arg(long)]
    pub(crate) dev: bool,

    /// Print assignments for a shell to evaluate
    #[arg(long)]
    pub(crate) shell: bool,

    #[command(flatten)]
    pub(crate) place: PlaceArgs,
}

impl Command {
    /// Where the settings are.
    pub(crate) const fn place(&self) -> &PlaceArgs {
        match self {
            Self::Exec(args) => &args.place,
            Self::Shell(args) => &args.place,
            Self::Lab(args) => &args.place,
            Self::DevPars(args) => &args.place,
        }
    }

    /// How much is said.
    pub(crate) const fn verbosity(&self) -> Verbosity {
        self.place().voice.verbosity()
    }

    /// What is to be run.
    pub(crate) fn wish(&self) -> Wish {
        let words = |text: &str| common::shell::split_unquoted(text);
        match self {
            Self::Exec(args) => Wish { is_plain: true, command: args.words.clone(), ..Wish::default() },
            Self::Shell(args) => Wish {
                image: args.image.clone(),
                dev: args.dev,
                command: words("/bin/bash --rcfile /etc/bash.bashrc"),
                is_interactive: true,
                ..Wish::default()
            },
            Self::Lab(args) => Wish { dev: args.dev, words: words("-p 8888:8888"), ..Wish::default() },
            Self::DevPars(args) => Wish { dev: args.dev, ..Wish::default() },
        }
    }
}
