//! Lowers the priority of threads, so that they give way to those that answer requests.

use tracing::debug;

/// The niceness of what can wait. Such a thread gets about a tenth of a busy core.
pub(crate) const LOW_PRIORITY: i32 = 10;

/// Lowers the priority of the calling thread. If the system does not allow it, the thread keeps its priority.
pub(crate) fn lower_this_thread() {
    // On Linux "no process id" means the calling thread alone.
    if let Err(cause) = rustix::process::setpriority_process(None, LOW_PRIORITY) {
        debug!(%cause, "thread keeps its priority");
    }
}
