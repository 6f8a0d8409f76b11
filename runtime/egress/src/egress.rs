//! The door: builds the connector, and takes one request from a URL to an answer.

use std::fmt;
use std::future::Future;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{sleep, timeout};

use crate::answer::{Answer, retry_after};
use crate::config::{BadRange, EgressConfig};
use crate::dial::dial;
use crate::error::SendError;
use crate::exchange::{Wire, begin};
use crate::outgoing::{Bounds, OutgoingRequest};
use crate::policy::{ForbiddenAddress, Policy};
use crate::resolve::Resolve;
use crate::target::{Host, Target};
use crate::tls::{BadRoots, Tls};

/// How long a body is waited for once the head is there: the status is what counts, and a receiver that drips must
/// neither turn its own success into a failure nor hold a place for long.
const BODY_TIME: Duration = Duration::from_secs(1);

/// The one connector. Every request has a connection of its own; redirects are not followed, proxies that the
/// environment names are not used, cookies are not kept, bodies not decompressed.
pub struct Egress {
    policy: Policy,
    resolver: Arc<dyn Resolve>,
    tls: Tls,
}

impl Egress {
    /// A connector that trusts the system's authorities. Reads their certificates, which takes some milliseconds; without
    /// any, https targets fail and http ones do not.
    pub fn new(config: &EgressConfig, resolver: Arc<dyn Resolve>) -> Result<Egress, BadRange> {
        let tls = Tls::new(&[]).expect("only additional certificates can be bad");
        Ok(Egress { policy: Policy::new(config)?, resolver, tls })
    }

    /// Trusts the authorities in `pem` besides the system's, as for an operator with an authority of their own.
    pub fn with_more_roots(self, pem: &[u8]) -> Result<Egress, BadRoots> {
        Ok(Egress { tls: Tls::new(pem)?, ..self })
    }

    /// Whether a target may be named at all: `Err` for an address, however spelled, for `localhost` and for names below
    /// it, where the policy forbids them. Asks no resolver, so any other name passes.
    pub fn check_literal(&self, target: &Target) -> Result<(), ForbiddenAddress> {
        self.policy.check_literal(target)
    }

    /// Sends one request over one connection to an address that was vetted, and reads the answer. Any status is an
    /// answer. The body is read for at most a second. Dropping the future closes the connection; the receiver may have
    /// the request by then. Feeds contract §C.6, C.9.
    pub async fn send(&self, outgoing: OutgoingRequest<'_>, bounds: &Bounds) -> Result<Answer, SendError> {
        let now = outgoing.now;
        let mut over = pin!(sleep(bounds.total));
        let begun = tokio::select! {
            biased; // the clock first: a receiver that floods us must not keep us from looking at it
            () = &mut over => return Err(SendError::Timeout),
            begun = async { begin(self.connect(outgoing.target, bounds.connect).await?, outgoing).await } => begun?,
        };
        let (status, retry_after) = (begun.status, retry_after(&begun.headers, now));
        let body = begun.body(bounds.read_bytes, first(over, sleep(BODY_TIME))).await;
        Ok(Answer { status, retry_after, body })
    }

    /// A connection to `target` within `time`.
    async fn connect(&self, target: &Target, time: Duration) -> Result<Box<dyn Wire>, SendError> {
        let connected = async {
            let found = self.look_up(target).await?;
            let vetted = self.policy.vet(&target.host(), found).map_err(SendError::Forbidden)?;
            let stream = dial(&vetted, target.port(), time).await?; // no second look-up: what was vetted is dialled
            match target.is_https() {
                true => Ok(Box::new(self.tls.wrap(target, stream).await?) as Box<dyn Wire>),
                false => Ok(Box::new(stream) as Box<dyn Wire>),
            }
        };
        timeout(time, connected).await.unwrap_or(Err(SendError::Timeout))
    }

    async fn look_up(&self, target: &Target) -> Result<Vec<IpAddr>, SendError> {
        match target.named() {
            Host::Address(address) => Ok(vec![*address]),
            Host::Name(name) => self.resolver.resolve(name).await.map_err(|cause| SendError::Dns(cause.to_string())),
        }
    }
}

impl fmt::Debug for Egress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Egress").field("policy", &self.policy).finish_non_exhaustive()
    }
}

async fn first(one: impl Future<Output = ()>, other: impl Future<Output = ()>) {
    tokio::select! {
        () = one => (),
        () = other => (),
    }
}
