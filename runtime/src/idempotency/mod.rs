//! Requests that carry an idempotency key: the first one begins an activation, every retry finds it.
//!
//! ```text
//! key known? ─┬─ yes, same request ──▶ its activation ─────────────────────────────────┬─▶ id, or wait for its record
//!             ├─ yes, another one  ──▶ 422                                             │
//!             └─ no ─▶ place (429) ─▶ work out ─▶ key + record + jobs, one transaction ┘
//! ```
//!
//! A blocking invocation is a durable job here from the start: whoever asks again after a crash finds it. Beside the path of
//! requests without a key, which know nothing of this.

mod request;

use std::sync::Arc;
use std::time::Duration;

use wask_model::{ActivationId, Failure, IdempotencyKey, Timestamp, messages};
use wask_store::{Begun, FirstRequest, Store, Verdict};

pub use request::{Door, KeyedRequest};

use crate::firing::{Fire, Firing};
use crate::gate::Gate;
use crate::invoke::{Invocation, Invoked, Invoker, Wait};
use crate::queue::Queue;

/// A namespace that has all the keys it may have: some are forgotten within the hour, or none today.
const RETRY_AFTER: Duration = Duration::from_secs(3600);

/// Carries out requests with a key.
pub struct Idempotency {
    pub store: Arc<dyn Store>,
    pub gate: Arc<Gate>,
    pub queue: Queue,
    pub invoker: Arc<Invoker>,
    pub firing: Arc<Firing>,
}

/// What a request gets.
pub enum Reply<T> {
    /// It was the first with its key.
    First(T),
    /// What an earlier one began.
    Replayed(T),
}

impl<T> Reply<T> {
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Reply<U> {
        match self {
            Reply::First(what) => Reply::First(change(what)),
            Reply::Replayed(what) => Reply::Replayed(change(what)),
        }
    }
}

impl Idempotency {
    /// Invokes an action, or finds what an earlier request with the same key invoked; waits for its end if the caller does.
    pub async fn invoke(&self, request: KeyedRequest, invocation: Invocation) -> Result<Reply<Invoked>, Failure> {
        let namespace = invocation.identity.namespace.clone();
        let wait = match invocation.identity.keeps_activations() {
            true => invocation.wait,
            false => Wait::No, // there will be no record to wait for
        };
        let reply = match self.find(&request, invocation.context.accepted).await? {
            Some(id) => Reply::Replayed(id),
            None => self.begin(&request, invocation).await?,
        };
        let (Reply::First(id) | Reply::Replayed(id)) = reply;
        let invoked = match wait {
            Wait::No => Invoked::Accepted(id),
            Wait::UpTo(limit) => self.invoker.end_of(&namespace, id, limit).await?,
        };
        Ok(reply.map(|_| invoked))
    }

    /// Fires a trigger, or finds what an earlier request with the same key fired. `None`: no rule was active; nothing was
    /// recorded, and the key is as new as before.
    pub async fn fire(&self, request: KeyedRequest, fire: Fire) -> Result<Option<Reply<ActivationId>>, Failure> {
        let accepted = fire.context.accepted;
        if let Some(id) = self.find(&request, accepted).await? {
            return Ok(Some(Reply::Replayed(id)));
        }
        let Some(mut fired) = self.firing.work_out(fire).await? else { return Ok(None) };
        let (id, record, work) = (fired.record.id, fired.record_to_store(), std::mem::take(&mut fired.work));
        let first = self.first(&request, id, accepted);
        let verdict = self.queue.submit_once(first, record, work, move || fired.keep_in_flight()).await?;
        decide(&request, id, verdict).map(Some)
    }

    /// Whether a request with this key has begun something: what this one asks for beside it needs no permission any more.
    pub async fn is_known(&self, request: &KeyedRequest, now: Timestamp) -> Result<bool, Failure> {
        Ok(self.find(request, now).await?.is_some())
    }

    async fn begin(&self, request: &KeyedRequest, invocation: Invocation) -> Result<Reply<ActivationId>, Failure> {
        let accepted = invocation.context.accepted;
        let mut in_flight = self.gate.in_flight(&invocation.identity)?;
        let mut work = self.invoker.work_out(invocation).await?;
        let id = work.id;
        work.permit = in_flight.take_permit();
        // The place is given back when the job leaves the queue.
        let first = self.first(request, id, accepted);
        let verdict = self.queue.submit_once(first, None, vec![work], move || in_flight.keep()).await?;
        decide(request, id, verdict)
    }

    /// The activation that an earlier request with this key began.
    async fn find(&self, request: &KeyedRequest, now: Timestamp) -> Result<Option<ActivationId>, Failure> {
        let since = now.before(IdempotencyKey::REMEMBERED);
        let begun = self.store.begun(request.namespace(), request.stored_key(), since).await?;
        begun.map(|begun| same(request, &begun)).transpose()
    }

    fn first(&self, request: &KeyedRequest, activation: ActivationId, at: Timestamp) -> FirstRequest {
        FirstRequest {
            request: request.to_stored(),
            activation,
            at,
            since: at.before(IdempotencyKey::REMEMBERED),
            most: self.queue.config().idempotency_keys,
        }
    }
}

/// What the store decided on a request that would have begun `id`.
fn decide(request: &KeyedRequest, id: ActivationId, verdict: Verdict) -> Result<Reply<ActivationId>, Failure> {
    match verdict {
        Verdict::Stored => Ok(Reply::First(id)),
        Verdict::Before(begun) => same(request, &begun).map(Reply::Replayed),
        Verdict::Full { kept, most } => Err(Failure::Throttled {
            message: messages::too_many_idempotency_keys(kept, most),
            retry_after: RETRY_AFTER,
        }),
    }
}

fn same(request: &KeyedRequest, begun: &Begun) -> Result<ActivationId, Failure> {
    match request.is(begun) {
        true => Ok(begun.activation),
        false => Err(Failure::Unprocessable(messages::idempotency_key_reused(request.key()))),
    }
}
