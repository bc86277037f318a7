//! Loosening by the rules of the original, to the byte, also where they make something invalid.
//!
//! They look at text, not at what it means. R1: on a line that begins with two blanks and `-`, the
//! right-most `=` before a triple. R2: on one with four blanks and `-`, the right-most `==` before
//! a triple. R3: in a pip file, every `==` before a triple, wherever it stands. Each becomes `~=`.

use common::chill_policy::ChillPolicy;

use super::loosen::{self, Loosened};
use super::rule::is_triple;

/// Loosens a conda environment file.
pub(crate) fn conda(content: &str) -> Loosened {
    let pins = loosen::conda(content, "", &ChillPolicy::default()).map_or(0, |by_meaning| by_meaning.pins);
    counted(content, r1_r2(content), pins)
}

/// Loosens a pip requirement file.
pub(crate) fn pip(content: &str) -> Loosened {
    let pins = loosen::pip(content, "", &ChillPolicy::default()).map_or(0, |by_meaning| by_meaning.pins);
    counted(content, r3(content), pins)
}

/// What was loosened is told by the operators that were not there before.
fn counted(before: &str, text: String, pins: u32) -> Loosened {
    let operators = |text: &str| text.matches("~=").count();
    let freed = operators(&text).saturating_sub(operators(before));
    Loosened { text, pins, freed: u32::try_from(freed).unwrap_or(u32::MAX) }
}

fn r1_r2(content: &str) -> String {
    lines(content, |line| {
        let (operator, rest) = match line {
            _ if line.starts_with("  -") => ("=", line),
            _ if line.starts_with("    -") => ("==", line),
            _ => return None,
        };
        let last = rest.rmatch_indices(operator).map(|(at, _)| at);
        let mut last = last.filter(|at| is_triple(&rest.as_bytes()[at + operator.len()..]));
        last.next().map(|at| format!("{}~={}", &rest[..at], &rest[at + operator.len()..]))
    })
}

fn r3(content: &str) -> String {
    let bytes = content.as_bytes();
    let mut text = String::with_capacity(content.len());
    let (mut copied, mut at) = (0, 0);
    while let Some(found) = content[at..].find("==") {
        let operator = at + found;
        if is_triple(&bytes[operator + 2..]) {
            text.push_str(&content[copied..operator]);
            text.push_str("~=");
            copied = operator + 2;
            at = copied;
        } else {
            // Only one further: in `===1.2.3` the second and third are such a pair.
            at = operator + 1;
        }
    }
    text.push_str(&content[copied..]);
    text
}

fn lines(content: &str, edit: impl Fn(&str) -> Option<String>) -> String {
    let mut text = String::with_capacity(content.len() + content.len() / 16);
    for line in content.split_inclusive('\n') {
        match edit(line) {
            Some(edited) => text.push_str(&edited),
            None => text.push_str(line),
        }
    }
    text
}
