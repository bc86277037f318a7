//! Instructions: a keyword, flags, operands, and here-documents below them.

use std::ops::Range;

use super::logical::{Line, Logical, escape, lines};

/// What an instruction does, as far as we care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keyword {
    /// Begins a stage.
    From,
    /// Runs a command.
    Run,
    /// Copies from the context or a stage.
    Copy,
    /// Copies, downloads or unpacks.
    Add,
    /// Declares a build argument.
    Arg,
    /// Sets variables, also of the image.
    Env,
    /// Keeps an instruction for later builds; what it holds is not for this one.
    OnBuild,
    /// Says something that only docker's form of an image has a place for.
    OnlyDocker,
    /// Anything else.
    Other,
}

impl Keyword {
    fn of(word: &str) -> Self {
        match word.to_ascii_uppercase().as_str() {
            "FROM" => Self::From,
            "RUN" => Self::Run,
            "COPY" => Self::Copy,
            "ADD" => Self::Add,
            "ARG" => Self::Arg,
            "ENV" => Self::Env,
            "ONBUILD" => Self::OnBuild,
            "SHELL" | "HEALTHCHECK" => Self::OnlyDocker,
            _ => Self::Other,
        }
    }
}

/// An instruction and where it stands.
#[derive(Debug)]
pub(crate) struct Instruction {
    /// What it does.
    pub(crate) keyword: Keyword,
    /// The source behind its last line, here-documents included.
    pub(super) end: usize,
    /// Where in the source the keyword ends.
    pub(super) keyword_end: usize,
    logical: Logical,
    flags: Vec<Range<usize>>,
    operands: usize,
}

impl Instruction {
    fn new(logical: Logical, end: usize) -> Self {
        let text = logical.text.as_str();
        let start = text.len() - text.trim_start().len();
        let word_end = text[start..].find(char::is_whitespace).map_or(text.len(), |n| start + n);
        let (flags, operands) = flags(text, word_end);
        let keyword = Keyword::of(&text[start..word_end]);
        Self { keyword, end, keyword_end: logical.source(word_end..word_end).end, flags, operands, logical }
    }

    /// The flags, as `--name=value` or `--name`.
    pub(crate) fn flags(&self) -> impl Iterator<Item = &str> {
        self.flags.iter().map(|range| &self.logical.text[range.clone()])
    }

    /// What stands behind the keyword and the flags, as one line.
    pub(crate) fn operands(&self) -> &str {
        self.logical.text[self.operands..].trim_end()
    }

    /// Where in the source the bytes `range` of [`Self::operands`] stand.
    pub(super) fn operand_source(&self, range: Range<usize>) -> Range<usize> {
        self.logical.source(self.operands + range.start..self.operands + range.end)
    }

    /// The operands, cut at white space, with where each begins and ends in [`Self::operands`].
    pub(super) fn words(&self) -> Vec<(Range<usize>, &str)> {
        let operands = self.operands();
        operands
            .split_whitespace()
            .map(|word| {
                let start = word.as_ptr() as usize - operands.as_ptr() as usize;
                (start..start + word.len(), word)
            })
            .collect()
    }

    /// The first word of what ONBUILD keeps; nothing for other instructions.
    fn kept_keyword(&self) -> Option<Keyword> {
        (self.keyword == Keyword::OnBuild)
            .then(|| Keyword::of(self.operands().split_whitespace().next().unwrap_or("")))
    }

    /// The terminators of the here-documents that follow, and whether leading tabs do not count.
    fn heredocs(&self) -> Vec<(String, bool)> {
        let takes = matches!(
            self.kept_keyword().unwrap_or(self.keyword),
            Keyword::Run | Keyword::Copy | Keyword::Add
        );
        if !takes || !self.operands().contains("<<") || self.operands().starts_with('[') {
            return Vec::new();
        }
        shell_words(self.operands()).iter().filter_map(|word| heredoc(word)).collect()
    }
}

/// All instructions of `text`.
pub(super) fn all(text: &str) -> Vec<Instruction> {
    let lines = lines(text);
    let escape = escape(&lines);
    let mut found = Vec::new();
    let mut next = 0;
    while next < lines.len() {
        let first = &lines[next];
        if first.is_blank() || first.is_comment() {
            next += 1;
            continue;
        }
        let (logical, after) = join(&lines, next, escape);
        let mut instruction = Instruction::new(logical, lines[after - 1].end);
        next = skip_heredocs(&instruction.heredocs(), &lines, after);
        instruction.end = lines[next - 1].end;
        found.push(instruction);
    }
    found
}

/// Joins the line `first` with those that continue it; gives the index of the line behind them.
fn join(lines: &[Line<'_>], first: usize, escape: char) -> (Logical, usize) {
    let mut logical = Logical::default();
    let mut next = first;
    let mut more = true;
    while more && next < lines.len() {
        let line = &lines[next];
        next += 1;
        // Between continued lines, comments and empty lines are as if they were not there.
        if next - 1 > first && (line.is_blank() || line.is_comment()) {
            continue;
        }
        more = logical.push(line.text, line.start, escape);
    }
    (logical, next)
}

/// The index of the line behind the here-documents that begin at the line `next`. One that never
/// ends is none: builders without here-documents take `<<` for the shell's.
fn skip_heredocs(terminators: &[(String, bool)], lines: &[Line<'_>], next: usize) -> usize {
    let mut behind = next;
    for (terminator, chomp) in terminators {
        let ends = |line: &Line<'_>| {
            let text = if *chomp { line.text.trim_start_matches('\t') } else { line.text };
            text == terminator
        };
        match lines[behind..].iter().position(ends) {
            Some(body) => behind += body + 1,
            None => return next,
        }
    }
    behind
}

/// The `--flags` behind the keyword that ends at `start`, and where the operands begin.
fn flags(text: &str, start: usize) -> (Vec<Range<usize>>, usize) {
    let mut flags = Vec::new();
    let mut at = start;
    loop {
        let rest = &text[at..];
        let word = at + (rest.len() - rest.trim_start().len());
        let end = text[word..].find(char::is_whitespace).map_or(text.len(), |n| word + n);
        if !text[word..].starts_with("--") || end - word == 2 {
            return (flags, word);
        }
        flags.push(word..end);
        at = end;
    }
}

/// Cuts at white space outside quotes; quotes stay, so that a quoted `<<` is seen to be quoted.
pub(super) fn shell_words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quote = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (None, c) if c.is_whitespace() => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
                continue;
            }
            (None, '\'' | '"') => quote = Some(c),
            (Some(q), c) if q == c => quote = None,
            (None | Some('"'), '\\') => {
                word.push(c);
                word.extend(chars.next());
                continue;
            }
            _ => {}
        }
        word.push(c);
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// `<<EOF`, `3<<-'EOF'`: the terminator, and whether leading tabs do not count.
fn heredoc(word: &str) -> Option<(String, bool)> {
    let rest = word.trim_start_matches(|c: char| c.is_ascii_digit()).strip_prefix("<<")?;
    let (rest, chomp) = rest.strip_prefix('-').map_or((rest, false), |r| (r, true));
    if rest.is_empty() || rest.contains('<') {
        return None;
    }
    Some((rest.chars().filter(|c| !matches!(c, '\'' | '"' | '\\')).collect(), chomp))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keywords(text: &str) -> Vec<Keyword> {
        all(text).iter().map(|i| i.keyword).collect()
    }

    fn check(text: &str, expected: &[Keyword]) {
        assert_eq!(keywords(text), expected, "{text:?}");
    }

    #[test]
    fn instructions_are_told_from_what_only_looks_like_them() {
        use Keyword::{Arg, Env, From, OnBuild, Other, Run};
        check("FROM a\nRUN x\n", &[From, Run]);
        check("arg A\nfrom a\n  run x", &[Arg, From, Run]);
        check("FROM a\r\nRUN\tx\r\n", &[From, Run]);
        check("\u{feff}FROM a\n", &[From]);
        check("# RUN x\n\n #RUN y\nENV PRERUN 1\n", &[Env]);
        check("ONBUILD RUN x\n", &[OnBuild]);
        check("RUNNER x\n", &[Other]);
    }

    #[test]
    fn a_line_goes_on_over_comments_and_empty_lines() {
        use Keyword::{Env, Run};
        check("RUN a && \\\n# RUN b\n\n  RUN c\nENV x=1\n", &[Run, Env]);
        check("RUN a \\  \n  b\nRUN c", &[Run, Run]);
        check("RUN echo \\\\\nRUN c", &[Run, Run]);
        check("# escape=`\nRUN a `\n  b\nRUN c:\\\nRUN d", &[Run, Run, Run]);
        check("RUN a \\", &[Run]);
    }

    #[test]
    fn the_body_of_a_here_document_is_no_instruction() {
        use Keyword::{Copy, Env, OnBuild, Run};
        check("RUN <<EOF\nRUN a\nFROM b\nEOF\nRUN c\n", &[Run, Run]);
        check("RUN <<-'END' cat\n\tRUN a\n\tEND\nRUN c\n", &[Run, Run]);
        check("COPY <<A <<\"B\" /d/\nRUN 1\nA\nRUN 2\nB\nRUN c\n", &[Copy, Run]);
        check("ONBUILD RUN <<EOF\nRUN a\nEOF\nENV c=1\n", &[OnBuild, Env]);
    }

    #[test]
    fn two_less_than_signs_are_not_always_a_here_document() {
        use Keyword::{Env, Other, Run};
        check("RUN echo $((1<<2))\nRUN b\n", &[Run, Run]);
        check("RUN echo 'x <<EOF'\nRUN b\nEOF\n", &[Run, Run, Other]);
        check("RUN cat <<< EOF\nRUN b\n", &[Run, Run]);
        check("ENV x=<<EOF\nRUN b\n", &[Env, Run]);
        check("RUN [\"a\", \"<<EOF\"]\nRUN b\n", &[Run, Run]);
        // Never ended: for builders that do not know here-documents it is the shell's affair.
        check("RUN cat <<EOF\nRUN b\n", &[Run, Run]);
    }

    #[test]
    fn flags_and_operands_are_apart() {
        let text = "COPY --from=a \\\n  --chown=1:1 x y/ \n";
        let copy = &all(text)[0];
        assert_eq!(copy.flags().collect::<Vec<_>>(), ["--from=a", "--chown=1:1"]);
        assert_eq!(copy.operands(), "x y/");
        let words = copy.words();
        assert_eq!(&text[copy.operand_source(words[1].0.clone())], "y/");
    }
}
