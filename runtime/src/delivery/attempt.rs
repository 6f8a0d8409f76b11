//! One attempt: send the request, read the answer, measure the time.

use std::time::Duration;

use wask_egress::{Answer, Bounds, Egress, OutgoingRequest, SendError, Target};
use wask_model::{AttemptError, CallbackAttempt, Timestamp};

use super::DeliveryRequest;
use crate::clock::Clock;

/// How long establishing a connection may take.
const CONNECT: Duration = Duration::from_secs(5);

/// Sends requests to receivers.
pub struct Delivery {
    egress: Egress,
    clock: Clock,
}

/// An attempt that is about to be made.
#[derive(Clone, Copy)]
pub struct NewAttempt {
    /// Its number, from 1.
    pub n: u32,
    pub at: Timestamp,
    /// How long all of it may take.
    pub timeout: Duration,
}

/// What an attempt led to.
pub struct AttemptOutcome {
    pub attempt: CallbackAttempt,
    /// When the receiver wants the next attempt.
    pub retry_after: Option<Duration>,
    /// Why there is no answer; for the operator, in the log.
    pub cause: Option<SendError>,
}

impl Delivery {
    pub fn new(egress: Egress, clock: Clock) -> Self {
        Delivery { egress, clock }
    }

    pub fn egress(&self) -> &Egress {
        &self.egress
    }

    /// Sends the request once. Never fails: the outcome says what went wrong.
    pub async fn attempt(&self, url: &str, request: DeliveryRequest, new: NewAttempt) -> AttemptOutcome {
        let begun = self.clock.passed();
        let sent = match Target::parse(url) {
            Ok(target) => {
                let DeliveryRequest { method, headers, body } = request;
                let outgoing = OutgoingRequest { target: &target, method, headers, body, now: new.at.to_utc().into() };
                let bounds = Bounds { connect: CONNECT, total: new.timeout, ..Bounds::default() };
                self.egress.send(outgoing, &bounds).await
            }
            Err(_) => Err(SendError::Protocol("the stored URL is no longer valid".into())),
        };
        let duration = self.clock.passed().saturating_sub(begun);
        AttemptOutcome::new(sent, new, duration)
    }
}

impl AttemptOutcome {
    fn new(sent: Result<Answer, SendError>, NewAttempt { n, at, .. }: NewAttempt, duration: Duration) -> Self {
        let duration_ms = duration.as_millis() as u64;
        match sent {
            Ok(Answer { status, retry_after, body }) => {
                let response_body = CallbackAttempt::excerpt(&body);
                let (status_code, error) = (Some(status), AttemptError::from_status(status));
                let attempt = CallbackAttempt { n, at, duration_ms, status_code, error, response_body };
                AttemptOutcome { attempt, retry_after, cause: None }
            }
            Err(cause) => {
                let (status_code, error) = (None, Some(error_of(&cause)));
                let attempt = CallbackAttempt { n, at, duration_ms, status_code, error, response_body: None };
                AttemptOutcome { attempt, retry_after: None, cause: Some(cause) }
            }
        }
    }
}

fn error_of(cause: &SendError) -> AttemptError {
    match cause {
        SendError::Dns(_) => AttemptError::DnsFailure,
        SendError::Connect(_) | SendError::Protocol(_) => AttemptError::ConnectFailure,
        SendError::Tls(_) => AttemptError::TlsFailure,
        SendError::Timeout => AttemptError::Timeout,
        SendError::Forbidden(_) => AttemptError::SsrfBlocked,
    }
}
