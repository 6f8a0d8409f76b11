//! The call of a feed: which event, for which trigger, with which key. feeds.md §A.2.

use std::str::FromStr;

use serde_json::{Value, json};
use wask_model::{Arguments, AuthKey, FullName, Message, NamespaceName, messages};

use super::parameters::given;

/// The value of `lifecycleEvent`: what a client wants of the feed.
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
    /// In the caller's namespace, whatever namespace the call names.
    pub trigger: FullName,
    /// `None`: it is missing or malformed, so the caller cannot be authorised.
    pub auth_key: Option<AuthKey>,
    pub args: &'a Arguments,
}

impl<'a> FeedRequest<'a> {
    /// `Err`: the event is not known, or the trigger's name is missing or illegal.
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

/// Parses `/namespace/name`, where the namespace is ignored, or `name`.
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
        Err(_) => Err(messages::alarms::AUTHENTICATION_FAILED.into()), // as for any trigger that does not exist
    }
}

/// Why a call was refused, in one of the two shapes that clients expect.
#[derive(Clone, Debug, PartialEq)]
pub enum FeedError {
    /// `{"error":"…"}`, only for an unknown event.
    Flat(Message),
    /// `{"error":{"error":"…"}}`.
    Nested(Message),
}

impl FeedError {
    /// The result of the feed action, which is an application error.
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
    fn a_trigger_is_always_in_the_callers_namespace() {
        for name in ["periodic", "/guest/periodic", "/_/periodic", "/somebody/periodic"] {
            let request = read(json!({"lifecycleEvent":"READ","triggerName":name}));
            assert_eq!(request, Ok((LifecycleEvent::Read, "guest/periodic".to_owned())));
        }
    }

    #[test]
    fn an_unknown_event_is_refused_first_and_with_a_flat_error() {
        for event in [json!("create"), json!(""), json!(" READ"), json!(null), json!(1)] {
            let refused = read(json!({"lifecycleEvent":event})).unwrap_err();
            assert_eq!(refused, json!({"error":"unsupported lifecycleEvent"}));
        }
        assert_eq!(read(json!({})).unwrap_err(), json!({"error":"unsupported lifecycleEvent"}));
    }

    #[test]
    fn a_trigger_name_must_be_given_and_legal() {
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
    fn a_malformed_key_counts_as_missing() {
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
