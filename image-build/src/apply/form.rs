//! Which form an image gets that is to be made again elsewhere.

use std::fs;

use common::engine::{BuildRequest, Engine, Kind};

use super::chain::Build;
use crate::dockerfile::{Dockerfile, Keyword};
use crate::error::Error;

impl Build<'_> {
    /// The switches that keep buildah from writing the names of its containers into the image, as it does in
    /// docker's form: those of the other form, where nothing would be lost by that.
    pub(super) fn form(&mut self, request: &BuildRequest) -> Result<Vec<String>, Error> {
        let is_said = request.words.iter().any(|word| word == "--format" || word.starts_with("--format="));
        if request.epoch.is_none() || self.engine.kind != Kind::Buildah || is_said {
            return Ok(Vec::new());
        }
        let path = request.context.join(&request.dockerfile);
        let read = |source| Error::Context { context: path.display().to_string(), source };
        let file = Dockerfile::parse(fs::read(&path).map_err(read)?, &path)
            .map_err(crate::stage::StageError::from)?;
        if loses(&file) || self.below_loses(request)? {
            self.note(format!(
                "{} keeps docker's form, for its SHELL, HEALTHCHECK or ONBUILD: built again, the content is the same, and \
                 the id is another",
                request.tag
            ));
            return Ok(Vec::new());
        }
        Ok(vec!["--format=oci".to_owned()])
    }

    /// Whether the image below has what the other form has no place for.
    fn below_loses(&self, request: &BuildRequest) -> Result<bool, Error> {
        let is_below = |name: &str| matches!(name, "BASE_IMAGE" | "BASE_CONTAINER");
        let below = request.arguments.iter().find(|(name, _)| is_below(name));
        let Some((_, image)) = below else { return Ok(true) };
        let engine: &Engine = &self.engine;
        let (_, config) = engine.config(image, self.console)?;
        Ok(!config.shell.is_empty() || config.healthcheck.is_some() || !config.on_build.is_empty())
    }
}

/// Whether `file` has an instruction that only docker's form keeps.
fn loses(file: &Dockerfile) -> bool {
    let only_docker = |keyword| matches!(keyword, Keyword::OnlyDocker | Keyword::OnBuild);
    file.instructions().iter().any(|instruction| only_docker(instruction.keyword))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_or_a_health_check_needs_dockers_form() {
        let check = |text: &str, expected: bool| {
            let file = Dockerfile::parse(text.as_bytes().to_vec(), "Dockerfile".as_ref()).unwrap();
            assert_eq!(loses(&file), expected, "{text}");
        };
        check("FROM a\nRUN shell healthcheck\nCMD [\"x\"]\n", false);
        check("FROM a\nSHELL [\"/bin/bash\", \"-c\"]\n", true);
        check("FROM a\nhealthcheck CMD true\n", true);
        check("FROM a\nONBUILD RUN true\n", true);
    }
}
