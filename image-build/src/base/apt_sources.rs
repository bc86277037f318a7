//! The Debian archives that this machine itself installs from, read from its own configuration: a
//! company's mirror is there, and no host name is in this code.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// An archive, as one line of a sources list: `deb [signed-by=KEY] URI SUITE COMPONENT…`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Archive {
    uri: String,
    suite: String,
    components: Vec<String>,
    signed_by: Option<String>,
}

impl Archive {
    /// The line.
    pub(crate) fn line(&self) -> String {
        let key = self.signed_by.as_ref().map(|key| format!("[signed-by={key}] ")).unwrap_or_default();
        format!("deb {key}{} {} {}", self.uri, self.suite, self.components.join(" "))
    }

    /// Whether it is the system's own, and not that of some other publisher: of the release
    /// `codename` or its updates, with the component that every distribution calls `main`.
    fn is_of(&self, codename: &str) -> bool {
        let suites = [codename.to_owned(), format!("{codename}-updates"), format!("{codename}-security")];
        suites.contains(&self.suite) && self.components.iter().any(|c| c == "main")
    }
}

/// The code name of the system's release: `bookworm`.
pub(crate) fn codename(os_release: &str) -> Option<String> {
    let value = os_release.lines().find_map(|line| line.strip_prefix("VERSION_CODENAME="))?;
    Some(value.trim().trim_matches('"').to_owned()).filter(|name| !name.is_empty())
}

/// The system's own archives of the release `codename`, from the configuration directory `apt`
/// (`/etc/apt`), in the order that apt reads them.
///
/// # Errors
/// A file cannot be read.
pub(crate) fn archives(apt: &Path, codename: &str) -> io::Result<Vec<Archive>> {
    let mut found = Vec::new();
    for path in files(apt)? {
        let text = fs::read_to_string(&path)?;
        let deb822 = path.extension().is_some_and(|e| e == "sources");
        let archives = if deb822 { stanzas(&text) } else { text.lines().filter_map(one_line).collect() };
        found.extend(archives.into_iter().filter(|archive| archive.is_of(codename)));
    }
    Ok(found)
}

/// apt takes `.list` and `.sources` and nothing else.
fn files(apt: &Path) -> io::Result<Vec<PathBuf>> {
    let main = apt.join("sources.list");
    let mut found: Vec<PathBuf> = Some(main).filter(|path| path.is_file()).into_iter().collect();
    let entries = match fs::read_dir(apt.join("sources.list.d")) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(found),
        entries => entries?,
    };
    let mut parts: Vec<PathBuf> = entries.map(|e| e.map(|e| e.path())).collect::<io::Result<_>>()?;
    parts.retain(|path| path.extension().is_some_and(|e| e == "list" || e == "sources"));
    parts.sort_unstable();
    found.extend(parts);
    Ok(found)
}

/// `deb [options] URI SUITE COMPONENT…`
fn one_line(line: &str) -> Option<Archive> {
    let line = line.split('#').next()?.trim().strip_prefix("deb")?.strip_prefix([' ', '\t'])?.trim();
    let (options, rest) = match line.strip_prefix('[') {
        Some(bracketed) => bracketed.split_once(']')?,
        None => ("", line),
    };
    let signed_by = options.split_whitespace().find_map(|o| o.strip_prefix("signed-by=")).map(str::to_owned);
    let mut words = rest.split_whitespace().map(str::to_owned);
    Some(Archive { uri: words.next()?, suite: words.next()?, components: words.collect(), signed_by })
}

/// The paragraphs of a `.sources` file; each stands for every pair of its URIs and suites.
fn stanzas(text: &str) -> Vec<Archive> {
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    lines.split(|line| line.trim().is_empty()).flat_map(stanza).collect()
}

fn stanza(lines: &[&str]) -> Vec<Archive> {
    let field = |name: &str| -> Vec<String> {
        let start = lines
            .iter()
            .position(|line| line.split_once(':').is_some_and(|(n, _)| n.trim().eq_ignore_ascii_case(name)));
        let Some(start) = start else { return Vec::new() };
        let first = lines[start].split_once(':').map_or("", |(_, value)| value);
        let more = lines[start + 1..].iter().take_while(|line| line.starts_with([' ', '\t']));
        let words = first.split_whitespace().chain(more.flat_map(|line| line.split_whitespace()));
        words.map(str::to_owned).collect()
    };
    let on = field("Enabled").first().is_none_or(|value| value != "no");
    if !on || !field("Types").iter().any(|t| t == "deb") {
        return Vec::new();
    }
    // A key may also stand in the file itself; then apt's own keyrings must do.
    let signed_by = field("Signed-By").into_iter().next().filter(|key| key.starts_with('/'));
    let (uris, suites, components) = (field("URIs"), field("Suites"), field("Components"));
    let archive = |uri: &String, suite: &String| Archive {
        uri: uri.clone(),
        suite: suite.clone(),
        components: components.clone(),
        signed_by: signed_by.clone(),
    };
    uris.iter().flat_map(|uri| suites.iter().map(|suite| archive(uri, suite))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEB822: &str = "Types: deb deb-src\n# snapshot\nURIs: http://mirror.example/debian\n\
        Suites: bookworm bookworm-updates\nComponents: main\nSigned-By: /usr/share/keyrings/debian.gpg\n\n\
        Types: deb\nURIs: http://mirror.example/security\nSuites: bookworm-security\nComponents:\n main\n contrib\n\n\
        Types: deb\nEnabled: no\nURIs: http://off.example/\nSuites: bookworm\nComponents: main\n";

    fn check(files: &[(&str, &str)], expected: &[&str]) {
        let apt = tempfile::tempdir().unwrap();
        fs::create_dir(apt.path().join("sources.list.d")).unwrap();
        for (name, text) in files {
            fs::write(apt.path().join(name), text).unwrap();
        }
        let lines: Vec<String> =
            archives(apt.path(), "bookworm").unwrap().iter().map(Archive::line).collect();
        assert_eq!(lines, expected);
    }

    #[test]
    fn both_forms_are_read_in_apts_order() {
        check(
            &[("sources.list.d/debian.sources", DEB822)],
            &[
                "deb [signed-by=/usr/share/keyrings/debian.gpg] http://mirror.example/debian bookworm main",
                "deb [signed-by=/usr/share/keyrings/debian.gpg] http://mirror.example/debian bookworm-updates main",
                "deb http://mirror.example/security bookworm-security main contrib",
            ],
        );
        check(
            &[
                (
                    "sources.list.d/a.list",
                    "deb [arch=amd64 signed-by=/k] http://b.example bookworm-updates main",
                ),
                (
                    "sources.list",
                    "# deb http://no.example bookworm main\ndeb http://a.example bookworm main # ours\n",
                ),
            ],
            &[
                "deb http://a.example bookworm main",
                "deb [signed-by=/k] http://b.example bookworm-updates main",
            ],
        );
    }

    #[test]
    fn archives_of_other_publishers_and_releases_are_left_out() {
        check(
            &[
                (
                    "sources.list",
                    "deb-src http://a.example bookworm main\ndeb http://a.example trixie main\n",
                ),
                ("sources.list.d/docker.list", "deb https://docker.example bookworm stable\n"),
                ("sources.list.d/node.sources.disabled", DEB822),
                ("sources.list.d/node.list", "deb https://node.example nodistro main\n"),
            ],
            &[],
        );
    }

    #[test]
    fn the_release_is_that_of_the_system() {
        assert_eq!(codename("ID=debian\nVERSION_CODENAME=bookworm\n").as_deref(), Some("bookworm"));
        assert_eq!(codename("VERSION_CODENAME=\"noble\"").as_deref(), Some("noble"));
        assert_eq!(codename("ID=arch\n"), None);
    }
}
