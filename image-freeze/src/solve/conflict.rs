//! Who asks for what cannot be had together: uv names packages, and we know which lines ask for them.

use common::report::{ConflictSide, SolveConflict};

use crate::specs::Specs;
use crate::thaw::named_in;

/// What uv said, with the lines of the specs that ask for the packages in it, in the specs' order.
pub(super) fn explained(words: String, specs: &Specs) -> SolveConflict {
    let named = named_in(&words);
    let mut sides = Vec::new();
    for file in &specs.files {
        for requirement in file.content.requirements().filter(|one| named.contains_key(&one.name)) {
            sides.push(ConflictSide {
                file: file.shown.clone(),
                line: u32::try_from(requirement.line).unwrap_or(u32::MAX),
                text: file.line(requirement),
            });
        }
    }
    SolveConflict { explanation: words, sides }
}

#[cfg(test)]
mod tests {
    use common::requirement::PipFile;

    use super::*;
    use crate::specs::SpecFile;

    #[test]
    fn each_side_of_a_conflict_is_a_line_of_a_file() {
        let file = |shown: &str, text: &str| SpecFile {
            shown: shown.to_owned(),
            bytes: text.as_bytes().to_vec(),
            content: PipFile::parse(text.as_bytes(), shown).unwrap(),
        };
        let specs = Specs {
            files: vec![file("a.pip", "# x\nRoman_Cal>=1  # lead\nnumpy\n"), file("h.pip", "asdf<5\n")],
        };
        let words = "Because romancal>=2 depends on numpy and roman-cal==1.0 depends on asdf>=5 and you require asdf<5, no.";
        let conflict = explained(words.to_owned(), &specs);
        let sides: Vec<_> =
            conflict.sides.iter().map(|s| (s.file.as_str(), s.line, s.text.as_str())).collect();
        assert_eq!(sides, [("a.pip", 2, "Roman_Cal>=1"), ("a.pip", 3, "numpy"), ("h.pip", 1, "asdf<5")]);
    }
}
