//! Faults after which nothing that the store says can be trusted: a thread of it died, or the disk failed a write.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// Called once per fault, on the thread that has found it, before anybody gets an answer. In a server it does not
/// return: it ends the process. The text says what happened.
pub type OnFault = Arc<dyn Fn(&str) + Send + Sync>;

/// For a process that lives on: its later calls to the store are refused.
pub(crate) fn none() -> OnFault {
    Arc::new(|_| ())
}

/// Runs the body of a thread of the store; a panic in it is a fault.
pub(crate) fn watched(thread: &str, on_fault: &OnFault, body: impl FnOnce()) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(body)) {
        let said = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let said = said.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
        on_fault(&format!("its thread {thread} died: {said}"));
    }
}
