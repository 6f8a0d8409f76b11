//! The harness of the integration tests: a server in this process or in its own, clients, the guests.
//!
//! Helpers hide plumbing, never the point of a story. Nothing here asserts what a story is about; what goes wrong in the
//! plumbing panics with what was sent and what came back.

pub mod chaos;
mod client;
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

use std::time::Duration;

/// How long a condition may take that is waited for; far more than any takes.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Asks again and again until the answer is there; panics when that takes too long.
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
