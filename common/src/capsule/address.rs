//! Addresses as a capsule has them: without whatever lets somebody in.

use reqwest::Url;

/// What a query calls the right to fetch something.
const SECRETS: [&str; 18] = [
    "access_token",
    "apikey",
    "api_key",
    "auth",
    "awsaccesskeyid",
    "expires",
    "googleaccessid",
    "key-pair-id",
    "password",
    "policy",
    "private_token",
    "se",
    "sig",
    "signature",
    "sp",
    "sv",
    "token",
    "x-auth-token",
];
/// And with what such names begin.
const FAMILIES: [&str; 3] = ["x-amz-", "x-goog-", "x-ms-"];

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRETS.contains(&name.as_str()) || FAMILIES.iter().any(|family| name.starts_with(family))
}

/// Whether `url` is a right to fetch, for a while, what it names: storage that is sent to by a redirect is
/// addressed so.
#[must_use]
pub fn is_signed(url: &Url) -> bool {
    let signs = ["signature", "sig", "x-amz-signature", "x-goog-signature"];
    url.query_pairs().any(|(name, _)| signs.contains(&name.to_ascii_lowercase().as_str()))
}

/// `url` as it is recorded and looked for: no login, no fragment, no values of what is secret in a query, no token
/// in a path as conda's servers have it (`/t/TOKEN/channel`).
#[must_use]
pub fn recorded(url: &Url) -> Url {
    let mut url = url.clone();
    // Both can only fail for addresses without a host, which http does not have.
    _ = url.set_username("");
    _ = url.set_password(None);
    url.set_fragment(None);
    if url.query_pairs().any(|(name, _)| is_secret(&name)) {
        let pairs: Vec<(String, String)> = url
            .query_pairs()
            .map(|(name, value)| {
                let value = if is_secret(&name) { "-".to_owned() } else { value.into_owned() };
                (name.into_owned(), value)
            })
            .collect();
        url.query_pairs_mut().clear().extend_pairs(pairs);
    }
    if let Some(path) = without_token(url.path()) {
        url.set_path(&path);
    }
    url
}

fn without_token(path: &str) -> Option<String> {
    let (token, rest) = path.strip_prefix("/t/")?.split_once('/')?;
    // Conda's tokens have a dash or are long; a directory `t` of somebody's is left alone.
    (token.contains('-') || token.len() >= 20).then(|| format!("/t/-/{rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(url: &str, expected: &str) {
        let found = recorded(&url.parse().unwrap());
        assert_eq!(found.as_str(), expected);
        assert_eq!(recorded(&found), found, "what is recorded is found again");
    }

    #[test]
    fn nothing_that_lets_somebody_in_is_recorded() {
        check("https://ada:hunter2@h.example/a?x=1#f", "https://h.example/a?x=1");
        check("https://h.example/a?b=c%20d&e", "https://h.example/a?b=c%20d&e");
        check("https://h.example/a?token=hunter2&b=1", "https://h.example/a?token=-&b=1");
        check(
            "https://h.example/a?X-Amz-Signature=s&X-Amz-Date=d",
            "https://h.example/a?X-Amz-Signature=-&X-Amz-Date=-",
        );
        check("https://h.example/t/ab-0123/channel/x", "https://h.example/t/-/channel/x");
        check("https://h.example/t/users/x", "https://h.example/t/users/x");
    }

    #[test]
    fn a_signed_address_is_told_by_its_query() {
        let check = |url: &str, expected| assert_eq!(is_signed(&url.parse().unwrap()), expected, "{url}");
        check("https://s.example/a?X-Amz-Signature=s", true);
        check("https://s.example/a?se=1&sig=x", true);
        check("https://s.example/a?design=1", false);
    }
}
