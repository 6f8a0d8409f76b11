//! `/namespaces/{ns}/rules`. rest.md §6.2, §6.3.

use axum::Json;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use serde_json::Value;
use wask_model::Collection;

use super::documents::rule;
use super::entities::answer;
use crate::api::App;
use crate::api::http::{Caller, ETag, Params, Rejection, Segments, WriteHeaders, body};
use crate::catalog::{RequiredAccess, Selection};
use crate::gate::rights;

/// `GET rules`: documents without status · with `count=true` their number.
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    path: Segments,
    params: Params,
) -> Result<Response, Rejection> {
    let namespace = path.own_namespace(&caller)?;
    answer(&app, &caller.identity.namespace, Selection::new(namespace, Collection::Rules), &params).await
}

/// `GET rules/{name}`: the document with status · 404 · 409.
pub async fn get(State(app): State<App>, caller: Caller, path: Segments) -> Result<(ETag, Json<Value>), Rejection> {
    let name = path.target(&caller)?.full_name()?;
    rights::own_entity(&caller.identity, &name)?;
    let view = app.catalog.rule(&name).await?;
    Ok((ETag(view.revision), Json(rule::document(&view))))
}

/// `PUT rules/{name}`: creates an active rule; with `overwrite=true` creates or changes it · 400 · 403 · 404 package ·
/// 409 · 412.
pub async fn put(
    State(app): State<App>,
    caller: Caller,
    path: Segments,
    params: Params,
    headers: WriteHeaders,
    request: Request<Body>,
) -> Result<(ETag, Json<Value>), Rejection> {
    let name = path.writable(&caller)?;
    app.gate.store(&caller.identity)?;
    let own = &caller.identity.namespace;
    let patch = rule::read(&*body::document(&app, own, request, app.limits.document_bytes).await?, own)?;
    let trigger = patch.trigger.as_ref().map(RequiredAccess::Own);
    let needed: Vec<RequiredAccess<'_>> =
        trigger.into_iter().chain(patch.action.as_ref().map(RequiredAccess::Action)).collect();
    app.catalog.may_use(&caller.identity, &needed).await?;
    let view = app.catalog.put_rule(&name, patch, params.overwrite()?, &headers.write_by(&caller)?).await?;
    Ok((ETag(view.revision), Json(rule::document(&view))))
}

/// `POST rules/{name}`: sets the status and returns the text `OK` · 400 · 404.
pub async fn set_status(
    State(app): State<App>,
    caller: Caller,
    path: Segments,
    headers: WriteHeaders,
    request: Request<Body>,
) -> Result<&'static str, Rejection> {
    let name = path.writable(&caller)?;
    let own = &caller.identity.namespace;
    let status = rule::read_status(&*body::document(&app, own, request, app.limits.document_bytes).await?)?;
    app.catalog.set_rule_status(&name, status, &headers.write_by(&caller)?).await?;
    Ok("OK")
}

/// `DELETE rules/{name}`: the document, inactive · 404 · 409 · 412.
pub async fn delete(
    State(app): State<App>,
    caller: Caller,
    path: Segments,
    headers: WriteHeaders,
) -> Result<Json<Value>, Rejection> {
    let name = path.writable(&caller)?;
    Ok(Json(rule::document(&app.catalog.delete_rule(&name, &headers.write_by(&caller)?).await?)))
}
