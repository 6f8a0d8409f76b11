//! The body of createApi: the members of one route, or a whole Swagger document.

use serde_json::{Map, Value};
use wask_model::{
    Api, ApiName, BasePath, Failure, FullName, Message, NamespaceName, PathPattern, ResponseType, Route, Verb, messages,
};

use crate::api::App;
use crate::api::http::{Rejection, json};
use crate::gateway;

/// What createApi creates.
pub enum NewApi {
    Route {
        base_path: BasePath,
        name: Option<ApiName>,
        route: Route,
    },
    /// Replaces the API at its base path.
    Document(Api),
}

/// Reads the body. `response_type` is the query parameter; it takes precedence over the extension of the action's URL.
pub fn read(app: &App, body: &Value, response_type: Option<&str>, own: &NamespaceName) -> Result<NewApi, Rejection> {
    let doc = object_or_text(app, &body["apidoc"])?.ok_or_else(|| refused(messages::gateway::DOC_MISSING.into()))?;
    if let Some(namespace) = text(&doc, "namespace")
        && namespace != "_"
        && namespace != own.as_str()
    {
        return Err(Failure::Forbidden(messages::not_authorized(&[namespace.to_owned()])).into());
    }
    match (doc.get("swagger"), doc.contains_key("gatewayBasePath")) {
        (Some(_), true) => Err(refused(messages::gateway::SWAGGER_AND_PATH.into())),
        (Some(swagger), false) => {
            let document =
                object_or_text(app, swagger)?.ok_or_else(|| refused(messages::gateway::SWAGGER_MALFORMED.into()))?;
            Ok(NewApi::Document(uploaded(document, own, app.gateway.config.document_operations)?))
        }
        (None, _) => route(&doc, response_type, own),
    }
}

fn refused(message: Message) -> Rejection {
    Failure::BadRequest(message).into()
}

/// An object, or a text that contains one.
fn object_or_text(app: &App, value: &Value) -> Result<Option<Map<String, Value>>, Failure> {
    Ok(match value {
        Value::Object(members) => Some(members.clone()),
        Value::String(text) => json::parse_text(text, &app.limits)?.ok(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => None,
    })
}

fn text<'a>(members: &'a Map<String, Value>, key: &str) -> Option<&'a str> {
    members.get(key)?.as_str().filter(|text| !text.is_empty())
}

fn required<'a>(members: &'a Map<String, Value>, what: &str, key: &str) -> Result<&'a str, Rejection> {
    text(members, key).ok_or_else(|| refused(messages::gateway::missing(what, key)))
}

fn route(doc: &Map<String, Value>, response_type: Option<&str>, own: &NamespaceName) -> Result<NewApi, Rejection> {
    let base_path = gateway::base_path(required(doc, "apidoc", "gatewayBasePath")?)?;
    let path = gateway::path_pattern(required(doc, "apidoc", "gatewayPath")?)?;
    let verb = required(doc, "apidoc", "gatewayMethod")?.parse()?;
    let action = doc.get("action").and_then(Value::as_object);
    let action = action.ok_or_else(|| refused(messages::gateway::missing("apidoc", "action")))?;
    let name = required(action, "action", "name")?;
    let namespace = required(action, "action", "namespace")?;
    let response = match response_type {
        Some(given) => given.parse()?,
        None => text(action, "backendUrl").and_then(response_type_of).unwrap_or_default(),
    };
    let secret = text(action, "secureKey").map(str::parse).transpose()?;
    let action = action_name(namespace, None, name, own)?;
    let route = Route { path, verb, action, response, secret, operation: None };
    Ok(NewApi::Route { base_path, name: text(doc, "apiName").map(str::parse).transpose()?, route })
}

/// The full name of an action. `name` can begin with a package or be a full path itself.
fn action_name(namespace: &str, package: Option<&str>, name: &str, own: &NamespaceName) -> Result<FullName, Failure> {
    if name.starts_with('/') {
        return without_default(FullName::qualified(name, own)?);
    }
    let package = package.map(|package| format!("{package}/")).unwrap_or_default();
    without_default(FullName::qualified(&format!("/{namespace}/{package}{name}"), own)?)
}

/// Removes the package `default`, which means that there is none.
fn without_default(name: FullName) -> Result<FullName, Failure> {
    let package = name.package.filter(|package| package.as_str() != "default");
    Ok(FullName { package, ..name })
}

/// The extension of a web action's URL.
fn response_type_of(url: &str) -> Option<ResponseType> {
    url.rsplit('/').next()?.rsplit_once('.')?.1.parse().ok()
}

/// Reads Swagger 2.0 in the form that getApi returns: each operation names its action in `x-openwhisk`. `most`: how many
/// paths, and how many operations, it may have.
fn uploaded(mut document: Map<String, Value>, own: &NamespaceName, most: u64) -> Result<Api, Rejection> {
    let base_path = gateway::base_path(required(&document, "swagger", "basePath")?)?;
    let missing = |field| refused(messages::gateway::missing("swagger", field));
    let info = document.get("info").and_then(Value::as_object).ok_or_else(|| missing("info"))?;
    let name = text(info, "title").unwrap_or(base_path.as_str()).parse()?;
    let Some(Value::Object(paths)) = document.shift_remove("paths") else { return Err(missing("paths")) };
    let operations = paths.values().filter_map(Value::as_object).map(|operations| operations.len() as u64).sum();
    for (what, count) in [("paths", paths.len() as u64), ("operations", operations)] {
        if count > most {
            let too_many = messages::too_many_entries(what, count, most, "gateway.document_operations");
            return Err(Failure::TooLarge(too_many).into());
        }
    }
    let mut api = Api { base_path, name, routes: Vec::new(), document: None };
    for (path, operations) in paths.iter().filter(|(path, _)| path.starts_with('/')) {
        let pattern = gateway::path_pattern(path)?;
        for (verb, operation) in operations.as_object().into_iter().flatten() {
            if let Ok(verb) = verb.parse::<Verb>() {
                api.put(operation_route(pattern.clone(), verb, operation, own)?);
            }
        }
    }
    Ok(Api { document: Some(document), ..api })
}

fn operation_route(path: PathPattern, verb: Verb, operation: &Value, own: &NamespaceName) -> Result<Route, Rejection> {
    let nameless = || refused(messages::gateway::operation_without_action(path.as_str(), verb.as_str()));
    let backend = operation["x-openwhisk"].as_object().ok_or_else(nameless)?;
    let name = text(backend, "action").ok_or_else(nameless)?;
    let action = action_name(text(backend, "namespace").unwrap_or("_"), text(backend, "package"), name, own)?;
    let response = text(backend, "url").and_then(response_type_of).unwrap_or_default();
    let secret = text(backend, "secureKey").map(str::parse).transpose()?;
    Ok(Route { verb, action, response, secret, operation: operation.as_object().cloned(), path })
}
