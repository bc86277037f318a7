//! What will be run, before anything is.

use std::fmt;

use common::engine::RunRequest;
use common::report::ImageIdentity;
use common::settings::Settings;

use crate::args::Args;

/// The mission's own test command in the image.
pub(crate) const TEST: &str = "/opt/environments/test";

/// One run of an image's tests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    /// The image, by the name it has and the id that is run.
    pub(crate) image: ImageIdentity,
    /// What the engine is asked for.
    pub(crate) request: RunRequest,
}

impl Plan {
    /// The run that `args` and `settings` mean for `image`.
    pub(crate) fn new(args: &Args, settings: &Settings, image: ImageIdentity) -> Self {
        let mut command = vec![TEST.to_owned()];
        command.extend_from_slice(&args.arguments);
        let mut request = container_run(settings, &image, command);
        request.variables = variables(args);
        request.limit = args.timeout;
        Self { image, request }
    }
}

/// A run of `command` in `image` with the switches that every run has (`IMAGE_RUN_PARS`) and the
/// configured network.
pub(crate) fn container_run(settings: &Settings, image: &ImageIdentity, command: Vec<String>) -> RunRequest {
    RunRequest {
        image: image.id.to_string(),
        words: settings.run_words(),
        command,
        network: settings.network.clone(),
        ..RunRequest::default()
    }
}

/// What is typed last wins, so `--env` can overrule what a flag of ours sets.
fn variables(args: &Args) -> Vec<(String, String)> {
    let pair = |name: &str, value: String| (name.to_owned(), value);
    let jobs = args.jobs.map(|jobs| pair("NOTEBOOK_JOBS", jobs.to_string()));
    // In-image scripts that refuse an image without tests by themselves look at this.
    let empty = args.allow.empty.then(|| pair("TEST_ALLOW_EMPTY", "1".to_owned()));
    let typed = args.variables.iter().map(|variable| pair(&variable.name, variable.value.clone()));
    jobs.into_iter().chain(empty).chain(typed).collect()
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, id) = (&self.image.name, self.image.id.short());
        write!(f, "running {} in {name} ({id})", self.request.command.join(" "))?;
        match self.request.limit {
            None => Ok(()),
            Some(limit) => write!(f, ", for {} s at most", limit.as_secs()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use clap::Parser as _;
    use common::digest::Digest;

    fn plan(args: &[&str]) -> Plan {
        let mut settings = Settings::new(Path::new("/r"), "roman".parse().unwrap());
        settings.network = Some("host".to_owned());
        let image = ImageIdentity { name: "notebook-roman:latest".to_owned(), id: Digest::of(b"image") };
        Plan::new(&Args::parse_from([&["image-test"], args].concat()), &settings, image)
    }

    #[test]
    fn the_run_is_that_of_the_contract_by_id() {
        let request = plan(&[]).request;
        assert_eq!(request.words.join(" "), "--rm -e JUPYTER_ENABLE_LAB=yes --platform linux/amd64");
        assert_eq!(request.image, Digest::of(b"image").as_str());
        assert_eq!(request.command, [TEST]);
        assert_eq!(request.network.as_deref(), Some("host"));
        assert_eq!(request.variables, []);
    }

    #[test]
    fn what_is_typed_reaches_the_container() {
        let plan =
            plan(&["--jobs", "2", "--allow-empty", "-e", "A=b c", "--timeout", "5m", "--", "x y", "*"]);
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let expected = [pair("NOTEBOOK_JOBS", "2"), pair("TEST_ALLOW_EMPTY", "1"), pair("A", "b c")];
        assert_eq!(plan.request.variables, expected);
        assert_eq!(plan.request.command, [TEST, "x y", "*"]);
        assert_eq!(
            plan.to_string(),
            "running /opt/environments/test x y * in notebook-roman:latest (6105d6cc76af), for 300 s at most"
        );
    }
}
