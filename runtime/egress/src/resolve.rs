//! Looks up the addresses of a name. They are not trusted: every address is vetted before it is dialled.

use std::io;
use std::net::{IpAddr, ToSocketAddrs as _};
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::Semaphore;

/// Looks up names: the system's resolver, or a test's.
#[async_trait]
pub trait Resolve: Send + Sync {
    /// All addresses of `host`, a name in ASCII and lower case, best first. `Err`: the look-up failed.
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>>;
}

/// The system's resolver (`getaddrinfo`), including its hosts file and its search list.
#[derive(Debug)]
pub struct SystemResolver {
    running: Arc<Semaphore>,
}

impl SystemResolver {
    /// How many look-ups run at the same time; others wait. Each occupies a thread, even after its caller has stopped
    /// waiting. Without this limit, name servers that never answer could occupy all threads for blocking work (512).
    pub const AT_ONCE: usize = 128;
}

impl Default for SystemResolver {
    fn default() -> Self {
        SystemResolver { running: Arc::new(Semaphore::new(SystemResolver::AT_ONCE)) }
    }
}

#[async_trait]
impl Resolve for SystemResolver {
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        let permit = Arc::clone(&self.running).acquire_owned().await.expect("the semaphore is never closed");
        let host = host.to_owned();
        let look_up = move || {
            let _permit = permit; // held until the look-up has ended, even if its caller has gone
            (host.as_str(), 0).to_socket_addrs().map(|found| found.map(|address| address.ip()).collect())
        };
        tokio::task::spawn_blocking(look_up).await.map_err(io::Error::other)?
    }
}
