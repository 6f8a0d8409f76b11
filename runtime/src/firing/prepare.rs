//! Decides what a firing leads to, without storing anything. rest.md §6.4.

use serde_json::{Value, json};
use wask_model::{
    Activation, ActivationId, Arguments, Failure, FullName, RuleLink, RuleStatus, SharedIdentity, Trigger, messages,
};

use super::{Fire, Firing};
use crate::callbacks::ReportedActivation;
use crate::gate::InFlight;
use crate::invoke::{Cause, Context, QueuedAction, QueuedInvocation, Record, Terms, merge_arguments, promise};
use crate::queue::NewWork;

/// A firing that is decided and waits to be stored.
pub struct PreparedFiring {
    pub record: Activation,
    pub work: Vec<NewWork>,
    /// The places in flight of the activations that it starts; kept when the firing is stored.
    in_flight: Vec<InFlight>,
    identity: SharedIdentity,
}

/// One active rule, and what it starts.
struct RuleInvocation<'a> {
    link: &'a RuleLink,
    args: &'a Arguments,
    /// The firing.
    cause: ActivationId,
}

impl PreparedFiring {
    /// The record, if the namespace has its activations recorded.
    pub fn record_to_store(&self) -> Option<Activation> {
        self.identity.keeps_activations().then(|| self.record.clone())
    }

    /// Call this when record and work are stored.
    pub fn keep_in_flight(self) {
        self.in_flight.into_iter().for_each(InFlight::keep);
    }
}

impl Firing {
    /// `None`: no rule is active.
    pub async fn prepare(&self, fire: Fire) -> Result<Option<PreparedFiring>, Failure> {
        self.gate.check_depth(fire.context.depth)?;
        let trigger = self.catalog.trigger(&fire.trigger).await?;
        let links = links_of(&trigger, &fire);
        if !links.iter().any(|(_, link)| link.status == RuleStatus::Active) {
            return Ok(None);
        }
        let (id, args) = (fire.id, arguments(&trigger, &fire));
        let (mut logs, mut work, mut in_flight) = (Vec::new(), Vec::new(), Vec::new());
        for (rule, link) in links {
            let outcome = match link.status {
                RuleStatus::Active => {
                    self.start_rule(&RuleInvocation { link: &link, args: &args, cause: id }, &fire).await
                }
                RuleStatus::Inactive => Err(Failure::BadRequest(messages::rule_inactive(&rule, &link.action))),
            };
            logs.push(log_line(&rule, &link.action, &outcome));
            if let Ok((activation, entered)) = outcome {
                work.push(activation);
                in_flight.push(entered);
            }
        }
        let (event, now) = (Value::Object(fire.payload), self.clock.now());
        let record = Record::from_firing(id, (&fire.identity, &fire.context), &trigger, (event, logs), now);
        Ok(Some(PreparedFiring { record, work, in_flight, identity: fire.identity }))
    }

    /// One rule's invocation: admitted like any other, non-blocking. Its cause is the firing. The components of a
    /// sequence are checked when they run.
    async fn start_rule(&self, rule: &RuleInvocation<'_>, fire: &Fire) -> Result<(NewWork, InFlight), Failure> {
        let (now, action, identity) = (self.clock.now(), &rule.link.action, &fire.identity);
        let depth = fire.context.depth + 1;
        self.gate.check_depth(depth)?;
        let mut in_flight = self.admission.admit(identity, action, now).await?;
        let entry = self.catalog.resolve(action).await?;
        let id = ActivationId::new(now);
        let names = |args: &Arguments| args.keys().cloned().collect();
        let mut terms = Terms {
            given: (!entry.defaults.is_empty()).then(|| names(rule.args)),
            sent: Some(names(&fire.payload)),
            retry: rule.link.retry.clone(),
            ..Terms::default()
        };
        let callback = fire.callback.as_ref().map(|accepted| {
            let (name, namespace) = (action.clone(), identity.namespace.clone());
            let reported = ReportedActivation { activation: id, cause: Some(rule.cause), name, namespace };
            promise(&accepted.another(now), reported, &mut terms, now)
        });
        let args = Value::Object(merge_arguments(&entry, rule.args.clone())?);
        let runs = QueuedAction { name: action.clone(), version: entry.action.version, args };
        let outermost = Context::outermost(fire.context.transaction.clone(), now);
        let chain_began = fire.context.chain_began;
        let context = Context { cause: Some(Cause::Event(rule.cause)), depth, chain_began, ..outermost };
        let queued = QueuedInvocation::new(runs, &identity.subject, &context, terms);
        let work = queued.into_work(id, identity.namespace.clone());
        Ok((NewWork { permit: in_flight.take_permit(), callback, ..work }, in_flight))
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

/// One line of the trigger's record per rule: accepted (0), the caller's mistake (1), or the server's (3).
fn log_line(rule: &FullName, action: &FullName, outcome: &Result<(NewWork, InFlight), Failure>) -> String {
    let line = match outcome {
        Ok((work, _)) => json!({
            "rule": rule.to_string(), "action": action.to_string(),
            "statusCode": 0, "success": true, "activationId": work.id,
        }),
        Err(failure) => json!({
            "rule": rule.to_string(), "action": action.to_string(),
            "statusCode": if failure.is_caller_error() { 1 } else { 3 }, "success": false, "error": failure.to_string(),
        }),
    };
    line.to_string()
}
