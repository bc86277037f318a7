//! How a registry is reached: who we are to it, and whether plain HTTP will do.

/// What was said about registries on the command line.
#[derive(Clone, Default)]
pub struct Access {
    /// Hosts that are spoken to over plain HTTP.
    pub insecure: Vec<String>,
    /// A name and its password, whatever is kept elsewhere.
    pub login: Option<(String, String)>,
}

impl std::fmt::Debug for Access {
    /// Without the password: this may end in a message.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let user = self.login.as_ref().map(|(user, _)| user);
        f.debug_struct("Access").field("insecure", &self.insecure).field("user", &user).finish()
    }
}
