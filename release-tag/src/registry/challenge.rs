//! What a registry asks for before it answers: the header `WWW-Authenticate`.

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Challenge {
    /// Name and password with each request.
    Basic,
    /// A token from another service.
    Bearer {
        /// Where that service is.
        realm: String,
        /// What to tell it: `service`, `scope`.
        parameters: Vec<(String, String)>,
    },
}

impl Challenge {
    /// The challenge in one header; none if it asks for something that we do not know.
    #[must_use]
    pub fn parse(header: &str) -> Option<Self> {
        let (scheme, rest) = header.trim().split_once(' ').unwrap_or((header.trim(), ""));
        if scheme.eq_ignore_ascii_case("basic") {
            return Some(Self::Basic);
        }
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        let mut realm = None;
        let mut parameters = Vec::new();
        for (name, value) in pairs(rest) {
            match name.as_str() {
                "realm" => realm = Some(value),
                "service" | "scope" => parameters.push((name, value)),
                _ => {}
            }
        }
        Some(Self::Bearer { realm: realm?, parameters })
    }
}

/// `name="value", name=value`: commas inside quotes are part of the value.
fn pairs(text: &str) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    let mut rest = text.trim();
    while let Some((name, after)) = rest.split_once('=') {
        let name = name.trim().trim_start_matches(',').trim().to_ascii_lowercase();
        let (value, after) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => after.split_once(',').unwrap_or((after, "")),
        };
        pairs.push((name, value.trim().to_owned()));
        rest = after;
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bearer(realm: &str, parameters: &[(&str, &str)]) -> Challenge {
        let owned = |(n, v): &(&str, &str)| ((*n).to_owned(), (*v).to_owned());
        let parameters = parameters.iter().map(owned).collect();
        Challenge::Bearer { realm: realm.to_owned(), parameters }
    }

    #[test]
    fn the_challenges_of_real_registries_are_understood() {
        let check = |header: &str, expected| assert_eq!(Challenge::parse(header), expected, "{header}");
        check("Basic realm=\"registry\"", Some(Challenge::Basic));
        check("basic", Some(Challenge::Basic));
        check(
            "Bearer realm=\"https://auth.docker.io/token\",service=\"registry.docker.io\",scope=\"repository:a/b:pull,push\"",
            Some(bearer(
                "https://auth.docker.io/token",
                &[("service", "registry.docker.io"), ("scope", "repository:a/b:pull,push")],
            )),
        );
        check(
            "Bearer realm=\"https://ghcr.io/token\", service=\"ghcr.io\", error=\"invalid_token\"",
            Some(bearer("https://ghcr.io/token", &[("service", "ghcr.io")])),
        );
        check("Bearer realm=https://x/t,service=s", Some(bearer("https://x/t", &[("service", "s")])));
        check("Bearer service=\"s\"", None);
        check("Negotiate", None);
    }
}
