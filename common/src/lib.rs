//! What the image tools share: the document they pass on, the settings in it, the deployments
//! repository they work in, the engines and the process layer they act through, and the way they
//! report and fail.
//!
//! One noun a module; no module here belongs to a single tool's verb. Nothing in this crate prints
//! except [`console`], and nothing but [`process`] starts another program.

pub mod ca_bundle;
pub mod cli;
pub mod clock;
pub mod console;
pub mod context;
pub mod deployment;
pub mod digest;
pub mod document;
pub mod engine;
pub mod evidence;
pub mod exported;
pub mod fault;
pub mod frozen;
pub mod git;
pub mod lock;
pub mod process;
pub mod report;
pub mod requirement;
pub mod session;
pub mod settings;
pub mod setup_env;
pub mod shell;
pub mod sibling;
pub mod state_dir;
pub mod state_file;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod tree;
pub mod version_file;
