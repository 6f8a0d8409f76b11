//! Connectors with the policy and the names of a test.

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, Method};
use wask_egress::{Answer, Bounds, Egress, EgressConfig, OutgoingRequest, Resolve, SendError, Target};

/// Enough for loopback, and short enough to wait for.
pub const BOUNDS: Bounds =
    Bounds { connect: Duration::from_millis(400), total: Duration::from_millis(600), read_bytes: 1024 };

/// A resolver with one set of addresses per look-up of a name; the last set is repeated. `*` means all other names.
#[derive(Default)]
pub struct Names {
    answers: Mutex<HashMap<String, Vec<Vec<IpAddr>>>>,
    asked: Mutex<Vec<String>>,
}

impl Names {
    pub fn with(name: &str, answers: &[&[&str]]) -> Arc<Names> {
        let read = |answer: &&[&str]| answer.iter().map(|address| address.parse().unwrap()).collect();
        let answers = answers.iter().rev().map(read).collect();
        Arc::new(Names { answers: Mutex::new([(name.to_owned(), answers)].into()), asked: Mutex::default() })
    }

    pub fn none() -> Arc<Names> {
        Arc::default()
    }

    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

#[async_trait]
impl Resolve for Names {
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        self.asked.lock().unwrap().push(host.to_owned());
        let mut answers = self.answers.lock().unwrap();
        let known = if answers.contains_key(host) { host } else { "*" };
        match answers.get_mut(known) {
            Some(left) if left.len() > 1 => Ok(left.pop().unwrap()),
            Some(left) => Ok(left[0].clone()),
            None => Err(io::Error::other(format!("no such name: {host}"))),
        }
    }
}

/// A connector with the default policy that may also reach `allowed`.
pub fn egress(allowed: &[&str], names: Arc<Names>) -> Egress {
    let allow_cidrs = allowed.iter().map(|range| range.to_string()).collect();
    Egress::new(&EgressConfig { allow_cidrs, ..EgressConfig::default() }, names).unwrap()
}

/// A connector that may reach loopback.
pub fn local() -> Egress {
    egress(&["127.0.0.0/8"], Names::none())
}

pub fn target(url: &str) -> Target {
    Target::parse(url).unwrap()
}

pub fn post(target: &Target) -> OutgoingRequest<'_> {
    OutgoingRequest {
        target,
        method: Method::POST,
        headers: HeaderMap::new(),
        body: Bytes::from_static(b"{\"done\":true}"),
        now: SystemTime::UNIX_EPOCH,
    }
}

/// Sends a small POST within [`BOUNDS`].
pub async fn send(egress: &Egress, url: &str) -> Result<Answer, SendError> {
    egress.send(post(&target(url)), &BOUNDS).await
}

/// The result of `work`. Panics if it takes longer than `ms`.
pub async fn within<T>(ms: u64, work: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_millis(ms), work).await.expect("in time")
}
