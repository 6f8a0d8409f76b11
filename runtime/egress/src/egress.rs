//! The entry point: builds the connector and takes a request from its target to an answer.

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

/// How long to read the body after the head has arrived. The status decides, so a receiver that sends its body slowly
/// must neither turn its own success into a failure nor occupy a permit for long.
const BODY_TIME: Duration = Duration::from_secs(1);

/// The connector. Every request uses a connection of its own. Redirects are not followed, proxies of the environment
/// are not used, cookies are not kept, and bodies are not decompressed.
pub struct Egress {
    policy: Policy,
    resolver: Arc<dyn Resolve>,
    tls: Tls,
}

impl Egress {
    /// A connector that trusts the system's certificate authorities. Reading their certificates takes some
    /// milliseconds. If there are none, requests to https targets fail. `Err`: a setting is not an address range.
    pub fn new(config: &EgressConfig, resolver: Arc<dyn Resolve>) -> Result<Egress, BadRange> {
        let tls = Tls::new(&[]).expect("only additional certificates can be bad");
        Ok(Egress { policy: Policy::new(config)?, resolver, tls })
    }

    /// Also trusts the authorities in `pem`, for an operator who runs one. `Err`: `pem` holds no usable certificate.
    pub fn with_more_roots(self, pem: &[u8]) -> Result<Egress, BadRoots> {
        Ok(Egress { tls: Tls::new(pem)?, ..self })
    }

    /// Checks a target without looking its name up. `Err`: it names an address, in any spelling, or `localhost` or a
    /// name below it, and the policy forbids that. Any other name passes.
    pub fn check_literal(&self, target: &Target) -> Result<(), ForbiddenAddress> {
        self.policy.check_literal(target)
    }

    /// Sends one request over one connection to a vetted address, and reads the answer. Any status is an answer.
    ///
    /// The body is read for at most a second. `Err` says why there is no answer. Dropping the future closes the
    /// connection; the receiver may have got the request by then. feeds.md §C.6, §C.9.
    pub async fn send(&self, outgoing: OutgoingRequest<'_>, bounds: &Bounds) -> Result<Answer, SendError> {
        let now = outgoing.now;
        let mut time_is_up = pin!(sleep(bounds.total));
        let answer = tokio::select! {
            biased; // the clock first, because a receiver that floods us must not keep us from checking it
            () = &mut time_is_up => return Err(SendError::Timeout),
            answer = async { begin(self.connect(outgoing.target, bounds.connect).await?, outgoing).await } => answer?,
        };
        let (status, retry_after) = (answer.status, retry_after(&answer.headers, now));
        let body = answer.body(bounds.read_bytes, first(time_is_up, sleep(BODY_TIME))).await;
        Ok(Answer { status, retry_after, body })
    }

    /// A connection to `target` within `time`.
    async fn connect(&self, target: &Target, time: Duration) -> Result<Box<dyn Wire>, SendError> {
        let connected = async {
            let found = self.look_up(target).await?;
            let vetted = self.policy.vet(&target.host(), found).map_err(SendError::Forbidden)?;
            let stream = dial(&vetted, target.port(), time).await?; // the vetted ones, without another look-up
            if target.is_https() {
                Ok(Box::new(self.tls.wrap(target, stream).await?) as Box<dyn Wire>)
            } else {
                Ok(Box::new(stream) as Box<dyn Wire>)
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

/// Ends when the first of two futures ends.
async fn first(one: impl Future<Output = ()>, other: impl Future<Output = ()>) {
    tokio::select! {
        () = one => (),
        () = other => (),
    }
}
