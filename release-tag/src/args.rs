//! What can be typed.

mod access;
mod capsule;
mod deliver;

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand};
use common::cli::{SharedArgs, VoiceArgs};

use crate::companion::{ChangedArgs, HashesArgs, PostMergeArgs, PrepareArgs};
use crate::verify::link_parser;

pub use access::AccessArgs;
pub use capsule::CapsuleArgs;
pub use deliver::DeliverArgs;

/// Versions, saves, checks, tags and delivers the release of a mission's image.
#[derive(Debug, Parser)]
#[command(name = "release-tag", version, max_term_width = 100)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show or set the versions of the mission and of the common infrastructure
    Versions(VersionsArgs),
    /// Commit exactly what belongs to the release
    Save(SaveArgs),
    /// Check all that a release must fulfil, and list everything that is not so
    Check(CheckArgs),
    /// Tag the commit that is checked out, and push exactly these tags
    Tag(TagArgs),
    /// Deliver the tested image, by digest
    Deliver(DeliverArgs),
    /// Tell what changed since another release, as Markdown or JSON
    Notes(NotesArgs),
    /// Propose the release: branch, commit, push, and a pull request with the notes
    Propose(ProposeArgs),
    /// Verify a release on any machine, from its tag and a registry or layout alone
    Verify(VerifyArgs),
    /// Record everything that the release's image is made from, as one artifact to build it from again
    Capsule(CapsuleArgs),
    /// Tell whether a branch differs from another in some paths: branch-changes-obj
    Changed(ChangedArgs),
    /// Commit new versions on a branch of their own: release
    Prepare(PrepareArgs),
    /// Write the commit that is checked out into the two hash files: release-hashes
    Hashes(HashesArgs),
    /// Tag the main branch once the new versions are merged: release-post-merge
    PostMerge(PostMergeArgs),
}

impl Command {
    /// How much is said.
    #[must_use]
    pub const fn voice(&self) -> VoiceArgs {
        match self {
            Self::Versions(args) => args.shared.voice,
            Self::Save(args) => args.shared.voice,
            Self::Check(args) => args.shared.voice,
            Self::Tag(args) => args.shared.voice,
            Self::Deliver(args) => args.shared.voice,
            Self::Notes(args) => args.shared.voice,
            Self::Propose(args) => args.shared.voice,
            Self::Verify(args) => args.voice,
            Self::Capsule(args) => args.shared.voice,
            Self::Changed(args) => args.voice,
            Self::Prepare(args) => args.shared.voice,
            Self::Hashes(args) => args.shared.voice,
            Self::PostMerge(args) => args.shared.voice,
        }
    }
}

/// Arguments of `versions`.
#[derive(ClapArgs, Debug)]
pub struct VersionsArgs {
    /// The mission's version, with or without its name in front: `roman-12.0.0`, `12.0.0`
    #[arg(long, value_name = "VERSION")]
    pub mission: Option<String>,

    /// The version of the common infrastructure: `1.3.0`
    #[arg(long, value_name = "VERSION")]
    pub common: Option<String>,

    /// Accept a version that is lower than the one before
    #[arg(long)]
    pub allow_lower: bool,

    /// Shared flags.
    #[command(flatten)]
    pub shared: SharedArgs,
}

/// Arguments of `save`.
#[derive(ClapArgs, Debug, Default)]
pub struct SaveArgs {
    /// The commit's message [default: `Release roman-12.0.0, infrastructure 1.3.0`]
    #[arg(short, long, value_name = "MESSAGE")]
    pub message: Option<String>,

    /// Also commit what else changed below `deployments/common`
    #[arg(long)]
    pub include_common: bool,

    /// Only show what would be committed
    #[arg(long, conflicts_with = "execute")]
    pub dry_run: bool,

    /// Nothing more: a commit is local, and is made without it
    #[arg(long, hide = true)]
    pub execute: bool,

    /// Shared flags.
    #[command(flatten)]
    pub shared: SharedArgs,
}

/// Which tags, and where they go.
#[derive(ClapArgs, Clone, Debug, Default)]
pub struct TagsArgs {
    /// One tag for both versions: `roman-12.0.0-c-1.3.0`
    #[arg(long)]
    pub combined: bool,

    /// The git remote [default: the one that the branch is pushed to, or the only one]
    #[arg(long, value_name = "REMOTE")]
    pub remote: Option<String>,

    /// The branch that releases are made of [default: what the remote calls its HEAD, else the one followed]
    #[arg(long, value_name = "BRANCH")]
    pub branch: Option<String>,

    /// Accept a commit that this branch does not hold on the remote: the tag comes first
    #[arg(long)]
    pub allow_unpublished: bool,
}

/// Arguments of `check`.
#[derive(ClapArgs, Debug)]
pub struct CheckArgs {
    /// Which tags are meant.
    #[command(flatten)]
    pub tags: TagsArgs,

    /// Do not ask the remote
    #[arg(long)]
    pub offline: bool,

    /// Explain the rule CODE and check nothing; `all` lists every rule
    #[arg(long, value_name = "CODE")]
    pub explain: Option<String>,

    /// Shared flags.
    #[command(flatten)]
    pub shared: SharedArgs,
}

/// Arguments of `tag`.
#[derive(ClapArgs, Debug)]
pub struct TagArgs {
    /// Which tags.
    #[command(flatten)]
    pub tags: TagsArgs,

    /// Do it; without this, only show the plan
    #[arg(long)]
    pub execute: bool,

    /// Sign the tags, with the key and the program that git's own settings name
    #[arg(long)]
    pub sign: bool,

    /// Do not run the check first
    #[arg(long)]
    pub no_check: bool,

    /// Shared flags.
    #[command(flatten)]
    pub shared: SharedArgs,
}

/// Arguments of `notes`.
#[derive(ClapArgs, Debug)]
pub struct NotesArgs {
    /// The tag of the release before [default: the mission's highest in the history]
    #[arg(long, value_name = "TAG")]
    pub from: Option<String>,

    /// The tag of the release that is told of [default: the work tree]
    #[arg(long, value_name = "TAG")]
    pub to: Option<String>,

    /// Where images are delivered to: their bills of materials tell the apt packages, where this clone
    /// has none: `docker://REGISTRY/REPOSITORY`, `oci:DIR`, `oci-archive:FILE`
    #[arg(long, value_name = "IMAGE")]
    pub image: Option<String>,

    /// How a registry is reached.
    #[command(flatten)]
    pub access: AccessArgs,

    /// Shared flags.
    #[command(flatten)]
    pub shared: SharedArgs,
}

/// Arguments of `propose`.
#[derive(ClapArgs, Debug)]
pub struct ProposeArgs {
    /// The branch that is proposed [default: `release-roman-12.0.0`]
    #[arg(long, value_name = "BRANCH")]
    pub branch: Option<String>,

    /// The branch that it is to be merged into [default: what that remote calls its HEAD]
    #[arg(long, value_name = "BRANCH")]
    pub base: Option<String>,

    /// The git remote that it is to be merged into [default: upstream, else origin, else the one that is pushed to]
    #[arg(long, value_name = "REMOTE")]
    pub into: Option<String>,

    /// The git remote that gets the branch [default: the one that the branch is pushed to, or the only one]
    #[arg(long, value_name = "REMOTE")]
    pub remote: Option<String>,

    /// Do it; without this, only show the plan
    #[arg(long)]
    pub execute: bool,

    /// Shared flags.
    #[command(flatten)]
    pub shared: SharedArgs,
}

/// Arguments of `verify`. Nothing needs to be configured here.
#[derive(ClapArgs, Debug)]
pub struct VerifyArgs {
    /// A release's tag (`roman-12.0.0`), or an image: `docker://REGISTRY/REPOSITORY:TAG`, the same with `@DIGEST`,
    /// `oci:DIR`, `oci-archive:FILE`
    #[arg(value_name = "TAG|IMAGE")]
    pub what: String,

    /// Where the image of the tag is: `docker://REGISTRY/REPOSITORY`, `oci:DIR`, `oci-archive:FILE`
    #[arg(long, value_name = "IMAGE")]
    pub image: Option<String>,

    /// The public key that the image must be signed with: PEM
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,

    /// Read every layer in a registry to its last byte, without keeping it; else it is only asked whether they are there
    #[arg(long)]
    pub deep: bool,

    /// A link that need not be checked where it cannot be, by its code: `RV021`. What does not hold is still a no
    #[arg(long, value_name = "CODE", value_delimiter = ',', value_parser = link_parser())]
    pub excuse: Vec<String>,

    /// Build the commit again, without the engine's cache, and compare with the image that was tested: 0 if nothing
    /// differs but times, 1 with what differs and the step that made it, 69 if it could not be done
    #[arg(long)]
    pub rebuild: bool,

    /// With --rebuild: build from this capsule, with the network off
    #[arg(long, value_name = "CAPSULE", requires = "rebuild")]
    pub capsule: Option<String>,

    /// How a registry is reached.
    #[command(flatten)]
    pub access: AccessArgs,

    /// The repository [default: the one around the working directory]
    #[arg(long, value_name = "DIR")]
    pub root: Option<PathBuf>,

    /// Print the document, also on a terminal
    #[arg(long)]
    pub json: bool,

    /// How much is said.
    #[command(flatten)]
    pub voice: VoiceArgs,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deliver(words: &[&str]) -> DeliverArgs {
        let words = ["release-tag", "deliver"].iter().chain(words);
        match Args::try_parse_from(words).unwrap().command {
            Command::Deliver(args) => args.settled(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory as _;
        Args::command().debug_assert();
    }

    #[test]
    fn a_lone_dash_is_the_document() {
        let both = |words: &[&str]| {
            let args = deliver(words);
            (args.destination, args.shared.document.is_some())
        };
        assert_eq!(both(&[]), (None, false));
        assert_eq!(both(&["-"]), (None, true));
        assert_eq!(both(&["oci:d"]), (Some("oci:d".to_owned()), false));
        assert_eq!(both(&["oci:d", "--json", "-"]), (Some("oci:d".to_owned()), true));
    }
}
