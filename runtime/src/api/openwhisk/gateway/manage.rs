//! `/api/v1/web/whisk.system/apimgmt/{createApi,getApi,deleteApi}`: the calls of `wsk api` and `aio rt api`. They look
//! like web actions of the system but need the key of a namespace. clients.md §3.

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use serde_json::{Value, json};
use wask_model::{Failure, messages};

use super::request::{self, NewApi};
use super::swagger;
use crate::api::App;
use crate::api::http::{Caller, Params, Rejection, body, malformed};
use crate::gateway::RouteSelection;

/// `POST createApi`: adds a route, or creates an API from an uploaded document; the response says where it is served ·
/// 400 · 403 · 413.
pub async fn create(
    State(app): State<App>,
    caller: Caller,
    Path(call): Path<String>,
    params: Params,
    request: Request<Body>,
) -> Result<Json<Value>, Rejection> {
    expect(&call, "createApi")?;
    app.gate.store(&caller.identity)?;
    let limit = app.gateway.config.document_bytes.min(app.limits.request_bytes);
    let namespace = &caller.identity.namespace;
    let body = body::document(&app, namespace, request, limit).await?;
    let _alone = app.documents.alone(namespace.as_str()).await; // as in `list`
    let api = match request::read(&app, &body, given(&params, "responsetype"), namespace)? {
        NewApi::Route { base_path, name, route } => app.gateway.put_route(namespace, &base_path, name, route).await?,
        NewApi::Document(api) => app.gateway.put_api(namespace, api).await?,
    };
    Ok(Json(swagger::value(&api, namespace, &app.api_host)))
}

/// `GET getApi`: all APIs of the caller, or those that the parameters select.
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Path(call): Path<String>,
    params: Params,
) -> Result<Json<Value>, Rejection> {
    expect(&call, "getApi")?;
    let namespace = &caller.identity.namespace;
    let _alone = app.documents.alone(namespace.as_str()).await; // the documents of all APIs take much memory
    let apis = app.gateway.list(namespace, &selection(&params)?).await?;
    let (skip, limit) = (number(&params, "skip")?.unwrap_or(0), number(&params, "limit")?.filter(|limit| *limit != 0));
    let shown = apis.iter().skip(skip).take(limit.unwrap_or(usize::MAX));
    let items = shown.map(|api| {
        let id = format!("API:{namespace}:{}", api.base_path);
        json!({ "id": id, "key": id, "value": swagger::value(api, namespace, &app.api_host) })
    });
    Ok(Json(json!({ "apis": items.collect::<Vec<_>>() })))
}

/// `DELETE deleteApi`: removes an API, one of its paths, or one method of a path: 204 · 400 · 404.
pub async fn delete(
    State(app): State<App>,
    caller: Caller,
    Path(call): Path<String>,
    params: Params,
) -> Result<StatusCode, Rejection> {
    expect(&call, "deleteApi")?;
    let wanted = selection(&params)?;
    let refuse = |message: &'static str| Err(Failure::BadRequest(message.into()).into());
    if wanted.api.is_none() {
        return refuse(messages::gateway::BASE_PATH_REQUIRED);
    }
    if wanted.path.is_none() && wanted.verb.is_some() {
        return refuse(messages::gateway::PATH_REQUIRED);
    }
    app.gateway.delete(&caller.identity.namespace, &wanted).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Checks the last segment of the path: the call, with or without an extension · 404.
fn expect(call: &str, name: &str) -> Result<(), Rejection> {
    let bare = [".http", ".json"].into_iter().find_map(|extension| call.strip_suffix(extension)).unwrap_or(call);
    if bare == name { Ok(()) } else { Err(Failure::not_found().into()) }
}

/// A parameter of the query. `aio` sends the word `undefined` when it has no value.
fn given<'a>(params: &'a Params, key: &str) -> Option<&'a str> {
    params.get(key).filter(|value| *value != "undefined")
}

fn selection(params: &Params) -> Result<RouteSelection, Rejection> {
    let text = |key| given(params, key).map(str::to_owned);
    let verb = given(params, "operation").map(str::parse).transpose()?;
    Ok(RouteSelection { api: text("basepath"), path: text("relpath"), verb })
}

fn number(params: &Params, key: &str) -> Result<Option<usize>, Rejection> {
    let Some(text) = given(params, key) else { return Ok(None) };
    let malformed = || malformed(key, &messages::not_an_integer(text, "apis"));
    text.parse().map(Some).map_err(|_| malformed())
}
