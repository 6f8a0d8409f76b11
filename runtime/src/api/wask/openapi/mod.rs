//! The OpenAPI document of all routes. It is merged at the first request from one JSON file per noun; a test compares
//! it with the routes.

use std::sync::LazyLock;

use serde_json::{Map, Value};

/// The files, in the order in which the document lists the routes. `shared.json` has the head of the document and the
/// components that several nouns use.
const PIECES: [&str; 16] = [
    include_str!("shared.json"),
    include_str!("pages.json"),
    include_str!("../../openwhisk/openapi/namespaces.json"),
    include_str!("../../openwhisk/openapi/actions.json"),
    include_str!("../../openwhisk/openapi/triggers.json"),
    include_str!("alarms.json"),
    include_str!("../../openwhisk/openapi/rules.json"),
    include_str!("../../openwhisk/openapi/packages.json"),
    include_str!("audit.json"),
    include_str!("../../openwhisk/openapi/activations.json"),
    include_str!("activations.json"),
    include_str!("dead_letters.json"),
    include_str!("callbacks.json"),
    include_str!("tasks.json"),
    include_str!("../../openwhisk/openapi/web.json"),
    include_str!("../../openwhisk/openapi/gateway.json"),
];

pub static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
    let mut document = Map::new();
    for piece in PIECES {
        merge(&mut document, serde_json::from_str(piece).expect("a test reads every piece"));
    }
    document["info"]["version"] = env!("CARGO_PKG_VERSION").into();
    Value::Object(document)
});

/// Adds the members of `piece`; an object that both have is merged in turn.
fn merge(document: &mut Map<String, Value>, piece: Map<String, Value>) {
    for (key, value) in piece {
        match (document.get_mut(&key), value) {
            (Some(Value::Object(known)), Value::Object(more)) => merge(known, more),
            (_, value) => drop(document.insert(key, value)),
        }
    }
}
