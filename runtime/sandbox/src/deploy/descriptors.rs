//! Tells that the process has no file descriptor left, which passes, from a file that is not there.

use std::io;
use std::time::Duration;

use rustix::io::Errno;

/// How long a module waits for a descriptor.
pub(crate) const WAIT: Duration = Duration::from_secs(5);
/// How often it looks.
pub(crate) const LOOK: Duration = Duration::from_millis(50);

/// The process, or the whole machine, has as many files open as it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OutOfDescriptors;

/// Whether this is why the system refused something.
pub(super) fn were_missing(cause: &io::Error) -> bool {
    matches!(Errno::from_io_error(cause), Some(Errno::MFILE | Errno::NFILE))
}
