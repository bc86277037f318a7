//! How a tool fails: an exit status that a script can branch on, and a hint that a person can type.
//!
//! Every error enum of the workspace implements [`Fault`]. An error says what went wrong and where;
//! the fault adds the status (see the table in the README) and at most one hint.

use std::error::Error;
use std::process::ExitCode;

/// The documented exit statuses. The numbers follow `sysexits.h` where it has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Everything asked for was done, and the answer is yes.
    Done,
    /// The answer is no: tests failed, drift was found, a gate refused.
    No,
    /// The command line does not make sense.
    Usage,
    /// A file holds something that it must not.
    Data,
    /// A service that is needed cannot be had.
    Unavailable,
    /// Our bug.
    Software,
    /// A file or directory cannot be created.
    CannotCreate,
    /// Reading or writing failed.
    Io,
    /// Somebody else held the lock for too long.
    Locked,
    /// The other side broke the protocol.
    Protocol,
    /// Credentials were refused.
    Denied,
    /// The settings are wrong or missing.
    Settings,
    /// The time limit passed.
    TimeLimit,
    /// An engine or another program is not there.
    Missing,
    /// A signal of this number ended the work.
    Signal(u8),
    /// The status of an engine or a container, passed through as it is.
    Passed(u8),
}

impl Status {
    /// The number that the process exits with.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::No => 1,
            Self::Usage => 2,
            Self::Data => 65,
            Self::Unavailable => 69,
            Self::Software => 70,
            Self::CannotCreate => 73,
            Self::Io => 74,
            Self::Locked => 75,
            Self::Protocol => 76,
            Self::Denied => 77,
            Self::Settings => 78,
            Self::TimeLimit => 124,
            Self::Missing => 127,
            Self::Signal(number) => 128_u8.saturating_add(number),
            Self::Passed(code) => code,
        }
    }
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        Self::from(status.code())
    }
}

/// An error that knows how the process must end because of it.
pub trait Fault: Error {
    /// The exit status.
    fn status(&self) -> Status;

    /// At most one thing to type that would help, without the word "hint".
    fn hint(&self) -> Option<String> {
        None
    }
}

/// The status for an I/O error by its kind: creating that is refused differs from failing to read.
#[must_use]
pub fn io_status(error: &std::io::Error) -> Status {
    use std::io::ErrorKind;
    match error.kind() {
        ErrorKind::PermissionDenied | ErrorKind::AlreadyExists | ErrorKind::ReadOnlyFilesystem => {
            Status::CannotCreate
        }
        _ => Status::Io,
    }
}

#[cfg(test)]
mod tests {
    use super::Status;

    #[test]
    fn a_signal_ends_with_128_and_its_number() {
        assert_eq!(Status::Signal(15).code(), 143);
        assert_eq!(Status::Signal(250).code(), 255);
    }

    #[test]
    fn an_engines_own_status_passes_through() {
        assert_eq!(Status::Passed(42).code(), 42);
    }
}
