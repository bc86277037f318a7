//! A project's page: JSON (PEP 691) where the index speaks it, else HTML (PEP 503).

use std::collections::BTreeMap;

use serde::Deserialize;

use super::IndexFile;

/// What we ask for, best first.
pub(super) const ACCEPT: &str =
    "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1";

/// Reads the page `body`, which was sent as `content_type`.
///
/// # Errors
/// It is no such page; the message says why.
pub(super) fn files(body: &[u8], content_type: &str) -> Result<Vec<IndexFile>, String> {
    let is_json = content_type.split(';').next().unwrap_or_default().trim().ends_with("json");
    if is_json || body.trim_ascii_start().starts_with(b"{") {
        let page: Page = serde_json::from_slice(body).map_err(|error| error.to_string())?;
        return Ok(page.files.into_iter().map(File::known).collect());
    }
    let text = std::str::from_utf8(body).map_err(|_| "not UTF-8 text".to_owned())?;
    if !text.contains('<') {
        return Err("neither JSON nor HTML".to_owned());
    }
    Ok(anchors(text).filter_map(Anchor::known).collect())
}

#[derive(Deserialize)]
struct Page {
    files: Vec<File>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct File {
    filename: String,
    #[serde(default)]
    hashes: BTreeMap<String, String>,
    #[serde(default)]
    requires_python: Option<String>,
    #[serde(default)]
    yanked: Yanked,
}

/// `false`, `true`, or the reason.
#[derive(Default)]
struct Yanked(Option<String>);

impl<'de> Deserialize<'de> for Yanked {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match serde_json::Value::deserialize(deserializer)? {
            serde_json::Value::Bool(true) => Ok(Self(Some(String::new()))),
            serde_json::Value::String(reason) => Ok(Self(Some(reason))),
            _ => Ok(Self(None)),
        }
    }
}

impl File {
    fn known(self) -> IndexFile {
        let hashes = self.hashes.into_iter().map(|(kind, digest)| format!("{kind}:{digest}")).collect();
        let Self { filename: name, requires_python, yanked: Yanked(yanked), .. } = self;
        IndexFile { name, hashes, requires_python, yanked }
    }
}

/// A link of an HTML page: its attributes, by name.
struct Anchor(BTreeMap<String, String>);

impl Anchor {
    fn known(self) -> Option<IndexFile> {
        let mut attributes = self.0;
        let href = attributes.remove("href")?;
        let (path, fragment) = href.split_once('#').unwrap_or((&href, ""));
        let name =
            path.split('?').next().unwrap_or(path).rsplit('/').next().filter(|name| !name.is_empty())?;
        let hash = fragment.split_once('=').map(|(kind, digest)| format!("{kind}:{digest}"));
        Some(IndexFile {
            name: percent_decoded(name),
            hashes: hash.into_iter().collect(),
            requires_python: attributes.remove("data-requires-python"),
            yanked: attributes.remove("data-yanked"),
        })
    }
}

fn anchors(text: &str) -> impl Iterator<Item = Anchor> + '_ {
    let tags =
        text.split('<').skip(1).filter_map(|tag| tag.strip_prefix("a ").or_else(|| tag.strip_prefix("A ")));
    tags.map(|tag| Anchor(attributes(tag)))
}

/// The attributes of a tag, up to its `>`.
fn attributes(tag: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut rest = tag.trim_start();
    while !rest.is_empty() && !rest.starts_with(['>', '/']) {
        let end = rest.find(|c: char| c.is_ascii_whitespace() || c == '=' || c == '>').unwrap_or(rest.len());
        let name = rest[..end].to_ascii_lowercase();
        rest = rest[end..].trim_start();
        let mut value = "";
        if let Some(behind) = rest.strip_prefix('=') {
            let behind = behind.trim_start();
            (value, rest) = match behind.chars().next().filter(|quote| "\"'".contains(*quote)) {
                Some(quote) => behind[1..].split_once(quote).unwrap_or((&behind[1..], "")),
                None => behind.split_at(
                    behind.find(|c: char| c.is_ascii_whitespace() || c == '>').unwrap_or(behind.len()),
                ),
            };
        }
        found.insert(name, unescaped(value));
        rest = rest.trim_start();
    }
    found
}

fn unescaped(text: &str) -> String {
    let named =
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&#x27;", "'"), ("&amp;", "&")];
    named.iter().fold(text.to_owned(), |text, (entity, character)| text.replace(entity, character))
}

fn percent_decoded(text: &str) -> String {
    let hex = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    let (bytes, mut decoded, mut at) = (text.as_bytes(), Vec::new(), 0);
    while at < bytes.len() {
        let escaped = bytes.get(at + 1..at + 3).filter(|_| bytes[at] == b'%').and_then(hex);
        decoded.push(escaped.unwrap_or(bytes[at]));
        at += if escaped.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expected() -> Vec<IndexFile> {
        let hashes = vec!["sha256:aa".to_owned()];
        vec![
            IndexFile {
                name: "a-1.0+x.tar.gz".to_owned(),
                hashes,
                requires_python: Some(">=3.8,<4".to_owned()),
                yanked: None,
            },
            IndexFile {
                name: "a-2.0.tar.gz".to_owned(),
                yanked: Some("broken".to_owned()),
                ..IndexFile::default()
            },
        ]
    }

    #[test]
    fn both_forms_of_a_page_say_the_same() {
        let json = br#"{"meta":{"api-version":"1.1"},"name":"a","files":[
            {"filename":"a-1.0+x.tar.gz","url":"x","hashes":{"sha256":"aa"},"requires-python":">=3.8,<4","yanked":false},
            {"filename":"a-2.0.tar.gz","url":"x","hashes":{},"yanked":"broken"}]}"#;
        assert_eq!(files(json, "application/vnd.pypi.simple.v1+json").unwrap(), expected());
        let html = br#"<!DOCTYPE html><html><body><h1>a</h1>
            <a href="../../f/a-1.0%2Bx.tar.gz#sha256=aa" data-requires-python="&gt;=3.8,&lt;4">a-1.0+x.tar.gz</a><br/>
            <A HREF=/f/a-2.0.tar.gz data-yanked='broken'>a-2.0.tar.gz</A></body></html>"#;
        assert_eq!(files(html, "text/html; charset=utf-8").unwrap(), expected());
    }

    #[test]
    fn a_withdrawal_needs_no_reason_and_a_page_must_be_one() {
        let json = br#"{"files":[{"filename":"a-1.0.tar.gz","yanked":true}]}"#;
        assert_eq!(files(json, "application/json").unwrap()[0].yanked.as_deref(), Some(""));
        let html = b"<a href='a-1.0.tar.gz' data-yanked>x</a>";
        assert_eq!(files(html, "text/html").unwrap()[0].yanked.as_deref(), Some(""));
        assert!(files(b"{\"nothing\": 1}", "application/json").is_err());
        assert!(files(b"please log in", "text/plain").is_err());
    }
}
