//! Firing triggers: one record of the event, and one invocation per active rule, all in one transaction.
//!
//! ```text
//! receive ─┬─ known key ──▶ the earlier firing
//!          └─ accept the callback ──▶ prepare (rules, arguments, jobs) ──▶ store ──▶ the jobs run
//! ```

mod prepare;
mod rerun;

use std::sync::Arc;

use serde_json::Value;
use wask_model::{ActivationId, Arguments, Failure, FullName, SharedIdentity, Subscription, Timestamp};

pub use prepare::PreparedFiring;

use crate::callbacks::AcceptedSubscription;
use crate::catalog::Catalog;
use crate::clock::Clock;
use crate::gate::Gate;
use crate::idempotency::{FirstWork, KeyedRequest, Reply};
use crate::invoke::{Admission, Context};
use crate::queue::Queue;

/// One firing of a trigger.
pub struct Fire {
    /// The id of the activation that records the firing.
    pub id: ActivationId,
    /// Who fires; the rules' actions run as this identity.
    pub identity: SharedIdentity,
    pub trigger: FullName,
    pub payload: Arguments,
    /// Lower-case request headers, without credentials; for the actions' `__ow_headers`.
    pub headers: Option<Value>,
    pub context: Context,
    /// The callback that reports the end of each activation that the firing starts.
    pub callback: Option<AcceptedSubscription>,
}

/// Fires triggers.
pub struct Firing {
    admission: Arc<Admission>,
    catalog: Arc<Catalog>,
    gate: Arc<Gate>,
    queue: Queue,
    clock: Clock,
}

/// What a [`Firing`] is made of.
pub struct FiringParts {
    pub admission: Arc<Admission>,
    pub catalog: Arc<Catalog>,
    pub gate: Arc<Gate>,
    pub queue: Queue,
    pub clock: Clock,
}

impl Firing {
    pub fn new(parts: FiringParts) -> Self {
        let FiringParts { admission, catalog, gate, queue, clock } = parts;
        Firing { admission, catalog, gate, queue, clock }
    }

    /// Counts a firing by the owner of the trigger · 429.
    pub fn count(&self, identity: &SharedIdentity, accepted: Timestamp) -> Result<(), Failure> {
        self.admission.count_firing(identity, accepted)
    }

    /// Fires a trigger that a caller was admitted to fire, with the callback that it asks for, or finds what an earlier
    /// request with the same key fired. `None`: no rule was active; nothing was recorded, and the key is still unused.
    pub async fn receive(
        &self,
        mut fire: Fire,
        asked: Option<Subscription>,
        key: Option<KeyedRequest>,
    ) -> Result<Option<Reply<ActivationId>>, Failure> {
        let accepted = fire.context.accepted;
        if let Some(key) = &key
            && let Some(id) = self.admission.earlier(key, accepted).await?
        {
            return Ok(Some(Reply::Replayed(id)));
        }
        fire.callback = self.admission.accept_callback(&fire.identity, asked).await?;
        let Some(key) = key else { return Ok(self.fire(fire).await?.map(Reply::First)) };
        let Some(mut prepared) = self.prepare(fire).await? else { return Ok(None) };
        let (activation, record) = (prepared.record.id, prepared.record_to_store());
        let first = FirstWork { activation, at: accepted, record, work: std::mem::take(&mut prepared.work) };
        self.admission.submit_first(&key, first, move || prepared.keep_in_flight()).await.map(Some)
    }

    /// Fires at once. Returns when the event and its invocations are on disk. `None`: no rule was active, and nothing
    /// was recorded.
    pub async fn fire(&self, fire: Fire) -> Result<Option<ActivationId>, Failure> {
        let Some(mut prepared) = self.prepare(fire).await? else { return Ok(None) };
        let (id, work) = (prepared.record.id, std::mem::take(&mut prepared.work));
        self.queue.submit(prepared.record_to_store(), work, move || prepared.keep_in_flight()).await?;
        Ok(Some(id))
    }
}
