//! `/namespaces/{ns}/audit`: who changed what. Not part of OpenWhisk's API.

use axum::extract::State;
use axum::response::Response;
use serde_json::{Value, json};
use wask_model::AuditRecord;
use wask_store::AuditQuery;

use crate::api::App;
use crate::api::http::{Caller, Params, Rejection, Segments, listing};

/// `GET audit`: the changes to the namespace's entities, newest first. `name`, `since` and `upto` filter, `count=true`
/// returns their number · 400 · 403.
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    path: Segments,
    params: Params,
) -> Result<Response, Rejection> {
    let namespace = path.own_namespace(&caller)?;
    let page = params.page("audit", &app.limits)?;
    let query = AuditQuery {
        namespace,
        name: params.filter("name", listing::name)?,
        since: params.filter("since", listing::time)?,
        upto: params.filter("upto", listing::time)?,
        skip: page.skip,
        limit: page.limit,
    };
    if params.flag("count", false)? {
        return Ok(listing::count("audit", app.audit.count_audit(&query).await?, page));
    }
    let records = app.audit.audit(&query).await?;
    Ok(listing::page(records.iter().map(document)))
}

fn document(record: &AuditRecord) -> Value {
    json!({
        "at": record.at,
        "subject": record.subject,
        "change": record.became,
        "collection": record.collection,
        "namespace": record.name.path(),
        "name": record.name.name,
        "version": record.version,
        "transactionId": record.transaction,
    })
}
