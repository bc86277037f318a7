//! Where the engine keeps cached layers: each image of the chain in a place of its own, for what one build
//! writes there replaces what another one wrote.

/// The switches that name such places.
const SWITCHES: [&str; 2] = ["--cache-from", "--cache-to"];

/// `words` with the places of the image `tag` in them.
pub(super) fn of_image(words: &[String], tag: &str) -> Vec<String> {
    let name = tag.replace([':', '/'], "-");
    let mut before = "";
    let mut own = Vec::new();
    for word in words {
        own.push(if SWITCHES.contains(&before) { place(word, &name) } else { word.clone() });
        before = word;
    }
    own
}

/// `type=registry,ref=R:1` is `type=registry,ref=R:1-NAME`; a directory has one below it, and what is called
/// otherwise gets the name behind it. What has no place (`type=inline`) stays.
fn place(cache: &str, name: &str) -> String {
    if !cache.contains('=') {
        return reference(cache, name);
    }
    let part = |part: &str| match part.split_once('=') {
        Some(("ref", value)) => format!("ref={}", reference(value, name)),
        Some((key @ ("dest" | "src"), value)) => format!("{key}={}/{name}", value.trim_end_matches('/')),
        Some((key @ ("scope" | "name"), value)) => format!("{key}={value}-{name}"),
        _ => part.to_owned(),
    };
    cache.split(',').map(part).collect::<Vec<_>>().join(",")
}

/// The names in registries that `words` would have layers taken from.
pub(crate) fn references(words: &[String]) -> Vec<String> {
    let named = words.windows(2).filter(|pair| pair[0] == SWITCHES[0]).map(|pair| pair[1].as_str());
    let joined = words.iter().filter_map(|word| word.strip_prefix(SWITCHES[0])?.strip_prefix('='));
    named.chain(joined).filter_map(in_registry).map(str::to_owned).collect()
}

/// `R` of `R` and of `type=registry,ref=R`.
fn in_registry(cache: &str) -> Option<&str> {
    if !cache.contains('=') {
        return Some(cache);
    }
    let value = |key: &str| cache.split(',').find_map(|part| part.strip_prefix(key)?.strip_prefix('='));
    value("ref").filter(|_| value("type") == Some("registry"))
}

fn reference(text: &str, name: &str) -> String {
    let has_tag = text.rsplit('/').next().is_some_and(|last| last.contains(':'));
    format!("{text}{}{name}", if has_tag { "-" } else { ":" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_registry_can_have_an_image() {
        let words = [
            "--cache-from",
            "h/a:1",
            "--cache-to",
            "type=registry,ref=h/to",
            "--cache-from=type=registry,ref=h/b",
        ];
        let words: Vec<String> =
            words.iter().chain(&["--cache-from", "type=local,src=/c"]).map(|w| (*w).to_owned()).collect();
        assert_eq!(references(&words), ["h/a:1", "h/b"]);
    }

    /// Three images were written to one place, and only the last one was found there again.
    #[test]
    fn each_image_has_a_place_of_its_own() {
        for (cache, own) in [
            (
                "type=registry,ref=127.0.0.1:5000/c:1,mode=max",
                "type=registry,ref=127.0.0.1:5000/c:1-common,mode=max",
            ),
            ("type=registry,ref=127.0.0.1:5000/c", "type=registry,ref=127.0.0.1:5000/c:common"),
            ("type=local,dest=/c/", "type=local,dest=/c/common"),
            ("type=local,src=/c", "type=local,src=/c/common"),
            ("type=gha,scope=main", "type=gha,scope=main-common"),
            ("type=inline", "type=inline"),
            ("user/app:cache", "user/app:cache-common"),
        ] {
            let words = ["--cache-from", cache, "--builder", "ref=a"].map(str::to_owned);
            assert_eq!(of_image(&words, "common"), ["--cache-from", own, "--builder", "ref=a"]);
        }
    }
}
