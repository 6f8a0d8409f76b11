//! What a client asks of a feed: which event, for which trigger, on whose behalf. Feeds contract §A.2.

use std::str::FromStr;

use serde_json::{Value, json};
use wask_model::{Arguments, AuthKey, FullName, Message, NamespaceName, messages};

use super::parameters::given;

/// What is to happen to the feed of a trigger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LifecycleEvent {
    Create,
    Read,
    Update,
    Delete,
    Pause,
    Unpause,
}

impl FromStr for LifecycleEvent {
    type Err = FeedError;

    fn from_str(text: &str) -> Result<Self, FeedError> {
        match text {
            "CREATE" => Ok(LifecycleEvent::Create),
            "READ" => Ok(LifecycleEvent::Read),
            "UPDATE" => Ok(LifecycleEvent::Update),
            "DELETE" => Ok(LifecycleEvent::Delete),
            "PAUSE" => Ok(LifecycleEvent::Pause),
            "UNPAUSE" => Ok(LifecycleEvent::Unpause),
            _ => Err(FeedError::Flat(messages::alarms::UNSUPPORTED_EVENT.into())),
        }
    }
}

/// One call of a feed action.
#[derive(Clone, Debug)]
pub struct FeedRequest<'a> {
    pub event: LifecycleEvent,
    /// In the caller's namespace, whatever namespace was written.
    pub trigger: FullName,
    /// `None`: absent or not a key, so the caller cannot be authorised.
    pub auth_key: Option<AuthKey>,
    pub args: &'a Arguments,
}

impl<'a> FeedRequest<'a> {
    /// `Err`: no known event, or no trigger that could exist.
    pub fn read(args: &'a Arguments, own: &NamespaceName) -> Result<Self, FeedError> {
        let text = |key| given(args, key).and_then(Value::as_str).unwrap_or_default();
        Ok(FeedRequest {
            event: text("lifecycleEvent").parse()?,
            trigger: trigger(text("triggerName"), own)?,
            auth_key: text("authKey").parse().ok(),
            args,
        })
    }
}

/// `/ns/name`, where `ns` does not count, or `name`.
fn trigger(text: &str, own: &NamespaceName) -> Result<FullName, Message> {
    let name = match text.strip_prefix('/') {
        None => text,
        Some(path) => path.split_once('/').map_or("", |(_, name)| name),
    };
    if name.is_empty() {
        return Err(messages::alarms::TRIGGER_NAME_MISSING.into());
    }
    match name.parse() {
        Ok(name) => Ok(FullName::new(own.clone(), name)),
        Err(_) => Err(messages::alarms::AUTHENTICATION_FAILED.into()), // what any trigger that does not exist gets
    }
}

/// Why a call was refused, and in which of the two shapes the client reads it.
#[derive(Clone, Debug, PartialEq)]
pub enum FeedError {
    /// `{"error":"…"}`: only for an unknown event.
    Flat(Message),
    /// `{"error":{"error":"…"}}`.
    Nested(Message),
}

impl FeedError {
    /// The result of the feed action: an application error.
    pub fn result(&self) -> Value {
        match self {
            FeedError::Flat(message) => json!({ "error": message }),
            FeedError::Nested(message) => json!({ "error": { "error": message } }),
        }
    }
}

impl From<Message> for FeedError {
    fn from(message: Message) -> Self {
        FeedError::Nested(message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(args: Value) -> Result<(LifecycleEvent, String), Value> {
        let args = args.as_object().unwrap().clone();
        match FeedRequest::read(&args, &"guest".parse().unwrap()) {
            Ok(request) => Ok((request.event, request.trigger.to_string())),
            Err(refused) => Err(refused.result()),
        }
    }

    #[test]
    fn the_trigger_is_always_the_callers_own() {
        for name in ["periodic", "/guest/periodic", "/_/periodic", "/somebody/periodic"] {
            let request = read(json!({"lifecycleEvent":"READ","triggerName":name}));
            assert_eq!(request, Ok((LifecycleEvent::Read, "guest/periodic".to_owned())));
        }
    }

    #[test]
    fn an_unknown_event_is_told_flat_and_before_anything_else() {
        for event in [json!("create"), json!(""), json!(" READ"), json!(null), json!(1)] {
            let refused = read(json!({"lifecycleEvent":event})).unwrap_err();
            assert_eq!(refused, json!({"error":"unsupported lifecycleEvent"}));
        }
        assert_eq!(read(json!({})).unwrap_err(), json!({"error":"unsupported lifecycleEvent"}));
    }

    #[test]
    fn a_trigger_name_is_needed_and_has_to_be_possible() {
        for (name, message) in [
            (json!(null), "no trigger name parameter was provided"),
            (json!(""), "no trigger name parameter was provided"),
            (json!("/"), "no trigger name parameter was provided"),
            (json!("/guest"), "no trigger name parameter was provided"),
            (json!("/guest/"), "no trigger name parameter was provided"),
            (json!("guest/periodic"), "Trigger authentication request failed."),
            (json!("/guest/package/periodic"), "Trigger authentication request failed."),
            (json!("$"), "Trigger authentication request failed."),
        ] {
            let refused = read(json!({"lifecycleEvent":"CREATE","triggerName":name})).unwrap_err();
            assert_eq!(refused, json!({"error":{"error":message}}));
        }
    }

    #[test]
    fn a_key_that_is_none_is_as_good_as_no_key() {
        let read = |key: &str| {
            let args = json!({"lifecycleEvent":"READ","triggerName":"t","authKey":key});
            let args = args.as_object().unwrap().clone();
            FeedRequest::read(&args, &"guest".parse().unwrap()).unwrap().auth_key
        };
        let key = format!("uuid:{}", "k".repeat(64));
        assert_eq!(read(&key).map(|key| key.expose()), Some(key));
        assert_eq!(read("nonsense"), None);
    }
}
