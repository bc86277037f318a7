//! dpkg's list of what is installed, and which distribution it is.

use common::inventory::DebianPackage;

/// The packages in a `status` file that are there in any way: each paragraph is one.
///
/// # Errors
/// A paragraph tells no name or version; the message says where.
pub(super) fn parse(content: &[u8]) -> Result<Vec<DebianPackage>, String> {
    let text = String::from_utf8_lossy(content);
    let mut packages = Vec::new();
    for paragraph in text.split("\n\n").filter(|p| !p.trim().is_empty()) {
        let field = |name: &str| {
            let values = paragraph.lines().filter_map(|line| line.split_once(':'));
            let mut found = values.filter(|(key, _)| key.eq_ignore_ascii_case(name));
            found.next().map(|(_, value)| value.trim())
        };
        let name = field("Package").ok_or_else(|| {
            let start: String = paragraph.trim().chars().take(40).collect();
            format!("a paragraph without a package: {start:?}")
        })?;
        // `install ok installed`: what is wanted, whether that went wrong, what is there.
        let state = field("Status").map_or("installed", |s| s.rsplit(' ').next().unwrap_or(s));
        if state == "not-installed" {
            continue;
        }
        let version = field("Version").ok_or_else(|| format!("{name} has no version"))?;
        packages.push(DebianPackage {
            name: name.to_owned(),
            version: version.to_owned(),
            architecture: field("Architecture").unwrap_or_default().to_owned(),
            state: (state != "installed").then(|| state.to_owned()),
        });
    }
    Ok(packages)
}

/// `ID` and `VERSION_ID` of an `os-release`, with a blank between.
pub(super) fn release(text: &str) -> String {
    let value = |name: &str| {
        let found = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        found.map(|value| value.trim().trim_matches(['"', '\'']).to_owned())
    };
    let parts: Vec<String> = ["ID", "VERSION_ID"].into_iter().filter_map(value).collect();
    parts.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_those_that_are_there_in_any_way() {
        let text = "Package: libc6\nStatus: install ok installed\nArchitecture: amd64\nVersion: 2.36-9\n\
                    Description: a\n with: more\n\nPackage: old\nStatus: deinstall ok config-files\n\
                    Architecture: all\nVersion: 1:2\n\nPackage: gone\nStatus: purge ok not-installed\n";
        let packages = parse(text.as_bytes()).unwrap();
        let shown: Vec<String> =
            packages.iter().map(|p| format!("{} {} {:?}", p.name, p.version, p.state)).collect();
        assert_eq!(shown, ["libc6 2.36-9 None", "old 1:2 Some(\"config-files\")"]);
        assert!(parse(b"Version: 1\n").is_err() && parse(b"Package: x\n").is_err());
    }

    #[test]
    fn the_distribution_is_told_without_its_quotes() {
        assert_eq!(release("NAME=\"Debian\"\nID=debian\nVERSION_ID=\"12\"\n"), "debian 12");
        assert_eq!(release(""), "");
    }
}
