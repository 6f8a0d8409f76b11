//! Unmodified third-party clients against this server. The stories compare what the clients print and return, not only
//! their exit codes. `make test-clients` runs only these stories; without installed clients they are skipped.

mod aio;
mod openwhisk;

use std::io::{Cursor, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use wask_tests::{NodeClients, TestServer, guest};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// A server whose clock stands still, so that every printed time is known, and the clients of its guest.
async fn start() -> Option<(TestServer, NodeClients)> {
    let wask = TestServer::builder().clock_by_hand("2030-01-01T06:00:00Z").start().await;
    let clients = NodeClients::new(&wask.guest())?;
    Some((wask, clients))
}

/// A zip with the module of a guest in it.
fn zip(name: &str) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    archive.start_file(format!("{name}.wasm"), SimpleFileOptions::default()).unwrap();
    archive.write_all(&STANDARD.decode(guest(name)).unwrap()).unwrap();
    archive.finish().unwrap().into_inner()
}
