//! How many requests a client behind a trusted proxy has at a time: the proxy's connections say nothing about it.

use std::net::IpAddr;
use std::sync::Arc;

use dashmap::DashMap;

use super::super::peer::network;

/// Counts the requests in flight of each client behind a proxy.
pub struct Clients {
    /// Requests that one network may have in flight; 0: any number.
    most: u32,
    in_flight: DashMap<IpAddr, u32>,
}

/// One request of a client; it ends with this value.
pub struct OfClient {
    network: IpAddr,
    all: Arc<Clients>,
}

impl Clients {
    pub fn new(most: u32) -> Arc<Self> {
        Arc::new(Clients { most, in_flight: DashMap::new() })
    }

    /// One more request of this client. `Err`: it has as many as it may have, which is the number returned.
    pub fn begin(self: &Arc<Self>, client: IpAddr) -> Result<OfClient, u32> {
        let network = network(client);
        let mut count = self.in_flight.entry(network).or_default();
        if self.most != 0 && self.most <= *count {
            return Err(self.most);
        }
        *count += 1;
        Ok(OfClient { network, all: self.clone() })
    }
}

impl Drop for OfClient {
    fn drop(&mut self) {
        self.all.in_flight.remove_if_mut(&self.network, |_, count| {
            *count -= 1;
            *count == 0
        });
    }
}
