//! Debian's `docker-registry`, where there is one.

#![allow(dead_code, reason = "each test program uses its own part")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// It on a free port, ended by its id.
pub struct Real {
    child: Child,
    pub host: String,
    dir: tempfile::TempDir,
}

impl Real {
    /// None where it is not installed.
    pub fn start() -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let port = free_port();
        let config = format!(
            "version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: '{}'}}}}\nhttp: {{addr: '127.0.0.1:{port}'}}\n",
            dir.path().join("data").display()
        );
        fs::write(dir.path().join("config.yml"), config).unwrap();
        let mut command = Command::new("docker-registry");
        command.arg("serve").arg(dir.path().join("config.yml")).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().ok()?;
        let real = Self { child, host: format!("127.0.0.1:{port}"), dir };
        let deadline = Instant::now() + Duration::from_mins(2);
        while std::net::TcpStream::connect(&real.host).is_err() {
            assert!(Instant::now() < deadline, "the registry does not come up");
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(real)
    }

    /// Where it keeps everything.
    pub fn data(&self) -> std::path::PathBuf {
        self.dir.path().join("data")
    }

    /// What is at `path` in the repository that the tests deliver to.
    pub fn fetch(&self, path: &str) -> serde_json::Value {
        let url = format!("http://{}/v2/stsci/roman/{path}", self.host);
        let client = reqwest::blocking::Client::builder().no_proxy().build().unwrap();
        let kinds = ["index", "manifest"].map(|kind| format!("application/vnd.oci.image.{kind}.v1+json"));
        let answer = client.get(url).header("Accept", kinds.join(", ")).send().unwrap();
        serde_json::from_slice(&answer.bytes().unwrap()).unwrap()
    }
}

impl Drop for Real {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}
