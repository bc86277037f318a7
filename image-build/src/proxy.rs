//! A proxy on loopback that build steps fetch through: it either records what servers answer, or answers from
//! a capsule and refuses everything else.
//!
//! HTTPS is answered with certificates of an authority that is made for the run, lives in memory, and is gone
//! with it; build steps learn of it as of any private authority.

mod authority;
mod connection;
mod message;
mod range;
mod record;
mod replay;
mod reply;

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use thiserror::Error;

use common::fault::{Fault, Status};
use common::process::{self, ProcessError};

use authority::Authority;
pub(crate) use record::Recorder;
pub(crate) use replay::Replayer;

/// How long a client may be silent.
const SILENCE: Duration = Duration::from_mins(10);

/// The proxy cannot run.
#[derive(Debug, Error)]
pub(crate) enum ProxyError {
    /// There is no port.
    #[error("cannot listen on this machine's own address")]
    Listen(#[source] io::Error),
    /// There is no authority.
    #[error("cannot make certificates: {0}")]
    Authority(String),
    /// Servers cannot be reached.
    #[error("cannot speak to servers: {0}")]
    Client(String),
    /// What was recorded cannot be kept.
    #[error("cannot keep what was recorded in {}", path.display())]
    Store {
        /// Where.
        path: std::path::PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// We were told to stop.
    #[error(transparent)]
    Interrupted(#[from] ProcessError),
}

impl Fault for ProxyError {
    fn status(&self) -> Status {
        match self {
            Self::Listen(_) => Status::Unavailable,
            Self::Authority(_) => Status::Software,
            Self::Client(_) => Status::Settings,
            Self::Store { source, .. } => common::fault::io_status(source),
            Self::Interrupted(error) => error.status(),
        }
    }
}

/// Where answers come from.
pub(crate) enum Source {
    /// From servers; they are kept.
    Record(Recorder),
    /// From a capsule.
    Replay(Replayer),
}

/// What all connections share.
struct Shared {
    source: Source,
    authority: Authority,
    stopping: AtomicBool,
    /// How many questions are being answered.
    busy: Mutex<usize>,
    idle: Condvar,
}

impl Shared {
    fn count(&self) -> std::sync::MutexGuard<'_, usize> {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A question under way.
struct Busy<'s>(&'s Shared);

impl<'s> Busy<'s> {
    fn new(shared: &'s Shared) -> Self {
        *shared.count() += 1;
        Self(shared)
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        *self.0.count() -= 1;
        self.0.idle.notify_all();
    }
}

/// A proxy that runs until it is dropped.
pub(crate) struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
}

impl Proxy {
    /// Starts it on a free port of this machine's own address.
    pub(crate) fn start(source: Source) -> Result<Self, ProxyError> {
        let authority = Authority::new().map_err(|error| ProxyError::Authority(error.to_string()))?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(ProxyError::Listen)?;
        let address = listener.local_addr().map_err(ProxyError::Listen)?;
        let (stopping, busy, idle) = (AtomicBool::new(false), Mutex::new(0), Condvar::new());
        let shared = Arc::new(Shared { source, authority, stopping, busy, idle });
        let theirs = Arc::clone(&shared);
        let named = thread::Builder::new().name("proxy".to_owned());
        named.spawn(move || listen(&listener, &theirs)).map_err(ProxyError::Listen)?;
        Ok(Self { address, shared })
    }

    /// `http://127.0.0.1:PORT`
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The certificate that its clients must trust, as PEM.
    pub(crate) fn certificate(&self) -> &str {
        self.shared.authority.pem()
    }

    /// Where answers come from.
    pub(crate) fn source(&self) -> &Source {
        &self.shared.source
    }

    /// Waits until no question is being answered any more: what a client gave up is still recorded whole.
    pub(crate) fn settle(&self) -> Result<(), ProxyError> {
        let mut busy = self.shared.count();
        while *busy > 0 {
            process::check_interrupted()?;
            let waited = self.shared.idle.wait_timeout(busy, Duration::from_millis(200));
            busy = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        Ok(())
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        // The listener looks when somebody comes.
        _ = TcpStream::connect_timeout(&self.address, Duration::from_secs(1));
    }
}

fn listen(listener: &TcpListener, shared: &Arc<Shared>) {
    for stream in listener.incoming() {
        if shared.stopping.load(Ordering::SeqCst) {
            return;
        }
        let Ok(stream) = stream else { continue };
        let shared = Arc::clone(shared);
        // A client whose connection gets no thread tries again.
        _ = thread::Builder::new().name("proxy client".to_owned()).spawn(move || {
            let limits = [stream.set_read_timeout(Some(SILENCE)), stream.set_write_timeout(Some(SILENCE))];
            if limits.iter().all(Result::is_ok) {
                _ = stream.set_nodelay(true);
                connection::serve(stream, &shared);
            }
        });
    }
}

#[cfg(test)]
mod tests;
