//! Threads that give way to those that answer requests.

use tracing::debug;

/// Added to the process's niceness: such a thread gets about a tenth of a busy core.
const LOW: i32 = 10;

/// Lowers the priority of the calling thread. Where the system does not allow it, the thread goes on as it is.
pub(crate) fn lower_this_thread() {
    // On Linux "no process id" means the calling thread alone.
    if let Err(cause) = rustix::process::setpriority_process(None, LOW) {
        debug!(%cause, "thread keeps its priority");
    }
}
