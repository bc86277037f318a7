//! Package URLs.

use common::inventory::{CondaPackage, DebianPackage, Distribution, NpmPackage};

/// `text` as a part of a package URL.
fn encoded(text: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b".-_~:".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// `pkg:KIND/NAME@VERSION?…`; the name is encoded already, the qualifiers are sorted.
fn purl(kind: &str, name: &str, version: &str, qualifiers: &[(&str, Option<String>)]) -> String {
    let told = qualifiers.iter().filter_map(|(key, value)| {
        let value = value.as_deref().filter(|value| !value.is_empty())?;
        Some(format!("{key}={}", encoded(value)))
    });
    let told = told.collect::<Vec<_>>().join("&");
    let mark = if told.is_empty() { "" } else { "?" };
    format!("pkg:{kind}/{name}@{}{mark}{told}", encoded(version))
}

pub(super) fn conda(package: &CondaPackage) -> String {
    let channel = package.channel.as_deref().map(|channel| {
        let channel = channel.trim_end_matches('/');
        let subdir = package.subdir.as_deref().unwrap_or_default();
        let channel = channel.strip_suffix(subdir).unwrap_or(channel).trim_end_matches('/');
        channel.rsplit('/').next().unwrap_or(channel).to_owned()
    });
    let qualifiers =
        [("build", Some(package.build.clone())), ("channel", channel), ("subdir", package.subdir.clone())];
    purl("conda", &encoded(&package.name), &package.version, &qualifiers)
}

pub(super) fn python(distribution: &Distribution) -> String {
    let origin = distribution.origin.as_ref();
    let commit = origin.and_then(|o| o.commit.as_deref().map(|commit| format!("git+{}@{commit}", o.url)));
    let download = origin.filter(|o| o.commit.is_none() && !o.editable).map(|o| o.url.clone());
    let qualifiers = [("download_url", download), ("vcs_url", commit)];
    purl("pypi", &encoded(&distribution.name), &distribution.version, &qualifiers)
}

/// `release` is the distribution and its version: `debian 12`.
pub(super) fn debian(package: &DebianPackage, release: &str) -> String {
    let distribution = release.split(' ').next().filter(|id| !id.is_empty()).unwrap_or("debian");
    let name = format!("{}/{}", encoded(distribution), encoded(&package.name));
    let distro = Some(release.replace(' ', "-"));
    purl("deb", &name, &package.version, &[("arch", Some(package.architecture.clone())), ("distro", distro)])
}

pub(super) fn npm(package: &NpmPackage) -> String {
    let name = package.name.split('/').map(encoded).collect::<Vec<_>>().join("/");
    purl("npm", &name, &package.version, &[])
}
