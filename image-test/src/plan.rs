//! What will be run, before anything is.

use std::fmt;

use common::engine::RunRequest;
use common::report::ImageIdentity;

use crate::args::Args;
use crate::container;
use crate::native::BOOT;

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
    /// The run that `args` mean for `image`, where `around` is what people put around any run.
    pub(crate) fn new(args: &Args, around: container::Plan, image: ImageIdentity) -> Self {
        let command = if args.is_native() {
            vec![args.python.clone(), "-c".to_owned(), BOOT.to_owned()]
        } else {
            std::iter::once(TEST).map(str::to_owned).chain(args.arguments.iter().cloned()).collect()
        };
        let mut request = RunRequest { command, ..around.request };
        request.variables = variables(args);
        // Natively each test has a limit of its own.
        request.limit = args.timeout.filter(|_| !args.is_native());
        Self { image, request }
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
        let is_native = self.request.command.last().is_some_and(|word| word == BOOT);
        let what =
            if is_native { "the repository's tests".to_owned() } else { self.request.command.join(" ") };
        write!(f, "running {what} in {name} ({id})")?;
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
    use common::settings::Settings;

    fn plan(args: &[&str]) -> Plan {
        let mut settings = Settings::new(Path::new("/r"), "roman".parse().unwrap());
        settings.network = Some("host".to_owned());
        let image = ImageIdentity { name: "notebook-roman:latest".to_owned(), id: Digest::of(b"image") };
        let args = Args::parse_from([&["image-test"], args].concat());
        let around = container::Plan::plain(&image, &settings);
        Plan::new(&args, around, image)
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
    #[test]
    fn a_native_run_starts_a_python_of_the_image_and_limits_each_test_by_itself() {
        let plan = plan(&["--native", "--python", "/p", "--timeout", "5m", "--jobs", "2"]);
        assert_eq!(plan.request.command, ["/p", "-c", BOOT]);
        assert_eq!(plan.request.limit, None);
        assert_eq!(
            plan.to_string(),
            "running the repository's tests in notebook-roman:latest (6105d6cc76af)"
        );
    }
}
