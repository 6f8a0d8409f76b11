//! `/namespaces/{ns}/activations`. REST contract §4; `/status` is feeds contract §B.2.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use wask_model::{Activation, ActivationId, EntityName, Failure, NamespaceName, Timestamp, WireResponse, messages};
use wask_store::{ActivationQuery, JobState};

use super::App;
use super::caller::Caller;
use super::documents::activation::{Life, State as LifeState, summary};
use super::extract::{Params, Segments, counted, malformed};
use super::rejection::Rejection;
use crate::gate::rights;

const STATE: HeaderName = HeaderName::from_static("x-wask-activation-state");

/// `GET activations`: newest first; `name`, `since`, `upto` filter, `docs=true` shows whole records, `count=true` their
/// number.
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    path: Segments,
    params: Params,
) -> Result<Response, Rejection> {
    let namespace = path.target(&caller)?.namespace;
    rights::own_namespace(&caller.identity, &namespace)?;
    let page = params.page("activations")?;
    let query = ActivationQuery {
        namespace,
        name: params.get("name").map(name_filter).transpose()?,
        since: time(&params, "since")?,
        upto: time(&params, "upto")?,
        skip: page.skip,
        limit: page.limit,
    };
    let (docs, count) = (params.flag("docs", false)?, params.flag("count", false)?);
    app.invoker.flush_records().await;
    match (docs, count) {
        (true, true) => Err(Failure::BadRequest(messages::DOCS_WITH_COUNT.into()).into()),
        (false, true) => {
            let total = app.store.count_activations(&query).await?;
            Ok(counted("activations", total, page).into_response())
        }
        (true, false) => {
            let records = app.store.activation_records(&query).await?;
            Ok(Json(records.iter().map(Activation::wire).collect::<Vec<_>>()).into_response())
        }
        (false, false) => {
            let summaries = app.store.activation_summaries(&query).await?;
            Ok(Json(summaries.iter().map(summary).collect::<Vec<_>>()).into_response())
        }
    }
}

/// `name` or `package/name`.
fn name_filter(text: &str) -> Result<String, Rejection> {
    let legal = |segment: &str| segment.parse::<EntityName>().is_ok();
    let segments: Vec<&str> = text.split('/').collect();
    if segments.len() <= 2 && segments.iter().all(|segment| legal(segment)) {
        return Ok(text.to_owned());
    }
    Err(Failure::BadRequest(messages::query_malformed("name", &messages::activation_name_filter(text))).into())
}

fn time(params: &Params, key: &str) -> Result<Option<Timestamp>, Rejection> {
    let Some(text) = params.get(key) else { return Ok(None) };
    let millis = text.parse().map_err(|_| malformed(key, &messages::not_epoch(text)))?;
    Ok(Some(Timestamp::from_millis(millis)))
}

/// `GET activations/{id}`: the record · 404 until it has ended, with its state in a header.
pub async fn get(State(app): State<App>, caller: Caller, path: Segments) -> Result<Response, Response> {
    let record = ended(&app, &caller, path).await?;
    Ok(Json(record.wire()).into_response())
}

/// `GET activations/{id}/logs`: `{"logs"}` · 404 as for the record.
pub async fn logs(State(app): State<App>, caller: Caller, path: Segments) -> Result<Response, Response> {
    let record = ended(&app, &caller, path).await?;
    Ok(Json(json!({ "logs": record.logs })).into_response())
}

/// `GET activations/{id}/result`: the `response` · 404 as for the record.
pub async fn result(State(app): State<App>, caller: Caller, path: Segments) -> Result<Response, Response> {
    let record = ended(&app, &caller, path).await?;
    Ok(Json(WireResponse(&record.response)).into_response())
}

/// `GET activations/{id}/status`: where it is in its life, for every id that was handed out · 404 unknown.
pub async fn status(State(app): State<App>, caller: Caller, path: Segments) -> Result<Json<Value>, Rejection> {
    let (namespace, id) = own_id(&caller, path)?;
    if let Some(life) = unended(&app, &namespace, id).await? {
        return Ok(Json(life.document()));
    }
    let record = find(&app, &namespace, id).await?.ok_or_else(Failure::not_found)?;
    let name = Life::name_of(&record);
    let life = Life { id, name, state: LifeState::Ended, start: record.start, ended: Some(&record) };
    Ok(Json(life.document()))
}

async fn ended(app: &App, caller: &Caller, path: Segments) -> Result<Activation, Response> {
    let (namespace, id) = own_id(caller, path).map_err(IntoResponse::into_response)?;
    let find = || async { find(app, &namespace, id).await.map_err(|failure| Rejection::from(failure).into_response()) };
    if let Some(record) = find().await? {
        return Ok(record);
    }
    let missing = Rejection::from(Failure::not_found()).into_response();
    match unended(app, &namespace, id).await {
        Ok(Some(life)) => Err(in_state(missing, life.state)),
        _ => find().await?.ok_or(missing), // it may have ended between the two looks
    }
}

fn own_id(caller: &Caller, path: Segments) -> Result<(NamespaceName, ActivationId), Rejection> {
    let target = path.target(caller)?;
    let text = target.id.ok_or_else(|| Rejection::Http(StatusCode::NOT_FOUND, messages::URL_NOT_FOUND.into()))?;
    let id = text.parse()?;
    rights::own_namespace(&caller.identity, &target.namespace)?;
    Ok((target.namespace, id))
}

/// A record that is about to be written is waited for, so that whoever was told of an id finds it.
async fn find(app: &App, namespace: &NamespaceName, id: ActivationId) -> Result<Option<Activation>, Failure> {
    if let Some(record) = app.store.activation(namespace, id).await? {
        return Ok(Some(record));
    }
    app.invoker.flush_records().await;
    app.store.activation(namespace, id).await.map_err(Failure::from)
}

fn in_state(mut response: Response, state: LifeState) -> Response {
    response.headers_mut().insert(STATE, HeaderValue::from_static(state.as_str()));
    response
}

/// An activation that is queued or runs.
async fn unended(app: &App, namespace: &NamespaceName, id: ActivationId) -> Result<Option<Life<'static>>, Failure> {
    if let Some(live) = app.invoker.live(namespace, id) {
        let name = live.action.to_string();
        return Ok(Some(Life { id, name, state: LifeState::Running, start: live.start, ended: None }));
    }
    let Some(job) = app.store.job(namespace, id).await? else { return Ok(None) };
    let state = match job.state {
        JobState::Due => LifeState::Queued,
        JobState::Leased => LifeState::Running,
        JobState::Dead => return Ok(None),
    };
    let name = app.invoker.queued_name(&job.payload)?;
    Ok(Some(Life { id, name, state, start: job.due, ended: None }))
}
