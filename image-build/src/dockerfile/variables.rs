//! The values of variables where an instruction stands, as far as the file and the build arguments
//! tell: what a parent image sets is not known here.

use std::collections::BTreeMap;

use super::instruction::{Instruction, Keyword, shell_words};

/// The variables in force while a Dockerfile is read from top to bottom.
#[derive(Debug)]
pub(super) struct Scope<'a> {
    given: &'a BTreeMap<String, String>,
    /// Those declared before the first stage; a stage sees them by declaring them again.
    global: Values,
    stage: Option<Stage>,
}

/// By name; none where the value cannot be told.
type Values = BTreeMap<String, Option<String>>;

#[derive(Debug, Default)]
struct Stage {
    arguments: Values,
    /// These win over arguments of the same name.
    environment: Values,
}

impl<'a> Scope<'a> {
    /// Before the first instruction; `given` are the build arguments.
    pub(super) const fn new(given: &'a BTreeMap<String, String>) -> Self {
        Self { given, global: Values::new(), stage: None }
    }

    /// Takes in what `instruction` declares.
    pub(super) fn pass(&mut self, instruction: &Instruction) {
        match instruction.keyword {
            Keyword::From => self.stage = Some(Stage::default()),
            Keyword::Arg => {
                for word in shell_words(instruction.operands()) {
                    self.declare(&word);
                }
            }
            Keyword::Env => self.set(instruction.operands()),
            _ => {}
        }
    }

    fn declare(&mut self, word: &str) {
        let (name, default) = word.split_once('=').map_or((word, None), |(name, value)| (name, Some(value)));
        let value = match (self.given.get(name), default) {
            (Some(given), _) => Some(given.clone()),
            // What the engine sets by itself wins over a default.
            (None, _) if is_engines(name) => None,
            (None, Some(default)) => self.expand(default),
            // Declared without a value, it is that of the global one, or empty.
            (None, None) => self.global.get(name).cloned().unwrap_or_else(|| Some(String::new())),
        };
        let values = self.stage.as_mut().map_or(&mut self.global, |stage| &mut stage.arguments);
        values.insert(name.to_owned(), value);
    }

    /// `A=1 B="x y"`, or the old `A the rest`.
    fn set(&mut self, operands: &str) {
        let words = shell_words(operands);
        let pairs: Vec<(String, Option<String>)> = match words.first() {
            Some(first) if !first.contains('=') => {
                let rest = operands.trim_start().strip_prefix(first.as_str()).unwrap_or("").trim();
                vec![(first.clone(), self.expand(rest))]
            }
            _ => words
                .iter()
                .filter_map(|word| word.split_once('='))
                .map(|(name, value)| (name.to_owned(), self.expand(value)))
                .collect(),
        };
        if let Some(stage) = &mut self.stage {
            stage.environment.extend(pairs);
        }
    }

    /// `word` with its variables filled in and its quotes taken off; none if one is not known.
    pub(super) fn expand(&self, word: &str) -> Option<String> {
        let mut out = String::new();
        let mut quote = None;
        let mut rest = word;
        while let Some(c) = rest.chars().next() {
            rest = &rest[c.len_utf8()..];
            match (quote, c) {
                (None, '\'' | '"') => quote = Some(c),
                (Some(q), c) if q == c => quote = None,
                (None | Some('"'), '\\') => {
                    let next = rest.chars().next()?;
                    rest = &rest[next.len_utf8()..];
                    out.push(next);
                }
                (None | Some('"'), '$') => {
                    let (value, behind) = self.reference(rest)?;
                    out.push_str(&value);
                    rest = behind;
                }
                _ => out.push(c),
            }
        }
        quote.is_none().then_some(out)
    }

    /// The value of what stands behind a `$`, and what follows it.
    fn reference<'t>(&self, text: &'t str) -> Option<(String, &'t str)> {
        let Some(braced) = text.strip_prefix('{') else {
            let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
            return Some((self.value(&text[..end])?, &text[end..]));
        };
        let (inside, behind) = braced.split_once('}')?;
        // One variable in another ends elsewhere.
        if inside.contains("${") {
            return None;
        }
        let value = match inside.split_once(":-") {
            Some((name, default)) => match self.value(name) {
                Some(value) if !value.is_empty() => value,
                Some(_) => self.expand(default)?,
                None => return None,
            },
            None => self.value(inside)?,
        };
        Some((value, behind))
    }

    fn value(&self, name: &str) -> Option<String> {
        match &self.stage {
            Some(stage) => stage.environment.get(name).or_else(|| stage.arguments.get(name))?.clone(),
            None => self.global.get(name)?.clone(),
        }
    }
}

/// Whether engines give the argument `name` a value that nobody wrote down.
fn is_engines(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    let prefixes = ["TARGET", "BUILD", "SOURCE_DATE_EPOCH"];
    prefixes.iter().any(|prefix| upper.starts_with(prefix)) || upper.ends_with("_PROXY")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dockerfile::Dockerfile;

    /// The value of `word` at the end of `text`, with `DIR=given` as a build argument.
    fn check(text: &str, word: &str, expected: Option<&str>) {
        let given = BTreeMap::from([("DIR".to_owned(), "given".to_owned())]);
        let file = Dockerfile::of(text.to_owned());
        let mut scope = Scope::new(&given);
        file.instructions().iter().for_each(|instruction| scope.pass(instruction));
        assert_eq!(scope.expand(word).as_deref(), expected, "{word} after {text:?}");
    }

    #[test]
    fn arguments_have_the_value_given_or_their_default() {
        check("FROM a\nARG X=tools\n", "$X/run", Some("tools/run"));
        check("FROM a\nARG DIR=tools\n", "${DIR}", Some("given"));
        check("FROM a\nARG X\n", "a$X", Some("a"));
        check("ARG X=1\nFROM a\n", "$X", None);
        check("ARG X=1\nFROM a\nARG X\n", "$X", Some("1"));
        check("FROM a\nARG X=1\nFROM b\n", "$X", None);
    }

    #[test]
    fn the_environment_wins_and_builds_upon_itself() {
        check("FROM a\nARG X=1\nENV X=2 Y=\"b c\"\n", "$X$Y", Some("2b c"));
        check("FROM a\nENV X old form\nENV Y=$X/z\n", "$Y", Some("old form/z"));
        check("FROM a\nENV X=$UNKNOWN\n", "$X", None);
    }

    #[test]
    fn what_only_the_parent_image_knows_is_not_guessed() {
        check("FROM a\n", "$HOME/x", None);
        check("FROM a\n", "${HOME:-x}", None);
        check("FROM a\nARG X\n", "${X:-y}", Some("y"));
        check("FROM a\nARG X=1\n", "${X:+y}", None);
        check("FROM a\n", "'$HOME'", Some("$HOME"));
    }

    /// They were taken for empty, and files that were taken were in no key.
    #[test]
    fn what_the_engine_sets_by_itself_and_nested_defaults_are_not_guessed() {
        check("FROM a\nARG TARGETARCH\n", "bin-$TARGETARCH", None);
        check("FROM a\nARG BUILDPLATFORM\nARG http_proxy\n", "$BUILDPLATFORM", None);
        check("FROM a\nARG http_proxy\n", "a$http_proxy", None);
        check("FROM a\nARG TARGETARCH=amd64\n", "$TARGETARCH", None);
        check("FROM a\nARG A\nARG B=b\n", "${A:-${B}}/x", None);
        check("FROM a\nARG A\nARG B=b\n", "${A:-$B}", Some("b"));
    }

    #[test]
    fn quotes_must_end() {
        check("FROM a\n", "\"a", None);
    }
}
