//! How many files and sockets the process may have open.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tracing::warn;

/// Raises the limit of this process as far as the system allows. Many systems start programs with 1024, for the sake of
/// some that cannot count further.
pub fn raise() {
    let limits = getrlimit(Resource::Nofile);
    if limits.current == limits.maximum {
        return;
    }
    if let Err(cause) = setrlimit(Resource::Nofile, Rlimit { current: limits.maximum, ..limits }) {
        warn!(%cause, "the limit of open files stays {:?}", limits.current);
    }
}
