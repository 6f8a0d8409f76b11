//! One activation, from a name to its record.
//!
//! ```text
//! resolve → arguments → admit ─┬─ blocking      wait(run → outcome → record) ─┬─ ended: the record
//!                              │                                              └─ 60 s: adopted by the queue, 202
//!                              └─ non-blocking  queue (durable), 202 … run → outcome → record
//! ```
//!
//! Where the action is a sequence or a conductor, `run` is `composition`: the same for every component.

mod arguments;
mod asynchronous;
pub mod builtin;
mod composition;
mod environment;
mod outcome;
mod record;
mod run;
mod services;
mod standing;
mod wait;

use std::collections::HashMap;
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use dashmap::DashMap;
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use wask_model::{Activation, ActivationId, Arguments, Failure, FullName, NamespaceName, SharedIdentity, Timestamp};
use wask_sandbox::Sandbox;
use wask_store::Lane;

pub use arguments::{is_fixed, merge as merge_arguments};
pub use asynchronous::Queued;
pub use record::{RecordConfig, Recorder, StorePolicy, forget_old_records};
pub use services::FireTriggers;

use crate::catalog::{ActionEntry, Catalog};
use crate::clock::Clock;
use crate::gate::{Gate, Slot};
use crate::queue::{NewWork, Queue};
use builtin::Builtin;
use composition::Hold;
use wait::{Detached, WithinTime};

/// What a caller asks for.
pub struct Invocation {
    /// Who invokes; its namespace is charged and owns the record.
    pub identity: SharedIdentity,
    pub action: FullName,
    pub args: Arguments,
    pub wait: Wait,
    pub context: Context,
}

/// Where an invocation comes from.
#[derive(Clone, Debug)]
pub struct Context {
    /// The transaction id of the request that led to it.
    pub transaction: Arc<str>,
    /// The activation that led to it.
    pub cause: Option<Cause>,
    /// Store the record even where the settings would not.
    pub extra_logging: bool,
    /// When the request came in.
    pub accepted: Timestamp,
}

/// The activation that led to another.
#[derive(Clone, Copy, Debug)]
pub enum Cause {
    /// A trigger was fired, and a rule started this one.
    Event(ActivationId),
    /// A sequence or composition that this one is part of.
    Composition(ActivationId),
}

impl Cause {
    pub fn id(self) -> ActivationId {
        match self {
            Cause::Event(id) | Cause::Composition(id) => id,
        }
    }
}

/// How long the caller waits.
#[derive(Clone, Copy, Debug)]
pub enum Wait {
    No,
    UpTo(Duration),
}

/// What the caller gets.
pub enum Invoked {
    /// It ended while the caller waited.
    Ended(Arc<Activation>),
    /// It is on disk and will end; ask for it by its id.
    Accepted(ActivationId),
}

/// An activation that exists: it has an id, a place in flight, and everything that a run needs.
pub struct Admitted {
    pub id: ActivationId,
    pub entry: Arc<ActionEntry>,
    pub identity: SharedIdentity,
    /// A JSON object; inside a sequence it may be an array.
    pub args: Value,
    pub context: Context,
    /// 1, and one more for every time a node died while running it.
    pub attempt: u32,
}

/// Takes invocations from name to record.
pub struct Invoker {
    this: Weak<Invoker>,
    catalog: Arc<Catalog>,
    gate: Arc<Gate>,
    queue: Queue,
    sandbox: Sandbox,
    clock: Clock,
    recorder: Recorder,
    /// What guests are told to call the API by.
    api_host: String,
    builtins: OnceLock<HashMap<FullName, Arc<dyn Builtin>>>,
    triggers: OnceLock<Arc<dyn FireTriggers>>,
    /// Blocking activations that run on this node, with whose they are.
    live: DashMap<ActivationId, Live>,
    detached: TaskTracker,
    /// Ends every wait: whoever waits then gets an id.
    stop_waiting: CancellationToken,
}

/// What is known of an activation that has no record yet.
#[derive(Clone, Debug)]
pub struct Live {
    pub namespace: NamespaceName,
    pub action: FullName,
    pub start: Timestamp,
}

/// What an [`Invoker`] is made of.
pub struct InvokerParts {
    pub catalog: Arc<Catalog>,
    pub gate: Arc<Gate>,
    pub queue: Queue,
    pub sandbox: Sandbox,
    pub clock: Clock,
    pub recorder: Recorder,
    pub api_host: String,
    pub stop_waiting: CancellationToken,
}

impl Invoker {
    pub fn new(parts: InvokerParts) -> Arc<Self> {
        let InvokerParts { catalog, gate, queue, sandbox, clock, recorder, api_host, stop_waiting } = parts;
        let invoker = Arc::new_cyclic(|this| Invoker {
            this: this.clone(),
            catalog,
            gate,
            queue: queue.clone(),
            sandbox,
            clock,
            recorder,
            api_host,
            builtins: OnceLock::new(),
            triggers: OnceLock::new(),
            live: DashMap::new(),
            detached: TaskTracker::new(),
            stop_waiting,
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
    pub async fn invoke(&self, request: Invocation, slot: Slot) -> Result<Invoked, Failure> {
        let entry = self.catalog.resolve(&request.action).await?; // 404, 409
        self.invoke_resolved(entry, request, slot).await
    }

    /// The same for an action that has been looked up already.
    pub async fn invoke_resolved(
        &self,
        entry: Arc<ActionEntry>,
        request: Invocation,
        slot: Slot,
    ) -> Result<Invoked, Failure> {
        let wait = request.wait;
        let admitted = self.admit(entry, request).await?;
        match wait {
            Wait::No => self.enqueue(admitted, slot).await,
            Wait::UpTo(limit) => self.run_within(limit, admitted, slot).await,
        }
    }

    /// The job that an invocation leads to, whether or not its caller waits; nothing is stored or run.
    pub async fn work_out(&self, request: Invocation) -> Result<NewWork, Failure> {
        let entry = self.catalog.resolve(&request.action).await?;
        Ok(asynchronous::to_work(&self.admit(entry, request).await?, None))
    }

    async fn admit(&self, entry: Arc<ActionEntry>, request: Invocation) -> Result<Admitted, Failure> {
        let Invocation { identity, args, context, .. } = request;
        self.may_run(&identity, &entry).await?; // a component that the invoker may not activate: 403
        let args = Value::Object(arguments::merge(&entry, args)?); // a final parameter cannot be overridden: 400
        let id = ActivationId::new(context.accepted);
        Ok(Admitted { id, entry, identity, args, context, attempt: 1 })
    }

    /// Makes the activation durable; it runs as soon as there is room.
    async fn enqueue(&self, admitted: Admitted, slot: Slot) -> Result<Invoked, Failure> {
        // The place is given back when the job leaves the queue.
        let work = asynchronous::to_work(&admitted, None);
        self.queue.submit(None, vec![work], move || slot.keep()).await?;
        Ok(Invoked::Accepted(admitted.id))
    }

    /// Runs the activation while the caller waits. Past `limit` it becomes an asynchronous one and goes on. It also goes on
    /// when the caller goes away.
    async fn run_within(&self, limit: Duration, admitted: Admitted, slot: Slot) -> Result<Invoked, Failure> {
        let (admitted, hold) = (Arc::new(admitted), Arc::new(Hold::default()));
        let running = {
            let (invoker, admitted, hold) = (self.this.upgrade(), admitted.clone(), hold.clone());
            let invoker = invoker.expect("whoever calls holds the invoker");
            async move { invoker.run_to_record(&admitted, slot, &hold).await }
        };
        let running = Detached::new(running, &self.detached);
        match running.within(&self.clock, limit, &self.stop_waiting).await {
            WithinTime::Ended(Some(record)) => Ok(Invoked::Ended(record)),
            WithinTime::Ended(None) => Ok(Invoked::Accepted(admitted.id)),
            WithinTime::NotYet(running) => self.hand_over(running, admitted, hold).await,
        }
    }

    /// Makes an asynchronous activation of one that runs, in a task of its own: a caller who leaves while the job is being
    /// stored would leave behind a job that nobody ends.
    async fn hand_over(
        &self,
        running: Detached<Option<Arc<Activation>>>,
        admitted: Arc<Admitted>,
        hold: Arc<Hold>,
    ) -> Result<Invoked, Failure> {
        let (id, queue) = (admitted.id, self.queue.clone());
        let adopting = self.detached.spawn(async move {
            let adopted = queue.adopt(asynchronous::to_work(&admitted, hold.progress())).await;
            let adopted = adopted.map(|lease| hold.adopted(lease));
            running.detach();
            adopted
        });
        let adopted = adopting.await.map_err(|panic| Failure::Internal(panic.into()))?;
        adopted.map(|_| Invoked::Accepted(id))
    }

    /// Runs a blocking activation and hands its record on: to the recorder, or to the queue when it was adopted meanwhile.
    /// `None`: it was adopted, and another node has it by now.
    async fn run_to_record(&self, admitted: &Admitted, slot: Slot, hold: &Hold) -> Option<Arc<Activation>> {
        let live = Live {
            namespace: admitted.identity.namespace.clone(),
            action: admitted.entry.action.name.clone(),
            start: admitted.context.accepted,
        };
        self.live.insert(admitted.id, live);
        let records = self.run_to_end(admitted, hold).await;
        let record = match (records, hold.lease()) {
            (None, _) => None,
            (Some(records), Some(lease)) => {
                let record = records.last().cloned().map(Arc::new);
                let records = self.to_store(&admitted.identity, records).await;
                self.queue.finish(lease, records, Vec::new(), || ()).await;
                record
            }
            (Some(records), None) => {
                let records: Vec<_> = records.into_iter().map(Arc::new).collect();
                let record = records.last().cloned();
                self.hand_to_recorder(admitted, records).await;
                record
            }
        };
        self.live.remove(&admitted.id);
        drop(slot);
        record
    }

    /// Has the records of a blocking activation written, where they are to be.
    async fn hand_to_recorder(&self, admitted: &Admitted, records: Vec<Arc<Activation>>) {
        records.iter().for_each(|record| self.recorder.ended(record));
        for record in self.to_store(&admitted.identity, records).await {
            self.recorder.record(record, admitted.context.extra_logging).await;
        }
    }

    /// Runs the activation, and what it is composed of. Returns the records that are not written yet, its own the last of
    /// them; `None`: its job has passed to somebody else.
    async fn run_to_end(&self, admitted: &Admitted, hold: &Hold) -> Option<Vec<Activation>> {
        if composition::is_composed(&admitted.entry) {
            return Box::pin(self.run_composition(admitted, hold)).await;
        }
        Some(vec![self.run(admitted).await])
    }

    /// An activation that runs on this node and has no record yet.
    pub fn live(&self, namespace: &NamespaceName, id: ActivationId) -> Option<Live> {
        self.live.get(&id).map(|live| live.clone()).filter(|live| live.namespace == *namespace)
    }

    /// The full name of the action or trigger that a queued job leads to.
    pub fn queued_name(&self, payload: &str) -> Result<String, Failure> {
        asynchronous::name_of(payload)
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
