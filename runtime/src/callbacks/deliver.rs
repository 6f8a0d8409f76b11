//! One attempt: send, note what came of it, and say when the next one is due.

use std::time::Duration;

use async_trait::async_trait;
use tracing::{error, warn};
use wask_egress::{Answer, Bounds, OutgoingRequest, SendError, Target};
use wask_model::{AttemptError, Callback, CallbackAttempt, CallbackEnd, CallbackId, Notice, SharedIdentity, Timestamp};
use wask_store::failpoint::{Stage, reach};
use wask_store::{Job, Lane, Settled};

use super::Callbacks;
use super::request::telling;
use crate::gate::Shares;
use crate::queue::{Handler, JobOutcome};

/// Until a connection stands.
const CONNECT: Duration = Duration::from_secs(5);
/// While a namespace is blocked nothing is sent for it.
const BLOCKED: Duration = Duration::from_secs(60);

#[async_trait]
impl Handler for Callbacks {
    async fn handle(&self, job: &Job) -> anyhow::Result<JobOutcome> {
        let id = CallbackId::from(job.lease.job);
        let over = || Ok(JobOutcome::finished(Vec::new()));
        let Some(identity) = self.catalog.owner(&job.namespace).await? else { return over() };
        if identity.blocked {
            return Ok(JobOutcome::Again { after: BLOCKED });
        }
        let Some(known) = self.store.callback(&job.namespace, id).await? else { return over() };
        if known.callback.end.is_some() {
            return over();
        }
        let notice: Notice = serde_json::from_str(&job.payload)?;
        let attempted = tokio::select! {
            attempted = self.attempt(&identity, &known.callback, &notice) => attempted?,
            () = self.stop_attempts.cancelled() => {
                warn!(callback_id = %id, "callback was under way when the node stopped, it is sent again");
                return Ok(JobOutcome::Lost); // the lease is given back with all others
            }
        };
        self.settle(job, known.callback, attempted).await
    }

    fn shares(&self) -> &Shares {
        &self.shares
    }

    async fn allowed(&self, _site: &str) -> anyhow::Result<Option<u32>> {
        Ok(Some(self.config.concurrent_per_site))
    }
}

/// What one attempt came to.
struct Attempted {
    attempt: CallbackAttempt,
    /// What the receiver asks for.
    retry_after: Option<Duration>,
    /// Why there is no answer, for whoever runs the server.
    cause: Option<SendError>,
}

impl Callbacks {
    async fn attempt(
        &self,
        identity: &SharedIdentity,
        callback: &Callback,
        notice: &Notice,
    ) -> anyhow::Result<Attempted> {
        let settings = self.store.callback_settings(&callback.namespace).await?;
        let at = self.clock.now();
        let telling = telling(callback, notice, &self.secrets.valid(identity, &settings, at), at);
        let begun = self.clock.passed();
        let sent = match Target::parse(&callback.url) {
            Ok(target) => {
                let (method, headers, body) = (telling.method, telling.headers, telling.body);
                let outgoing = OutgoingRequest { target: &target, method, headers, body, now: at.to_utc().into() };
                let bounds = Bounds { connect: CONNECT, total: callback.timeout(), ..Bounds::default() };
                self.egress.send(outgoing, &bounds).await
            }
            Err(_) => Err(SendError::Protocol("the stored URL is none any more".into())),
        };
        let duration = self.clock.passed().saturating_sub(begun);
        Ok(read(sent, callback.next_attempt(), at, duration))
    }

    /// Writes what came of an attempt, trying until the store takes it: the receiver has been told, only the news of it has
    /// not arrived.
    async fn settle(&self, job: &Job, mut callback: Callback, attempted: Attempted) -> anyhow::Result<JobOutcome> {
        reach(Stage::CallbackInFlight);
        let Attempted { attempt, retry_after, cause } = attempted;
        let due = callback.record_attempt(attempt, retry_after);
        tell(&callback, cause.as_ref(), due);
        let settled = match due {
            Some(due) => Settled::Again { due },
            None => Settled::Over { notice: job.payload.clone() },
        };
        loop {
            match self.store.settle_callback(&job.lease, callback.clone(), settled.clone()).await {
                Ok(true) => {
                    due.into_iter().for_each(|due| self.queue.due_at(Lane::Callback, due));
                    return Ok(JobOutcome::Settled);
                }
                Ok(false) => return Ok(JobOutcome::Lost),
                Err(cause) => {
                    warn!(%cause, callback_id = %callback.id, "an attempt could not be stored, trying again");
                    tokio::time::sleep(Duration::from_millis(self.queue.config().retry_ms)).await;
                }
            }
        }
    }
}

fn read(sent: Result<Answer, SendError>, n: u32, at: Timestamp, duration: Duration) -> Attempted {
    let duration_ms = duration.as_millis() as u64;
    let failed =
        |error| CallbackAttempt { n, at, duration_ms, status_code: None, error: Some(error), response_body: None };
    match sent {
        Ok(Answer { status, retry_after, body }) => {
            let response_body = CallbackAttempt::excerpt(&body);
            let (status_code, error) = (Some(status), AttemptError::of_status(status));
            Attempted {
                attempt: CallbackAttempt { n, at, duration_ms, status_code, error, response_body },
                retry_after,
                cause: None,
            }
        }
        Err(cause) => {
            let error = match &cause {
                SendError::Dns(_) => AttemptError::DnsFailure,
                SendError::Connect(_) | SendError::Protocol(_) => AttemptError::ConnectFailure,
                SendError::Tls(_) => AttemptError::TlsFailure,
                SendError::Timeout => AttemptError::Timeout,
                SendError::Forbidden(_) => AttemptError::SsrfBlocked,
            };
            Attempted { attempt: failed(error), retry_after: None, cause: Some(cause) }
        }
    }
}

/// One line per attempt that failed, and one more for the last. Feeds contract §C.6.
fn tell(callback: &Callback, cause: Option<&SendError>, due: Option<Timestamp>) {
    let Some(attempt) = callback.attempts.last() else { return };
    let Some(error) = attempt.error else { return };
    let host = Target::parse(&callback.url).map(|target| target.host()).unwrap_or_default();
    error!(
        callback_id = %callback.id,
        activation_id = %callback.activation,
        attempt = attempt.n,
        url_host = host,
        error = error.as_str(),
        cause = cause.map(tracing::field::display),
        status_code = attempt.status_code,
        next_attempt_at = due.map(|due| due.to_string()),
        "callback attempt failed"
    );
    if let Some(end @ (CallbackEnd::Failed | CallbackEnd::Blocked)) = callback.end {
        error!(callback_id = %callback.id, activation_id = %callback.activation, attempts = attempt.n, ?end, "callback undeliverable");
    }
}
