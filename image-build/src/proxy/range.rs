//! Parts of a whole, as clients ask for them.

/// What a client asks for of something that is there whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// All of it: the client may ask for a part in a way that we do not know, and must take the whole.
    Whole,
    /// These bytes: the first, and how many.
    Bytes(u64, u64),
    /// There are no such bytes.
    Nowhere,
}

impl Part {
    /// What `range` (`bytes=0-99`) means of `size` bytes.
    pub(super) fn of(range: &str, size: u64) -> Self {
        let Some(spec) = range.trim().strip_prefix("bytes=").filter(|spec| !spec.contains(',')) else {
            return Self::Whole;
        };
        let Some((first, last)) = spec.trim().split_once('-') else { return Self::Whole };
        match (first.trim().parse::<u64>(), last.trim().parse::<u64>()) {
            (Err(_), Ok(count)) if first.trim().is_empty() => match count.min(size) {
                0 => Self::Nowhere,
                count => Self::Bytes(size - count, count),
            },
            (Ok(first), _) if first >= size => Self::Nowhere,
            (Ok(first), Err(_)) if last.trim().is_empty() => Self::Bytes(first, size - first),
            (Ok(first), Ok(last)) if first <= last => Self::Bytes(first, last.min(size - 1) - first + 1),
            _ => Self::Whole,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_understood_as_servers_do() {
        let check = |range: &str, expected| assert_eq!(Part::of(range, 10), expected, "{range}");
        check("bytes=0-3", Part::Bytes(0, 4));
        check("bytes=8-99", Part::Bytes(8, 2));
        check("bytes=4-", Part::Bytes(4, 6));
        check("bytes=-3", Part::Bytes(7, 3));
        check("bytes=-99", Part::Bytes(0, 10));
        check("bytes=10-", Part::Nowhere);
        check("bytes=-0", Part::Nowhere);
        for odd in ["bytes=0-1,3-4", "items=0-1", "bytes=3-1", "bytes=x-1", "bytes="] {
            check(odd, Part::Whole);
        }
        assert_eq!(Part::of("bytes=0-0", 0), Part::Nowhere);
    }
}
