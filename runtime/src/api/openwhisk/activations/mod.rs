//! `/namespaces/{ns}/activations`. rest.md §4. Their status is in `wask/activations`.

pub mod cursor;
pub mod query;

use axum::extract::State;
use axum::http::header::LINK;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Uri};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use wask_model::{Failure, messages};
use wask_store::{ActivationQuery, ListPage, ListPosition, RecordText, Summary};

use super::documents::activation::summary;
use super::documents::record::{StoredLogs, StoredRecord, StoredResponse};
use crate::api::App;
use crate::api::http::{Caller, Params, Rejection, Segments, answers, listing};
use crate::api::wask::activations::document;
use crate::api::wask::activations::follow;
use cursor::link_to_next;

/// What a list shows of a record, about.
const SUMMARY_BYTES: u64 = 500;

const STATE: HeaderName = HeaderName::from_static("x-wask-activation-state");

/// `GET activations`: newest first. `name`, `contains`, `status`, `kind`, `cause`, `since` and `upto` filter;
/// `docs=true` returns whole records, `count=true` their number. The header `Link` leads to the next page if there is
/// one.
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    path: Segments,
    params: Params,
    uri: Uri,
) -> Result<Response, Rejection> {
    let namespace = path.own_namespace(&caller)?;
    let page = params.page("activations", &app.limits)?;
    let query = query::read(&params, namespace, page)?;
    let (docs, count) = (params.flag("docs", false)?, params.flag("count", false)?);
    let records = app.invoker.records();
    match (docs, count) {
        (true, true) => Err(Failure::BadRequest(messages::DOCS_WITH_COUNT.into()).into()),
        (false, true) => {
            let total = records.count(&query).await?;
            Ok(listing::count("activations", total, page))
        }
        (true, false) => {
            let query = ActivationQuery { bytes: app.limits.page_bytes, ..query };
            let found = records.list(&and_one_more(&query)).await?;
            let found = found.map(|record| (position(&record.summary), StoredRecord(record)));
            linked(&app, &caller, &uri, &query, found).await
        }
        (false, false) => {
            let summaries = records.summaries(&and_one_more(&query)).await?;
            let bytes = SUMMARY_BYTES * summaries.len() as u64;
            let items = summaries.iter().map(|shown| (position(shown), summary(shown))).collect();
            linked(&app, &caller, &uri, &query, ListPage { items, is_cut: false, bytes }).await
        }
    }
}

/// Asks for one record more than the page has, to know whether there is a next page.
fn and_one_more(query: &ActivationQuery) -> ActivationQuery {
    ActivationQuery { limit: query.limit + 1, ..query.clone() }
}

fn position(shown: &Summary) -> ListPosition {
    ListPosition { start: shown.start, id: shown.id }
}

/// The page, with a link to the next one if there are more records.
async fn linked(
    app: &App,
    caller: &Caller,
    uri: &Uri,
    query: &ActivationQuery,
    found: ListPage<(ListPosition, impl Serialize + Send + 'static)>,
) -> Result<Response, Rejection> {
    let ListPage { mut items, is_cut, bytes } = found;
    let there_is_more = is_cut || items.len() > query.limit as usize;
    items.truncate(query.limit as usize);
    let next = items.last().filter(|_| there_is_more).and_then(|(last, _)| link_to_next(uri, *last));
    let documents: Vec<_> = items.into_iter().map(|(_, document)| document).collect();
    let mut response = answers::render(app, &caller.identity.namespace, bytes, documents).await?;
    if let Some(next) = next {
        response.headers_mut().insert(LINK, next);
    }
    Ok(response)
}

/// `GET activations/{id}`: the record · 404 until the activation has ended, with its state in a header.
pub async fn get(State(app): State<App>, caller: Caller, path: Segments) -> Result<Response, Response> {
    let record = ended(&app, &caller, path).await?;
    rendered(&app, &caller, record.bytes(), StoredRecord(record)).await
}

/// `GET activations/{id}/logs`: `{"logs"}` · 404 as for the record · with `follow=true` server-sent events: the lines
/// as they are written, until the activation has ended.
pub async fn logs(
    State(app): State<App>,
    caller: Caller,
    path: Segments,
    params: Params,
    headers: HeaderMap,
) -> Result<Response, Response> {
    if params.flag("follow", false).map_err(IntoResponse::into_response)? {
        let (namespace, id) = path.own_activation(&caller).map_err(IntoResponse::into_response)?;
        return follow::follow(app, namespace, id, &headers).await.map_err(IntoResponse::into_response);
    }
    let record = ended(&app, &caller, path).await?;
    rendered(&app, &caller, record.bytes(), StoredLogs(record)).await
}

/// `GET activations/{id}/result`: the `response` · 404 as for the record.
pub async fn result(State(app): State<App>, caller: Caller, path: Segments) -> Result<Response, Response> {
    let record = ended(&app, &caller, path).await?;
    rendered(&app, &caller, record.bytes(), StoredResponse(record)).await
}

async fn rendered(
    app: &App,
    caller: &Caller,
    bytes: u64,
    document: impl Serialize + Send + 'static,
) -> Result<Response, Response> {
    let answer = answers::render(app, &caller.identity.namespace, bytes, document).await;
    answer.map_err(IntoResponse::into_response)
}

async fn ended(app: &App, caller: &Caller, path: Segments) -> Result<RecordText, Response> {
    let (namespace, id) = path.own_activation(caller).map_err(IntoResponse::into_response)?;
    let find = || async {
        let found = app.invoker.records().text(&namespace, id).await;
        found.map_err(|failure| Rejection::from(failure).into_response())
    };
    if let Some(record) = find().await? {
        return Ok(record);
    }
    let missing = Rejection::from(Failure::not_found()).into_response();
    match app.invoker.unended(&namespace, id).await {
        Ok(Some(unended)) => Err(in_state(missing, document::state(&unended))),
        _ => find().await?.ok_or(missing), // it may have ended between the two looks
    }
}

fn in_state(mut response: Response, state: &'static str) -> Response {
    response.headers_mut().insert(STATE, HeaderValue::from_static(state));
    response
}
