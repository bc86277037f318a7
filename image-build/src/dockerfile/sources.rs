//! COPY and ADD whose patterns match nothing: fine for `BuildKit`, an error for podman and buildah.
//!
//! In the staged copy, a pattern without a match is left out; if no source is left, an empty staged
//! directory takes its place, so that the destination still appears.

use std::path::Path;

use super::ignore::Ignore;
use super::instruction::{Instruction, Keyword};
use super::{Change, pattern};

/// The empty directory of a staged context that stands in for sources without a match.
pub(crate) const EMPTY_DIRECTORY: &str = ".image-empty";

/// What to change in `instruction` so that every pattern of it matches something in `context`.
pub(super) fn without_empty(instruction: &Instruction, context: &Path, dockerfile: &str) -> Vec<Change> {
    let applies = matches!(instruction.keyword, Keyword::Copy | Keyword::Add)
        // What another stage or image holds is not known here.
        && !instruction.flags().any(|flag| flag.starts_with("--from"));
    if !applies {
        return Vec::new();
    }
    let ignore = Ignore::read(context, dockerfile);
    let is_empty = |source: &str| {
        // A variable is the engine's to fill in; a here-document is no file.
        pattern::is_pattern(source)
            && !source.contains('$')
            && !source.starts_with("<<")
            && !pattern::finds(context, source, &|path| ignore.shows(path))
    };
    let operands = instruction.operands();
    if operands.starts_with('[') {
        in_json(instruction, &is_empty).into_iter().collect()
    } else {
        in_words(instruction, &is_empty)
    }
}

fn in_words(instruction: &Instruction, is_empty: &dyn Fn(&str) -> bool) -> Vec<Change> {
    let words = instruction.words();
    let Some((_, sources)) = words.split_last() else { return Vec::new() };
    let empty: Vec<_> = sources.iter().filter(|(_, word)| is_empty(word)).collect();
    let all = empty.len() == sources.len();
    let change = |(n, (range, _)): (usize, &&(std::ops::Range<usize>, &str))| {
        let stand_in = if all && n == 0 { format!("{EMPTY_DIRECTORY}/") } else { String::new() };
        Change { at: instruction.operand_source(range.clone()), text: stand_in }
    };
    empty.iter().enumerate().map(change).collect()
}

fn in_json(instruction: &Instruction, is_empty: &dyn Fn(&str) -> bool) -> Option<Change> {
    let operands = instruction.operands();
    // What is no list of strings is taken as words by builders, brackets and all; nobody means that.
    let list: Vec<String> = serde_json::from_str(operands).ok()?;
    let (target, sources) = list.split_last()?;
    let mut kept: Vec<&str> = sources.iter().map(String::as_str).filter(|s| !is_empty(s)).collect();
    if kept.len() == sources.len() {
        return None;
    }
    let stand_in = format!("{EMPTY_DIRECTORY}/");
    if kept.is_empty() {
        kept.push(&stand_in);
    }
    kept.push(target);
    let text = serde_json::to_string(&kept).ok()?;
    Some(Change { at: instruction.operand_source(0..operands.len()), text })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dockerfile::Dockerfile;

    fn context() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("env/roman-cal")).unwrap();
        std::fs::write(dir.path().join("env/roman-cal/roman-cal.yml"), "").unwrap();
        std::fs::write(dir.path().join("notes.log"), "").unwrap();
        std::fs::write(dir.path().join(".dockerignore"), "*.log\n").unwrap();
        dir
    }

    fn check(text: &str, expected: &str) {
        let context = context();
        let file = Dockerfile::of(text.to_owned());
        let changes = file.instructions().iter().flat_map(|i| without_empty(i, context.path(), "Dockerfile"));
        assert_eq!(file.with(changes.collect()), expected);
    }

    #[test]
    fn what_matches_stays_and_what_does_not_goes() {
        check("COPY env/*/*.yml env/*/*.explicit /d/\n", "COPY env/*/*.yml  /d/\n");
        check(
            "COPY env/*/*.yml \\\n    env/*/*.explicit \\\n    /d/\n",
            "COPY env/*/*.yml \\\n     \\\n    /d/\n",
        );
        check("copy --chown=1:1 env/*/*.x /d/\n", "copy --chown=1:1 .image-empty/ /d/\n");
        check("COPY *.a *.b /d/\n", "COPY .image-empty/  /d/\n");
        check("COPY [\"*.a\", \"env/\", \"/d d/\"]\n", "COPY [\"env/\",\"/d d/\"]\n");
        check("ADD [\"*.a\", \"/d d/\"]\n", "ADD [\".image-empty/\",\"/d d/\"]\n");
    }

    #[test]
    fn what_dockerignore_hides_does_not_count() {
        check("COPY *.log /d/\n", "COPY .image-empty/ /d/\n");
    }

    #[test]
    fn everything_else_is_left_to_the_engine() {
        for text in [
            "COPY missing /d/\n",
            "COPY --from=build /x/*.a /d/\n",
            "COPY $DIR/*.a /d/\n",
            "RUN cp *.a /d/\n",
            "ONBUILD COPY *.a /d/\n",
            "COPY\n",
        ] {
            check(text, text);
        }
    }
}
