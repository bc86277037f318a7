//! A forecast for people and scripts.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::time::Duration;

use serde::Serialize;

use super::forecast::{Forecast, Outlook, Reason};
use super::manifest::Difference;
use crate::progress::Elapsed;

/// How many differences people are shown.
const FEW: usize = 4;

/// What becomes of the images of a mission.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct ShownForecast {
    /// Each image, base first.
    images: Vec<ShownOutlook>,
    /// What was done after an earlier build and is done again, or for the first time.
    follows: Vec<String>,
    /// How long those may take, in seconds, as far as that is known.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    follow_estimates: BTreeMap<String, f64>,
    /// What may yet change what is said here.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
    /// How long all of it may take by what earlier builds took, in seconds; none if a part is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    estimate: Option<f64>,
}

/// What becomes of one image.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct ShownOutlook {
    step: &'static str,
    image: String,
    /// `stands`, `built`, or `depends` (on whether another base image comes).
    state: &'static str,
    /// Why, in words.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    because: Vec<String>,
    /// Every input that changed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    changed: Vec<Difference>,
    key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    estimate: Option<f64>,
}

impl ShownForecast {
    /// `forecast`, followed by the steps `follows`.
    pub(crate) fn new(forecast: &Forecast, follows: &[&str], notes: Vec<String>) -> Self {
        let all = std::iter::once(&forecast.base).chain(&forecast.images);
        let images: Vec<ShownOutlook> = all.map(ShownOutlook::new).collect();
        let known = forecast.result().record.as_ref();
        let expected = |step: &String| Some((step.clone(), known?.follow_ups.get(step)?.expected()?));
        let follows: Vec<String> = follows.iter().map(|step| (*step).to_owned()).collect();
        let follow_estimates = follows.iter().filter_map(expected).collect();
        let mut shown = Self { images, follows, follow_estimates, notes, estimate: None };
        shown.estimate = shown.total().whole();
        shown
    }

    /// Everything that takes time, by what it is called: what missions share has one name.
    fn parts(&self) -> impl Iterator<Item = (String, Part)> {
        let of_image = |image: &ShownOutlook| {
            let part = Part { seconds: image.estimate, depends: image.state == "depends", step: image.step };
            (image.state != "stands").then(|| (image.image.clone(), part))
        };
        let result = self.images.last().map(|image| image.image.clone()).unwrap_or_default();
        let of_step = move |step: &String| {
            let seconds = self.follow_estimates.get(step).copied();
            (format!("{step} of {result}"), Part { seconds, depends: false, step: "what follows" })
        };
        self.images.iter().filter_map(of_image).chain(self.follows.iter().map(of_step))
    }

    fn total(&self) -> Total {
        Total::of(self.parts().map(|(_, part)| part))
    }
}

/// Something that takes time.
#[derive(Clone, Copy, Debug)]
struct Part {
    /// How long, as far as that is known.
    seconds: Option<f64>,
    /// Whether it is only done if another base image comes.
    depends: bool,
    /// The step that it is.
    step: &'static str,
}

/// How long all of a plan may take.
#[derive(Clone, Debug, Default, PartialEq)]
struct Total {
    /// What is known of what is done, in seconds.
    known: f64,
    /// What comes on top if another base image comes.
    depends: f64,
    /// Steps that are done and of which nothing is known.
    unknown: Vec<&'static str>,
}

impl Total {
    fn of(parts: impl Iterator<Item = Part>) -> Self {
        let mut total = Self::default();
        for part in parts {
            match part.seconds {
                Some(seconds) if part.depends => total.depends += seconds,
                Some(seconds) => total.known += seconds,
                None if !part.depends && !total.unknown.contains(&part.step) => total.unknown.push(part.step),
                None => {}
            }
        }
        total
    }

    /// How long all that is done for sure takes; none if a part is not known, or nothing is done.
    fn whole(&self) -> Option<f64> {
        (self.unknown.is_empty() && self.known > 0.0).then_some(self.known)
    }
}

impl fmt::Display for Total {
    /// Nothing where nothing is known.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (known, depends) = (took(self.known), took(self.depends));
        match (self.known > 0.0, self.depends > 0.0, self.unknown.is_empty()) {
            (false, false, _) => return Ok(()),
            (false, true, true) => f.write_str("nothing for sure")?,
            (false, true, false) => write!(f, "nothing is known of {}", self.unknown.join(", "))?,
            (true, _, true) => write!(f, "about {known}")?,
            (true, _, false) => {
                write!(f, "more than {known}: nothing is known of {}", self.unknown.join(", "))?;
            }
        }
        if self.depends > 0.0 {
            write!(f, "; about {depends} more if another base image comes")?;
        }
        Ok(())
    }
}

/// How long the plans of several missions take together, in words: what they share is counted once. Empty
/// where nothing is known.
pub(crate) fn together<'a>(all: impl Iterator<Item = &'a ShownForecast>) -> String {
    let mut parts: Vec<(String, Part)> = Vec::new();
    for (name, part) in all.flat_map(ShownForecast::parts) {
        match parts.iter_mut().find(|(known, _)| *known == name) {
            // What is built for one of them is built.
            Some((_, known)) => known.depends &= part.depends,
            None => parts.push((name, part)),
        }
    }
    Total::of(parts.into_iter().map(|(_, part)| part)).to_string()
}

impl ShownOutlook {
    fn new(outlook: &Outlook) -> Self {
        let (state, because, changed) = match &outlook.reason {
            None => ("stands", Vec::new(), Vec::new()),
            Some(Reason::IfBaseMoves) => {
                ("depends", vec!["built if another base image comes".to_owned()], Vec::new())
            }
            Some(Reason::Changed(changed)) => ("built", few(changed), changed.clone()),
            Some(Reason::Asked) => ("built", vec!["asked for".to_owned()], Vec::new()),
            Some(Reason::Never) => ("built", vec!["not built here before".to_owned()], Vec::new()),
            Some(Reason::Elsewhere(engine)) => {
                ("built", vec![format!("built here before, but by {engine}")], Vec::new())
            }
            Some(Reason::Needed) => {
                ("built", vec!["unchanged, and needed for the next one".to_owned()], Vec::new())
            }
        };
        Self {
            step: outlook.step.name(),
            image: outlook.image.clone(),
            state,
            because,
            changed,
            key: outlook.key.hex().to_owned(),
            estimate: outlook.record.as_ref().and_then(|record| record.seconds.expected()),
        }
    }
}

fn few(changed: &[Difference]) -> Vec<String> {
    let mut said: Vec<String> = changed.iter().take(FEW).map(ToString::to_string).collect();
    if changed.len() > FEW {
        said.push(format!("and {} more", changed.len() - FEW));
    }
    said
}

impl fmt::Display for ShownForecast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.images.iter().map(|image| image.image.len()).max().unwrap_or(0);
        for image in &self.images {
            let state = match image.state {
                "stands" => "up to date",
                "depends" => "depends",
                _ => "is built",
            };
            let mut line = format!("{:<8} {:<width$}  {state:<10}", image.step, image.image);
            if !image.because.is_empty() {
                line.push_str("  ");
                line.push_str(&image.because.join("; "));
            }
            if let Some(seconds) = image.estimate.filter(|_| image.state != "stands") {
                write!(line, "  (took {})", took(seconds))?;
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        for step in &self.follows {
            let known = self.follow_estimates.get(step);
            let took = known.map(|seconds| format!("  (took {})", took(*seconds))).unwrap_or_default();
            writeln!(f, "{step:<8} runs{took}")?;
        }
        self.notes.iter().try_for_each(|note| writeln!(f, "note: {note}"))?;
        if self.images.iter().all(|image| image.state == "stands") && self.follows.is_empty() {
            return writeln!(f, "nothing to do");
        }
        match self.total().to_string() {
            nothing if nothing.is_empty() => Ok(()),
            total => writeln!(f, "total    {total}, by what earlier builds took"),
        }
    }
}

fn took(seconds: f64) -> Elapsed {
    Elapsed(Duration::try_from_secs_f64(seconds).unwrap_or_default())
}
