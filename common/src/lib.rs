//! What the image tools share: the document they pass on, the settings in it, the deployments
//! repository they work in, the engines and the process layer they act through, and the way they
//! report and fail.
//!
//! One noun a module; no module here belongs to a single tool's verb. Nothing in this crate prints
//! except [`console`], and nothing but [`process`] starts another program.

pub mod archive;
pub mod base_lock;
pub mod ca_bundle;
pub mod capsule;
pub mod chill_policy;
pub mod cli;
pub mod clock;
pub mod conda_version;
pub mod console;
pub mod context;
pub mod debian_version;
pub mod deployment;
pub mod digest;
pub mod document;
pub mod engine;
pub mod evidence;
pub mod exported;
pub mod fault;
pub mod fetch;
pub mod frozen;
pub mod generated;
pub mod git;
pub mod image_diff;
pub mod inventory;
pub mod lock;
pub mod missions;
pub mod oci;
pub mod parallel;
pub mod process;
pub mod receipt;
pub mod report;
pub mod requirement;
pub mod session;
pub mod settings;
pub mod setup_env;
pub mod shell;
pub mod sibling;
pub mod size;
pub mod sources;
pub mod state_dir;
pub mod state_file;
pub mod strict_json;
pub mod subject;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod tree;
pub mod version_file;
pub mod waiver;
