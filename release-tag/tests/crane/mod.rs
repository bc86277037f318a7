//! The registry that crane brings, where there is a crane.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// It on a free port, ended by its id.
pub struct Crane {
    child: Child,
    pub host: String,
}

impl Crane {
    /// None where it is not installed.
    pub fn serve() -> Option<Self> {
        let host = format!("127.0.0.1:{}", super::real::free_port());
        let mut command = Command::new("crane");
        command.args(["registry", "serve", "--address", &host]).stdout(Stdio::null()).stderr(Stdio::null());
        let crane = Self { child: command.spawn().ok()?, host };
        let deadline = Instant::now() + Duration::from_mins(2);
        while std::net::TcpStream::connect(&crane.host).is_err() {
            assert!(Instant::now() < deadline, "the registry does not come up");
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(crane)
    }
}

impl Drop for Crane {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}
