//! A client's part in the life of a feed: it invokes the feed's action when a trigger is created, read, changed or
//! deleted. rest.md §10.

use http::Method;
use serde_json::{Map, Value};

use crate::failure::Refusal;
use crate::http::Server;
use crate::names::Name;

/// What happens to the trigger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LifecycleEvent {
    Create,
    Read,
    Update,
    Delete,
}

impl LifecycleEvent {
    fn as_str(self) -> &'static str {
        match self {
            LifecycleEvent::Create => "CREATE",
            LifecycleEvent::Read => "READ",
            LifecycleEvent::Update => "UPDATE",
            LifecycleEvent::Delete => "DELETE",
        }
    }
}

/// Invokes a feed's action and returns the record of its activation; `Err` if the activation failed or has not ended.
pub fn invoke(
    server: &Server,
    feed: &Name,
    event: LifecycleEvent,
    trigger: &Name,
    mut parameters: Map<String, Value>,
) -> Result<Value, Refusal> {
    parameters.insert("lifecycleEvent".to_owned(), event.as_str().into());
    parameters.insert("triggerName".to_owned(), trigger.to_string().into());
    parameters.insert("authKey".to_owned(), server.auth().into());
    let path = format!("{}?blocking=true&result=false", feed.path("actions"));
    let answer = server.send(Method::POST, &path, Some(&Value::Object(parameters)))?;
    match answer.status {
        200 => answer.json(),
        status => Err(Refusal::Status {
            status,
            body: answer.json()?,
            text: "Request accepted, but processing not completed yet.".to_owned(),
        }),
    }
}
