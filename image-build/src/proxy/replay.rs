//! Answers from a capsule, and from nowhere else.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read as _};
use std::sync::{Arc, Mutex, PoisonError};

use common::capsule::{Answer, Asked, Capsule};

use super::message::Request;
use super::range::Part;
use super::reply::{Reply, pour, reason};

/// Answers what a capsule has an answer to.
pub(crate) struct Replayer {
    capsule: Arc<Capsule>,
    /// The answers to a method and an address.
    places: BTreeMap<(String, String), Vec<usize>>,
    /// What was asked for in vain, as `GET https://…`.
    refused: Mutex<BTreeSet<String>>,
    /// Which answers were given.
    given: Mutex<BTreeSet<usize>>,
}

impl Replayer {
    /// A replayer of `capsule`.
    pub(crate) fn new(capsule: Arc<Capsule>) -> Self {
        let mut places: BTreeMap<(String, String), Vec<usize>> = BTreeMap::new();
        for (number, answer) in capsule.index.answers.iter().enumerate() {
            let place = (answer.asked.method.clone(), answer.asked.url.clone());
            places.entry(place).or_default().push(number);
        }
        Self { capsule, places, refused: Mutex::default(), given: Mutex::default() }
    }

    /// What was asked for and is not in the capsule.
    pub(crate) fn refused(&self) -> Vec<String> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// How many of its answers were given.
    pub(crate) fn given(&self) -> usize {
        self.given.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Answers `request`; tells whether the connection can go on.
    pub(super) fn answer(&self, request: &Request, reply: Reply<'_>) -> bool {
        let asked = request.asked();
        if let Some(number) = self.find(&asked) {
            return self.give(number, None, reply);
        }
        // A part, or a look, of what is there whole.
        let whole = Asked { method: "GET".to_owned(), range: None, ..asked.clone() };
        let is_known = ["GET", "HEAD"].contains(&asked.method.as_str());
        if let Some(number) = self.find(&whole).filter(|_| is_known) {
            return self.give(number, asked.range.as_deref(), reply);
        }
        let name = format!("{} {}", asked.method, asked.url);
        let text = format!("{name} is not in this capsule, and nothing else is asked\n");
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).insert(name);
        // None of those that clients try again.
        reply.say((403, "Not In This Capsule"), &text)
    }

    /// The answer to `asked`, in the form that the client takes if there are several.
    fn find(&self, asked: &Asked) -> Option<usize> {
        let place = (asked.method.clone(), asked.url.clone());
        let answers = &self.capsule.index.answers;
        let fits = |number: &&usize| {
            let known = &answers[**number].asked;
            known.range == asked.range && known.sent == asked.sent
        };
        let all = self.places.get(&place)?;
        let exact = all.iter().filter(fits).find(|number| answers[**number].asked.accept == asked.accept);
        exact.or_else(|| all.iter().find(fits)).copied()
    }

    fn give(&self, number: usize, range: Option<&str>, reply: Reply<'_>) -> bool {
        self.given.lock().unwrap_or_else(PoisonError::into_inner).insert(number);
        let answer = &self.capsule.index.answers[number];
        let part = range.filter(|_| answer.status == 200).map(|range| Part::of(range, answer.body.size));
        let sent = match part {
            Some(Part::Bytes(first, count)) => self.send_part(answer, (first, count), reply),
            Some(Part::Nowhere) => {
                let headers = [("content-range".to_owned(), format!("bytes */{}", answer.body.size))];
                let mut reply = reply;
                reply.begin((416, reason(416)), &headers, Some(0));
                Ok(reply.end())
            }
            Some(Part::Whole) | None => self.send(answer, reply),
        };
        sent.unwrap_or(false)
    }

    fn send(&self, answer: &Answer, mut reply: Reply<'_>) -> io::Result<bool> {
        reply.begin((answer.status, reason(answer.status)), &answer.headers, Some(answer.body.size));
        pour(&mut *self.read(answer)?, &mut reply)?;
        Ok(reply.end())
    }

    fn send_part(
        &self,
        answer: &Answer,
        (first, count): (u64, u64),
        mut reply: Reply<'_>,
    ) -> io::Result<bool> {
        let mut headers = answer.headers.clone();
        let range = format!("bytes {first}-{}/{}", first + count - 1, answer.body.size);
        headers.push(("content-range".to_owned(), range));
        reply.begin((206, reason(206)), &headers, Some(count));
        let mut reader = self.read(answer)?;
        io::copy(&mut (&mut reader).take(first), &mut io::sink())?;
        pour(&mut reader.take(count), &mut reply)?;
        Ok(reply.end())
    }

    fn read(&self, answer: &Answer) -> io::Result<Box<dyn io::Read + '_>> {
        self.capsule.read(&answer.body).map_err(io::Error::other)
    }
}
