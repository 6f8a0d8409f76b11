//! An API as Swagger 2.0, in the form that `wsk` and `aio` read and that createApi accepts.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};
use wask_model::{Api, NamespaceName, Route, Segment};

use crate::api::GATEWAY;

/// Percent-encodes everything in a path segment but these.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'@');

/// The members of one API in a response. Clients put `gwApiUrl` before the path of a route.
pub fn value(api: &Api, namespace: &NamespaceName, host: &str) -> Value {
    let base_path = api.base_path.as_str().trim_end_matches('/');
    json!({
        "namespace": namespace,
        "gwApiActivated": true,
        "gwApiUrl": format!("{host}{GATEWAY}{}{base_path}", encoded(namespace.as_str())),
        "apidoc": document(api, host),
    })
}

fn encoded(segment: &str) -> String {
    utf8_percent_encode(segment, SEGMENT).to_string()
}

fn document(api: &Api, host: &str) -> Value {
    let mut document = api.document.clone().unwrap_or_else(|| {
        let base = json!({ "swagger": "2.0", "info": { "title": api.name, "version": "1.0.0" } });
        base.as_object().cloned().unwrap_or_default()
    });
    document.insert("basePath".into(), api.base_path.as_str().into());
    if document["info"]["title"].is_null() {
        document["info"]["title"] = api.name.as_str().into();
    }
    let mut paths = Map::new();
    for route in &api.routes {
        let operations = paths.entry(route.path.as_str()).or_insert_with(|| json!({}));
        operations[route.verb.as_str()] = operation(route, host);
    }
    document.insert("paths".into(), paths.into());
    Value::Object(document)
}

fn operation(route: &Route, host: &str) -> Value {
    let mut operation = route.operation.clone().unwrap_or_default();
    let entry = |operation: &mut Map<String, Value>, key: &str, value: Value| {
        operation.entry(key).or_insert(value);
    };
    entry(&mut operation, "operationId", operation_id(route).into());
    let parameters = parameters(route);
    if !parameters.is_empty() {
        entry(&mut operation, "parameters", parameters.into());
    }
    entry(&mut operation, "responses", json!({ "default": { "description": "Default response" } }));
    let package = route.action.package.as_ref().map_or("default", |package| package.as_str());
    let (namespace, action) = (&route.action.namespace, &route.action.name);
    let [ns, pkg, name] = [namespace.as_str(), package, action.as_str()].map(encoded);
    let url = format!("{host}/api/v1/web/{ns}/{pkg}/{name}.{}", route.response.as_str());
    let backend = json!({ "namespace": namespace, "package": package, "action": action, "url": url });
    operation.insert("x-openwhisk".into(), backend);
    Value::Object(operation)
}

/// `getBooksIsbn` for GET `/books/{isbn}`.
fn operation_id(route: &Route) -> String {
    let mut id = route.verb.as_str().to_owned();
    for segment in route.path.segments() {
        let (Segment::Literal(text) | Segment::Parameter(text)) = segment;
        for word in text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()) {
            id.push_str(&word[..1].to_uppercase());
            id.push_str(&word[1..]);
        }
    }
    id
}

fn parameters(route: &Route) -> Vec<Value> {
    let names = route.path.segments().filter_map(|segment| match segment {
        Segment::Parameter(name) => Some(name),
        Segment::Literal(_) => None,
    });
    names.map(|name| json!({ "name": name, "in": "path", "required": true, "type": "string" })).collect()
}
