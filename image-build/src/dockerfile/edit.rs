//! What is changed in the staged copy of a Dockerfile. The tree's own file is never touched.

use std::path::Path;

use super::instruction::{Instruction, Keyword};
use super::{Change, Dockerfile, sources};

/// Where a build step finds the CA bundle: a path that no image has a file at, because buildah
/// deletes a file that a secret is mounted over.
pub(crate) const CA_TARGET: &str = "/run/secrets/ca";

/// The variables by which the usual clients find a CA bundle. They are build arguments, not `ENV`,
/// so that nothing of them stays in the image.
pub(crate) const CA_VARIABLES: [&str; 4] =
    ["SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"];

/// The build argument that holds the moment a floating build solves against. Every RUN sees it, so
/// that a new moment never meets an old layer.
pub(crate) const CUTOFF_VARIABLE: &str = "INDEX_CUTOFF";

/// The changes to make.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Edits {
    /// Directories that every RUN shares through a cache mount, in the order of the mounts.
    pub(crate) cache_dirs: Vec<String>,
    /// A name that keeps these mounts apart from those of other builds, so that they are empty at first.
    pub(crate) cache_id: Option<String>,
    /// Whether every RUN gets the CA bundle.
    pub(crate) ca: bool,
    /// Whether every RUN depends on the index cut-off.
    pub(crate) cutoff: bool,
    /// Whether patterns of COPY that match nothing must go.
    pub(crate) no_empty_copies: bool,
}

impl Edits {
    /// `file` with the changes made; `context` is where its COPY instructions look, `name` what it
    /// is called there.
    pub(crate) fn apply(&self, file: &Dockerfile, context: &Path, name: &str) -> String {
        let changes = file.instructions().iter().flat_map(|instruction| {
            let mut changes = match instruction.keyword {
                Keyword::From => self.declare(instruction, file),
                Keyword::Run => self.mount(instruction),
                _ => Vec::new(),
            };
            if self.no_empty_copies {
                changes.extend(sources::without_empty(instruction, context, name));
            }
            changes
        });
        file.with(changes.collect())
    }

    /// The variables that each stage declares.
    fn variables(&self) -> Vec<&'static str> {
        let cutoff = self.cutoff.then_some(CUTOFF_VARIABLE);
        let ca = self.ca.then_some(CA_VARIABLES).into_iter().flatten();
        cutoff.into_iter().chain(ca).collect()
    }

    fn declare(&self, from: &Instruction, file: &Dockerfile) -> Vec<Change> {
        let variables = self.variables();
        let before = &file.text[..from.end];
        if variables.is_empty() {
            return Vec::new();
        }
        let end = if file.text.contains("\r\n") { "\r\n" } else { "\n" };
        let mut lines = if before.ends_with('\n') { String::new() } else { end.to_owned() };
        for name in variables {
            lines.extend(["ARG ", name, end]);
        }
        vec![Change::insert(from.end, lines)]
    }

    /// The mounts of one RUN. `uid` and `gid` are those of the image's user instead of the original's
    /// `mode=0777`: an engine whose umask is 022 makes a directory of that mode 0755, root's, and a
    /// RUN as the user then cannot write to it. Root can write to it either way.
    fn mount(&self, run: &Instruction) -> Vec<Change> {
        let taken = |target: &str| run.flags().any(|flag| mounts_at(flag, target));
        let mut text = String::new();
        if self.ca && !taken(CA_TARGET) {
            text.push_str(" --mount=type=secret,id=ca,target=/run/secrets/ca,mode=0444");
        }
        for dir in self.cache_dirs.iter().filter(|dir| !taken(dir)) {
            text.push_str(" --mount=type=cache,uid=1000,gid=100,target=");
            text.push_str(dir);
            if let Some(id) = &self.cache_id {
                text.extend([",id=", id, &dir.replace(['/', ','], "-")]);
            }
        }
        if text.is_empty() { Vec::new() } else { vec![Change::insert(run.keyword_end, text)] }
    }
}

/// Whether `flag` is a mount at `target`: the author's own mount wins.
fn mounts_at(flag: &str, target: &str) -> bool {
    let Some(options) = flag.strip_prefix("--mount=") else { return false };
    options.split(',').any(|option| {
        let Some((name, value)) = option.split_once('=') else { return false };
        matches!(name, "target" | "dst" | "destination") && value.trim_end_matches('/') == target
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CACHE: &str = " --mount=type=cache,uid=1000,gid=100,target=";
    const SECRET: &str = " --mount=type=secret,id=ca,target=/run/secrets/ca,mode=0444";

    fn caching(dirs: &[&str]) -> Edits {
        Edits { cache_dirs: dirs.iter().map(|d| (*d).to_owned()).collect(), ..Edits::default() }
    }

    fn applied(edits: &Edits, text: &str) -> String {
        edits.apply(&Dockerfile::of(text.to_owned()), Path::new("/nonexistent"), "Dockerfile")
    }

    /// `@` stands for the mount of `/c`.
    fn check(text: &str, expected: &str) {
        assert_eq!(applied(&caching(&["/c"]), text), expected.replace('@', &format!("{CACHE}/c")));
    }

    /// D16: the original changed text that only looked like an instruction.
    #[test]
    fn d16_only_real_run_instructions_get_mounts() {
        check("RUN x\n", "RUN@ x\n");
        check("  run x", "  run@ x");
        check("RUN\tx\n", "RUN@\tx\n");
        check("RUN   x\r\n", "RUN@   x\r\n");
        check(
            "RUN \\\n  x \\\n  # RUN caching\n  && RUN y\n",
            "RUN@ \\\n  x \\\n  # RUN caching\n  && RUN y\n",
        );
        check("RUN --network=none x\n", "RUN@ --network=none x\n");
        check("RUN [\"x\"]\n", "RUN@ [\"x\"]\n");
        for same in [
            "# then RUN x\n",
            "#RUN  x\n",
            "ENV PRERUN 1\n",
            "ENV A=\"RUN b\"\n",
            "ONBUILD RUN x\n",
            "CMD [\"sh\", \"-c\", \"RUN b\"]\n",
            "LABEL a=b \\\n  RUN =c\n",
        ] {
            check(same, same);
        }
    }

    #[test]
    fn d16_the_body_of_a_here_document_is_not_touched() {
        check("RUN <<EOF\nRUN x\nEOF\nRUN y\n", "RUN@ <<EOF\nRUN x\nEOF\nRUN@ y\n");
        check("COPY <<EOF /f\nRUN x\nEOF\n", "COPY <<EOF /f\nRUN x\nEOF\n");
    }

    #[test]
    fn an_authors_own_mount_of_the_directory_wins() {
        let text = "RUN --mount=type=cache,target=/c/ x\n";
        check(text, text);
        check("RUN --mount=type=bind,target=/d x\n", "RUN@ --mount=type=bind,target=/d x\n");
    }

    #[test]
    fn mounts_come_in_the_order_given_behind_the_secret() {
        let edits = Edits { ca: true, ..caching(&["/a", "/b"]) };
        assert_eq!(applied(&edits, "RUN x"), format!("RUN{SECRET}{CACHE}/a{CACHE}/b x"));
    }

    #[test]
    fn every_stage_declares_what_its_steps_depend_on() {
        let edits = Edits { cutoff: true, ..Edits::default() };
        check_declared(
            &edits,
            "ARG A=1\nFROM $A AS b\nUSER u\nfrom b",
            "ARG A=1\nFROM $A AS b\n@USER u\nfrom b\n@",
        );
        check_declared(&edits, "FROM a \\\n  # why\n  AS b\nRUN x\n", "FROM a \\\n  # why\n  AS b\n@RUN x\n");
        let edits = Edits { ca: true, ..Edits::default() };
        let text = applied(&edits, "FROM a\r\n");
        assert_eq!(
            text,
            "FROM a\r\nARG SSL_CERT_FILE\r\nARG PIP_CERT\r\nARG REQUESTS_CA_BUNDLE\r\nARG CURL_CA_BUNDLE\r\n"
        );
    }

    fn check_declared(edits: &Edits, text: &str, expected: &str) {
        assert_eq!(applied(edits, text), expected.replace('@', "ARG INDEX_CUTOFF\n"));
    }

    /// Every byte is kept by no edits, and edits only ever add: taking them out gives the original.
    #[test]
    fn edits_leave_every_other_byte_alone() {
        let pieces = [
            "FROM a\n",
            "FROM a AS b\r\n",
            "RUN x\n",
            "run\ty \\\n\n# c\n  z\n",
            "RUN <<E\nRUN q\nE\n",
            "# RUN\n",
            "\u{feff}",
            "COPY a* b\n",
            "\n",
            "ENV RUN=1\n",
            "ONBUILD RUN x\n",
            "RUN é\\\\\n",
            "RUN \\",
            "\t",
            "\r\n",
        ];
        let all = Edits { ca: true, cutoff: true, ..caching(&["/c", "/d"]) };
        let mut seed = 1_u32;
        for _ in 0..2000 {
            let mut text = String::new();
            for _ in 0..6 {
                // A fixed sequence of numbers: the cases are the same in every run.
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                text.push_str(pieces[(seed >> 16) as usize % pieces.len()]);
            }
            assert_eq!(applied(&Edits::default(), &text), text);
            let mut bare = applied(&all, &text).replace(SECRET, "");
            for added in [format!("{CACHE}/c"), format!("{CACHE}/d")] {
                bare = bare.replace(&added, "");
            }
            for name in all.variables() {
                bare = bare.replace(&format!("ARG {name}\r\n"), "").replace(&format!("ARG {name}\n"), "");
            }
            let kept = bare.trim_end_matches(['\r', '\n']);
            assert_eq!(kept, text.trim_end_matches(['\r', '\n']), "{text:?}");
        }
    }
}
