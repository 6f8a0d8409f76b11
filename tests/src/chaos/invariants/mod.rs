//! The rules that must hold however often the server was killed. Each is a pure function of the evidence and names the
//! ids that break it.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt;

use serde_json::{Value, json};

use super::evidence::{Accepted, Evidence, Kind, Site, nap};
use super::load::{ALARMS, RETRIES};
use crate::annotation;

/// A rule that must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// Every acknowledged activation has a record.
    NothingLost,
    /// Every id has one record, as has each part of a sequence and each activation that a rule started.
    OneRecord,
    /// A record holds the result of its own activation.
    OwnRecord,
    /// A record does not change after its end.
    Final,
    /// A record counts at least the attempts that were seen, and at most those that are possible.
    AttemptsCounted,
    /// A callback is delivered at least once, always under one id, or has failed for good.
    Callbacks,
    /// A tick fires once, and every event belongs to a tick.
    OneFirePerTick,
}

/// A rule that does not hold, with a description.
#[derive(Debug, PartialEq, Eq)]
pub struct Broken {
    pub rule: Rule,
    pub what: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.rule, self.what)
    }
}

/// Everything that breaks a rule.
pub fn broken(evidence: &Evidence) -> Vec<Broken> {
    let records = by_id(&evidence.listed);
    let rules: [(Rule, Vec<String>); 7] = [
        (Rule::NothingLost, lost(evidence, &records)),
        (Rule::OneRecord, doubled(evidence, &records)),
        (Rule::OwnRecord, mistaken(evidence, &records)),
        (Rule::Final, changed(evidence)),
        (Rule::AttemptsCounted, attempts(evidence, &records)),
        (Rule::Callbacks, callbacks(evidence)),
        (Rule::OneFirePerTick, ticks(evidence, &records)),
    ];
    rules.into_iter().flat_map(|(rule, all)| all.into_iter().map(move |what| Broken { rule, what })).collect()
}

type ById<'a> = HashMap<&'a str, &'a Value>;

fn by_id(listed: &[Value]) -> ById<'_> {
    listed.iter().map(|record| (text(record, "activationId"), record)).collect()
}

fn text<'a>(document: &'a Value, key: &str) -> &'a str {
    document[key].as_str().unwrap_or_default()
}

fn lost(evidence: &Evidence, records: &ById<'_>) -> Vec<String> {
    let missing = evidence.seen.accepted.iter().filter(|accepted| !records.contains_key(accepted.id.as_str()));
    missing.map(|Accepted { id, kind, .. }| format!("{id} ({kind:?}) was acknowledged and has no record")).collect()
}

fn doubled(evidence: &Evidence, records: &ById<'_>) -> Vec<String> {
    let mut wrong = Vec::new();
    let (mut known, mut parts) = (HashSet::new(), BTreeMap::<&str, usize>::new());
    for record in &evidence.listed {
        let id = text(record, "activationId");
        if !known.insert(id) {
            wrong.push(format!("{id} is listed twice"));
        }
        *parts.entry(text(record, "cause")).or_default() += 1;
    }
    for record in &evidence.listed {
        let (id, named) = (text(record, "activationId"), started(record));
        let found = parts.get(id).copied().unwrap_or_default();
        if found != named.len() {
            wrong.push(format!("{id} names {} that it started, but {found} have a record", named.len()));
        }
        let missing = named.iter().filter(|part| !records.contains_key(part.as_str()));
        wrong.extend(missing.map(|part| format!("{part}, which {id} started, has no record")));
    }
    wrong
}

/// The activations that a sequence or an event lists as started.
fn started(record: &Value) -> Vec<String> {
    let lines = record["logs"].as_array().into_iter().flatten().filter_map(Value::as_str);
    match text(record, "name") {
        "pair" => lines.map(str::to_owned).collect(),
        name if ALARMS.contains(&name) => lines.filter_map(activation_of_rule).collect(),
        _ => Vec::new(),
    }
}

fn activation_of_rule(line: &str) -> Option<String> {
    let line: Value = serde_json::from_str(line).ok()?;
    Some(line["activationId"].as_str()?.to_owned())
}

fn mistaken(evidence: &Evidence, records: &ById<'_>) -> Vec<String> {
    let check = |accepted: &Accepted| {
        let Accepted { id, kind, n, .. } = accepted;
        let result = &records.get(id.as_str())?["response"]["result"];
        let expected = match kind {
            Kind::Echo | Kind::Sequence => json!({ "n": n }),
            Kind::Sleeper => json!({ "slept": nap(*n) }),
            Kind::Failing => json!({ "error": n }),
        };
        (*result != expected).then(|| format!("{id} ({kind:?}) should have the result {expected}, not {result}"))
    };
    evidence.seen.accepted.iter().filter_map(check).collect()
}

fn changed(evidence: &Evidence) -> Vec<String> {
    let differs = |(id, then): (&String, &Value)| match evidence.again.get(id) {
        Some(now) if now == then => None,
        Some(now) => Some(format!("{id} was {then} and is {now}")),
        None => Some(format!("{id} had a record and was not read again")),
    };
    evidence.seen.records.iter().filter_map(differs).collect()
}

/// Checks the number of attempts. A record must count at least those that were seen running. Every attempt after the
/// first needs a death of the process or a failure that the record lists.
fn attempts(evidence: &Evidence, records: &ById<'_>) -> Vec<String> {
    let check = |accepted: &Accepted| {
        let record = records.get(accepted.id.as_str())?;
        let counted = attempts_of(record);
        let seen = evidence.seen.running.get(&accepted.id).map_or(0, BTreeSet::len) as u64;
        let failed = annotation(record, "failedAttempts").and_then(|all| Some(all.as_array()?.len())).unwrap_or(0);
        let deaths = evidence.lives.saturating_sub(accepted.life + 1);
        let most = (1 + deaths + failed) as u64;
        let id = &accepted.id;
        if counted < seen {
            Some(format!("{id} counts {counted} attempts, but ran in {seen} lives"))
        } else if counted > most {
            Some(format!("{id} counts {counted} attempts, but cannot have had more than {most}"))
        } else {
            None
        }
    };
    evidence.seen.accepted.iter().filter_map(check).collect()
}

/// The number of attempts in a record.
pub fn attempts_of(record: &Value) -> u64 {
    annotation(record, "attempts").and_then(|n| n.as_u64()).unwrap_or(1)
}

fn callbacks(evidence: &Evidence) -> Vec<String> {
    let mut wrong = Vec::new();
    let listed: HashMap<&str, &Value> = evidence.callbacks.iter().map(|known| (text(known, "id"), known)).collect();
    let mut received: HashMap<&str, u64> = HashMap::new();
    let mut ids: HashMap<&str, BTreeSet<&str>> = HashMap::new();
    for delivery in &evidence.deliveries {
        *received.entry(&delivery.webhook_id).or_default() += 1;
        ids.entry(&delivery.activation).or_default().insert(&delivery.webhook_id);
        if !listed.contains_key(delivery.webhook_id.as_str()) {
            wrong.push(format!("a receiver was notified of {} under an unknown id", delivery.activation));
        }
    }
    let several = ids.iter().filter(|(_, ids)| ids.len() > 1);
    wrong.extend(several.map(|(id, ids)| format!("the end of {id} was delivered under several ids: {ids:?}")));
    for accepted in &evidence.seen.accepted {
        let Some((id, site)) = &accepted.callback else { continue };
        match listed.get(id.as_str()) {
            None => wrong.push(format!("{id}, the callback of {}, is gone", accepted.id)),
            Some(known) if text(known, "activationId") != accepted.id => {
                wrong.push(format!("{id} belongs to another activation than {}", accepted.id));
            }
            Some(known) if *site == Site::Good && text(known, "state") != "delivered" => {
                wrong.push(format!("{id} is {}, but its receiver accepts everything", text(known, "state")));
            }
            Some(_) => (),
        }
    }
    let checks = evidence.callbacks.iter().filter_map(|known| {
        let received = received.get(text(known, "id")).copied().unwrap_or_default();
        callback(known, received).map(|problem| format!("{} {problem}", text(known, "id")))
    });
    wrong.extend(checks);
    wrong
}

/// What is wrong with a callback for which the receivers got `received` requests.
fn callback(known: &Value, received: u64) -> Option<String> {
    let answered = known["attempts"].as_array().into_iter().flatten().filter(|one| !one["statusCode"].is_null());
    let (answered, failed) = (answered.count() as u64, known["failedAttempts"].as_u64().unwrap_or_default());
    match text(known, "state") {
        "delivered" | "failed" if received == 0 => Some("is over, but no request came".to_owned()),
        "delivered" | "failed" if received < answered => {
            Some(format!("lists {answered} answers to {received} requests"))
        }
        "failed" if failed != RETRIES + 1 => Some(format!("was given up after {failed} attempts")),
        "delivered" | "failed" => None,
        state => Some(format!("is {state} in the end")),
    }
}

fn ticks(evidence: &Evidence, records: &ById<'_>) -> Vec<String> {
    let mut wrong = Vec::new();
    for ((trigger, due), events) in &evidence.seen.ticks {
        if events.len() > 1 {
            wrong.push(format!("the tick of {trigger} at {due} fired twice: {events:?}"));
        }
        let missing = events.iter().filter(|event| !records.contains_key(event.as_str()));
        wrong.extend(missing.map(|event| format!("{event}, the tick of {trigger} at {due}, has no record")));
    }
    let known: HashSet<&str> = evidence.seen.ticks.values().flatten().map(String::as_str).collect();
    let events = evidence.listed.iter().filter(|record| ALARMS.contains(&text(record, "name")));
    let unknown = events.map(|record| text(record, "activationId")).filter(|id| !known.contains(id));
    wrong.extend(unknown.map(|id| format!("{id} is an event without a tick")));
    wrong
}

#[cfg(test)]
mod tests;
