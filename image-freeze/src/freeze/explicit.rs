//! conda's packages by address and digest, as conda recorded them in the image: what `conda create
//! --file` takes, without solving anything.

use std::io::{self, Read};

use common::console::Console;
use common::engine::{Engine, EngineError, FileEntry};
use common::report::ImageIdentity;
use serde::Deserialize;

use crate::error::Error;

/// No record is larger, in bytes.
const LIMIT: u64 = 64 << 20;

/// What of a record matters here.
#[derive(Debug, Deserialize)]
struct Record {
    #[serde(default)]
    url: String,
    #[serde(default)]
    md5: Option<String>,
    #[serde(default)]
    sha256: Option<String>,
}

/// The explicit list of the environment at `prefix` in `image`; none if conda recorded nothing there,
/// or not where a package came from.
///
/// # Errors
/// The engine failed.
pub(super) fn list(
    engine: &Engine,
    image: &ImageIdentity,
    prefix: &str,
    console: &Console,
) -> Result<Option<String>, Error> {
    let mut records: Vec<Option<String>> = Vec::new();
    let mut visit = |entry: &FileEntry<'_>, content: &mut dyn Read| -> io::Result<()> {
        let is_record = entry.path.extension().is_some_and(|ending| ending == "json");
        if is_record && entry.link.is_none() && entry.path.components().count() == 1 {
            let mut bytes = Vec::new();
            content.take(LIMIT).read_to_end(&mut bytes)?;
            records.push(line(&bytes));
        }
        Ok(())
    };
    let dir = format!("{}/conda-meta", prefix.trim_end_matches('/'));
    match engine.read_tree(image.id.as_str(), &dir, console, &mut visit) {
        Err(EngineError::NoPath { .. }) => return Ok(None),
        read => read?,
    }
    Ok(written(records))
}

/// A record's line; none if it does not say where the package came from.
fn line(content: &[u8]) -> Option<String> {
    let Record { url, md5, sha256 } = serde_json::from_slice(content).ok()?;
    let is_hex = |text: &String| text.bytes().all(|b| b.is_ascii_hexdigit());
    let plain =
        url.contains("://") && !url.contains(|c: char| c.is_whitespace() || c.is_control() || c == '#');
    // Every conda takes an MD5 there; the newer ones take the other too.
    let md5 = md5.filter(|md5| md5.len() == 32 && is_hex(md5));
    let sha256 = sha256.filter(|sha256| sha256.len() == 64 && is_hex(sha256));
    let digest = md5.or_else(|| sha256.map(|sha256| format!("sha256:{sha256}")));
    plain.then(|| digest.map_or(url.clone(), |digest| format!("{url}#{digest}")))
}

fn written(records: Vec<Option<String>>) -> Option<String> {
    let mut lines: Vec<String> = records.into_iter().collect::<Option<_>>()?;
    if lines.is_empty() {
        return None;
    }
    lines.sort_unstable();
    lines.dedup();
    Some(format!(
        "# What conda installed. To make the same again: conda create --name NAME --file FILE\n@EXPLICIT\n{}\n",
        lines.join("\n")
    ))
}

#[cfg(test)]
mod tests {
    use common::requirement::{ExplicitFile, PackageDigest};

    use super::*;

    #[test]
    fn records_become_a_list_that_is_read_back() {
        let record = |name: &str, more: &str| {
            line(format!(r#"{{"name": "x", "url": "https://h/linux-64/{name}"{more}}}"#).as_bytes())
        };
        let md5 = format!(r#", "md5": "{}", "sha256": "{}""#, "a".repeat(32), "b".repeat(64));
        let sha256 = format!(r#", "sha256": "{}""#, "b".repeat(64));
        let lines = vec![
            record("z-1-0.conda", ""),
            record("a-1.2-h0_0.conda", &md5),
            record("b-1-0.tar.bz2", &sha256),
        ];
        let text = written(lines).unwrap();
        let file = ExplicitFile::parse(text.as_bytes(), "e").unwrap();
        let names: Vec<_> = file.packages.iter().map(|package| package.name.as_str()).collect();
        assert_eq!(names, ["a", "b", "z"]);
        assert_eq!(file.packages[0].digest, Some(PackageDigest::Md5("a".repeat(32))));
        assert_eq!(file.packages[1].digest, Some(PackageDigest::Sha256("b".repeat(64))));
    }

    #[test]
    fn half_a_list_is_none() {
        let good = line(br#"{"url": "https://h/linux-64/a-1-0.conda"}"#);
        assert!(good.is_some());
        assert_eq!(written(vec![good, line(br#"{"name": "a"}"#)]), None);
        assert_eq!(line(br#"{"url": "https://h/a-1-0.conda\nhttps://evil/b-1-0.conda"}"#), None);
        assert_eq!(written(Vec::new()), None);
    }
}
