//! What the name of a member means.

/// The longest path that a file can have in Linux. Bytes.
const LONGEST: usize = 4096;

/// `name` as a path from the top of the archive: without `.`, without empty parts, and taken from the
/// top if it is absolute, as engines do it. Empty for the top itself.
///
/// # Errors
/// It leads out of the archive, is longer than any path can be, or holds a zero byte.
pub fn clean(name: Vec<u8>) -> Result<Vec<u8>, String> {
    let refused = |reason: &str| {
        let shown: String = name.iter().take(120).flat_map(|b| b.escape_ascii()).map(char::from).collect();
        Err(format!("the name {shown:?} {reason}"))
    };
    if name.len() > LONGEST {
        return refused("is too long");
    }
    if name.contains(&0) {
        return refused("holds a zero byte");
    }
    let parts = || name.split(|b| *b == b'/');
    if parts().any(|part| part == b"..") {
        return refused("leads out of the archive");
    }
    if parts().all(|part| !matches!(part, b"" | b".")) {
        return Ok(name);
    }
    Ok(parts().filter(|part| !matches!(*part, b"" | b".")).collect::<Vec<_>>().join(&b'/'))
}

#[cfg(test)]
mod tests {
    use super::clean;

    #[test]
    fn names_are_taken_from_the_top_and_never_lead_out() {
        let check = |name: &str, expected: &str| {
            assert_eq!(clean(name.as_bytes().to_vec()).unwrap(), expected.as_bytes(), "{name}");
        };
        check("a/b", "a/b");
        check("./a//b/", "a/b");
        check("/etc/passwd", "etc/passwd");
        check("./", "");
        check("a/..b", "a/..b");
        for wrong in ["..", "../a", "a/../../b", "a/..", "a\0b"] {
            assert!(clean(wrong.as_bytes().to_vec()).is_err(), "{wrong}");
        }
        let error = clean(vec![b'n'; 5000]).unwrap_err();
        assert!(error.len() < 200 && error.contains("too long"), "{error}");
    }
}
