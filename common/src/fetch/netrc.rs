//! `.netrc`: names and passwords by host, as curl and ftp read them.

/// The name and password for `host`, or those of `default`; the first entry that fits counts.
pub(super) fn find(text: &str, host: &str) -> Option<(String, String)> {
    let mut words = words(text);
    let mut entry: Option<Entry> = None;
    while let Some(word) = words.next() {
        match word.as_str() {
            "machine" | "default" => {
                if let Some(found) = entry.take().filter(|entry| entry.fits) {
                    return found.login();
                }
                let fits = word == "default" || words.next().is_some_and(|h| h.eq_ignore_ascii_case(host));
                entry = Some(Entry { fits, ..Entry::default() });
            }
            "login" | "password" | "account" => {
                let value = words.next();
                match (&mut entry, word.as_str()) {
                    (Some(entry), "login") => entry.name = value,
                    (Some(entry), "password") => entry.password = value,
                    _ => {}
                }
            }
            _ => {}
        }
    }
    entry.filter(|entry| entry.fits)?.login()
}

#[derive(Default)]
struct Entry {
    fits: bool,
    name: Option<String>,
    password: Option<String>,
}

impl Entry {
    fn login(self) -> Option<(String, String)> {
        Some((self.name.unwrap_or_default(), self.password?))
    }
}

/// The words of the file; a macro (up to an empty line) and comments are none. A word in double
/// quotes may hold blanks, and a backslash takes the next character as it is.
fn words(text: &str) -> impl Iterator<Item = String> {
    let mut words = Vec::new();
    let mut in_macro = false;
    for line in text.lines() {
        if in_macro {
            in_macro = !line.trim().is_empty();
            continue;
        }
        let before = words.len();
        split(line, &mut words);
        if let Some(at) = words[before..].iter().position(|word| word == "macdef") {
            words.truncate(before + at);
            in_macro = true;
        }
    }
    words.into_iter()
}

fn split(line: &str, words: &mut Vec<String>) {
    let mut chars = line.chars().peekable();
    while let Some(first) = chars.next() {
        if first.is_whitespace() {
            continue;
        }
        if first == '#' {
            return;
        }
        let quoted = first == '"';
        let mut word = String::new();
        let mut next = if quoted { chars.next() } else { Some(first) };
        while let Some(c) = next {
            match c {
                '"' if quoted => break,
                c if c.is_whitespace() && !quoted => break,
                '\\' => word.extend(chars.next()),
                c => word.push(c),
            }
            next = chars.next();
        }
        words.push(word);
    }
}

#[cfg(test)]
mod tests {
    use super::find;

    const FILE: &str = "# mine\nmachine a.example login ada password \"two words\"\nmacdef init\ncd /\nmachine x \
                        password no\n\nmachine B.example\n  login bob\n  account z\n  password p#\\\\w\nmachine c.example login \
                        nobody\ndefault login anyone password any\n";

    fn check(host: &str, expected: Option<(&str, &str)>) {
        let found = find(FILE, host);
        assert_eq!(found.as_ref().map(|(n, p)| (n.as_str(), p.as_str())), expected, "{host}");
    }

    #[test]
    fn entries_are_found_by_host_and_the_rest_is_the_defaults() {
        check("a.example", Some(("ada", "two words")));
        check("b.example", Some(("bob", "p#\\w")));
        check("c.example", None);
        check("x", Some(("anyone", "any")));
        assert_eq!(find("machine a login b", "a"), None);
        assert_eq!(find("", "a"), None);
    }
}
