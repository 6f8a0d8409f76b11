//! Requests that carry an idempotency key: the first one starts an activation, every retry finds it.
//!
//! ```text
//! key known? ─┬─ yes, same request ──▶ its activation
//!             ├─ yes, another one  ──▶ 422
//!             └─ no ──▶ key + record + jobs, one transaction
//! ```
//!
//! Requests without a key never come here.

mod request;

use std::sync::Arc;
use std::time::Duration;

use wask_model::{Activation, ActivationId, Failure, IdempotencyKey, Timestamp, messages};
use wask_store::{FirstRequest, FirstRequestOutcome, IdempotencyStore, KeyedActivation};

pub use request::{Door, KeyedRequest};

use crate::queue::{NewWork, Queue};

/// `Retry-After` for a namespace at its key limit. Keys expire hourly.
const RETRY_AFTER: Duration = Duration::from_secs(3600);

/// The keys of the last day, and the activations that they stand for.
pub struct Idempotency {
    store: Arc<dyn IdempotencyStore>,
    queue: Queue,
}

/// What the first request with a key starts.
pub struct FirstWork {
    pub activation: ActivationId,
    /// When the request came in.
    pub at: Timestamp,
    /// The record of a firing.
    pub record: Option<Activation>,
    pub work: Vec<NewWork>,
}

/// What a request gets.
pub enum Reply<T> {
    /// It has no key, or it was the first with its key.
    First(T),
    /// An earlier request with the same key started this.
    Replayed(T),
}

impl<T> Reply<T> {
    pub fn get(&self) -> &T {
        match self {
            Reply::First(what) | Reply::Replayed(what) => what,
        }
    }

    pub fn into_inner(self) -> T {
        match self {
            Reply::First(what) | Reply::Replayed(what) => what,
        }
    }

    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Reply<U> {
        match self {
            Reply::First(what) => Reply::First(change(what)),
            Reply::Replayed(what) => Reply::Replayed(change(what)),
        }
    }
}

impl Idempotency {
    pub fn new(store: Arc<dyn IdempotencyStore>, queue: Queue) -> Self {
        Idempotency { store, queue }
    }

    /// The activation that an earlier request with this key started · 422 that was another request.
    pub async fn find(&self, request: &KeyedRequest, now: Timestamp) -> Result<Option<ActivationId>, Failure> {
        let since = now.before(IdempotencyKey::REMEMBERED);
        let earlier = self.store.keyed_activation(request.namespace(), request.stored_key(), since).await?;
        earlier.map(|earlier| same(request, &earlier)).transpose()
    }

    /// Stores key, record and jobs together, unless another request with this key was faster. `stored` is called once
    /// they are on disk · 422 that was another request · 429 the namespace has too many keys.
    pub async fn submit(
        &self,
        request: &KeyedRequest,
        FirstWork { activation, at, record, work }: FirstWork,
        stored: impl FnOnce() + Send + 'static,
    ) -> Result<Reply<ActivationId>, Failure> {
        let since = at.before(IdempotencyKey::REMEMBERED);
        let config = self.queue.config();
        let most = match request.door() {
            Door::Api => config.idempotency_keys,
            Door::Web => config.web_idempotency_keys,
        };
        let first = FirstRequest { request: request.to_stored(), activation, at, since, most };
        match self.queue.submit_once(first, record, work, stored).await? {
            FirstRequestOutcome::Stored => Ok(Reply::First(activation)),
            FirstRequestOutcome::Before(earlier) => same(request, &earlier).map(Reply::Replayed),
            FirstRequestOutcome::Full { kept, most } => Err(Failure::Throttled {
                message: messages::too_many_idempotency_keys(kept, most),
                retry_after: RETRY_AFTER,
            }),
        }
    }
}

fn same(request: &KeyedRequest, earlier: &KeyedActivation) -> Result<ActivationId, Failure> {
    if request.is(earlier) {
        Ok(earlier.activation)
    } else {
        Err(Failure::Unprocessable(messages::idempotency_key_reused(request.key())))
    }
}
