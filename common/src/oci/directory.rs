//! The blobs of a layout that is a directory.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::OciError;
use super::blobs::Blobs;

/// A directory with an index, manifests, configurations and layers, each blob under its digest.
#[derive(Clone, Debug)]
pub struct Directory(PathBuf);

impl Directory {
    /// The layout at `dir`.
    #[must_use]
    pub fn at(dir: &Path) -> Self {
        Self(dir.to_owned())
    }

    /// The file `name` of it, if it is there. Only regular files are opened: a pipe would never end.
    ///
    /// # Errors
    /// It cannot be opened, or is no file.
    pub fn file(&self, name: &str) -> Result<Option<File>, OciError> {
        let path = self.0.join(name);
        let failed = |path, source| OciError::Io { verb: "read", path, source };
        match path.metadata() {
            Ok(metadata) if metadata.is_file() => {}
            Ok(_) => return Err(failed(path, io::Error::new(io::ErrorKind::InvalidData, "it is no file"))),
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(failed(path, source)),
        }
        File::open(&path).map(Some).map_err(|source| failed(path, source))
    }
}

impl Blobs for Directory {
    fn place(&self) -> String {
        self.0.display().to_string()
    }

    fn open(&self, name: &str) -> Result<Option<Box<dyn Read + '_>>, OciError> {
        Ok(self.file(name)?.map(|file| Box::new(file) as Box<dyn Read>))
    }
}
