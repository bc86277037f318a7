//! The Dockerfile that gives a flattened image the settings of the one that it was made of.

use std::fmt::Write as _;

use common::engine::{Healthcheck, ImageConfig};

/// A Dockerfile, and the build arguments that it needs.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Recipe {
    pub(super) text: String,
    pub(super) arguments: Vec<(String, String)>,
}

impl Recipe {
    /// `base` with the settings `config`, in the order of the original.
    pub(super) fn new(base: &str, config: &ImageConfig) -> Self {
        let mut recipe = Self::default();
        recipe.line("FROM", base);
        for pair in &config.env {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            recipe.pair("ENV", name, value);
        }
        // Before USER: a directory that is missing is made, and belongs to root.
        recipe.single("WORKDIR", &config.working_dir);
        recipe.single("USER", &config.user);
        config.exposed_ports.iter().for_each(|port| recipe.single("EXPOSE", port));
        // Taken as it stands, and understood when it comes to it.
        config.on_build.iter().for_each(|step| recipe.line("ONBUILD", step));
        recipe.single("STOPSIGNAL", &config.stop_signal);
        recipe.list("SHELL", &config.shell);
        recipe.list("ENTRYPOINT", &config.entrypoint);
        recipe.list("CMD", &config.cmd);
        for volume in &config.volumes {
            // Here, unlike in the other lists, words are expanded, and trimmed before that.
            let word = recipe.quoted(volume);
            recipe.list("VOLUME", &[word]);
        }
        if let Some(check) = &config.healthcheck {
            recipe.healthcheck(check);
        }
        for (name, value) in &config.labels {
            recipe.pair("LABEL", name, value);
        }
        recipe
    }

    fn line(&mut self, keyword: &str, rest: &str) {
        writeln!(self.text, "{keyword} {rest}").expect("a string takes text");
    }

    fn pair(&mut self, keyword: &str, name: &str, value: &str) {
        let (name, value) = (self.name(name), self.quoted(value));
        self.line(keyword, &format!("{name}={value}"));
    }

    fn name(&mut self, name: &str) -> String {
        let plain = |c: char| c.is_ascii_alphanumeric() || "_.-/".contains(c);
        if !name.is_empty() && name.chars().all(plain) { name.to_owned() } else { self.quoted(name) }
    }

    /// One word, which is empty where there is nothing to set.
    fn single(&mut self, keyword: &str, value: &str) {
        if value.is_empty() {
            return;
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || "_.-/:@+".contains(c);
        let word = if value.chars().all(plain) { value.to_owned() } else { self.quoted(value) };
        self.line(keyword, &word);
    }

    fn list(&mut self, keyword: &str, words: &[String]) {
        if !words.is_empty() {
            self.line(keyword, &json(words));
        }
    }

    /// `value` as one word that means itself. A line break cannot be written in a Dockerfile: such a
    /// value comes as a build argument, of which nothing stays.
    fn quoted(&mut self, value: &str) -> String {
        if !value.contains(['\n', '\r']) {
            return format!("\"{}\"", escaped(value));
        }
        let name = format!("IMAGE_REPACK_{}", self.arguments.len());
        self.line("ARG", &name);
        let word = format!("\"${{{name}}}\"");
        self.arguments.push((name, value.to_owned()));
        word
    }

    fn healthcheck(&mut self, check: &Healthcheck) {
        let mut options = String::new();
        let times = [
            ("interval", check.interval),
            ("timeout", check.timeout),
            ("start-period", check.start_period),
            ("start-interval", check.start_interval),
        ];
        for (name, time) in times.into_iter().filter(|(_, time)| *time > 0) {
            write!(options, "--{name}={time}ns ").expect("a string takes text");
        }
        if check.retries > 0 {
            write!(options, "--retries={} ", check.retries).expect("a string takes text");
        }
        let rest = match check.test.split_first() {
            Some((kind, [])) if kind == "NONE" => "NONE".to_owned(),
            Some((kind, [line])) if kind == "CMD-SHELL" => format!("{options}CMD {line}"),
            Some((kind, words)) if kind == "CMD" => format!("{options}CMD {}", json(words)),
            // No Dockerfile says this; that it is missing is seen when the image is compared.
            _ => return,
        };
        self.line("HEALTHCHECK", &rest);
    }
}

fn json(words: &[String]) -> String {
    serde_json::to_string(words).expect("strings are JSON")
}

/// `value` so that nothing in it means anything between double quotes.
fn escaped(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for c in value.chars() {
        if ['\\', '"', '$'].contains(&c) {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(config: &ImageConfig) -> String {
        Recipe::new("base", config).text
    }

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn plain_settings_are_written_as_the_original_wrote_them() {
        let config = ImageConfig {
            env: words(&["PATH=/bin", "A=b c"]),
            working_dir: "/home/jovyan".to_owned(),
            user: "1000".to_owned(),
            exposed_ports: ["8888/tcp".to_owned()].into(),
            entrypoint: words(&["tini", "--"]),
            cmd: words(&["start-notebook.py"]),
            labels: [("maker".to_owned(), "us".to_owned())].into(),
            on_build: words(&["RUN echo $X"]),
            stop_signal: "SIGINT".to_owned(),
            ..ImageConfig::default()
        };
        assert_eq!(
            text(&config),
            "FROM base\nENV PATH=\"/bin\"\nENV A=\"b c\"\nWORKDIR /home/jovyan\nUSER 1000\nEXPOSE 8888/tcp\n\
             ONBUILD RUN echo $X\nSTOPSIGNAL SIGINT\nENTRYPOINT [\"tini\",\"--\"]\n\
             CMD [\"start-notebook.py\"]\nLABEL maker=\"us\"\n"
        );
    }

    /// D57: values with quotes, `$` and backslashes were written as they are.
    #[test]
    fn d57_what_a_dockerfile_would_expand_is_escaped() {
        let config = ImageConfig {
            env: words(&[r#"X=a "q" $b \n"#]),
            working_dir: "/a $b".to_owned(),
            ..ImageConfig::default()
        };
        assert_eq!(text(&config), "FROM base\nENV X=\"a \\\"q\\\" \\$b \\\\n\"\nWORKDIR \"/a \\$b\"\n");
    }

    #[test]
    fn d57_a_line_break_comes_as_a_build_argument() {
        let config = ImageConfig { env: words(&["X=a\nb"]), ..ImageConfig::default() };
        let recipe = Recipe::new("base", &config);
        assert_eq!(recipe.text, "FROM base\nARG IMAGE_REPACK_0\nENV X=\"${IMAGE_REPACK_0}\"\n");
        assert_eq!(recipe.arguments, [("IMAGE_REPACK_0".to_owned(), "a\nb".to_owned())]);
    }

    /// D57: these three were left out.
    #[test]
    fn d57_shell_volumes_and_health_checks_are_kept() {
        let check = |test: &[&str]| {
            let check = Healthcheck {
                test: words(test),
                interval: 5_000_000_000,
                retries: 3,
                ..Healthcheck::default()
            };
            text(&ImageConfig { healthcheck: Some(check), ..ImageConfig::default() })
        };
        assert_eq!(
            check(&["CMD", "a b"]),
            "FROM base\nHEALTHCHECK --interval=5000000000ns --retries=3 CMD [\"a b\"]\n"
        );
        assert!(check(&["CMD-SHELL", "a || b"]).ends_with("--retries=3 CMD a || b\n"));
        assert!(check(&["NONE"]).ends_with("HEALTHCHECK NONE\n"));
        let config = ImageConfig {
            shell: words(&["/bin/bash", "-o", "pipefail", "-c"]),
            volumes: ["/data".to_owned(), "/$x".to_owned()].into(),
            ..ImageConfig::default()
        };
        let expected = r#"FROM base
SHELL ["/bin/bash","-o","pipefail","-c"]
VOLUME ["\"/\\$x\""]
VOLUME ["\"/data\""]
"#;
        assert_eq!(text(&config), expected);
    }
}
