//! The part of a command line that says how a registry is reached.

use std::io::{self, BufRead as _, Read as _};
use std::path::Path;

use clap::Args as ClapArgs;
use common::cli::SharedArgs;

use crate::error::Error;
use crate::registry::Access;

/// Tokens that serve as passwords have a few thousand characters.
const MAX_PASSWORD: u64 = 1 << 16;

/// How a registry is reached.
#[derive(ClapArgs, Clone, Debug)]
pub struct AccessArgs {
    /// Read the registry's password from standard input: `aws ecr get-login-password | release-tag …`
    #[arg(long)]
    pub password_stdin: bool,

    /// Whose password it is
    #[arg(long, value_name = "NAME", default_value = "AWS", requires = "password_stdin")]
    pub username: String,

    /// Speak plain HTTP with this registry
    #[arg(long, value_name = "HOST:PORT")]
    pub insecure_host: Vec<String>,
}

impl AccessArgs {
    /// What was said; the password is read now. Standard input must not be the document of `shared` too.
    ///
    /// # Errors
    /// It is, or there is no password on it.
    pub fn read(&self, shared: Option<&SharedArgs>) -> Result<Access, Error> {
        let insecure = self.insecure_host.clone();
        if !self.password_stdin {
            return Ok(Access { insecure, login: None });
        }
        let reads = |shared: &SharedArgs| {
            shared.document.is_some() || shared.settings.as_deref() == Some(Path::new("-"))
        };
        if shared.is_some_and(reads) {
            return Err(Error::TwiceInput);
        }
        // No password is longer, and none has a second line.
        let mut text = String::new();
        let read = io::stdin().lock().take(MAX_PASSWORD).read_line(&mut text);
        let secret = text.trim_end_matches(['\r', '\n']).to_owned();
        match read {
            Ok(_) if !secret.is_empty() => {
                Ok(Access { insecure, login: Some((self.username.clone(), secret)) })
            }
            _ => Err(Error::NoPassword),
        }
    }
}
