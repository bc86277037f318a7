//! A forecast for people and scripts.

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
    /// What may yet change what is said here.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
    /// How long all of it took the last time, in seconds; none if a part is not known.
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
        let built = images.iter().filter(|image| image.state == "built");
        let estimate = built.map(|image| image.estimate).sum::<Option<f64>>().filter(|sum| *sum > 0.0);
        Self { images, follows: follows.iter().map(|step| (*step).to_owned()).collect(), notes, estimate }
    }
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
            estimate: outlook.record.as_ref().map(|record| record.seconds),
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
            writeln!(f, "{step:<8} runs")?;
        }
        self.notes.iter().try_for_each(|note| writeln!(f, "note: {note}"))?;
        match self.estimate {
            Some(seconds) => writeln!(f, "the last time, that took {}", took(seconds)),
            None if self.images.iter().all(|image| image.state == "stands") && self.follows.is_empty() => {
                writeln!(f, "nothing to do")
            }
            None => Ok(()),
        }
    }
}

fn took(seconds: f64) -> Elapsed {
    Elapsed(Duration::try_from_secs_f64(seconds).unwrap_or_default())
}
