//! A mission whose lock is conda's alone.

use std::process::Output;

use common::testing::{FakeEngine, Repository};
use serde_json::{Value, json};

use super::channel::Channel;
use super::index::{Served, program};
use super::{Lab, errors, last_report};

/// Nothing of these tests is pip's.
pub const UV: &str = "[ \"$1\" = --version ] && echo 'uv 0.0 (fake)'; exit 0\n";

pub const FILE: &str = "roman-cal/requirements.yml";
pub const LIST: &str = "roman-cal/requirements.explicit";

/// A mission whose lock is conda's alone.
pub struct Place {
    pub lab: Lab,
    pub index: Served,
    pub bin: tempfile::TempDir,
    pub channel: Channel,
}

impl Place {
    /// With `pins` frozen, one a line.
    pub fn new(channel: Channel, pins: &str) -> Self {
        let lab = Lab::on(FakeEngine::docker(), Repository::new().frozen(), &[]);
        lab.remove("env-frozen/roman-cal/requirements.txt");
        let bin = tempfile::tempdir().unwrap();
        program(bin.path(), "uv", UV);
        let place = Self { lab, index: Served::new(), bin, channel };
        place.freeze(pins);
        place
    }

    pub fn freeze(&self, pins: &str) {
        self.lab.write(&format!("env-frozen/{FILE}"), &self.file(pins));
    }

    pub fn file(&self, pins: &str) -> String {
        let pins: Vec<String> = pins.lines().map(|pin| format!("  - {pin}\n")).collect();
        format!("name: roman-cal\nchannels:\n  - {}\ndependencies:\n{}", self.channel.url(), pins.concat())
    }

    pub fn floating(&self, specs: &str) {
        self.lab.write("environments/roman-cal/roman-cal.yml", &self.file(specs));
    }

    pub fn run(&self, args: &[&str]) -> Output {
        let mut command = self.lab.command(&[args, &["--index", &self.index.url]].concat());
        let paths = [self.bin.path().to_owned(), self.lab.path().into()];
        command.env("PATH", std::env::join_paths(paths).unwrap()).env("HOME", self.bin.path());
        command.output().unwrap()
    }

    /// Runs, expects success, and gives the outcome.
    pub fn outcome(&self, args: &[&str]) -> Value {
        let output = self.run(args);
        assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
        last_report(&output)["outcome"][args[0]].clone()
    }
}

pub fn changes(outcome: &Value) -> Value {
    let changes = outcome["environments"][0]["changes"].as_array().unwrap();
    changes.iter().map(|c| json!([c["name"], c["from"], c["to"]])).collect()
}

/// openssl 3.1.4 is lost, and krb5 goes only with the one before it.
pub fn kerberos() -> Channel {
    let mut channel = Channel::new();
    for python in ["3.11.7", "3.12.1"] {
        channel.add("python", (python, "h0"), &json!({}));
    }
    for openssl in ["3.1.5", "3.2.1"] {
        channel.add("openssl", (openssl, "h0"), &json!({}));
    }
    channel.add("krb5", ("1.20.1", "h0"), &json!({"depends": ["openssl <3.1.5"]}));
    channel.add("krb5", ("1.21.2", "h0"), &json!({"depends": ["openssl >=3.1.5", "libedit"]}));
    channel.add("krb5", ("1.21.3", "h0"), &json!({"depends": ["openssl >=3.2", "libedit"]}));
    channel.add("libedit", ("3.1.20191231", "h0"), &json!({}));
    channel
}

pub const KERBEROS: &str = "krb5=1.20.1\nopenssl=3.1.4  # for krb5\npython=3.11.7";

pub const THAWED: &str =
    "krb5=1.21.2  # thawed from 1.20.1: cannot stay together with anything in the place of openssl
libedit=3.1.20191231  # thawed: needed with the new krb5, openssl
openssl=3.1.5  # for krb5  # thawed from 3.1.4: gone, no channel of the file lists it
python=3.11.7";
