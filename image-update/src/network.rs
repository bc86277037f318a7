//! How the servers are reached in this call: mirror, limits, credentials.

use std::path::PathBuf;

use common::ca_bundle;
use common::fetch::{Address, Credentials, Fetcher, Options, Place, Token};
use common::settings::{CaBundle, Settings};
use common::sources::{Base, Content, Mode};

use crate::args::Args;
use crate::error::Error;

/// What is asked of the network, before anything is.
#[derive(Debug)]
pub struct Network {
    mirror: Option<Base>,
    token_file: Option<PathBuf>,
    options: Options,
}

impl Network {
    /// What the command line and the settings say; a flag counts for more.
    pub fn new(args: &Args, settings: &Settings) -> Result<Self, Error> {
        let text = args.source_url.as_ref().or(settings.source_url.as_ref());
        let mirror = text.map(|text| Base::given(text)).transpose();
        let mirror = mirror.map_err(|reason| Error::SourceUrl { reason })?;
        let named = settings.insecure_hosts.iter().map(|host| host.parse::<Place>());
        let mut insecure = named
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| Error::InsecureHost { reason: error.to_string() })?;
        insecure.extend(args.insecure_host.iter().cloned());
        let authorities = match &settings.ca_bundle {
            CaBundle::File(_) => ca_bundle::find(&settings.ca_bundle)?,
            // What the system and SSL_CERT_FILE name is trusted anyway.
            _ => None,
        };
        let credentials = Credentials::of_user();
        let options = Options { limits: args.limits.limits(), insecure, credentials, authorities };
        Ok(Self { mirror, token_file: args.token_file.clone(), options })
    }

    /// Where the remote files of `mode` are, in order; none for a file that needs no download.
    pub fn addresses(
        &self,
        mode: &Mode,
        version: &str,
        environment: &str,
    ) -> Result<Vec<Option<Address>>, Error> {
        let base = match (&mode.base, &self.mirror) {
            (Some(base), Some(mirror)) => Some(base.moved_to(mirror)),
            (base, _) => base.clone(),
        };
        let one = |content: &Content| match (content, &base) {
            (Content::Remote(remote), Some(base)) => {
                let address = base.address(remote, version, environment);
                address.map(Some).map_err(|reason| Error::SourceUrl { reason })
            }
            _ => Ok(None),
        };
        mode.files.iter().map(|file| one(&file.content)).collect()
    }

    /// A fetcher for `addresses`. The token is for the one server that they are on.
    pub fn fetcher<'a>(mut self, addresses: impl IntoIterator<Item = &'a Address>) -> Result<Fetcher, Error> {
        if let Some(path) = &self.token_file {
            let mut places: Vec<Place> = Vec::new();
            for place in addresses.into_iter().map(Address::place) {
                if !places.contains(&place) {
                    places.push(place);
                }
            }
            if places.len() > 1 {
                let places = places.iter().map(ToString::to_string).collect();
                return Err(Error::TokenPlaces { places });
            }
            for place in places {
                self.options.credentials.tokens.push(Token::read(path, place)?);
            }
        }
        let agent = concat!("image-update/", env!("CARGO_PKG_VERSION"));
        Ok(Fetcher::new(agent, self.options))
    }
}
