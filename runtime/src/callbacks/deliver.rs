//! Delivers callbacks: one attempt per job, whose outcome is stored together with the time of the next one.

use std::time::Duration;

use async_trait::async_trait;
use http::Method;
use tracing::{error, warn};
use wask_egress::{SendError, Target};
use wask_model::{Callback, CallbackEnd, CallbackId, CallbackMethod, Notice, SharedIdentity, Timestamp};
use wask_store::failpoint::{Stage, reach};
use wask_store::{AfterAttempt, Job, Lane};

use super::Callbacks;
use crate::delivery::{AttemptOutcome, DeliveryRequest, NewAttempt, SigningSecret};
use crate::gate::Shares;
use crate::queue::{Handler, JobOutcome};
use crate::retry;

const USER_AGENT: &str = "wask-callback/1";
/// How often a callback looks whether its namespace is still blocked. Until then nothing is sent.
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
        let outcome = tokio::select! {
            outcome = self.attempt(&identity, &known.callback, &notice) => outcome?,
            () = self.stop_attempts.cancelled() => {
                warn!(callback_id = %id, "callback was interrupted when the node stopped, will be sent again");
                return Ok(JobOutcome::Lost); // the node gives back the lease with all others
            }
        };
        self.settle(job, known.callback, outcome).await
    }

    fn shares(&self) -> &Shares {
        &self.shares
    }

    async fn allowed(&self, _site: &str) -> anyhow::Result<Option<u32>> {
        Ok(Some(self.config.concurrent_per_site))
    }
}

impl Callbacks {
    async fn attempt(
        &self,
        identity: &SharedIdentity,
        callback: &Callback,
        notice: &Notice,
    ) -> anyhow::Result<AttemptOutcome> {
        let settings = self.store.callback_settings(&callback.namespace).await?;
        let at = self.clock.now();
        let request = request(callback, notice, &self.secrets.valid(identity, &settings, at), at);
        let new = NewAttempt { n: callback.next_attempt(), at, timeout: callback.timeout() };
        Ok(self.delivery.attempt(&callback.url, request, new).await)
    }

    /// Stores the outcome of an attempt. Tries until the store accepts it: the receiver has the callback already, and
    /// would get it twice.
    async fn settle(&self, job: &Job, mut callback: Callback, outcome: AttemptOutcome) -> anyhow::Result<JobOutcome> {
        reach(Stage::CallbackInFlight);
        let AttemptOutcome { attempt, retry_after, cause } = outcome;
        let due = callback.record_attempt(attempt, retry_after);
        log_failure(&callback, cause.as_ref(), due);
        let settled = match due {
            Some(due) => AfterAttempt::Again { due },
            None => AfterAttempt::Over { notice: job.payload.clone() },
        };
        let pause = Duration::from_millis(self.queue.config().retry_ms);
        let write = || self.store.settle_callback(&job.lease, callback.clone(), settled.clone());
        let is_ours = retry::until_stored(&self.clock, pause, write, |cause| {
            warn!(%cause, callback_id = %callback.id, "an attempt could not be stored, will retry");
        });
        if !is_ours.await {
            return Ok(JobOutcome::Lost);
        }
        due.into_iter().for_each(|due| self.queue.due_at(Lane::Callback, due));
        Ok(JobOutcome::Settled)
    }
}

/// The request that reports an end. `secrets`: those that sign now.
fn request(callback: &Callback, notice: &Notice, secrets: &[SigningSecret], now: Timestamp) -> DeliveryRequest {
    let method = match callback.method {
        CallbackMethod::Post => Method::POST,
        CallbackMethod::Put => Method::PUT,
    };
    let attempt = callback.next_attempt();
    let mut request = DeliveryRequest::json(method, USER_AGENT, notice.render(callback, attempt));
    for (name, value) in callback.headers.iter() {
        request.set(name, value);
    }
    request.set("x-wask-activation-id", &callback.activation.to_string());
    request.set("x-wask-attempt", &attempt.to_string());
    if notice.is_incomplete() {
        request.set("x-wask-incomplete", "true");
    }
    if let Some(correlation) = &callback.correlation_id {
        request.set("x-wask-correlation-id", correlation);
    }
    request.sign(&callback.id.to_string(), secrets, now);
    request
}

/// Logs one line for each failed attempt, and one more for the last. feeds.md §C.6.
fn log_failure(callback: &Callback, cause: Option<&SendError>, due: Option<Timestamp>) {
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
        let (id, activation) = (callback.id, callback.activation);
        error!(callback_id = %id, activation_id = %activation, attempts = attempt.n, ?end, "callback undeliverable");
    }
}
