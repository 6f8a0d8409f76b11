//! From a name to its addresses. What comes out is not trusted: every address is vetted before it is dialled.

use std::io;
use std::net::{IpAddr, ToSocketAddrs as _};
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::Semaphore;

/// Whoever knows the addresses of names.
#[async_trait]
pub trait Resolve: Send + Sync {
    /// All addresses of `host`, a name in ASCII and lower case, best first.
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>>;
}

/// The system's resolver (`getaddrinfo`), with its hosts file and its search list.
#[derive(Debug)]
pub struct SystemResolver {
    running: Arc<Semaphore>,
}

impl SystemResolver {
    /// Look-ups that run at the same time; others wait. Each takes a thread, and nothing can end one that its caller no
    /// longer waits for: name servers that never answer must not take all threads there are for blocking work (512).
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
        let permit = Arc::clone(&self.running).acquire_owned().await.expect("nobody closes it");
        let host = host.to_owned();
        let look_up = move || {
            let _permit = permit; // until the look-up has ended, whoever waits for it
            (host.as_str(), 0).to_socket_addrs().map(|found| found.map(|address| address.ip()).collect())
        };
        tokio::task::spawn_blocking(look_up).await.map_err(io::Error::other)?
    }
}
