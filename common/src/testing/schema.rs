//! Published schemas, which are what the types say.

use std::path::Path;

/// The file `path`, from the top of the project, holds the schema `text`. With `UPDATE_SCHEMA` in the
/// environment it is written.
pub fn committed_schema(path: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        std::fs::write(&path, text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == text, "{} is stale: make schema", path.display());
}
