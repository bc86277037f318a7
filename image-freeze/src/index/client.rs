//! Asking one or more indexes about many projects at once.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Mutex;

use common::clock;
use common::process;
use common::requirement::PackageName;
use jiff::Timestamp;
use reqwest::Url;

use super::address::Address;
use super::cache::{Cache, Kept};
use super::error::IndexError;
use super::http::{Answer, Http, redacted};
use super::{Project, page};

/// How many questions are on their way at the same time.
const ABREAST: usize = 16;
/// For how many seconds an answer is good where the index says nothing about it.
const GOOD_FOR: u64 = 600;

/// Whether the network is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Freshness {
    /// Old answers are confirmed or replaced.
    Online,
    /// Old answers count, and nobody is asked.
    Offline,
}

/// The indexes that a lock is installed from.
#[derive(Debug)]
pub(crate) struct Index {
    places: Vec<(Url, Cache)>,
    http: Http,
    freshness: Freshness,
    now: Timestamp,
    oldest: Mutex<Option<Timestamp>>,
}

/// What is known of each project that was asked for.
pub(crate) type Projects = BTreeMap<PackageName, Result<Project, IndexError>>;

impl Index {
    /// The indexes at `address`; answers are kept in `dir`.
    ///
    /// # Errors
    /// TLS cannot be set up.
    pub(crate) fn open(address: &Address, dir: &Path, freshness: Freshness) -> Result<Self, IndexError> {
        let places = address.urls.iter().map(|url| (url.clone(), Cache::of(url, dir))).collect();
        let oldest = Mutex::new(None);
        Ok(Self { places, http: Http::new()?, freshness, now: clock::wall(), oldest })
    }

    /// What carries questions, for those that are not about projects.
    pub(crate) const fn http(&self) -> &Http {
        &self.http
    }

    /// Whether the network is used.
    pub(crate) const fn freshness(&self) -> Freshness {
        self.freshness
    }

    /// Where it asks, without credentials.
    pub(crate) fn shown(&self) -> Vec<String> {
        self.places.iter().map(|(url, _)| redacted(url)).collect()
    }

    /// How many seconds ago the oldest answer that was used was given.
    pub(crate) fn age(&self) -> Option<u64> {
        let oldest = *self.oldest.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        oldest.map(|then| seconds_between(then, self.now))
    }

    /// What the indexes have of each of `names`, asked several at a time.
    pub(crate) fn projects(&self, names: &BTreeSet<PackageName>) -> Projects {
        let queue = Mutex::new(names.iter());
        let found = Mutex::new(Projects::new());
        let work = || {
            loop {
                let next = queue.lock().unwrap_or_else(std::sync::PoisonError::into_inner).next();
                let Some(name) = next else { return };
                let project = self.project(name);
                found.lock().unwrap_or_else(std::sync::PoisonError::into_inner).insert(name.clone(), project);
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..ABREAST.min(names.len()) {
                scope.spawn(work);
            }
        });
        found.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// What all the indexes together have of `name`.
    ///
    /// # Errors
    /// One of them cannot be asked.
    pub(crate) fn project(&self, name: &PackageName) -> Result<Project, IndexError> {
        let mut all = Project::default();
        for (url, cache) in &self.places {
            process::check_interrupted()?;
            let kept = self.ask(name, url, cache)?;
            let mut oldest = self.oldest.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            *oldest = Some(oldest.map_or(kept.asked, |then| then.min(kept.asked)));
            all.known |= kept.project.known;
            all.files.extend(kept.project.files);
        }
        Ok(all)
    }

    fn ask(&self, name: &PackageName, url: &Url, cache: &Cache) -> Result<Kept, IndexError> {
        let kept = cache.get(name);
        match kept {
            Some(kept) if self.freshness == Freshness::Offline => return Ok(kept),
            None if self.freshness == Freshness::Offline => {
                return Err(IndexError::Offline { name: name.to_string() });
            }
            Some(kept) if seconds_between(kept.asked, self.now) < kept.max_age.unwrap_or(GOOD_FOR) => {
                return Ok(kept);
            }
            _ => {}
        }
        let address = page_of(url, name)?;
        let etag = kept.as_ref().and_then(|kept| kept.etag.as_deref());
        let fresh = |project| Kept { asked: self.now, max_age: None, etag: None, project };
        let new = match (self.http.get(&address, page::ACCEPT, etag)?, kept) {
            (Answer::Same(max_age), Some(kept)) => Kept { asked: self.now, max_age, ..kept },
            (Answer::Nothing | Answer::Same(_), _) => fresh(Project::default()),
            (Answer::Page(sent), _) => {
                let files = page::files(&sent.body, &sent.content_type);
                let files = files.map_err(|reason| IndexError::Page { url: redacted(&address), reason })?;
                let project = Project { known: true, files };
                Kept { max_age: sent.max_age, etag: sent.etag, ..fresh(project) }
            }
        };
        cache.put(name, &new)?;
        Ok(new)
    }
}

fn page_of(url: &Url, name: &PackageName) -> Result<Url, IndexError> {
    let text = format!("{}/{name}/", url.as_str().trim_end_matches('/'));
    Url::parse(&text)
        .map_err(|_| IndexError::BadAddress { origin: "the index".to_owned(), text: redacted(url) })
}

fn seconds_between(then: Timestamp, now: Timestamp) -> u64 {
    u64::try_from(now.as_second() - then.as_second()).unwrap_or(0)
}
