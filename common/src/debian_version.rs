//! Debian's versions: their order, as its policy has it.

use std::cmp::Ordering;

/// How the version `a` stands to `b`, as Debian's policy has it: epoch, upstream version, revision.
#[must_use]
pub fn order(a: &str, b: &str) -> Ordering {
    let parts = |version: &str| {
        let (epoch, rest) = version.split_once(':').unwrap_or(("0", version));
        let (upstream, revision) = rest.rsplit_once('-').unwrap_or((rest, "0"));
        (epoch.parse::<u64>().unwrap_or(0), upstream.to_owned(), revision.to_owned())
    };
    let (a, b) = (parts(a), parts(b));
    a.0.cmp(&b.0).then_with(|| part(&a.1, &b.1)).then_with(|| part(&a.2, &b.2))
}

/// By turns what is no digit and what is a number.
fn part<'t>(mut a: &'t str, mut b: &'t str) -> Ordering {
    while !a.is_empty() || !b.is_empty() {
        let words = cut(&mut a, &mut b, |c| !c.is_ascii_digit());
        let numbers = cut(&mut a, &mut b, |c| c.is_ascii_digit());
        let order = word(words.0, words.1).then_with(|| number(numbers.0).cmp(&number(numbers.1)));
        if order.is_ne() {
            return order;
        }
    }
    Ordering::Equal
}

/// Digits so that they compare as a number does, however many there are.
fn number(digits: &str) -> (usize, &str) {
    let digits = digits.trim_start_matches('0');
    (digits.len(), digits)
}

/// Takes what `is` from the beginning of both.
fn cut<'t>(a: &mut &'t str, b: &mut &'t str, is: impl Fn(char) -> bool) -> (&'t str, &'t str) {
    let taken = |text: &mut &'t str| {
        let (first, rest) = text.split_at(text.find(|c| !is(c)).unwrap_or(text.len()));
        *text = rest;
        first
    };
    (taken(a), taken(b))
}

/// A tilde before the end, the end before letters, letters before everything else.
fn word(a: &str, b: &str) -> Ordering {
    let weight = |c: Option<char>| match c {
        Some('~') => (0, '~'),
        None => (1, ' '),
        Some(c) if c.is_ascii_alphabetic() => (2, c),
        Some(c) => (3, c),
    };
    let (mut a, mut b) = (a.chars(), b.chars());
    loop {
        let (x, y) = (a.next(), b.next());
        if (x, y) == (None, None) {
            return Ordering::Equal;
        }
        let order = weight(x).cmp(&weight(y));
        if order.is_ne() {
            return order;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_stand_as_dpkg_has_it() {
        let sorted = [
            "1.0~rc1-1",
            "1.0-1~bpo1",
            "1.0-1",
            "1.0-1+b1",
            "1.0-1+b10",
            "1.0a-1",
            "1.0+dfsg-1",
            "1.2-1",
            "1.10-1",
            "1:0.1-1",
        ];
        for pair in sorted.windows(2) {
            assert_eq!(order(pair[0], pair[1]), Ordering::Less, "{pair:?}");
            assert_eq!(order(pair[1], pair[0]), Ordering::Greater, "{pair:?}");
        }
        assert_eq!(order("1.01", "1.1"), Ordering::Equal);
    }
}
