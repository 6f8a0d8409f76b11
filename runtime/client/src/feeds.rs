//! The part that clients play in the life of a feed: they tell the feed's action what became of the trigger.
//! REST contract §10.

use serde_json::{Map, Value};

use crate::failed::Refusal;
use crate::http::{Server, Verb};
use crate::names::Name;

/// What becomes of the trigger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    Create,
    Read,
    Update,
    Delete,
}

impl Event {
    fn as_str(self) -> &'static str {
        match self {
            Event::Create => "CREATE",
            Event::Read => "READ",
            Event::Update => "UPDATE",
            Event::Delete => "DELETE",
        }
    }
}

/// Tells a feed's action; returns the record of its activation, which ended well.
pub fn tell(
    server: &Server,
    feed: &Name,
    event: Event,
    trigger: &Name,
    mut parameters: Map<String, Value>,
) -> Result<Value, Refusal> {
    parameters.insert("lifecycleEvent".to_owned(), event.as_str().into());
    parameters.insert("triggerName".to_owned(), trigger.to_string().into());
    parameters.insert("authKey".to_owned(), server.auth().into());
    let path = format!("{}?blocking=true&result=false", feed.path("actions"));
    let answer = server.send(Verb::Post, &path, Some(&Value::Object(parameters)))?;
    match answer.status {
        200 => answer.json(),
        status => Err(Refusal::Status {
            status,
            body: answer.json()?,
            text: "Request accepted, but processing not completed yet.".to_owned(),
        }),
    }
}
