//! The front door of invocations and firings: throttles, rights, callback, id, in this order.
//!
//! Each door takes the steps that it needs. What differs between them stands here:
//!
//! | door | throttle | rights | callback | idempotency key |
//! | --- | --- | --- | --- | --- |
//! | `POST actions` | invocations | may invoke | yes | yes |
//! | web action | invocations of the owner | looked up before | no | POST and PATCH |
//! | host call `actions.invoke` | invocations | may invoke | yes | no |
//! | rerun, redrive | invocations | may invoke | no | no |
//! | rule of a firing | invocations | may invoke, without the components of a sequence | the firing's | the firing's |
//! | `POST triggers` | firings | own trigger | yes | yes |
//! | host call `triggers.fire`, rerun of a firing | firings | own trigger | yes, no | no |
//! | tick of an alarm | firings | the owner fires | one-time alarms | no |

use std::sync::Arc;

use serde_json::Value;
use wask_model::{
    ActivationId, Arguments, Callback, Exec, Failure, FullName, IdempotencyKey, Identity, LimitOverrides,
    NamespaceName, Notice, SharedIdentity, Subscription, Timestamp,
};

use super::arguments;
use super::invocation::{AdmittedInvocation, Invocation, Wait};
use super::live::RunningActivation;
use super::terms::{PendingCallback, Terms};
use crate::callbacks::{AcceptedSubscription, Callbacks, ReportedActivation};
use crate::catalog::{ActionEntry, Catalog, RequiredAccess};
use crate::clock::Clock;
use crate::gate::{Gate, InFlight, rights};
use crate::idempotency::{FirstWork, Idempotency, KeyedRequest, Reply};

/// Admits invocations and firings.
pub struct Admission {
    catalog: Arc<Catalog>,
    gate: Arc<Gate>,
    callbacks: Arc<Callbacks>,
    idempotency: Idempotency,
    clock: Clock,
    live_log_bytes: usize,
}

/// What an [`Admission`] is made of.
pub struct AdmissionParts {
    pub catalog: Arc<Catalog>,
    pub gate: Arc<Gate>,
    pub callbacks: Arc<Callbacks>,
    pub idempotency: Idempotency,
    pub clock: Clock,
    /// How many bytes of the newest log lines are kept while an activation runs.
    pub live_log_bytes: usize,
}

/// What lets an invocation in. `K` is the idempotency key, and later the whole request that it stands for.
pub enum Entrance<K> {
    /// It is one more activation in flight.
    InFlight(InFlight),
    /// It is one more only if it is the first with its key.
    Keyed(K),
}

impl Entrance<IdempotencyKey> {
    /// Says which request the key stands for.
    pub fn for_request(self, request: impl FnOnce(IdempotencyKey) -> KeyedRequest) -> Entrance<KeyedRequest> {
        match self {
            Entrance::InFlight(in_flight) => Entrance::InFlight(in_flight),
            Entrance::Keyed(key) => Entrance::Keyed(request(key)),
        }
    }
}

/// That [`Admission::may_begin`] said yes.
pub(super) struct MayBegin(());

impl Admission {
    pub fn new(parts: AdmissionParts) -> Self {
        let AdmissionParts { catalog, gate, callbacks, idempotency, clock, live_log_bytes } = parts;
        Admission { catalog, gate, callbacks, idempotency, clock, live_log_bytes }
    }

    /// Counts an invocation against the rate · 429. Its body is read between this and [`enter`](Self::enter): a caller
    /// that does not send it holds no place.
    pub fn count(&self, identity: &Identity, accepted: Timestamp) -> Result<(), Failure> {
        self.gate.count(identity, accepted)
    }

    /// Like `count`, and asks for the right to invoke · 403 · 404 · 429.
    pub async fn count_and_ask(
        &self,
        identity: &Identity,
        action: &FullName,
        accepted: Timestamp,
    ) -> Result<(), Failure> {
        self.count(identity, accepted)?;
        self.catalog.may_invoke(identity, action).await
    }

    /// Lets in an invocation that was counted · 429. Without a key it is in flight from now on; with one, only if it
    /// proves to be the first.
    pub fn enter(&self, identity: &Identity, key: Option<IdempotencyKey>) -> Result<Entrance<IdempotencyKey>, Failure> {
        match key {
            None => self.gate.in_flight(identity).map(Entrance::InFlight),
            Some(key) => Ok(Entrance::Keyed(key)),
        }
    }

    /// Admits an invocation that can have no key · 403 · 404 · 429.
    pub async fn admit(
        &self,
        identity: &Identity,
        action: &FullName,
        accepted: Timestamp,
    ) -> Result<InFlight, Failure> {
        let in_flight = self.gate.enter(identity, accepted)?;
        self.catalog.may_invoke(identity, action).await?;
        Ok(in_flight)
    }

    /// Counts a firing of a trigger that the identity must own · 403 · 429.
    pub fn admit_firing(&self, identity: &Identity, trigger: &FullName, accepted: Timestamp) -> Result<(), Failure> {
        self.count_firing(identity, accepted)?;
        rights::own_entity(identity, trigger)
    }

    /// Counts a firing by the owner of the trigger · 429.
    pub fn count_firing(&self, identity: &Identity, accepted: Timestamp) -> Result<(), Failure> {
        self.gate.fire(identity, accepted)
    }

    /// Checks the callback that a caller asks for, if any · 400 · 429.
    pub async fn accept_callback(
        &self,
        identity: &Identity,
        asked: Option<Subscription>,
    ) -> Result<Option<AcceptedSubscription>, Failure> {
        self.callbacks.accept_any(identity, asked).await
    }

    /// What the job of a callback tells about the end of an activation.
    pub async fn callback_payload(&self, namespace: &NamespaceName, own: &LimitOverrides, notice: Notice) -> String {
        self.callbacks.job_payload(namespace, own, notice).await
    }

    /// The activation that an earlier request with this key started · 422 that was another request.
    pub async fn earlier(&self, request: &KeyedRequest, now: Timestamp) -> Result<Option<ActivationId>, Failure> {
        self.idempotency.find(request, now).await
    }

    /// Stores the work of the first request with a key. `stored` is called once it is on disk.
    pub async fn submit_first(
        &self,
        request: &KeyedRequest,
        first: FirstWork,
        stored: impl FnOnce() + Send + 'static,
    ) -> Result<Reply<ActivationId>, Failure> {
        self.idempotency.submit(request, first, stored).await
    }

    /// Whether an invocation may begin: its chain is not too long, and the identity may invoke every component · 400 ·
    /// 403.
    pub(super) async fn may_begin(&self, request: &Invocation, entry: &ActionEntry) -> Result<MayBegin, Failure> {
        self.gate.check_depth(request.context.depth)?;
        self.may_invoke_components(&request.identity, entry).await?;
        Ok(MayBegin(()))
    }

    /// Gives an invocation its id, its arguments and its callback · 400.
    pub(super) fn begin(
        &self,
        _: MayBegin,
        entry: Arc<ActionEntry>,
        request: Invocation,
        callback: Option<AcceptedSubscription>,
    ) -> Result<AdmittedInvocation, Failure> {
        let Invocation { identity, args, context, wait, .. } = request;
        let id = ActivationId::new(context.accepted);
        let mut terms = Terms { given: names_to_keep(&entry, &args), ..Terms::default() };
        if let Wait::UpTo(limit) = wait {
            terms.waited_until = Some(context.accepted.after(limit));
        }
        let callback = callback.map(|accepted| {
            let (name, namespace) = (entry.asked(), identity.namespace.clone());
            let reported = ReportedActivation { activation: id, cause: None, name, namespace };
            Box::new(promise(&accepted, reported, &mut terms, self.clock.now()))
        });
        let args = Value::Object(arguments::merge(&entry, args)?);
        let running = self.running(&identity, &entry, (context.accepted, 1));
        Ok(AdmittedInvocation { id, entry, identity, args, context, attempt: 1, terms, callback, running })
    }

    /// `begun`: when it was accepted, and the number of the attempt.
    pub(super) fn running(
        &self,
        identity: &SharedIdentity,
        entry: &ActionEntry,
        begun: (Timestamp, u32),
    ) -> Arc<RunningActivation> {
        let (namespace, action) = (identity.namespace.clone(), entry.action.name.clone());
        Arc::new(RunningActivation::new(namespace, action, begun, self.live_log_bytes))
    }

    /// Checks the right to every direct component of a sequence; the refusal names all that are missing.
    async fn may_invoke_components(&self, identity: &Identity, entry: &ActionEntry) -> Result<(), Failure> {
        match &entry.action.exec {
            Exec::Sequence { components } => {
                let needed: Vec<RequiredAccess<'_>> = components.iter().map(RequiredAccess::Action).collect();
                Box::pin(self.catalog.may_use(identity, &needed)).await
            }
            Exec::Wasm { .. } | Exec::Builtin => Ok(()),
        }
    }
}

/// Makes the callback of an activation. From now on its terms name the callback.
pub fn promise(
    accepted: &AcceptedSubscription,
    reported: ReportedActivation,
    terms: &mut Terms,
    now: Timestamp,
) -> Callback {
    let callback = accepted.callback(reported, now);
    terms.callback = Some(PendingCallback::new(&callback, accepted.site.clone()));
    callback
}

/// The names of the arguments that the caller gave, if the action has others.
fn names_to_keep(entry: &ActionEntry, args: &Arguments) -> Option<Vec<String>> {
    (!entry.defaults.is_empty()).then(|| args.keys().cloned().collect())
}
