//! `/namespaces/{ns}/dead-letters`: activations whose attempts were used up. Not part of OpenWhisk's API.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use wask_model::{ActivationId, Failure, FullName, NamespaceName};
use wask_store::DeadLetterQuery;

use crate::api::App;
use crate::api::http::activation_id::accepted;
use crate::api::http::caller::Caller;
use crate::api::http::extract::{Params, Segments, counted};
use crate::api::http::rejection::Rejection;
use crate::api::openwhisk::activations::query::{filter, time};
use crate::gate::rights;
use crate::invoke::{Letter, failed_attempts};

/// `GET dead-letters`: the latest to die first; `name`, `since`, `upto` filter, `count=true` shows their number · 400 · 403.
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    path: Segments,
    params: Params,
) -> Result<Response, Rejection> {
    let namespace = path.own_namespace(&caller)?;
    let page = params.page("dead-letters")?;
    let query = DeadLetterQuery { skip: page.skip, limit: page.limit, ..query(&params, namespace)? };
    if params.flag("count", false)? {
        return Ok(counted("dead-letters", app.invoker.count_dead_letters(&query).await?, page).into_response());
    }
    let letters = app.invoker.dead_letters(&query).await?;
    Ok(Json(letters.iter().map(summary).collect::<Vec<_>>()).into_response())
}

/// `GET dead-letters/{id}`: the same with its arguments · 404.
pub async fn get(State(app): State<App>, caller: Caller, path: Segments) -> Result<Json<Value>, Rejection> {
    let (namespace, id) = own_id(&caller, path)?;
    let letter = app.invoker.dead_letter(&namespace, id).await?;
    let mut document = summary(&letter);
    document["arguments"] = json!(letter.queued.given());
    Ok(Json(document))
}

/// `POST dead-letters/{id}/redrive`: 202 `{activationId}` of the activation that does it again · 404 · 429.
pub async fn redrive(State(app): State<App>, caller: Caller, path: Segments) -> Result<Response, Rejection> {
    let (_, id) = own_id(&caller, path)?;
    Ok(accepted(app.invoker.redrive(&caller.identity, id).await?))
}

/// `POST dead-letters/redrive`: 202 `{activationIds}`; `name`, `since`, `upto` choose which · 400 · 403 · 429.
pub async fn redrive_all(
    State(app): State<App>,
    caller: Caller,
    path: Segments,
    params: Params,
) -> Result<Response, Rejection> {
    let namespace = path.own_namespace(&caller)?;
    let again = app.invoker.redrive_all(&caller.identity, &query(&params, namespace)?).await?;
    Ok((StatusCode::ACCEPTED, Json(json!({ "activationIds": again }))).into_response())
}

/// `DELETE dead-letters/{id}`: the letter that was thrown away · 404.
pub async fn purge(State(app): State<App>, caller: Caller, path: Segments) -> Result<Json<Value>, Rejection> {
    let (namespace, id) = own_id(&caller, path)?;
    let letter = app.invoker.dead_letter(&namespace, id).await?;
    app.invoker.purge(&namespace, id).await?;
    Ok(Json(summary(&letter)))
}

/// `DELETE dead-letters`: `{purged}`; `name`, `since`, `upto` choose which · 400 · 403.
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
    let full_name = |text: &str| match FullName::relative(text, &namespace) {
        Ok(name) => Ok(name.to_string()),
        Err(refused) => Err(refused.to_string()),
    };
    let (name, since) = (filter(params, "name", full_name)?, filter(params, "since", time)?);
    Ok(DeadLetterQuery { name, since, upto: filter(params, "upto", time)?, namespace, skip: 0, limit: u64::MAX })
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

fn own_id(caller: &Caller, path: Segments) -> Result<(NamespaceName, ActivationId), Rejection> {
    let target = path.target(caller)?;
    rights::own_namespace(&caller.identity, &target.namespace)?;
    let id = target.id.ok_or_else(Failure::not_found)?.parse()?;
    Ok((target.namespace, id))
}
