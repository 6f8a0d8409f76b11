//! `/namespaces/{ns}/tasks`: activations, firings and callbacks in one list. feeds.md §C.8.

use axum::extract::State;
use axum::response::Response;
use serde_json::{Value, json};
use wask_model::{CallbackId, messages};
use wask_store::{Task, TaskKind, TaskQuery};

use crate::api::App;
use crate::api::http::{Caller, Params, Rejection, Segments, listing};

/// `GET tasks`: newest start first. `type` (ACTN, TRIG, CBCK, EVNT), `since` and `upto` filter, `count=true` returns
/// their number · 400 · 403.
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    path: Segments,
    params: Params,
) -> Result<Response, Rejection> {
    let namespace = path.own_namespace(&caller)?;
    let page = params.page("tasks", &app.limits)?;
    let query = TaskQuery {
        namespace,
        kind: params.filter("type", kind)?,
        since: params.filter("since", listing::time)?,
        upto: params.filter("upto", listing::time)?,
        skip: page.skip,
        limit: page.limit,
    };
    let records = app.invoker.records();
    if params.flag("count", false)? {
        return Ok(listing::count("tasks", records.count_tasks(&query).await?, page));
    }
    let tasks = records.tasks(&query).await?;
    Ok(listing::page(tasks.iter().map(row)))
}

fn kind(value: &str) -> Result<TaskKind, String> {
    let words = TaskKind::ALL.map(TaskKind::as_str);
    TaskKind::read(value).ok_or_else(|| messages::not_a_task_type(value, &words))
}

fn row(task: &Task) -> Value {
    let id = match task.kind {
        TaskKind::Callback => json!(CallbackId::from(task.id)),
        TaskKind::Action | TaskKind::Trigger | TaskKind::Event => json!(task.id),
    };
    json!({
        "type": task.kind.as_str(),
        "id": id,
        "name": task.name,
        "state": task.state,
        "start": task.start,
        "end": task.end,
        "parent": task.parent,
    })
}
