//! Environment markers: whether a requirement counts where it is read for.

use std::fmt;

use pep508_rs::{MarkerEnvironment, MarkerEnvironmentBuilder, MarkerTree, VerbatimUrl};

/// No marker that people or tools write is longer, in bytes.
const LONGEST: usize = 4096;
/// Nor nested deeper: each level takes some of the stack.
const DEEPEST: usize = 32;

/// The condition behind the `;` of a requirement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marker {
    tree: MarkerTree,
    text: String,
}

impl Marker {
    /// Reads the text behind the `;`.
    ///
    /// # Errors
    /// It is no marker; the message says why.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if text.len() > LONGEST || depth(text) > DEEPEST {
            return Err("not a marker: it is too long, or nested too deeply".to_owned());
        }
        match MarkerTree::parse_str::<VerbatimUrl>(text) {
            Ok(tree) => Ok(Self { tree, text: text.to_owned() }),
            Err(error) => Err(format!("not a marker: {}", error.message)),
        }
    }

    /// Whether it is true for `target`.
    #[must_use]
    pub fn holds(&self, target: &MarkerTarget) -> bool {
        self.tree.evaluate(&target.0, &[])
    }
}

/// How many parentheses are open at most.
fn depth(text: &str) -> usize {
    let mut open = 0_usize;
    text.bytes().fold(0, |deepest, byte| {
        open = match byte {
            b'(' => open + 1,
            b')' => open.saturating_sub(1),
            _ => open,
        };
        deepest.max(open)
    })
}

impl fmt::Display for Marker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// An interpreter that markers can be asked about: `CPython` on Linux.
#[derive(Clone, Debug)]
pub struct MarkerTarget(MarkerEnvironment);

impl MarkerTarget {
    /// The interpreter of `version` (`3.11.9`, or `3.11`) on `machine` (`x86_64`, `aarch64`).
    /// `None` if the version is not one.
    #[must_use]
    pub fn linux(version: &str, machine: &str) -> Option<Self> {
        let mut numbers = version.split('.');
        let (major, minor) = (numbers.next()?, numbers.next()?);
        let short = format!("{major}.{minor}");
        let full = if numbers.next().is_some() { version.to_owned() } else { format!("{short}.0") };
        let environment = MarkerEnvironment::try_from(MarkerEnvironmentBuilder {
            implementation_name: "cpython",
            implementation_version: &full,
            os_name: "posix",
            platform_machine: machine,
            platform_python_implementation: "CPython",
            platform_release: "",
            platform_system: "Linux",
            platform_version: "",
            python_full_version: &full,
            python_version: &short,
            sys_platform: "linux",
        });
        environment.ok().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(marker: &str, expected: bool) {
        let target = MarkerTarget::linux("3.11.9", "x86_64").unwrap();
        assert_eq!(Marker::parse(marker).unwrap().holds(&target), expected, "{marker}");
    }

    #[test]
    fn markers_are_asked_about_the_image_not_the_host() {
        check("python_version >= '3.9'", true);
        check("python_full_version == \"3.11.9\"", true);
        check("python_version < '3.9'", false);
        check("sys_platform == 'win32'", false);
        check("platform_machine == 'x86_64' and os_name == 'posix'", true);
        check("extra == 'test'", false);
    }

    #[test]
    fn what_is_no_marker_or_version_is_refused() {
        assert!(Marker::parse("python_version >").is_err());
        assert!(MarkerTarget::linux("three", "x86_64").is_none());
        assert!(MarkerTarget::linux("3.11", "x86_64").is_some());
    }

    /// The whole process ended.
    #[test]
    fn a_marker_that_would_take_all_of_the_stack_is_refused() {
        let nested = |depth: usize| format!("{}os_name == 'posix'{}", "(".repeat(depth), ")".repeat(depth));
        assert!(Marker::parse(&nested(DEEPEST)).is_ok());
        for text in [nested(DEEPEST + 1), nested(1_000_000), "(".repeat(1_000_000)] {
            assert!(Marker::parse(&text).unwrap_err().contains("too deeply"));
        }
        assert!(Marker::parse(&["os_name == 'a'"; 1000].join(" or ")).is_err());
    }
}
