//! Another daemon's builder, as a socket that buildx takes for a remote one.

use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::thread;

use tempfile::TempDir;

/// Where a further daemon is, one with containerd's store: `unix://PATH`.
pub const FAR: &str = "IMAGE_TOOLS_FAR";

/// The socket of that daemon, if there is one.
pub fn far() -> Option<PathBuf> {
    let address = std::env::var(FAR).ok();
    let path = address.as_deref().and_then(|address| address.strip_prefix("unix://")).map(PathBuf::from);
    if path.is_none() {
        eprintln!("skipped: {FAR} names no socket of a further docker (unix://PATH)");
    }
    path
}

/// A socket at which the builder of the daemon at `daemon` answers. Docker offers it behind an upgrade of HTTP.
pub struct Bridge(TempDir);

impl Bridge {
    pub fn to(daemon: &Path) -> Self {
        let bridge = Self(tempfile::tempdir().unwrap());
        let (listener, daemon) = (UnixListener::bind(bridge.path()).unwrap(), daemon.to_owned());
        thread::spawn(move || {
            for near in listener.incoming().flatten() {
                let daemon = daemon.clone();
                thread::spawn(move || join(near, &daemon));
            }
        });
        bridge
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("builder.sock")
    }

    pub fn address(&self) -> String {
        format!("unix://{}", self.path().display())
    }
}

fn join(near: UnixStream, daemon: &Path) -> io::Result<()> {
    let mut far = UnixStream::connect(daemon)?;
    far.write_all(b"POST /grpc HTTP/1.1\r\nHost: docker\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n")?;
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        far.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    assert!(head.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&head));
    let (to, from) = ((near.try_clone()?, far.try_clone()?), (far, near));
    let there = thread::spawn(move || pour(to));
    _ = pour(from);
    _ = there.join();
    Ok(())
}

fn pour((mut from, mut to): (UnixStream, UnixStream)) -> io::Result<()> {
    io::copy(&mut from, &mut to)?;
    to.shutdown(Shutdown::Write)
}
