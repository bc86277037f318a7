//! Numbers of bytes as people write them.

/// The number of bytes that `text` says: `1000`, `512K`, `16M`, `20G`, `1T`, with or without `B` or `iB` behind the
/// letter, which stands for powers of 1024. None if it says none.
#[must_use]
pub fn bytes(text: &str) -> Option<u64> {
    let number = ["iB", "B", "b"].iter().find_map(|unit| text.strip_suffix(unit)).unwrap_or(text);
    let (digits, shift) = match number.char_indices().last() {
        Some((at, 'k' | 'K')) => (&number[..at], 10),
        Some((at, 'm' | 'M')) => (&number[..at], 20),
        Some((at, 'g' | 'G')) => (&number[..at], 30),
        Some((at, 't' | 'T')) => (&number[..at], 40),
        _ => (number, 0),
    };
    let is_number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    digits.parse::<u64>().ok().filter(|_| is_number)?.checked_mul(1 << shift)
}

#[cfg(test)]
mod tests {
    use super::bytes;

    #[test]
    fn sizes_are_bytes_or_have_a_letter() {
        let good = [("0", 0), ("100", 100), ("512K", 512 << 10), ("16M", 16 << 20), ("1g", 1 << 30)];
        let units = [("1536MiB", 1536 << 20), ("2GB", 2 << 30), ("1T", 1 << 40), ("900B", 900)];
        for (text, expected) in good.into_iter().chain(units) {
            assert_eq!(bytes(text), Some(expected), "{text}");
        }
        for text in ["", "M", "B", "iB", "1.5M", "-1", "+1", "99999999999G", "1 M", "1BB"] {
            assert_eq!(bytes(text), None, "{text}");
        }
    }
}
