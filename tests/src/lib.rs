//! The harness of the integration tests: a server in this process or in its own, clients, the guests.
//!
//! Helpers hide plumbing, never the point of a test. They make no assertion that a test is about; when the plumbing
//! fails, they panic with the request and the answer.

pub mod attack;
pub mod chaos;
mod client;
pub mod fuzz;
mod guests;
mod node_clients;
mod process;
mod receiver;
mod server;

pub use client::{Answer, Client, annotation};
pub use guests::{example, guest, wat};
pub use node_clients::{NodeClients, Ran};
pub use process::{EndedEarly, ServerProcess, binary, run};
pub use receiver::{Received, Receiver, Reply};
pub use server::{TestServer, TestServerBuilder};

use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use tempfile::TempDir;

/// How long a test waits for a condition; far longer than any takes.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A data folder as a server wants it: its owner's alone.
pub fn data_folder() -> TempDir {
    let owner_only = std::fs::Permissions::from_mode(0o700);
    tempfile::Builder::new().permissions(owner_only).tempdir().expect("a folder")
}

/// Calls `ask` repeatedly until it returns `Some`. Panics after [`PATIENCE`] with `what`, the condition it waited for.
pub async fn eventually<T, F>(what: &str, mut ask: impl FnMut() -> F) -> T
where
    F: Future<Output = Option<T>>,
{
    let started = std::time::Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(started.elapsed() < PATIENCE, "waited {PATIENCE:?} in vain until {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
