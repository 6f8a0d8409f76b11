//! Takes an activation from a name to its record.
//!
//! A blocking invocation, from the request to the record:
//!
//! ```text
//! Admission::admit ─▶ invoke ─▶ answer_within ─▶ record ─▶ register ─▶ dispatch ─▶ Runner::run ─▶ sandbox
//!   throttles         resolve    waits, detaches  to the    visible,     guest,      one attempt
//!   rights            arguments  at the limit     recorder  cancellable  composition
//! ```
//!
//! A non-blocking invocation is a job. So is a blocking one that has to wait for a permit or that has a callback; its
//! caller waits for the record.
//!
//! ```text
//! Admission::admit ─▶ invoke ─▶ enqueue (durable, 202) … handle ─▶ register ─▶ dispatch ─▶ Runner::run … conclude
//!                                                                              retry, or record and callback ◀─┘
//! ```
//!
//! A sequence or a conductor runs as a `Composition`: each component is one `Runner::run` with a record of its own.

mod admission;
mod arguments;
mod asynchronous;
mod authority;
mod blocking;
pub mod builtin;
mod composition;
mod conclude;
mod dead_letters;
mod invocation;
mod live;
mod owner;
mod queued;
mod record;
mod recorder;
mod records;
mod rerun;
mod runner;
mod sealed;
mod terms;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use wask_model::{Activation, ActivationId, Exec, Failure, FullName, NamespaceName, SharedIdentity};
use wask_sandbox::Sandbox;
use wask_store::{ActivationStore, DeadLetterStore, JobReader, Lane, TaskStore};

pub use admission::{Admission, AdmissionParts, Entrance, promise};
pub use arguments::{is_fixed, merge as merge_arguments};
pub use authority::Authority;
pub use dead_letters::Letter;
pub use invocation::{AdmittedInvocation, Answer, Cause, Context, Invocation, Invoked, Wait};
pub use live::{Lines, RunningActivation};
pub use queued::{FailedAttempt, QueuedAction, QueuedInvocation, failed_attempts};
pub use record::Record;
pub use recorder::{KeepInput, RecordConfig, Recorder, StorePolicy};
pub use records::{Records, Unended};
pub use rerun::Rerun;
pub use runner::HostServices;
pub use sealed::WITHHELD;
pub use terms::{PendingCallback, Terms};

use crate::callbacks::AcceptedSubscription;
use crate::catalog::{ActionEntry, Catalog};
use crate::clock::Clock;
use crate::gate::{Gate, InFlight};
use crate::idempotency::{FirstWork, KeyedRequest, Reply};
use crate::memory::{Part, Places};
use crate::queue::Queue;
use asynchronous::InvokeLane;
use builtin::Builtin;
use composition::{Composition, JobHold};
use live::Live;
use owner::Owners;
use runner::{Runner, RunnerParts};

/// Takes invocations from a name to a record.
pub struct Invoker {
    admission: Arc<Admission>,
    runner: Runner,
    live: Live,
    recorder: Recorder,
    catalog: Arc<Catalog>,
    gate: Arc<Gate>,
    owners: Owners,
    queue: Queue,
    payloads: Part,
    stores: InvokerStores,
    clock: Clock,
    server_name: String,
}

/// The traits of a store that the invoker uses. Only the recorder writes records.
pub struct InvokerStores {
    pub activations: Arc<dyn ActivationStore>,
    pub jobs: Arc<dyn JobReader>,
    pub dead_letters: Arc<dyn DeadLetterStore>,
    pub tasks: Arc<dyn TaskStore>,
}

/// What an [`Invoker`] is made of.
pub struct InvokerParts {
    pub admission: Arc<Admission>,
    pub catalog: Arc<Catalog>,
    pub gate: Arc<Gate>,
    pub queue: Queue,
    pub sandbox: Sandbox,
    pub clock: Clock,
    pub recorder: Recorder,
    pub stores: InvokerStores,
    /// Creates the services that guests call.
    pub host: Arc<dyn HostServices>,
    /// The actions that run inside the server.
    pub builtins: HashMap<FullName, Arc<dyn Builtin>>,
    pub places: Places,
    /// The part of the memory budget that the payloads of running jobs are counted in.
    pub payloads: Part,
    /// How long a run waits for a place.
    pub place_wait: Duration,
    /// The URL under which guests reach the API.
    pub api_host: String,
    pub server_name: String,
    /// Cancelled when the node begins to stop: a caller that waits for an activation that does not run here gets its
    /// id.
    pub closing: CancellationToken,
    /// Cancelled at the end of the grace period: every caller that waits gets an id.
    pub stop_waiting: CancellationToken,
}

impl Invoker {
    /// Serves the lane of invocations from now on.
    pub fn new(parts: InvokerParts) -> Arc<Self> {
        let InvokerParts { admission, catalog, gate, queue, clock, recorder, stores, server_name, .. } = parts;
        let owners = Owners::new(catalog.clone());
        let runner = Runner::new(RunnerParts {
            sandbox: parts.sandbox,
            catalog: catalog.clone(),
            gate: gate.clone(),
            owners: owners.clone(),
            clock: clock.clone(),
            host: parts.host,
            builtins: parts.builtins,
            places: parts.places,
            place_wait: parts.place_wait,
            api_host: parts.api_host,
        });
        let live = Live::new(parts.closing, parts.stop_waiting);
        let lane = queue.clone();
        let invoker = Arc::new(Invoker {
            admission,
            runner,
            live,
            recorder,
            catalog,
            gate,
            owners,
            queue,
            payloads: parts.payloads,
            stores,
            clock,
            server_name,
        });
        lane.serve(Lane::Invoke, Arc::new(InvokeLane(invoker.clone())));
        invoker
    }

    /// Takes one invocation from a name to an answer · 400 · 403 · 404 · 409 · 429.
    pub async fn invoke(
        self: &Arc<Self>,
        mut request: Invocation,
        entrance: Entrance<KeyedRequest>,
    ) -> Result<Reply<Answer>, Failure> {
        match entrance {
            Entrance::InFlight(in_flight) => {
                let asked = request.callback.take();
                let callback = self.admission.accept_callback(&request.identity, asked).await?;
                let entry = self.catalog.resolve(&request.action).await?;
                self.start(entry, request, callback, in_flight).await.map(Reply::First)
            }
            Entrance::Keyed(key) => Box::pin(self.invoke_keyed(&key, request)).await,
        }
    }

    /// Like `invoke`, for an action that the caller has looked up already. Accepts no callback.
    pub async fn invoke_resolved(
        self: &Arc<Self>,
        entry: Arc<ActionEntry>,
        request: Invocation,
        entrance: Entrance<KeyedRequest>,
    ) -> Result<Reply<Answer>, Failure> {
        match entrance {
            Entrance::InFlight(in_flight) => self.start(entry, request, None, in_flight).await.map(Reply::First),
            Entrance::Keyed(key) => Box::pin(self.invoke_keyed(&key, request)).await,
        }
    }

    /// Finds the activation that an earlier request with this key started, or starts one. It is a job even if the
    /// caller waits, so that a retry after a crash finds it.
    async fn invoke_keyed(&self, key: &KeyedRequest, mut request: Invocation) -> Result<Reply<Answer>, Failure> {
        let identity = request.identity.clone();
        let wait = if identity.keeps_activations() { request.wait } else { Wait::No }; // no record to wait for
        let (reply, callback) = match self.admission.earlier(key, request.context.accepted).await? {
            Some(id) => (Reply::Replayed(id), None),
            None => {
                let callback = self.admission.accept_callback(&identity, request.callback.take()).await?;
                let id = callback.as_ref().map(|accepted| accepted.id);
                (self.start_first(key, request, callback).await?, id)
            }
        };
        let id = *reply.get();
        let invoked = match wait {
            Wait::No => Invoked::Accepted(id),
            Wait::UpTo(limit) => self.end_of(&identity.namespace, id, limit).await?,
        };
        Ok(reply.map(|_| Answer { invoked, callback }))
    }

    /// Stores the key and the job together. Another request with the same key may do so first.
    async fn start_first(
        &self,
        key: &KeyedRequest,
        request: Invocation,
        callback: Option<AcceptedSubscription>,
    ) -> Result<Reply<ActivationId>, Failure> {
        let mut in_flight = self.gate.in_flight(&request.identity)?; // its rate was counted when it came in
        let accepted = request.context.accepted;
        let entry = self.catalog.resolve(&request.action).await?;
        let may_begin = self.admission.may_begin(&request, &entry).await?;
        let mut work = self.admission.begin(may_begin, entry, request, callback)?.into_work();
        work.permit = in_flight.take_permit();
        let first = FirstWork { activation: work.id, at: accepted, record: None, work: vec![work] };
        // It stays in flight until the job leaves the queue.
        self.admission.submit_first(key, first, move || in_flight.keep()).await
    }

    /// What not every request needs is boxed: else each would carry, and copy, room for all of it.
    async fn start(
        self: &Arc<Self>,
        entry: Arc<ActionEntry>,
        request: Invocation,
        callback: Option<AcceptedSubscription>,
        in_flight: InFlight,
    ) -> Result<Answer, Failure> {
        let (wait, callback_id) = (request.wait, callback.as_ref().map(|accepted| accepted.id));
        let may_begin = self.admission.may_begin(&request, &entry).await?;
        let admitted = self.admission.begin(may_begin, entry, request, callback)?;
        let may_run_now = in_flight.has_permit() && callback_id.is_none();
        let invoked = match wait {
            Wait::No if admitted.entry.action.exec == Exec::Builtin && may_run_now => {
                Box::pin(self.answer_builtin(admitted, in_flight)).await?
            }
            Wait::No => Invoked::Accepted(Box::pin(self.enqueue(admitted, in_flight)).await?),
            Wait::UpTo(limit) if may_run_now => self.answer_within(limit, admitted, in_flight).await?,
            // There would be no record to wait for.
            Wait::UpTo(_) if !admitted.identity.keeps_activations() && callback_id.is_none() => {
                return Err(self.gate.full(&admitted.identity));
            }
            Wait::UpTo(limit) => Box::pin(self.answer_from_job(limit, admitted, in_flight)).await?,
        };
        Ok(Answer { invoked, callback: callback_id })
    }

    /// Makes the activation visible and cancellable while it runs, and runs it. Returns what `dispatch` returns.
    async fn register(self: &Arc<Self>, admitted: &AdmittedInvocation, hold: &JobHold) -> Option<Vec<Activation>> {
        let _visible = self.live.register(admitted.id, &admitted.running);
        self.dispatch(admitted, hold).await
    }

    /// Runs the activation, or its components one after the other. Returns the records that are not stored yet, its own
    /// last. `None`: its job has passed to another worker.
    async fn dispatch(self: &Arc<Self>, admitted: &AdmittedInvocation, hold: &JobHold) -> Option<Vec<Activation>> {
        if composition::is_composed(&admitted.entry) {
            let composition = Composition::new(self, admitted, hold);
            return Box::pin(composition.run()).await;
        }
        Some(vec![self.runner.run(self, admitted).await])
    }

    /// The identity as it is now. `None`: it was blocked or deleted.
    pub async fn current_owner(&self, identity: &SharedIdentity) -> Option<SharedIdentity> {
        self.owners.current(identity).await
    }

    /// An activation of this namespace that runs on this node.
    pub fn running(&self, namespace: &NamespaceName, id: ActivationId) -> Option<Arc<RunningActivation>> {
        self.live.find(namespace, id)
    }

    /// Returns when this activation runs on this node.
    pub async fn starts(&self, namespace: &NamespaceName, id: ActivationId) {
        self.live.starts(namespace, id).await;
    }

    /// All activations that run on this node.
    pub fn running_ids(&self) -> Vec<ActivationId> {
        self.live.ids()
    }

    /// Returns when the record of every blocking activation that has ended is on disk.
    pub async fn flush_records(&self) {
        self.recorder.flush().await;
    }

    /// Every activation that ends on this node from now on.
    pub fn listen(&self) -> tokio::sync::broadcast::Receiver<Arc<Activation>> {
        self.recorder.listen()
    }

    /// Waits until every activation that runs without a waiting caller has ended, or until the grace period is over.
    pub async fn drain(&self) {
        self.live.drain().await;
    }
}
