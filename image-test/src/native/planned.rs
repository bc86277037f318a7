//! The tests that the specs ask for, one by one.

use common::report::TestKind;

use crate::specs::{Script, Spec};

/// One test to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Planned {
    /// Its environment.
    pub(crate) environment: String,
    /// What kind of test.
    pub(crate) kind: TestKind,
    /// The module, the notebook's path below `tests`, or `test`.
    pub(crate) name: String,
    /// Whether nothing else may run beside it.
    pub(crate) alone: bool,
    /// Why it cannot even be tried.
    pub(crate) refused: Option<String>,
}

impl Planned {
    /// All that `specs` ask for, in their order.
    pub(crate) fn all(specs: &[Spec]) -> Vec<Self> {
        specs.iter().flat_map(Self::of).collect()
    }

    fn of(spec: &Spec) -> Vec<Self> {
        let one = |kind, name: &str, alone| Self {
            environment: spec.environment.clone(),
            kind,
            name: name.to_owned(),
            alone,
            refused: None,
        };
        let imports = spec.imports.asked.iter().map(|name| one(TestKind::Import, name, false));
        let is_alone = |name: &String| spec.notebooks.alone.contains(name);
        let notebooks = spec.notebooks.asked.iter().map(|name| one(TestKind::Notebook, name, is_alone(name)));
        let script = spec.script.map(|script| {
            let path = format!("environments/{}/tests/test", spec.environment);
            // D48
            let refused = (script == Script::NotExecutable)
                .then(|| format!("{path} is not executable: chmod +x {path}"));
            Self { refused, ..one(TestKind::Script, "test", false) }
        });
        imports.chain(notebooks).chain(script).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::specs::Words;

    #[test]
    fn d46_d48_only_what_is_asked_for_is_planned_and_a_script_that_cannot_run_is_refused() {
        let list = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let imports = Words {
            asked: list(&["numpy"]),
            comment: list(&["a", "sys"]),
            left_out: list(&["x"]),
            ..Words::default()
        };
        let notebooks =
            Words { asked: list(&["a.ipynb", "b.ipynb"]), alone: list(&["b.ipynb"]), ..Words::default() };
        let spec = Spec {
            environment: "frozen-one".to_owned(),
            imports,
            notebooks,
            script: Some(Script::NotExecutable),
        };
        let planned = Planned::all(&[spec]);
        let shown: Vec<(&str, bool)> = planned.iter().map(|p| (p.name.as_str(), p.alone)).collect();
        assert_eq!(shown, [("numpy", false), ("a.ipynb", false), ("b.ipynb", true), ("test", false)]);
        assert!(planned[3].refused.as_deref().unwrap().contains("is not executable"));
    }
}
