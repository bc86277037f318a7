//! What a package says about its files: their digests when they were installed.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The first half of a SHA-256: enough to tell two files apart, and half as much to keep.
pub(super) type Sum = [u8; 16];

/// Files and their sums, names below the directory that the record is about.
pub(super) type Claims = Vec<(Box<str>, Sum)>;

/// The claims of a `RECORD`: `path,sha256=…,size` a line. Lines without a digest (the `RECORD` itself,
/// bytecode) claim nothing. Nothing is kept unless `wanted`.
pub(super) fn of_record(content: &[u8], wanted: bool) -> Claims {
    let lines = content.split(|b| *b == b'\n').filter(|_| wanted);
    lines.filter_map(|line| claim(std::str::from_utf8(line).ok()?.trim_end())).collect()
}

fn claim(line: &str) -> Option<(Box<str>, Sum)> {
    let (rest, _size) = line.rsplit_once(',')?;
    let (path, digest) = rest.rsplit_once(',')?;
    let bytes = URL_SAFE_NO_PAD.decode(digest.strip_prefix("sha256=")?.trim_end_matches('=')).ok()?;
    let quoted = path.strip_prefix('"').and_then(|path| path.strip_suffix('"'));
    let path = quoted.map_or_else(|| path.to_owned(), |path| path.replace("\"\"", "\""));
    Some((path.into_boxed_str(), half(&bytes)?))
}

/// The sum in 64 hexadecimal digits.
pub(super) fn of_hex(digits: &str) -> Option<Sum> {
    let digits = digits.as_bytes();
    if digits.len() != 64 {
        return None;
    }
    let mut sum = Sum::default();
    for (byte, pair) in sum.iter_mut().zip(digits.chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(sum)
}

/// The half that is kept of all 32 bytes.
pub(super) fn half(bytes: &[u8]) -> Option<Sum> {
    if bytes.len() != 32 {
        return None;
    }
    bytes[..16].try_into().ok()
}

/// A sum for people.
pub(super) fn shown(sum: Sum) -> String {
    use std::fmt::Write as _;
    sum.iter().fold("sha256:".to_owned(), |mut text, byte| {
        // Writing to a String cannot fail.
        _ = write!(text, "{byte:02x}");
        text
    }) + "…"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_with_a_digest_are_claims() {
        let empty = "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU";
        let text = format!(
            "a/__init__.py,sha256={empty},0\n\"b,c \"\"d\"\".py\",sha256={empty},0\r\na.dist-info/RECORD,,\n\
             a.pyc,,\nx,md5=abc,3\nbad,sha256=zz,1\n"
        );
        let claims = of_record(text.as_bytes(), true);
        let names: Vec<&str> = claims.iter().map(|(name, _)| &**name).collect();
        assert_eq!(names, ["a/__init__.py", "b,c \"d\".py"]);
        assert_eq!(shown(claims[0].1), "sha256:e3b0c44298fc1c149afbf4c8996fb924…");
        assert!(of_record(text.as_bytes(), false).is_empty());
        let hex = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(of_hex(hex), Some(claims[0].1));
        assert_eq!((of_hex("é3"), of_hex(&"é".repeat(32))), (None, None));
    }
}
