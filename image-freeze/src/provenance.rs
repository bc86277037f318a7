//! Where a distribution came from, as its installer noted it, against what a list asks for.

use common::inventory::Origin;
use common::requirement::DirectReference;

/// Whether `reference` leads to the repository of `origin`.
pub(crate) fn is_of(origin: &Origin, reference: &DirectReference) -> bool {
    let plain = |url: &str| {
        // A path is one on the machine that it was installed on.
        let url = if url.starts_with('/') { &format!("file://{url}") } else { url };
        let url = url.split_once('+').map_or(url, |(_, url)| url);
        let url = url.split(['#', '?']).next().unwrap_or(url);
        let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
        // Credentials stand before the host, a revision behind the path.
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
        let path = path.split('@').next().unwrap_or(path).trim_end_matches(".git");
        format!("{scheme}://{host}/{path}")
    };
    plain(&origin.url) == plain(reference.url())
}

/// What a reference that names no package is called: the last part of its path.
pub(crate) fn label(reference: &DirectReference) -> &str {
    let url = reference.url().split(['#', '?']).next().unwrap_or_default();
    let revision = reference.revision().and_then(|revision| url.strip_suffix(revision)?.strip_suffix('@'));
    let path = revision.unwrap_or(url).trim_end_matches('/').trim_end_matches(".git");
    path.rsplit('/').next().unwrap_or(path)
}

/// Whether a distribution that was installed from it says so: a path that is not absolute does not.
pub(crate) fn is_noted(reference: &DirectReference) -> bool {
    reference.url().contains("://") || reference.url().starts_with('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_of_an_origin_whatever_revision_and_login_it_has() {
        let origin = Origin { url: "https://h/a.git".into(), commit: Some("c".into()), ..Origin::default() };
        let is = |url: &str| is_of(&origin, &DirectReference::new(url));
        assert!(is("git+https://h/a.git@main") && is("git+https://u:p@h/a@x#egg=a"));
        assert!(!is("git+https://h/b.git@main") && !is("git+ssh://h/a.git"));
        let origin = Origin { url: "file:///src/a".into(), ..Origin::default() };
        assert!(is_of(&origin, &DirectReference::new("/src/a")));
        assert!(!is_of(&origin, &DirectReference::new("./a")));
    }

    #[test]
    fn a_reference_without_a_name_is_called_by_its_path() {
        let label = |url: &str| label(&DirectReference::new(url)).to_owned();
        assert_eq!(label("git+https://h/org/tool.git@main"), "tool");
        assert_eq!(label("git+ssh://git@h/org/tool#subdirectory=x"), "tool");
        assert_eq!(label("./wheels/x-1-py3-none-any.whl"), "x-1-py3-none-any.whl");
    }
}
