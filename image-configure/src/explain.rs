//! `--explain`: every setting, its value, and where the value came from.

use std::fmt::Write as _;

use common::exported;
use common::settings::{Generation, Settings};

use crate::template;

/// The settings on their way: with defaults only, as chosen on the command line, and as they hold.
#[derive(Debug)]
pub struct Stages {
    /// The generation's defaults.
    pub defaults: Settings,
    /// With what the command line decided.
    pub chosen: Settings,
    /// With what the repository's template and the files it sources say.
    pub settled: Settings,
}

/// The table.
pub fn table(stages: &Stages) -> String {
    let generation = match stages.settled.generation {
        Generation::Chilly => "2024 (FREEZE_CHILL, chilly specs)",
        Generation::Newest => "newest (FREEZE, REPACK, choice of base notebooks)",
    };
    let mut text = format!("generation of the repository: {generation}\n\n");
    let defaults = exported::of(&stages.defaults);
    let chosen = exported::of(&stages.chosen);
    let value = |list: &[(&str, String)], name: &str| {
        list.iter().find(|(n, _)| *n == name).map(|(_, value)| value.clone())
    };
    for (name, settled) in exported::of(&stages.settled) {
        let (default, asked) = (value(&defaults, name), value(&chosen, name));
        let origin = match () {
            () if Some(&settled) != asked.as_ref() => template::FILE_NAME,
            () if asked != default => "command line",
            () => "default",
        };
        // Writing to a String cannot fail.
        _ = writeln!(text, "{name:<28} {origin:<20} {settled}");
    }
    for (name, value) in &stages.settled.exports {
        _ = writeln!(text, "{name:<28} {:<20} {value}", template::FILE_NAME);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn each_value_tells_where_it_came_from() {
        let defaults = Settings::new(Path::new("/r"), "roman".parse().unwrap());
        let mut chosen = defaults.clone();
        chosen.freeze_chill = true;
        let mut settled = chosen.clone();
        settled.conda_ver = "mamba".to_owned();
        settled.exports.insert("CRDS_PATH".to_owned(), "/crds".to_owned());
        let text = table(&Stages { defaults, chosen, settled });
        let origin = |name: &str| {
            let line = text.lines().find(|l| l.starts_with(name)).unwrap();
            line[29..49].trim_end().to_owned()
        };
        assert!(text.starts_with("generation of the repository: 2024"));
        assert_eq!(origin("USE_FROZEN "), "default");
        assert_eq!(origin("FREEZE_CHILL "), "command line");
        assert_eq!(origin("CONDA_VER "), "setup-env.template");
        assert_eq!(origin("CRDS_PATH "), "setup-env.template");
    }
}
