//! `/namespaces/{ns}/audit`: who changed what. Not part of OpenWhisk's API.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use wask_store::AuditQuery;

use super::documents::audit;
use crate::api::App;
use crate::api::http::caller::Caller;
use crate::api::http::extract::{Params, Segments, counted};
use crate::api::http::rejection::Rejection;
use crate::api::openwhisk::activations::query::{filter, name, time};

/// `GET audit`: the changes of the namespace's entities, newest first; `name`, `since`, `upto` filter, `count=true` shows
/// their number · 400 · 403.
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    path: Segments,
    params: Params,
) -> Result<Response, Rejection> {
    let namespace = path.own_namespace(&caller)?;
    let page = params.page("audit")?;
    let query = AuditQuery {
        namespace,
        name: filter(&params, "name", name)?,
        since: filter(&params, "since", time)?,
        upto: filter(&params, "upto", time)?,
        skip: page.skip,
        limit: page.limit,
    };
    if params.flag("count", false)? {
        return Ok(counted("audit", app.store.count_audit(&query).await?, page).into_response());
    }
    let records = app.store.audit(&query).await?;
    Ok(Json(records.iter().map(audit::document).collect::<Vec<_>>()).into_response())
}
