//! How much memory a build takes: seen while it runs, where its processes are ours, and remembered.

use std::collections::BTreeMap;
use std::fs;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::Duration;

use common::engine::Kind;
use common::settings::Settings;
use serde::Serialize;

use crate::fleet::Size;
use crate::key::{Record, Records};

/// How often is looked.
const TICK: Duration = Duration::from_millis(250);

/// What one build is taken to need.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Need {
    /// In bytes.
    pub(crate) bytes: Size,
    /// Whether that is by what earlier builds were seen to take; else it is what the flag says.
    pub(crate) learned: bool,
}

impl Need {
    /// That of a build whose images have the names `images`: a quarter more than the most that was seen,
    /// since peaks between two looks are missed; where nothing was, `assumed`.
    pub(crate) fn of(records: &Records, images: &[String], assumed: Size) -> Self {
        let seen = images.iter().filter_map(|image| records.read(image)?.memory).max();
        match seen.and_then(|seen| seen.checked_add(seen / 4)) {
            Some(bytes) => Self { bytes: Size(bytes), learned: true },
            None => Self { bytes: assumed, learned: false },
        }
    }

    /// That of the mission's own images.
    pub(crate) fn of_mission(settings: &Settings, assumed: Size) -> Self {
        let records = Records::in_state(&settings.state_dir());
        Self::of(&records, &[settings.dirty_image(), settings.notebook_id()], assumed)
    }

    /// That of the image that missions share.
    pub(crate) fn of_common(settings: &Settings, assumed: Size) -> Self {
        Self::of(&Records::in_state(&settings.state_dir()), &[settings.common_image()], assumed)
    }
}

/// The most that was ever seen for an image: a build whose layers are all cached takes next to nothing,
/// and the next one may not be so.
pub(crate) fn most(earlier: Option<&Record>, now: Option<u64>) -> Option<u64> {
    earlier.and_then(|record| record.memory).max(now)
}

/// Looks at the memory of our children, and of theirs, until it is told to stop.
#[derive(Debug)]
pub(crate) struct Watch {
    over: Sender<()>,
    thread: JoinHandle<u64>,
}

impl Watch {
    /// Begins to look, if what `engine` starts are our children: docker's are its daemon's.
    pub(crate) fn of(engine: Kind) -> Option<Self> {
        let ours = engine != Kind::Docker && fs::metadata("/proc/self/status").is_ok();
        ours.then(Self::begin)
    }

    fn begin() -> Self {
        let (over, is_over) = mpsc::channel::<()>();
        let thread = std::thread::spawn(move || {
            let mut peak = 0;
            while is_over.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
                peak = peak.max(below(std::process::id(), &processes()));
            }
            peak
        });
        Self { over, thread }
    }

    /// The most that was seen, in bytes; none if nothing was.
    pub(crate) fn end(self) -> Option<u64> {
        drop(self.over);
        self.thread.join().ok().filter(|peak| *peak > 0)
    }
}

/// A process: its parent, and its resident memory in bytes.
type Process = (u32, u64);

/// All processes by their ids. What ends meanwhile is left out.
fn processes() -> BTreeMap<u32, Process> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let one = |entry: fs::DirEntry| {
        let id = entry.file_name().to_str()?.parse().ok()?;
        Some((id, parse(&fs::read_to_string(entry.path().join("status")).ok()?)?))
    };
    entries.filter_map(one).collect()
}

/// The lines `PPid:` and `VmRSS:`, in units of 1024 (proc(5)); what has no memory of its own has no such line.
fn parse(status: &str) -> Option<Process> {
    let value = |name: &str| {
        let rest = status.lines().find_map(|line| line.strip_prefix(name))?;
        rest.split_ascii_whitespace().next()?.parse::<u64>().ok()
    };
    let parent = value("PPid:")?.try_into().ok()?;
    Some((parent, value("VmRSS:").unwrap_or(0).saturating_mul(1024)))
}

/// The memory of all that is below the process `top`, without its own.
fn below(top: u32, processes: &BTreeMap<u32, Process>) -> u64 {
    let is_below = |mut id: u32| {
        // A parent may be gone, or its number be another one's by now: the way up is not endless.
        for _ in 0..processes.len() {
            match processes.get(&id) {
                Some((parent, _)) if *parent == top => return true,
                Some((parent, _)) => id = *parent,
                None => return false,
            }
        }
        false
    };
    processes.iter().filter(|(id, _)| is_below(**id)).map(|(_, (_, bytes))| bytes).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_read() {
        let status = "Name:\ta\nState:\tS (sleeping)\nPid:\t7\nPPid:\t3\nVmHWM:\t 9 kB\nVmRSS:\t     5 kB\n";
        assert_eq!(parse(status), Some((3, 5 << 10)));
        assert_eq!(parse("PPid:\t2\n"), Some((2, 0)));
        assert_eq!(parse("Name:\ta\n"), None);
    }

    #[test]
    fn only_what_is_below_counts_and_loops_end() {
        let all = [(1, (0, 100)), (2, (1, 10)), (3, (2, 5)), (4, (3, 2)), (8, (9, 50)), (9, (8, 50))];
        let all = BTreeMap::from(all);
        assert_eq!((below(2, &all), below(4, &all), below(1, &all)), (7, 0, 17));
    }

    #[test]
    fn a_child_is_seen() {
        let Some(watch) = Watch::of(Kind::Buildah) else {
            return eprintln!("skipped: this machine tells nothing of its processes");
        };
        let call = common::process::Invocation::new("sleep").arg("1.5");
        common::process::text(&call, &common::console::Console::silent()).unwrap();
        assert!(watch.end().is_some());
        assert!(Watch::of(Kind::Docker).is_none());
    }
}
