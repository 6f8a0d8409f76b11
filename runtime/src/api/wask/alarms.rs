//! `/namespaces/{ns}/alarms`: the alarms of triggers with their next and past ticks. Not part of OpenWhisk's API.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use wask_model::{FullName, PastTick};
use wask_store::AlarmQuery;

use crate::alarms::{AlarmView, feed_document};
use crate::api::App;
use crate::api::http::{Caller, Params, Rejection, Segments, TransactionId, accepted, listing};
use crate::gate::rights;

/// `GET alarms`: the document that READ of the feed returns (feeds.md §A.7) for each, by trigger · with
/// `count=true` their number. A page that would be too large ends early, and `Link` leads to the rest.
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    path: Segments,
    params: Params,
) -> Result<Response, Rejection> {
    let namespace = path.own_namespace(&caller)?;
    let page = params.page("alarms", &app.limits)?;
    if params.flag("count", false)? {
        return Ok(listing::count("alarms", app.alarms.count(&namespace).await?, page));
    }
    let query = AlarmQuery { namespace, skip: page.skip, limit: page.limit, bytes: app.limits.page_bytes };
    let alarms = app.alarms.list(&query).await?.map(|alarm| feed_document(&alarm));
    listing::bounded_page(&app, &caller.identity.namespace, (params.uri(), page.skip), alarms).await
}

/// `GET alarms/{trigger}`: that document with the next five ticks and the last twenty · 404.
pub async fn get(State(app): State<App>, caller: Caller, path: Segments) -> Result<Json<Value>, Rejection> {
    let trigger = own_trigger(&caller, path)?;
    Ok(Json(document(&app.alarms.view(&trigger).await?)))
}

/// `POST alarms/{trigger}/run`: fires the trigger as the alarm would: 202 `{activationId}` · 204 when no rule is active
/// · 404 · 429.
pub async fn run(
    State(app): State<App>,
    transaction: TransactionId,
    caller: Caller,
    path: Segments,
) -> Result<Response, Rejection> {
    let trigger = own_trigger(&caller, path)?;
    let context = caller.context(transaction, app.clock.now());
    match app.alarms.run_now(caller.identity, &trigger, context).await? {
        Some(id) => Ok(accepted(id)),
        None => Ok(StatusCode::NO_CONTENT.into_response()),
    }
}

/// `POST alarms/{trigger}/pause`: switches the alarm off and returns its document · 404.
pub async fn pause(State(app): State<App>, caller: Caller, path: Segments) -> Result<Json<Value>, Rejection> {
    let trigger = own_trigger(&caller, path)?;
    Ok(Json(document(&app.alarms.pause(&trigger).await?)))
}

/// `POST alarms/{trigger}/resume`: makes the alarm due at its next tick and returns its document · 404 · 409 if an
/// administrator disabled it.
pub async fn resume(State(app): State<App>, caller: Caller, path: Segments) -> Result<Json<Value>, Rejection> {
    let trigger = own_trigger(&caller, path)?;
    Ok(Json(document(&app.alarms.resume(&trigger).await?)))
}

fn own_trigger(caller: &Caller, path: Segments) -> Result<FullName, Rejection> {
    let trigger = path.target(caller)?.full_name()?;
    rights::own_entity(&caller.identity, &trigger)?;
    Ok(trigger)
}

/// The feed's document with the next and the past ticks. Times are milliseconds since the epoch.
fn document(view: &AlarmView) -> Value {
    let mut document = feed_document(&view.alarm);
    document["nextFires"] = json!(view.upcoming);
    document["history"] = view.past.iter().map(past).collect();
    document
}

/// `lateness` is the milliseconds from `due` to `at`.
fn past(tick: &PastTick) -> Value {
    let mut shown = json!({
        "due": tick.due,
        "at": tick.at,
        "lateness": u64::try_from(tick.at.since(tick.due).as_millis()).unwrap_or(u64::MAX),
        "outcome": tick.end,
        "origin": tick.origin,
    });
    for (key, value) in [
        ("through", tick.through.map(|through| json!(through))),
        ("reason", tick.reason.as_ref().map(|reason| json!(reason))),
        ("activationId", tick.activation.map(|id| json!(id))),
    ] {
        if let Some(value) = value {
            shown[key] = value;
        }
    }
    shown
}
