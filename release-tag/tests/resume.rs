//! Deliveries to a real registry that were interrupted, and go on in another run.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(clippy::print_stderr, reason = "what is skipped is told")]

mod proxy;
mod real;
mod support;

use std::fs;
use std::process::{Command, Stdio};

use proxy::{Fate, Proxy};
use real::Real;
use serde_json::Value;
use support::{Ran, Release};

/// A release, and a registry behind a proxy.
struct World {
    release: Release,
    proxy: Proxy,
    _real: Real,
}

impl World {
    fn new() -> Option<Self> {
        let Some(real) = Real::start() else {
            eprintln!("skipped: no docker-registry on PATH (Debian: apt-get install docker-registry)");
            return None;
        };
        let proxy = Proxy::before(&real.host);
        Some(Self { release: Release::ready(), proxy, _real: real })
    }

    /// Pieces so small that the layer has several.
    fn command(&self) -> Command {
        let to = format!("docker://{}/stsci/roman", self.proxy.host());
        let how = ["--execute", "--no-attach", "--compress", "none", "--chunk-size", "500"];
        self.release.command(&[&["deliver", &to], &how[..]].concat())
    }

    fn deliver(&self) -> Ran {
        Ran(self.command().output().unwrap())
    }

    /// It arrived in this run, which went on where the one before had stopped: no byte went twice.
    fn goes_on(&self) {
        let ran = self.deliver();
        self.arrived(&ran);
        assert!(ran.said().contains("went on at byte 1000"), "{}", ran.said());
        assert_eq!(self.proxy.passed(), self.size(), "every byte of a blob went once");
    }

    /// It arrived, and nothing is left to go on with.
    fn arrived(&self, ran: &Ran) {
        assert_eq!(ran.outcome("deliver")["delivery"], "delivered");
        let again = self.deliver().outcome("deliver");
        assert_eq!(again["delivery"], "present");
        assert_eq!(self.notes(), 0);
    }

    fn notes(&self) -> usize {
        fs::read_dir(self.release.repository.at(".image/upload")).unwrap().count()
    }

    /// The size of the layer and the configuration.
    fn size(&self) -> u64 {
        let layout = self.release.repository.at(".image/delivery/roman-12.0.0");
        let json =
            |path: std::path::PathBuf| -> Value { serde_json::from_slice(&fs::read(path).unwrap()).unwrap() };
        let digest = json(layout.join("index.json"))["manifests"][0]["digest"].as_str().unwrap().to_owned();
        let manifest = json(layout.join("blobs/sha256").join(&digest["sha256:".len()..]));
        let layers = manifest["layers"].as_array().unwrap().iter();
        layers.chain([&manifest["config"]]).map(|blob| blob["size"].as_u64().unwrap()).sum()
    }
}

/// The third piece of the first blob that has as many is refused, as often as it is tried.
#[test]
fn a_delivery_that_was_refused_in_the_middle_goes_on_in_the_next_run() {
    let Some(world) = World::new() else { return };
    // A configuration that is smaller than a piece goes first, in one.
    world.proxy.befall(third(&world), 100, Fate::Refused(503));
    world.deliver().refused(69, "status 503");
    assert_eq!(world.notes(), 1, "where it goes on");
    world.proxy.spare();
    world.goes_on();
}

/// The number of the third piece of the layer: the configuration goes before it.
fn third(world: &World) -> usize {
    world.release.run(&["deliver", "--no-attach", "--compress", "none"]).outcome("deliver");
    let config = fs::metadata(
        world.release.repository.at(".image/delivery/roman-12.0.0/blobs/sha256").join(world.release.id.hex()),
    );
    usize::try_from(config.unwrap().len().div_ceil(500)).unwrap() + 3
}

#[test]
fn a_delivery_that_was_killed_in_the_middle_goes_on_in_the_next_run() {
    let Some(world) = World::new() else { return };
    world.proxy.befall(third(&world), 1, Fate::Held);
    let mut child = world.command().stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    world.proxy.wait_until_holding();
    child.kill().unwrap();
    child.wait().unwrap();
    world.goes_on();
}

/// Half a piece would be the end of the upload at this registry.
#[test]
fn a_delivery_that_is_told_to_stop_ends_its_piece_first() {
    let Some(world) = World::new() else { return };
    world.proxy.befall(third(&world), 1, Fate::Held);
    let child = world.command().stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    world.proxy.wait_until_holding();
    let kill = Command::new("kill").arg("-TERM").arg(child.id().to_string()).status().unwrap();
    assert!(kill.success());
    world.proxy.release();
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(143), 0));
    let ran = world.deliver();
    world.arrived(&ran);
    assert!(ran.said().contains("went on at byte 1500"), "{}", ran.said());
    assert_eq!(world.proxy.passed(), world.size(), "every byte of a blob went once");
}

/// Docker's registry keeps half a piece, and then takes the upload for broken.
#[test]
fn a_piece_that_is_cut_off_costs_the_upload_and_not_the_delivery() {
    let Some(world) = World::new() else { return };
    world.proxy.befall(third(&world), 1, Fate::Cut(100));
    let ran = world.deliver();
    world.arrived(&ran);
    assert_eq!(world.proxy.passed(), world.size() + 1000, "two whole pieces went twice");
}

#[test]
fn an_upload_that_the_registry_does_not_know_any_more_begins_anew() {
    let Some(world) = World::new() else { return };
    world.proxy.befall(third(&world), 100, Fate::Refused(500));
    world.deliver().refused(69, "status 500");
    world.proxy.spare();
    let notes = world.release.repository.at(".image/upload");
    let note = fs::read_dir(&notes).unwrap().next().unwrap().unwrap().path();
    let text = fs::read_to_string(&note).unwrap();
    assert!(text.contains("_state="), "{text}");
    fs::write(&note, text.replace("_state=", "_state=x")).unwrap();
    world.arrived(&world.deliver());
}
