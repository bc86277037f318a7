//! What can be told of a delivered file before it is read as a list: that it is none.

use std::fmt;

/// What something looks like that is no list of packages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Screened {
    /// A web page that asks who we are.
    LoginPage,
    /// Another web page.
    WebPage,
    /// An answer for programs: JSON or XML.
    Message,
    /// An archive or another file that is no text.
    Binary,
}

impl fmt::Display for Screened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LoginPage => "this looks like a login page: is the VPN up?",
            Self::WebPage => {
                "this looks like a web page, perhaps of a proxy: is the address right, and the VPN up?"
            }
            Self::Message => "this looks like a program's message and not like a list",
            Self::Binary => "this is no text",
        })
    }
}

impl Screened {
    /// What `content`, which came as `content_type`, looks like; nothing if it may be a list.
    #[must_use]
    pub fn of(content: &[u8], content_type: Option<&str>) -> Option<Self> {
        if content.contains(&0) {
            return Some(Self::Binary);
        }
        let beginning = String::from_utf8_lossy(&content[..content.len().min(16 << 10)]).to_ascii_lowercase();
        let text = beginning.trim_start_matches('\u{feff}').trim_start();
        let page =
            ["<!doctype", "<html", "<head", "<body", "<script", "<!--", "<title", "<h1", "<div", "<p>"];
        let is_html = content_type.is_some_and(|t| t.contains("html"));
        if is_html || page.iter().any(|tag| text.starts_with(tag)) {
            let asks = ["login", "log in", "sign in", "signin", "password", "sso", "saml", "authenticat"];
            let is_login = asks.iter().any(|word| text.contains(word));
            return Some(if is_login { Self::LoginPage } else { Self::WebPage });
        }
        text.starts_with(['{', '<']).then_some(Self::Message)
    }
}

/// The first line of `content` that says something, for people: short and without what a terminal
/// would take for a command.
#[must_use]
pub fn first_line(content: &[u8]) -> String {
    let beginning = String::from_utf8_lossy(&content[..content.len().min(4096)]).into_owned();
    let line = beginning.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    line.chars().filter(|c| !c.is_control()).take(120).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_messages_and_binaries_are_told_from_lists() {
        let check = |content: &[u8], kind, expected| assert_eq!(Screened::of(content, kind), expected);
        check(b"<!DOCTYPE html><title>Sign in</title>", None, Some(Screened::LoginPage));
        check(b"\n <html>404</html>", None, Some(Screened::WebPage));
        check(b"numpy==1\n", Some("text/html; charset=utf-8"), Some(Screened::WebPage));
        check(b"{\"errors\": []}", Some("application/json"), Some(Screened::Message));
        check(b"<?xml version='1.0'?>", None, Some(Screened::Message));
        check(b"\x1f\x8b\x08\0", None, Some(Screened::Binary));
        check(b"numpy==1\n", Some("text/plain"), None);
        check(b"# login first\n@EXPLICIT\n", None, None);
        check(b"", None, None);
    }

    #[test]
    fn a_first_line_is_safe_to_show() {
        assert_eq!(first_line(b"\n\n  <html>\x1b[2J x\r\nmore"), "<html>[2J x");
        assert_eq!(first_line(&[b'a'; 500]).len(), 120);
        assert_eq!(first_line(b""), "");
    }
}
