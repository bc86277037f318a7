//! Names and passwords for servers, which have no place in a list: lists are committed, shown, and put on
//! command lines.

use common::fetch::split_authority;

use super::Wanted;
use crate::error::Error;

/// Refuses `content` of `origin` if an address in it holds a login; the login itself is never told.
pub fn refuse(wanted: Wanted<'_>, origin: &str, content: &[u8]) -> Result<(), Error> {
    for (number, line) in String::from_utf8_lossy(content).lines().enumerate() {
        if let Some(host) = host_with_login(line) {
            return Err(Error::Login {
                environment: wanted.environment.to_owned(),
                origin: origin.to_owned(),
                line: number + 1,
                host: host.to_owned(),
            });
        }
    }
    Ok(())
}

/// The server of the first address in `line` that holds a login.
fn host_with_login(line: &str) -> Option<&str> {
    let mut rest = line;
    while let Some((before, authority, after)) = split_authority(rest) {
        if let Some((login, host)) = authority.rsplit_once('@')
            && is_secret(before, login)
        {
            return Some(host);
        }
        rest = after;
    }
    None
}

/// Whom to ask as is no secret over SSH, where nothing else works; nor is a variable's name, which pip
/// replaces.
fn is_secret(before: &str, login: &str) -> bool {
    let is_variable = |part: &str| part.starts_with("${") && part.ends_with('}');
    match login.split_once(':') {
        Some((_, password)) => !password.is_empty() && !is_variable(password),
        None => !before.ends_with("ssh") && !login.is_empty() && !is_variable(login),
    }
}

#[cfg(test)]
mod tests {
    use super::host_with_login;

    #[test]
    fn a_login_is_found_wherever_the_address_is() {
        let found = [
            "git+https://ada:s3cret@h.example/a.git@main",
            "a @ git+https://s3cret@h.example/a.git",
            "-e git+ssh://git:s3cret@h.example/a",
            "--extra-index-url=https://ada:s3cret@h.example/simple",
            "--find-links https://one/ --index-url 'https://ada:p@ss@h.example'",
        ];
        for line in found {
            assert_eq!(host_with_login(line), Some("h.example"), "{line}");
        }
        let good = [
            "git+https://h/a.git@main",
            "git+ssh://git@h/a@v1",
            "--index-url https://${NAME}:${TOKEN}@h/simple",
            "https://h/@scope/a.zip",
            "a==1 # mail ada@h",
        ];
        for line in good {
            assert_eq!(host_with_login(line), None, "{line}");
        }
    }
}
