//! `/namespaces/{ns}/dead-letters`: activations that have used up their attempts. Not part of OpenWhisk's API.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use wask_model::NamespaceName;
use wask_store::DeadLetterQuery;

use crate::api::App;
use crate::api::http::{Caller, Params, Rejection, Segments, accepted, listing};
use crate::invoke::{Letter, failed_attempts};

/// `GET dead-letters`: newest first. `name`, `since` and `upto` filter, `count=true` returns their number · 400 · 403.
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    path: Segments,
    params: Params,
) -> Result<Response, Rejection> {
    let namespace = path.own_namespace(&caller)?;
    let page = params.page("dead-letters", &app.limits)?;
    let bytes = app.limits.page_bytes;
    let query = DeadLetterQuery { skip: page.skip, limit: page.limit, bytes, ..query(&params, namespace)? };
    if params.flag("count", false)? {
        return Ok(listing::count("dead-letters", app.invoker.count_dead_letters(&query).await?, page));
    }
    let letters = app.invoker.dead_letters(&query).await?;
    let letters = letters.map(|letter| summary(&letter));
    listing::bounded_page(&app, &caller.identity.namespace, (params.uri(), page.skip), letters).await
}

/// `GET dead-letters/{id}`: the dead letter with its arguments · 404.
pub async fn get(State(app): State<App>, caller: Caller, path: Segments) -> Result<Json<Value>, Rejection> {
    let (namespace, id) = path.own_id(&caller)?;
    let letter = app.invoker.dead_letter(&namespace, id).await?;
    let mut document = summary(&letter);
    document["arguments"] = json!(letter.queued.given());
    Ok(Json(document))
}

/// `POST dead-letters/{id}/redrive`: 202 `{activationId}` of the new activation · 404 · 429.
pub async fn redrive(State(app): State<App>, caller: Caller, path: Segments) -> Result<Response, Rejection> {
    let (_, id) = path.own_id(&caller)?;
    Ok(accepted(app.invoker.redrive(&caller.identity, id, caller.chain_began).await?))
}

/// `POST dead-letters/redrive`: 202 `{activationIds}`; `name`, `since` and `upto` select them · 400 · 403 · 429.
pub async fn redrive_all(
    State(app): State<App>,
    caller: Caller,
    path: Segments,
    params: Params,
) -> Result<Response, Rejection> {
    let namespace = path.own_namespace(&caller)?;
    let query = query(&params, namespace)?;
    let again = app.invoker.redrive_all(&caller.identity, &query, caller.chain_began).await?;
    Ok((StatusCode::ACCEPTED, Json(json!({ "activationIds": again }))).into_response())
}

/// `DELETE dead-letters/{id}`: the dead letter that was purged · 404.
pub async fn purge(State(app): State<App>, caller: Caller, path: Segments) -> Result<Json<Value>, Rejection> {
    let (namespace, id) = path.own_id(&caller)?;
    let letter = app.invoker.dead_letter(&namespace, id).await?;
    app.invoker.purge(&namespace, id).await?;
    Ok(Json(summary(&letter)))
}

/// `DELETE dead-letters`: `{purged}`, their number; `name`, `since` and `upto` select them · 400 · 403.
pub async fn purge_all(
    State(app): State<App>,
    caller: Caller,
    path: Segments,
    params: Params,
) -> Result<Json<Value>, Rejection> {
    let namespace = path.own_namespace(&caller)?;
    let purged = app.invoker.purge_all(&query(&params, namespace)?).await?;
    Ok(Json(json!({ "purged": purged })))
}

fn query(params: &Params, namespace: NamespaceName) -> Result<DeadLetterQuery, Rejection> {
    let name = params.filter("name", |text| listing::full_name(text, &namespace))?;
    Ok(DeadLetterQuery {
        name: name.map(|name| name.to_string()),
        since: params.filter("since", listing::time)?,
        upto: params.filter("upto", listing::time)?,
        namespace,
        skip: 0,
        limit: u64::MAX,
        bytes: u64::MAX,
    })
}

fn summary(Letter { letter, queued }: &Letter) -> Value {
    json!({
        "activationId": letter.id,
        "name": letter.name,
        "attempts": letter.attempts,
        "accepted": queued.accepted,
        "died": letter.died,
        "reason": letter.reason,
        "failedAttempts": failed_attempts(&queued.failed),
        "cause": queued.cause,
    })
}
