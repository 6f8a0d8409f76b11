//! Firing triggers: one record of the event, and one invocation per active rule, all in one transaction.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Value, json};
use wask_model::{
    Activation, ActivationId, Arguments, Failure, FullName, RuleLink, RuleStatus, SharedIdentity, Timestamp, Trigger,
    messages,
};

use crate::callbacks::{AcceptedSubscription, ReportedActivation};
use crate::catalog::Catalog;
use crate::clock::Clock;
use crate::gate::{Gate, InFlight};
use crate::invoke::{Cause, Context, FireTriggers, PendingCallback, QueuedAction, QueuedInvocation, Record, Terms};
use crate::queue::{NewWork, Queue};

/// One firing of a trigger.
pub struct Fire {
    /// The activation of the trigger that it leads to.
    pub id: ActivationId,
    /// Who fires; the rules' actions run as this identity.
    pub identity: SharedIdentity,
    pub trigger: FullName,
    pub payload: Arguments,
    /// Lower-case request headers, without credentials; for the actions' `__ow_headers`.
    pub headers: Option<Value>,
    pub context: Context,
    /// What is to tell of the end of each activation that it leads to.
    pub callback: Option<AcceptedSubscription>,
}

/// A firing that has been worked out and waits to be stored.
pub struct PreparedFiring {
    pub record: Activation,
    pub work: Vec<NewWork>,
    /// Places of the activations to come; kept when they are stored.
    in_flight: Vec<InFlight>,
    identity: SharedIdentity,
}

/// One active rule, and what it starts.
struct RuleInvocation<'a> {
    link: &'a RuleLink,
    args: &'a Arguments,
    /// The event.
    cause: ActivationId,
}

impl PreparedFiring {
    /// The record, where the namespace has its activations recorded.
    pub fn record_to_store(&self) -> Option<Activation> {
        self.identity.keeps_activations().then(|| self.record.clone())
    }

    /// To be called when record and work are stored.
    pub fn keep_in_flight(self) {
        self.in_flight.into_iter().for_each(InFlight::keep);
    }
}

/// Fires triggers.
pub struct Firing {
    catalog: Arc<Catalog>,
    gate: Arc<Gate>,
    queue: Queue,
    clock: Clock,
}

impl Firing {
    pub fn new(catalog: Arc<Catalog>, gate: Arc<Gate>, queue: Queue, clock: Clock) -> Self {
        Firing { catalog, gate, queue, clock }
    }

    /// Fires at once; returns when the event and its invocations are on disk. `None`: no rule was active, and nothing was
    /// recorded.
    pub async fn fire(&self, fire: Fire) -> Result<Option<ActivationId>, Failure> {
        let Some(mut fired) = self.work_out(fire).await? else { return Ok(None) };
        let id = fired.record.id;
        let work = std::mem::take(&mut fired.work);
        self.queue.submit(fired.record_to_store(), work, move || fired.keep_in_flight()).await?;
        Ok(Some(id))
    }

    /// Counts one fire against the namespace's limit.
    pub fn admit(&self, identity: &SharedIdentity, now: Timestamp) -> Result<(), Failure> {
        self.gate.fire(identity, now)
    }

    /// Decides what a firing leads to, without storing anything. REST contract §6.4.
    pub async fn work_out(&self, fire: Fire) -> Result<Option<PreparedFiring>, Failure> {
        self.gate.check_depth(fire.context.depth)?;
        let trigger = self.catalog.trigger(&fire.trigger).await?;
        let links: Vec<(FullName, RuleLink)> = links_of(&trigger, &fire);
        if !links.iter().any(|(_, link)| link.status == RuleStatus::Active) {
            return Ok(None);
        }
        let id = fire.id;
        let args = arguments(&trigger, &fire);
        let (mut logs, mut work, mut in_flight) = (Vec::new(), Vec::new(), Vec::new());
        for (rule, link) in links {
            let outcome = match link.status {
                RuleStatus::Active => {
                    self.activate(&RuleInvocation { link: &link, args: &args, cause: id }, &fire).await
                }
                RuleStatus::Inactive => Err(Failure::BadRequest(messages::rule_inactive(&rule, &link.action))),
            };
            logs.push(log_line(&rule, &link.action, &outcome));
            if let Ok((activation, entered)) = outcome {
                work.push(activation);
                in_flight.push(entered);
            }
        }
        let event = Value::Object(fire.payload);
        let now = self.clock.now();
        let record = Record::from_firing(id, (&fire.identity, &fire.context), &trigger, (event, logs), now);
        Ok(Some(PreparedFiring { record, work, in_flight, identity: fire.identity }))
    }

    /// One rule's invocation: admitted like any other, non-blocking. Its `cause` is the event.
    async fn activate(&self, started: &RuleInvocation<'_>, fire: &Fire) -> Result<(NewWork, InFlight), Failure> {
        let (now, action) = (self.clock.now(), &started.link.action);
        let depth = fire.context.depth + 1;
        self.gate.check_depth(depth)?;
        let mut in_flight = self.gate.enter(&fire.identity, now)?;
        self.catalog.may_invoke(&fire.identity, action).await?;
        let entry = self.catalog.resolve(action).await?;
        let (id, namespace) = (ActivationId::new(now), fire.identity.namespace.clone());
        let names = |args: &Arguments| args.keys().cloned().collect();
        let mut terms = Terms {
            given: (!entry.defaults.is_empty()).then(|| names(started.args)),
            sent: Some(names(&fire.payload)),
            retry: started.link.retry.clone(),
            ..Terms::default()
        };
        let callback = fire.callback.as_ref().map(|subscribed| {
            let told = ReportedActivation {
                activation: id,
                cause: Some(started.cause),
                name: action.clone(),
                namespace: namespace.clone(),
            };
            let callback = subscribed.another(now).callback(told, now);
            terms.callback = Some(PendingCallback::new(&callback, subscribed.site.clone()));
            callback
        });
        let args = Value::Object(crate::invoke::merge_arguments(&entry, started.args.clone())?);
        let queued_action = QueuedAction { name: action.clone(), version: entry.action.version, args };
        let context = Context {
            cause: Some(Cause::Event(started.cause)),
            depth,
            ..Context::outermost(fire.context.transaction.clone(), now)
        };
        let queued = QueuedInvocation::new(queued_action, &fire.identity.subject, &context, terms);
        let work = NewWork { permit: in_flight.take_permit(), callback, ..queued.into_work(id, namespace) };
        Ok((work, in_flight))
    }
}

#[async_trait]
impl FireTriggers for Firing {
    async fn fire(
        &self,
        identity: &SharedIdentity,
        trigger: &FullName,
        payload: Arguments,
        context: Context,
        callback: Option<AcceptedSubscription>,
    ) -> Result<Option<ActivationId>, Failure> {
        let (identity, trigger) = (identity.clone(), trigger.clone());
        let id = ActivationId::new(context.accepted);
        Firing::fire(self, Fire { id, identity, trigger, payload, headers: None, context, callback }).await
    }
}

fn links_of(trigger: &Trigger, fire: &Fire) -> Vec<(FullName, RuleLink)> {
    let rules = trigger.rules.iter().flatten();
    let named = rules
        .filter_map(|(rule, link)| Some((FullName::qualified(rule, &fire.identity.namespace).ok()?, link.clone())));
    named.collect()
}

/// Trigger parameters < `__ow_headers` < payload.
fn arguments(trigger: &Trigger, fire: &Fire) -> Arguments {
    let mut all = trigger.parameters.run_arguments();
    if let Some(headers) = &fire.headers {
        all.insert("__ow_headers".to_owned(), headers.clone());
    }
    all.extend(fire.payload.clone());
    all
}

/// One line of the trigger's record per rule: accepted, refused through the caller (1) or failed in the server (3).
fn log_line(rule: &FullName, action: &FullName, outcome: &Result<(NewWork, InFlight), Failure>) -> String {
    let line = match outcome {
        Ok((work, _)) => json!({
            "rule": rule.to_string(), "action": action.to_string(),
            "statusCode": 0, "success": true, "activationId": work.id,
        }),
        Err(failure) => json!({
            "rule": rule.to_string(), "action": action.to_string(),
            "statusCode": if failure.is_the_callers() { 1 } else { 3 }, "success": false, "error": failure.to_string(),
        }),
    };
    line.to_string()
}
