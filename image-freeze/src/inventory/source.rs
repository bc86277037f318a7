//! What an inventory can be made of.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use crate::error::Error;

/// Something that holds an image, or what is known of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// An image in the engine, by name or id.
    Image(String),
    /// An archive that an engine saved, or of a root file system; `-` is standard input.
    Archive(PathBuf),
    /// A directory in the form of the Open Container Initiative.
    Layout(PathBuf),
    /// An inventory that was made before.
    Inventory(PathBuf),
}

impl Source {
    /// What `text` means: `-`, a path that is there, else an image in the engine. A word before a colon
    /// decides (`image:`, `archive:`, `layout:`, `inventory:`).
    ///
    /// # Errors
    /// There is something at the path that can be none of these, or it cannot be read.
    pub(crate) fn of(text: &str) -> Result<Self, Error> {
        for (word, source) in [
            ("image:", Self::Image as fn(String) -> Self),
            ("archive:", |path| Self::Archive(path.into())),
            ("layout:", |path| Self::Layout(path.into())),
            ("inventory:", |path| Self::Inventory(path.into())),
        ] {
            if let Some(rest) = text.strip_prefix(word) {
                return Ok(source(rest.to_owned()));
            }
        }
        let path = Path::new(text);
        match fs::metadata(path) {
            _ if text == "-" => Ok(Self::Archive(path.to_owned())),
            Err(_) => Ok(Self::Image(text.to_owned())),
            Ok(metadata) if metadata.is_dir() => Self::directory(path),
            Ok(metadata) if metadata.is_file() => Self::file(path),
            Ok(_) => Ok(Self::Archive(path.to_owned())),
        }
    }

    fn directory(path: &Path) -> Result<Self, Error> {
        if path.join("index.json").is_file() {
            return Ok(Self::Layout(path.to_owned()));
        }
        Err(Error::NoSource { path: path.to_owned() })
    }

    fn file(path: &Path) -> Result<Self, Error> {
        let mut begin = Vec::new();
        let read = File::open(path).and_then(|file| file.take(64).read_to_end(&mut begin));
        read.map_err(|source| Error::Read { path: path.to_owned(), source })?;
        let is_json = begin.trim_ascii_start().starts_with(b"{");
        Ok(if is_json { Self::Inventory(path.to_owned()) } else { Self::Archive(path.to_owned()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_decides_and_a_word_before_it_overrides() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
        fs::create_dir(at("layout")).unwrap();
        fs::write(at("layout/index.json"), "{}").unwrap();
        fs::write(at("i.json"), " \n{").unwrap();
        fs::write(at("i.tar"), "x").unwrap();
        assert_eq!(Source::of(&at("layout")).unwrap(), Source::Layout(at("layout").into()));
        assert_eq!(Source::of(&at("i.json")).unwrap(), Source::Inventory(at("i.json").into()));
        assert_eq!(Source::of(&at("i.tar")).unwrap(), Source::Archive(at("i.tar").into()));
        assert_eq!(Source::of("roman:latest").unwrap(), Source::Image("roman:latest".to_owned()));
        assert_eq!(Source::of("image:./x").unwrap(), Source::Image("./x".to_owned()));
        assert_eq!(Source::of("-").unwrap(), Source::Archive("-".into()));
        assert!(Source::of(dir.path().to_str().unwrap()).is_err());
    }
}
