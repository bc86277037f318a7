//! `.image/store`: every content that was ever delivered, by digest, and the receipts by version.

use std::path::PathBuf;

use common::digest::Digest;
use common::receipt::Receipt;
use common::settings::Settings;
use common::state_dir::StateDir;
use common::state_file;

use super::Delivery;
use crate::error::Error;

/// The store of one clone, for one mission.
#[derive(Debug)]
pub struct Store {
    contents: PathBuf,
    receipts: PathBuf,
}

impl Store {
    /// The store in `state` for the mission of `settings`.
    pub fn open(state: &StateDir, settings: &Settings) -> Result<Self, Error> {
        let contents = state.dir("store/sha256")?;
        let receipts = state.dir("store/receipts")?.join(settings.deployment.as_str());
        state_file::sweep(&contents);
        Ok(Self { contents, receipts })
    }

    /// Keeps what was delivered, and the receipt for it.
    pub fn keep(&self, environment: &str, delivery: &Delivery, receipt: &Receipt) -> Result<(), Error> {
        for file in &delivery.files {
            let path = self.contents.join(file.received.sha256.hex());
            state_file::replace(&path, &file.bytes, 0o644)?;
        }
        let dir = self.receipts.join(environment);
        state_file::make_dir(&dir)?;
        state_file::sweep(&dir);
        let path = dir.join(format!("{}.json", receipt.version));
        state_file::replace(&path, receipt.to_json().as_bytes(), 0o644)?;
        Ok(())
    }

    /// The content with this digest, if it is here and whole.
    pub fn content(&self, digest: &Digest) -> Result<Option<Vec<u8>>, Error> {
        let content = state_file::read(&self.contents.join(digest.hex()))?;
        Ok(content.filter(|content| Digest::of(content) == *digest))
    }

    /// The last receipt of `environment` for `version`.
    pub fn receipt(&self, environment: &str, version: &str) -> Result<Option<Receipt>, Error> {
        let path = self.receipts.join(environment).join(format!("{version}.json"));
        let text = state_file::read(&path)?;
        Ok(text.map(|text| Receipt::parse(&text, &path.display().to_string())).transpose()?)
    }
}
