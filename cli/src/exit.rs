//! How the program ends, for service managers and scripts.

use std::process::ExitCode;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Ended as asked, with everything under way finished.
    Drained,
    /// `doctor` found something that keeps this machine from working.
    Unfit,
    /// A flag, variable or key of the file is wrong.
    Usage,
    /// NATS could not be reached, or is too old.
    BusUnreachable,
    /// Something kept failing although it was started again and again.
    SupervisionExhausted,
    /// Ended as asked, but not everything under way finished in time.
    DrainTimedOut,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Drained => 0,
            Exit::Unfit => 1,
            Exit::Usage => 64,
            Exit::BusUnreachable => 69,
            Exit::SupervisionExhausted => 70,
            Exit::DrainTimedOut => 75,
        })
    }
}

/// Why a process ends otherwise than asked: what to tell, and the exit that says it to machines.
#[derive(Debug)]
pub struct Failure {
    pub exit: Exit,
    pub error: anyhow::Error,
}

/// What has no exit of its own is a fault of the program or the machine.
impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self { exit: Exit::SupervisionExhausted, error: error.into() }
    }
}

pub trait OrExit<T> {
    /// Ends the process with this exit if it is an error.
    fn or_exit(self, exit: Exit) -> Result<T, Failure>;
}

impl<T, E: Into<anyhow::Error>> OrExit<T> for Result<T, E> {
    fn or_exit(self, exit: Exit) -> Result<T, Failure> {
        self.map_err(|error| Failure { exit, error: error.into() })
    }
}
