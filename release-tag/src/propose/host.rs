//! Where a remote's pull requests are made, told by its address.

/// A repository on a host with a web page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    name: String,
    path: String,
}

impl Host {
    /// The host and the repository in the remote's address `url`; none for a directory.
    #[must_use]
    pub fn of(url: &str) -> Option<Self> {
        let rest = match url.split_once("://") {
            Some(("http" | "https" | "ssh" | "git", rest)) => rest.to_owned(),
            Some(_) => return None,
            // `git@host:path`, but not `/a:b`.
            None => {
                let (host, path) = url.split_once(':')?;
                if host.contains('/') {
                    return None;
                }
                format!("{host}/{path}")
            }
        };
        let (authority, path) = rest.split_once('/')?;
        // Neither who logs in nor the port that git speaks on belongs to the page.
        let host = authority.rsplit('@').next().unwrap_or(authority);
        let is_web = url.starts_with("http");
        let name = if is_web { host } else { host.split(':').next().unwrap_or(host) };
        let path = path.trim_matches('/');
        let path = path.strip_suffix(".git").unwrap_or(path);
        (!name.is_empty() && !path.is_empty()).then(|| Self { name: name.to_owned(), path: path.to_owned() })
    }

    /// Whether `gh` knows it.
    #[must_use]
    pub fn is_github(&self) -> bool {
        self.name.contains("github")
    }

    /// As `gh` takes it: `HOST/OWNER/REPOSITORY`.
    #[must_use]
    pub fn repository(&self) -> String {
        format!("{}/{}", self.name, self.path)
    }

    /// The page on which a request to merge `branch` into `base` is made.
    #[must_use]
    pub fn page(&self, base: &str, branch: &str) -> String {
        let (host, path) = (&self.name, &self.path);
        if self.is_github() {
            format!("https://{host}/{path}/compare/{base}...{branch}?expand=1")
        } else if host.contains("gitlab") {
            format!(
                "https://{host}/{path}/-/merge_requests/new?merge_request[source_branch]={branch}\
                 &merge_request[target_branch]={base}"
            )
        } else if host.contains("bitbucket") {
            format!("https://{host}/{path}/pull-requests/new?source={branch}&dest={base}")
        } else {
            format!("https://{host}/{path}/compare/{base}...{branch}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Host;

    #[test]
    fn every_spelling_of_an_address_leads_to_the_page() {
        let check = |url: &str, page: &str| {
            assert_eq!(Host::of(url).map(|host| host.page("main", "r")), Some(page.to_owned()), "{url}");
        };
        let github = "https://github.com/o/r/compare/main...r?expand=1";
        check("https://github.com/o/r.git", github);
        check("https://user:token@github.com/o/r", github);
        check("git@github.com:o/r.git", github);
        check("ssh://git@github.com:22/o/r.git", github);
        check("git@codeberg.org:o/r.git", "https://codeberg.org/o/r/compare/main...r");
        check("https://git.example.org:8443/o/r", "https://git.example.org:8443/o/r/compare/main...r");
        check("https://bitbucket.org/o/r", "https://bitbucket.org/o/r/pull-requests/new?source=r&dest=main");
        check(
            "https://gitlab.example.org/g/s/r.git",
            "https://gitlab.example.org/g/s/r/-/merge_requests/new?merge_request[source_branch]=r\
             &merge_request[target_branch]=main",
        );
        for none in ["file:///a/b.git", "/a/b.git", "../a:b", "bare"] {
            assert_eq!(Host::of(none), None, "{none}");
        }
    }
}
