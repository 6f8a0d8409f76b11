//! The JSON of alarms: the feed's document, and the next and past ticks. Times are milliseconds since the epoch.

use serde_json::{Value, json};
use wask_model::{Alarm, PastTick};

use crate::alarms::{AlarmView, feed_document};

/// The document that READ of the feed returns. Feeds contract §A.7.
pub fn summary(alarm: &Alarm) -> Value {
    feed_document(alarm)
}

pub fn document(view: &AlarmView) -> Value {
    let mut document = summary(&view.alarm);
    document["nextFires"] = json!(view.upcoming);
    document["history"] = view.past.iter().map(past).collect();
    document
}

/// `lateness` is the milliseconds from `due` to `at`.
fn past(tick: &PastTick) -> Value {
    let mut shown = json!({
        "due": tick.due,
        "at": tick.at,
        "lateness": u64::try_from(tick.at.since(tick.due).as_millis()).unwrap_or(u64::MAX),
        "outcome": tick.end,
        "origin": tick.origin,
    });
    for (key, value) in [
        ("through", tick.through.map(|through| json!(through))),
        ("reason", tick.reason.as_ref().map(|reason| json!(reason))),
        ("activationId", tick.activation.map(|event| json!(event))),
    ] {
        if let Some(value) = value {
            shown[key] = value;
        }
    }
    shown
}
