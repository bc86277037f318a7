//! What a commit is built with once more.

use common::document::Document;
use common::git::Repo;
use common::settings::{BaseImage, Settings, UseFrozen};

use super::{Unknown, words};
use crate::verify::commit::Told;

/// The settings of the build whose image was tested, as far as this clone knows them: those of its document, if
/// that is about the mission, else the usual ones; frozen, and upon the base that the record names.
///
/// # Errors
/// The record names no mission; in words.
pub(super) fn settings(told: &Told, repo: &Repo<'_>) -> Result<Settings, Unknown> {
    let record = &told.record;
    let name = record.mission.rsplit_once('-').map_or(record.mission.as_str(), |(name, _)| name);
    let mission = name.parse().map_err(words)?;
    let path = Document::path_in(repo.root());
    let document = std::fs::read(&path).ok();
    let known = document.and_then(|text| Document::parse(&text, &path.display().to_string()).ok());
    let known = known.map(|document| document.settings).filter(|settings| settings.deployment == mission);
    let mut settings = known.unwrap_or_else(|| {
        repo.console()
            .notice("this clone is not configured for the mission: it is built with the usual settings");
        Settings::new(repo.root(), mission)
    });
    settings.use_frozen = UseFrozen::Frozen;
    settings.freeze_chill = false;
    settings.base_image = Some(BaseImage::Reference(record.base.name.clone()));
    Ok(settings)
}

/// Has the engine take nothing that it built before.
pub(super) fn upon_nothing(settings: &mut Settings) {
    let words = [settings.build_words(), vec!["--no-cache".to_owned()]].concat();
    settings.docker_build_args = Some(words.join(" "));
}

/// The moment that the rebuild is to count as made at: that of the tested image where it is known, else the
/// commit's.
///
/// # Errors
/// Neither can be told; in words.
pub(super) fn epoch(created: Option<&str>, told: &Told, repo: &Repo<'_>) -> Result<i64, Unknown> {
    let parsed = created.and_then(|text| text.parse::<jiff::Timestamp>().ok());
    match parsed {
        Some(moment) => Ok(moment.as_second()),
        None => repo.time_of(&told.commit).map_err(words)?.ok_or_else(|| "the commit has no time".to_owned()),
    }
}
