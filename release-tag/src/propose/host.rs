//! Where a remote's pull requests are made, told by its address.

use std::fmt::Write as _;

/// A repository on a host with a web page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    name: String,
    path: String,
}

/// What runs a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// GitHub, or its Enterprise under a name that says so.
    GitHub,
    /// GitLab.
    GitLab,
    /// Bitbucket's cloud.
    Bitbucket,
    /// Gitea or Forgejo.
    Gitea,
    /// Its name does not say.
    Unknown,
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

    /// What runs it, as far as its name says.
    #[must_use]
    pub fn kind(&self) -> Kind {
        let kinds = [
            ("github", Kind::GitHub),
            ("gitlab", Kind::GitLab),
            ("bitbucket", Kind::Bitbucket),
            ("codeberg", Kind::Gitea),
            ("gitea", Kind::Gitea),
            ("forgejo", Kind::Gitea),
        ];
        let name = self.name.to_lowercase();
        kinds.into_iter().find(|(word, _)| name.contains(word)).map_or(Kind::Unknown, |(_, kind)| kind)
    }

    /// Its name, with its port if it has one.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// As `gh` takes it: `HOST/OWNER/REPOSITORY`.
    #[must_use]
    pub fn repository(&self) -> String {
        format!("{}/{}", self.name, self.path)
    }

    /// Whom the repository belongs to.
    #[must_use]
    pub fn owner(&self) -> &str {
        self.path.split('/').next().unwrap_or_default()
    }

    /// As `gh` takes the branch `branch` of this repository, for a request to merge it into one of `into`.
    #[must_use]
    pub fn head(&self, branch: &str, into: &Self) -> String {
        if self == into { branch.to_owned() } else { format!("{}:{branch}", self.owner()) }
    }

    /// The page on which a request can be made to merge `branch` of this repository into `base` of `into`.
    #[must_use]
    pub fn page(&self, branch: &str, into: &Self, base: &str) -> String {
        let fork = self != into;
        let (host, path) = (&self.name, &self.path);
        match into.kind() {
            Kind::GitLab => {
                // A fork's request goes to what it was forked from by itself.
                let (branch, base) = (encoded(branch, ""), encoded(base, ""));
                format!(
                    "https://{host}/{path}/-/merge_requests/new?merge_request%5Bsource_branch%5D={branch}\
                     &merge_request%5Btarget_branch%5D={base}"
                )
            }
            Kind::Bitbucket => {
                let whole =
                    |base: &str| if fork { format!("{}::{base}", into.path) } else { base.to_owned() };
                let (branch, base) = (encoded(branch, ""), encoded(&whole(base), ""));
                format!("https://{host}/{path}/pull-requests/new?source={branch}&dest={base}")
            }
            kind => {
                let owner = if fork { format!("{}:", encoded(self.owner(), "")) } else { String::new() };
                let (base, branch) = (encoded(base, "/"), encoded(branch, "/"));
                let (of, open) = (into.repository(), if kind == Kind::GitHub { "?expand=1" } else { "" });
                format!("https://{of}/compare/{base}...{owner}{branch}{open}")
            }
        }
    }
}

/// `text` as a part of an address, in which also what is in `kept` stays what it is.
fn encoded(text: &str, kept: &str) -> String {
    text.bytes().fold(String::new(), |mut done, byte| {
        let plain =
            byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || kept.as_bytes().contains(&byte);
        if plain {
            done.push(char::from(byte));
        } else {
            _ = write!(done, "%{byte:02X}");
        }
        done
    })
}

#[cfg(test)]
mod tests {
    use super::Host;

    #[test]
    fn every_spelling_of_an_address_leads_to_the_page() {
        let check = |url: &str, page: &str| {
            let told = Host::of(url).map(|host| host.page("r", &host, "main"));
            assert_eq!(told, Some(page.to_owned()), "{url}");
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
            "https://gitlab.example.org/g/s/r/-/merge_requests/new?merge_request%5Bsource_branch%5D=r\
             &merge_request%5Btarget_branch%5D=main",
        );
        for none in ["file:///a/b.git", "/a/b.git", "../a:b", "bare"] {
            assert_eq!(Host::of(none), None, "{none}");
        }
    }

    /// A `#` or a `?` in a branch's name cut the address off, and a `&` began another word of it.
    #[test]
    fn branches_with_any_name_are_whole_in_the_address() {
        let check = |url: &str, page: &str| {
            let host = Host::of(url).unwrap();
            assert_eq!(host.page("a/b#1?&+ é", &host, "rel/1"), page, "{url}");
        };
        let name = "a/b%231%3F%26%2B%20%C3%A9";
        check("https://github.com/o/r", &format!("https://github.com/o/r/compare/rel/1...{name}?expand=1"));
        check("https://codeberg.org/o/r", &format!("https://codeberg.org/o/r/compare/rel/1...{name}"));
        let name = name.replace('/', "%2F");
        check(
            "https://bitbucket.org/o/r",
            &format!("https://bitbucket.org/o/r/pull-requests/new?source={name}&dest=rel%2F1"),
        );
        check(
            "https://gitlab.com/o/r",
            &format!(
                "https://gitlab.com/o/r/-/merge_requests/new?merge_request%5Bsource_branch%5D={name}\
                 &merge_request%5Btarget_branch%5D=rel%2F1"
            ),
        );
    }

    /// A request of a fork was one inside the fork.
    #[test]
    fn a_forks_request_is_made_where_it_is_to_be_merged() {
        let check = |host: &str, page: &str| {
            let of = |path: &str| Host::of(&format!("https://{host}/{path}")).unwrap();
            assert_eq!(of("me/r").page("b", &of("team/r"), "main"), page);
        };
        check("github.com", "https://github.com/team/r/compare/main...me:b?expand=1");
        check("codeberg.org", "https://codeberg.org/team/r/compare/main...me:b");
        check(
            "gitlab.com",
            "https://gitlab.com/me/r/-/merge_requests/new?merge_request%5Bsource_branch%5D=b\
             &merge_request%5Btarget_branch%5D=main",
        );
        check(
            "bitbucket.org",
            "https://bitbucket.org/me/r/pull-requests/new?source=b&dest=team%2Fr%3A%3Amain",
        );
    }
}
