//! One activation, from a name to its record.
//!
//! ```text
//! resolve → arguments → admit ─┬─ blocking      wait(run → outcome → record) ─┬─ ended: the record
//!                              │                                              └─ 60 s: adopted by the queue, 202
//!                              └─ non-blocking  queue (durable), 202 … run → outcome → conclude ─┬─ retry
//!                                                                                                └─ record, callback
//! ```
//!
//! A blocking one that has to wait for its turn, or is to call back, is a job from the start, and its caller waits for the
//! record.
//!
//! Where the action is a sequence or a conductor, `run` is `composition`: the same for every component.

mod arguments;
mod asynchronous;
mod blocking;
pub mod builtin;
mod cancel;
mod composition;
mod conclude;
mod dead_letters;
mod detached;
mod environment;
mod invocation;
mod outcome;
mod owner;
mod queued;
mod record;
mod recorder;
mod rerun;
mod run;
mod running;
mod services;

use std::collections::HashMap;
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use dashmap::{DashMap, DashSet};
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use wask_model::{
    Activation, ActivationId, Callback, Exec, Failure, FullName, NamespaceName, SharedIdentity, Timestamp,
};
use wask_sandbox::Sandbox;
use wask_store::{Lane, Store};

pub use arguments::{is_fixed, merge as merge_arguments};
pub use dead_letters::Letter;
pub use invocation::{AdmittedInvocation, Cause, Context, Invocation, Invoked, Wait};
pub use queued::{FailedAttempt, PendingCallback, QueuedAction, QueuedInvocation, Terms, failed_attempts};
pub use record::Record;
pub use recorder::{KeepInput, RecordConfig, Recorder, StorePolicy};
pub use running::{Lines, RunningActivation};
pub use services::FireTriggers;

use crate::callbacks::{AcceptedSubscription, Callbacks, ReportedActivation};
use crate::catalog::{ActionEntry, Catalog};
use crate::clock::Clock;
use crate::gate::{Gate, InFlight};
use crate::queue::{NewWork, Queue};
use builtin::Builtin;
use composition::JobHold;

/// Takes invocations from name to record.
pub struct Invoker {
    this: Weak<Invoker>,
    catalog: Arc<Catalog>,
    gate: Arc<Gate>,
    queue: Queue,
    sandbox: Sandbox,
    clock: Clock,
    recorder: Recorder,
    store: Arc<dyn Store>,
    callbacks: Arc<Callbacks>,
    /// What guests are told to call the API by.
    api_host: String,
    server_name: String,
    builtins: OnceLock<HashMap<FullName, Arc<dyn Builtin>>>,
    triggers: OnceLock<Arc<dyn FireTriggers>>,
    /// Activations that run on this node, jobs and waited for.
    running: DashMap<ActivationId, Arc<RunningActivation>>,
    /// Those that somebody asked to end while they were about to run here.
    to_cancel: DashSet<ActivationId>,
    detached: TaskTracker,
    /// The node begins nothing more: whoever waits for what does not run gets an id.
    closing: CancellationToken,
    /// Ends every wait: whoever waits then gets an id.
    stop_waiting: CancellationToken,
}

/// What an [`Invoker`] is made of.
pub struct InvokerParts {
    pub catalog: Arc<Catalog>,
    pub gate: Arc<Gate>,
    pub queue: Queue,
    pub sandbox: Sandbox,
    pub clock: Clock,
    pub recorder: Recorder,
    pub store: Arc<dyn Store>,
    pub callbacks: Arc<Callbacks>,
    pub api_host: String,
    pub server_name: String,
    pub closing: CancellationToken,
    pub stop_waiting: CancellationToken,
}

impl Invoker {
    pub fn new(parts: InvokerParts) -> Arc<Self> {
        let InvokerParts { catalog, gate, queue, sandbox, clock, recorder, store, callbacks, .. } = parts;
        let invoker = Arc::new_cyclic(|this| Invoker {
            this: this.clone(),
            catalog,
            gate,
            queue: queue.clone(),
            sandbox,
            clock,
            recorder,
            store,
            callbacks,
            api_host: parts.api_host,
            server_name: parts.server_name,
            builtins: OnceLock::new(),
            triggers: OnceLock::new(),
            running: DashMap::new(),
            to_cancel: DashSet::new(),
            detached: TaskTracker::new(),
            closing: parts.closing,
            stop_waiting: parts.stop_waiting,
        });
        queue.serve(Lane::Invoke, invoker.clone());
        invoker
    }

    /// Says what runs inside the server and who fires triggers; once, before the first invocation.
    pub fn connect(&self, builtins: HashMap<FullName, Arc<dyn Builtin>>, triggers: Arc<dyn FireTriggers>) {
        let first = self.builtins.set(builtins).is_ok() && self.triggers.set(triggers).is_ok();
        debug_assert!(first, "connected once");
    }

    /// Takes one invocation from a name to an answer.
    pub async fn invoke(&self, request: Invocation, in_flight: InFlight) -> Result<Invoked, Failure> {
        let entry = self.catalog.resolve(&request.action).await?; // 404, 409
        self.invoke_resolved(entry, request, in_flight).await
    }

    /// The same for an action that has been looked up already.
    pub async fn invoke_resolved(
        &self,
        entry: Arc<ActionEntry>,
        request: Invocation,
        in_flight: InFlight,
    ) -> Result<Invoked, Failure> {
        let (wait, tells) = (request.wait, request.callback.is_some());
        let admitted = self.admit(entry, request).await?;
        match wait {
            Wait::No if admitted.entry.action.exec == Exec::Builtin && in_flight.has_permit() && !tells => {
                self.run_builtin_first(admitted, in_flight).await.map(Invoked::Accepted)
            }
            Wait::No => self.enqueue(admitted, in_flight).await.map(Invoked::Accepted),
            Wait::UpTo(limit) if in_flight.has_permit() && !tells => self.run_within(limit, admitted, in_flight).await,
            // There would be no record to wait for.
            Wait::UpTo(_) if !admitted.identity.keeps_activations() && !tells => {
                Err(self.gate.full(&admitted.identity))
            }
            Wait::UpTo(limit) => self.wait_as_job(limit, admitted, in_flight).await,
        }
    }

    /// The job that an invocation leads to, whether or not its caller waits; nothing is stored or run.
    pub async fn work_out(&self, request: Invocation) -> Result<NewWork, Failure> {
        let entry = self.catalog.resolve(&request.action).await?;
        Ok(self.admit(entry, request).await?.into_work())
    }

    async fn admit(&self, entry: Arc<ActionEntry>, request: Invocation) -> Result<AdmittedInvocation, Failure> {
        let Invocation { identity, args, context, callback, wait, .. } = request;
        self.gate.check_depth(context.depth)?; // a circle: 400
        self.may_run(&identity, &entry).await?; // a component that the invoker may not activate: 403
        let id = ActivationId::new(context.accepted);
        let mut terms = Terms::default();
        let is_builtin = entry.action.exec == Exec::Builtin;
        if is_builtin || !entry.defaults.is_empty() {
            let is_secret = |name: &&String| is_builtin && *name == builtin::AUTH_KEY;
            terms.given = Some(args.keys().filter(|name| !is_secret(name)).cloned().collect());
        }
        if let Wait::UpTo(limit) = wait {
            terms.waited_until = Some(context.accepted.after(limit));
        }
        let callback = callback.map(|subscribed| {
            let name = entry.asked();
            let told = ReportedActivation { activation: id, cause: None, name, namespace: identity.namespace.clone() };
            Box::new(self.promise(&subscribed, told, &mut terms))
        });
        let args = Value::Object(arguments::merge(&entry, args)?); // a final parameter cannot be overridden: 400
        let running = self.running_of(&identity, &entry, (context.accepted, 1));
        Ok(AdmittedInvocation { id, entry, identity, args, context, attempt: 1, terms, callback, running })
    }

    /// The callback that is to tell of an activation, which its terms name from now on.
    fn promise(&self, subscribed: &AcceptedSubscription, told: ReportedActivation, terms: &mut Terms) -> Callback {
        let callback = subscribed.callback(told, self.clock.now());
        terms.callback = Some(PendingCallback::new(&callback, subscribed.site.clone()));
        callback
    }

    /// `begun`: when it was accepted, and how often it has been begun.
    fn running_of(
        &self,
        identity: &SharedIdentity,
        entry: &ActionEntry,
        begun: (Timestamp, u32),
    ) -> Arc<RunningActivation> {
        let (namespace, action) = (identity.namespace.clone(), entry.action.name.clone());
        Arc::new(RunningActivation::new(namespace, action, begun, self.recorder.live_log_bytes()))
    }

    /// What the server does itself takes no time: it is done, and its record on disk, before its caller gets the id. A job
    /// would keep the key that feeds are called with.
    async fn run_builtin_first(
        &self,
        mut admitted: AdmittedInvocation,
        in_flight: InFlight,
    ) -> Result<ActivationId, Failure> {
        admitted.context.extra_logging = true; // whoever does not wait finds a record
        let id = admitted.id;
        self.run_within(Duration::from_millis(self.gate.limits().blocking_wait_ms), admitted, in_flight).await?;
        self.flush_records().await;
        Ok(id)
    }

    /// Makes the activation durable; it runs as soon as it is its turn and there is room.
    async fn enqueue(&self, admitted: AdmittedInvocation, mut in_flight: InFlight) -> Result<ActivationId, Failure> {
        let id = admitted.id;
        let mut work = admitted.into_work();
        work.permit = in_flight.take_permit();
        // The place is given back when the job leaves the queue.
        self.queue.submit(None, vec![work], move || in_flight.keep()).await?;
        Ok(id)
    }

    /// Has the records of a blocking activation written, where they are to be.
    async fn hand_to_recorder(&self, admitted: &AdmittedInvocation, records: Vec<Arc<Activation>>) {
        records.iter().for_each(|record| self.recorder.ended(record));
        for record in self.to_store(&admitted.identity, records).await {
            self.recorder.record(record, admitted.context.extra_logging).await;
        }
    }

    /// Runs the activation as one that can be looked at and cancelled meanwhile. What it returns is that of `run_to_end`.
    async fn run_as_running(&self, admitted: &AdmittedInvocation, hold: &JobHold) -> Option<Vec<Activation>> {
        self.running.insert(admitted.id, admitted.running.clone());
        if self.to_cancel.contains(&admitted.id) {
            admitted.running.cancel();
        }
        let _until_it_ends = OnDrop(|| {
            self.running.remove(&admitted.id);
            self.to_cancel.remove(&admitted.id);
            admitted.running.log_is_over();
        });
        self.run_to_end(admitted, hold).await
    }

    /// Runs the activation, and what it is composed of. Returns the records that are not written yet, its own the last of
    /// them; `None`: its job has passed to somebody else.
    async fn run_to_end(&self, admitted: &AdmittedInvocation, hold: &JobHold) -> Option<Vec<Activation>> {
        if composition::is_composed(&admitted.entry) {
            return Box::pin(self.run_composition(admitted, hold)).await;
        }
        Some(vec![self.run(admitted).await])
    }

    /// An activation of this namespace that runs on this node.
    pub fn running(&self, namespace: &NamespaceName, id: ActivationId) -> Option<Arc<RunningActivation>> {
        self.running.get(&id).map(|running| running.clone()).filter(|running| running.namespace == *namespace)
    }

    /// All activations that run on this node.
    pub fn running_ids(&self) -> Vec<ActivationId> {
        self.running.iter().map(|running| *running.key()).collect()
    }

    /// Returns when every record of an ended blocking activation is on disk.
    pub async fn flush_records(&self) {
        self.recorder.flush().await;
    }

    /// Every activation that ends on this node from now on.
    pub fn listen(&self) -> tokio::sync::broadcast::Receiver<Arc<Activation>> {
        self.recorder.listen()
    }

    /// Waits until what runs without a waiting caller has ended, and not after `stop_waiting`.
    pub async fn drain(&self) {
        self.detached.close();
        tokio::select! {
            () = self.detached.wait() => (),
            () = self.stop_waiting.cancelled() => (), // what still runs was adopted by the queue, or nobody was promised it
        }
    }
}

/// Does something when it goes, also when a panic takes it.
struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}
