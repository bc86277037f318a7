//! conda's explicit lists: after the word `@EXPLICIT`, one package a line by its address, with the
//! digest that it must have.

use super::{Flaw, SpecError, shown, text_of};

/// What an explicit list names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExplicitFile {
    /// The packages, in order.
    pub packages: Vec<ExplicitPackage>,
}

/// A conda package by its address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExplicitPackage {
    /// The line, from 1.
    pub line: usize,
    /// The address, without the digest.
    pub url: String,
    /// Its name, as its file name tells.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its build.
    pub build: String,
    /// The digest that it must have.
    pub digest: Option<PackageDigest>,
}

/// The digest of a package, in lower-case hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PackageDigest {
    /// 32 digits.
    Md5(String),
    /// 64 digits.
    Sha256(String),
}

impl ExplicitFile {
    /// Reads an explicit list; `origin` is what messages call it.
    ///
    /// # Errors
    /// There is no `@EXPLICIT`, or a line is no address of a conda package; the error names it.
    pub fn parse(content: &[u8], origin: &str) -> Result<Self, SpecError> {
        let text = text_of(content, origin)?;
        read(text).map_err(|flaw| flaw.in_file(origin))
    }
}

fn read(text: &str) -> Result<ExplicitFile, Flaw> {
    let mut file = ExplicitFile::default();
    let mut begun = false;
    for (index, line) in text.lines().enumerate() {
        let (number, line) = (index + 1, line.trim_start_matches('\u{feff}').trim());
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if line == "@EXPLICIT" {
            begun = true;
        } else if begun {
            file.packages.push(package(line, number).map_err(|message| Flaw::new(number, message))?);
        } else {
            return Err(Flaw::new(number, format!("not an explicit list: {} before @EXPLICIT", shown(line))));
        }
    }
    if begun { Ok(file) } else { Err(Flaw::new(1, "not an explicit list: it has no line @EXPLICIT")) }
}

fn package(text: &str, line: usize) -> Result<ExplicitPackage, String> {
    let (url, fragment) = text.split_once('#').map_or((text, None), |(url, digest)| (url, Some(digest)));
    let not_one = || format!("not the address of a conda package: {}", shown(text));
    let is_address = ["https://", "http://", "file://"].iter().any(|scheme| url.starts_with(scheme));
    let file = url.rsplit('/').next().filter(|_| is_address).ok_or_else(not_one)?;
    let stem =
        [".conda", ".tar.bz2"].iter().find_map(|ending| file.strip_suffix(ending)).ok_or_else(not_one)?;
    let mut parts = stem.rsplitn(3, '-');
    let (build, version, name) = (parts.next(), parts.next(), parts.next());
    let (Some(build), Some(version), Some(name)) = (build, version, name) else { return Err(not_one()) };
    Ok(ExplicitPackage {
        line,
        url: url.to_owned(),
        name: name.to_ascii_lowercase(),
        version: version.to_owned(),
        build: build.to_owned(),
        digest: fragment.map(digest).transpose()?,
    })
}

fn digest(text: &str) -> Result<PackageDigest, String> {
    let hex = text.strip_prefix("sha256:").unwrap_or(text).to_ascii_lowercase();
    match hex.len() {
        32 | 64 if !hex.bytes().all(|b| b.is_ascii_hexdigit()) => {}
        32 => return Ok(PackageDigest::Md5(hex)),
        64 => return Ok(PackageDigest::Sha256(hex)),
        _ => {}
    }
    Err(format!("not a digest (32 digits of MD5, or 64 of SHA-256): {}", shown(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str, expected: &str) {
        let message = ExplicitFile::parse(text.as_bytes(), "e").unwrap_err().to_string();
        assert!(message.starts_with(expected), "{message}");
    }

    #[test]
    fn packages_are_told_by_their_file_names() {
        let text = "# $ conda create --name <env> --file <this file>\n@EXPLICIT\n\
                    https://h/pkgs/main/linux-64/ca-certificates-2023.08.22-h06a4308_0.conda\n\
                    https://h/c/noarch/x-1.0-py_0.tar.bz2#0123456789abcdef0123456789ABCDEF\n";
        let file = ExplicitFile::parse(text.as_bytes(), "e").unwrap();
        let [first, second] = file.packages.as_slice() else { panic!("{file:?}") };
        assert_eq!((first.name.as_str(), first.version.as_str()), ("ca-certificates", "2023.08.22"));
        assert_eq!((first.build.as_str(), first.line), ("h06a4308_0", 3));
        assert_eq!(second.digest, Some(PackageDigest::Md5("0123456789abcdef0123456789abcdef".to_owned())));
    }

    /// D12: an error page was taken for the list.
    #[test]
    fn d12_what_is_no_list_is_refused() {
        refused("<html>404</html>\n", "e:1: not an explicit list");
        refused("", "e:1: not an explicit list");
        refused("@EXPLICIT\nnumpy=1\n", "e:2: not the address");
        refused("@EXPLICIT\nhttps://h/x.conda\n", "e:2: not the address");
        refused("@EXPLICIT\nhttps://h/x-1-0.conda#12\n", "e:2: not a digest");
    }
}
