//! What an environment's directory is to hold, worked out from what it holds and what was delivered.
//! Pure: nothing is read or written here.

use std::borrow::Cow;
use std::collections::BTreeMap;

use common::digest::Digest;
use common::receipt::{self, Receipt};
use common::requirement::SpecKind;
use common::sources::{Mode, Sources};

use crate::delivery::Delivery;

/// The file with the calibration version.
pub const CAL_VERSION: &str = "CAL_VERSION";
/// The file with the kernel's name.
pub const KERNEL_NAME: &str = "kernel.name";

/// What a directory holds: its files by name.
pub type Standing = BTreeMap<String, Vec<u8>>;

/// What becomes of one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum New<'a> {
    /// It is not there any more.
    Absent,
    /// It holds this; what was delivered is not copied.
    Content(Cow<'a, [u8]>),
    /// It is what that name is now.
    From(String),
}

/// What is to change, and what the index is to know.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Desired<'a> {
    /// The names that change.
    pub files: BTreeMap<String, New<'a>>,
    /// The receipt as it will stand.
    pub receipt: Option<Receipt>,
    /// What the index is to say, in order.
    pub index: Vec<IndexRule>,
    /// What the user should know.
    pub notices: Vec<String>,
}

/// What the index is to say of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IndexRule {
    /// Nothing.
    Forgotten(String),
    /// If it knows the first, then it knows that as the second.
    Renamed(String, String),
    /// Something; its content only if `exactly`.
    Known {
        /// The name.
        name: String,
        /// Whether the content is staged too.
        exactly: bool,
    },
}

/// What is to be made of a directory.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The sources.
    pub sources: &'a Sources,
    /// The case of them that was asked for.
    pub mode: &'a Mode,
    /// What was delivered.
    pub delivery: &'a Delivery,
    /// The receipt for it.
    pub receipt: &'a Receipt,
    /// The day, `YYYY-MM-DD`.
    pub day: &'a str,
}

/// What `standing` is to become.
pub fn desired<'a>(standing: &Standing, request: Request<'a>) -> Desired<'a> {
    let mut desired = Desired::default();
    for file in &request.delivery.files {
        let name = file.received.local.as_str();
        desired.set(standing, name, file.bytes.as_slice());
        desired.know(name, file.received.kind == SpecKind::Explicit);
    }
    for name in request.sources.absent(request.mode) {
        if standing.contains_key(name.as_str()) {
            desired.files.insert(name.to_string(), New::Absent);
        }
        desired.index.push(IndexRule::Forgotten(name.to_string()));
    }
    for name in &request.mode.park {
        desired.park(standing, name.as_str(), &name.parked());
    }
    for name in &request.mode.unpark {
        desired.unpark(standing, name.as_str(), &name.parked());
    }
    desired.name(standing, request);
    desired
}

impl<'a> Desired<'a> {
    /// Whether everything is as it must be already.
    pub fn is_nothing(&self) -> bool {
        self.files.is_empty()
    }

    fn set(&mut self, standing: &Standing, name: &str, content: impl Into<Cow<'a, [u8]>>) {
        let content = content.into();
        if standing.get(name).map(Vec::as_slice) != Some(&*content) {
            self.files.insert(name.to_owned(), New::Content(content));
        }
    }

    fn know(&mut self, name: &str, exactly: bool) {
        self.index.push(IndexRule::Known { name: name.to_owned(), exactly });
    }

    fn park(&mut self, standing: &Standing, name: &str, parked: &str) {
        if standing.contains_key(name) {
            self.files.insert(name.to_owned(), New::Absent);
            if standing.get(name) != standing.get(parked) {
                self.files.insert(parked.to_owned(), New::From(name.to_owned()));
            }
        }
        self.index.push(IndexRule::Renamed(name.to_owned(), parked.to_owned()));
    }

    fn unpark(&mut self, standing: &Standing, name: &str, parked: &str) {
        match (standing.get(name), standing.get(parked)) {
            (None, Some(_)) => {
                self.files.insert(parked.to_owned(), New::Absent);
                self.files.insert(name.to_owned(), New::From(parked.to_owned()));
            }
            (Some(here), Some(aside)) if here != aside => {
                self.notices.push(format!("{name} is there and {parked} too; both are left as they are"));
                return;
            }
            (Some(_), Some(_)) => {
                self.files.insert(parked.to_owned(), New::Absent);
            }
            (_, None) => {}
        }
        self.index.push(IndexRule::Renamed(parked.to_owned(), name.to_owned()));
    }

    /// The files that name the state that the others are in. The day in the kernel's name only changes
    /// with something else: the same again on another day is no change.
    fn name(&mut self, standing: &Standing, request: Request<'a>) {
        let version = &request.receipt.version;
        let have = |name: &str| standing.get(name).map(Vec::as_slice);
        self.set(standing, CAL_VERSION, format!("{version}\n").into_bytes());
        self.know(CAL_VERSION, false);
        let mut old = have(receipt::FILE_NAME).and_then(|text| Receipt::parse(text, "").ok());
        if old.as_mut().is_some_and(Receipt::forget_logins) {
            self.notices.push(format!(
                "{} held a login in an address; it is taken out. Where it was committed it is in the history still: \
                 change it at the server",
                receipt::FILE_NAME
            ));
        }
        let is_news = old.as_ref().is_some_and(|old| !old.is_same_content(request.receipt));
        if let Some(template) = &request.sources.kernel_name {
            let text = have(KERNEL_NAME).and_then(|text| std::str::from_utf8(text).ok());
            let still_fits = text.is_some_and(|text| template.fits(text, version));
            if !still_fits || is_news || !self.is_nothing() {
                self.set(standing, KERNEL_NAME, template.filled(version, request.day).into_bytes());
            }
            self.know(KERNEL_NAME, false);
        }
        let kept = old.filter(|old| old.is_same_content(request.receipt));
        let settled = kept.unwrap_or_else(|| request.receipt.clone());
        self.set(standing, receipt::FILE_NAME, settled.to_json().into_bytes());
        self.know(receipt::FILE_NAME, false);
        self.receipt = Some(settled);
    }
}

/// Whether the old content of `name` is what an earlier run wrote, for which `old` is the receipt:
/// such a file is nobody's work and need not be kept.
pub fn is_ours(name: &str, content: &[u8], old: Option<&Receipt>, sources: Option<&Sources>) -> bool {
    let Some(old) = old else { return false };
    let text = std::str::from_utf8(content).unwrap_or_default();
    match name {
        receipt::FILE_NAME => true,
        CAL_VERSION => text.trim_end() == old.version,
        KERNEL_NAME => {
            let template = sources.and_then(|sources| sources.kernel_name.as_ref());
            template.is_some_and(|template| template.fits(text, &old.version))
        }
        // What a script made of a list may hold what a person wrote there.
        _ if old.script.is_some() => false,
        _ => old.files.iter().any(|f| f.local.as_str() == name && f.sha256 == Digest::of(content)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::Delivered;
    use common::receipt::ReceivedFile;
    use jiff::Timestamp;

    const SOURCES: &str = r#"{"schema": 1, "kernel_name": "K {version} ({date})", "modes": {
        "release": {"base": "https://h", "park": ["a.yml"], "files": [
            {"remote": "e", "local": "a.explicit", "kind": "explicit"}, {"remote": "p", "local": "a.pip", "kind": "pip"}]},
        "latest": {"unpark": ["a.yml"], "files": [
            {"lines": ["x"], "local": "a.pip", "kind": "pip"}, {"lines": ["d"], "local": "dev.pip", "kind": "pip"}]}}}"#;

    fn delivered(mode: &Mode, version: &str) -> (Delivery, Receipt) {
        let mut delivery = Delivery::default();
        let mut receipt = Receipt::new(version, "me", Timestamp::now());
        for file in &mode.files {
            let bytes = format!("{} {version}\n", file.local).into_bytes();
            let (local, kind, sha256) = (file.local.clone(), file.kind, Digest::of(&bytes));
            let received = ReceivedFile { local, kind, length: 1, sha256, from: None };
            receipt.files.push(received.clone());
            delivery.files.push(Delivered { bytes, received });
        }
        (delivery, receipt)
    }

    /// Applies what is desired for `version` on `day`, as the transaction would; with the notices.
    fn update(standing: &Standing, version: &str, day: &str) -> (Standing, Vec<String>) {
        let sources = Sources::parse(SOURCES.as_bytes(), "s").unwrap();
        let mode = sources.mode(&version.parse().unwrap()).unwrap();
        let (delivery, receipt) = delivered(mode, version);
        let (delivery, receipt) = (&delivery, &receipt);
        let desired = desired(standing, Request { sources: &sources, mode, delivery, receipt, day });
        let mut after = standing.clone();
        for (name, new) in &desired.files {
            match new {
                New::Absent => after.remove(name),
                New::Content(content) => after.insert(name.clone(), content.to_vec()),
                New::From(from) => after.insert(name.clone(), standing[from].clone()),
            };
        }
        (after, desired.notices)
    }

    /// A list may be large; it is in memory once.
    #[test]
    fn what_was_delivered_is_not_copied() {
        let sources = Sources::parse(SOURCES.as_bytes(), "s").unwrap();
        let mode = sources.mode(&"0.13.0".parse().unwrap()).unwrap();
        let (delivery, receipt) = delivered(mode, "0.13.0");
        let (delivery, receipt) = (&delivery, &receipt);
        let desired =
            desired(&start(), Request { sources: &sources, mode, delivery, receipt, day: "2023-11-29" });
        for file in &delivery.files {
            let New::Content(content) = &desired.files[file.received.local.as_str()] else { panic!() };
            assert_eq!(content.as_ptr(), file.bytes.as_ptr());
        }
    }

    fn names(standing: &Standing) -> Vec<&str> {
        standing.keys().map(String::as_str).filter(|name| *name != receipt::FILE_NAME).collect()
    }

    fn start() -> Standing {
        [("a.yml", "yml"), ("a.pip", "old"), ("mine.pip", "mine")]
            .map(|(n, c)| (n.to_owned(), c.into()))
            .into()
    }

    /// D12b, D12c: switching left the other case's files behind, or stopped half-way.
    #[test]
    fn d12b_d12c_switching_back_and_forth_mixes_nothing_and_leaves_nothing() {
        let (release, _) = update(&start(), "0.13.0", "2023-11-29");
        assert_eq!(
            names(&release),
            ["CAL_VERSION", "a.explicit", "a.pip", "a.yml.disabled", "kernel.name", "mine.pip"]
        );
        let (latest, _) = update(&release, "latest", "2023-11-30");
        assert_eq!(names(&latest), ["CAL_VERSION", "a.pip", "a.yml", "dev.pip", "kernel.name", "mine.pip"]);
        assert_eq!(latest["a.yml"], b"yml");
        let (again, _) = update(&latest, "0.13.0", "2023-11-29");
        let plain = |standing: &Standing| {
            let mut plain = standing.clone();
            plain.remove(receipt::FILE_NAME);
            plain
        };
        assert_eq!(plain(&again), plain(&release));
    }

    #[test]
    fn the_same_on_another_day_is_no_change_and_another_change_brings_the_new_day() {
        let (release, _) = update(&start(), "0.13.0", "2023-11-29");
        let (mut again, _) = update(&release, "0.13.0", "2024-01-01");
        assert_eq!(again, release);
        again.insert("a.pip".to_owned(), b"edited".to_vec());
        let (mended, _) = update(&again, "0.13.0", "2024-01-01");
        assert_eq!(mended["kernel.name"], b"K 0.13.0 (2024-01-01)\n");
    }

    #[test]
    fn a_file_that_stands_beside_its_parked_self_is_told_of_and_left_alone() {
        let mut both = start();
        both.insert("a.yml.disabled".to_owned(), b"other".to_vec());
        let (latest, notices) = update(&both, "latest", "2024-01-01");
        assert_eq!((&latest["a.yml"][..], &latest["a.yml.disabled"][..]), (&b"yml"[..], &b"other"[..]));
        assert_eq!(notices.len(), 1);
        let (release, _) = update(&both, "0.13.0", "2024-01-01");
        assert_eq!(release["a.yml.disabled"], b"yml");
    }
}
