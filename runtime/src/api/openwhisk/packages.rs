//! `/namespaces/{ns}/packages`. rest.md §7.

use axum::Json;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::HeaderValue;
use axum::http::header::LINK;
use axum::response::{IntoResponse, Response};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use wask_model::{Collection, FullName, Weight as _};
use wask_store::StoredEntity;

use super::documents::package;
use super::entities;
use crate::api::http::{Caller, ETag, Params, Rejection, Segments, WriteHeaders, answers, body, listing};
use crate::api::{API, App};
use crate::catalog::{Force, Selection, Visibility};
use crate::gate::rights;

/// `GET packages`: summaries; of another namespace only its shared packages · with `count=true` their number.
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    path: Segments,
    params: Params,
) -> Result<Response, Rejection> {
    let namespace = path.target(&caller)?.namespace;
    let shown = if rights::owns(&caller.identity, &namespace) { Visibility::All } else { Visibility::Shared };
    let all = Selection::new(namespace, Collection::Packages);
    entities::answer(&app, &caller.identity.namespace, Selection { shown, ..all }, &params).await
}

/// `GET packages/{name}`: the document with its actions and feeds · 403 · 404 · 409 · 422. If these are too many for one
/// page, `Link` leads to the list of the rest.
pub async fn get(State(app): State<App>, caller: Caller, path: Segments) -> Result<(ETag, Response), Rejection> {
    let name = path.target(&caller)?.full_name()?;
    app.catalog.may_read_package(&caller.identity, &name).await?;
    let view = app.catalog.package(&name).await?;
    let mut response = Json(package::View(&view)).into_response();
    if view.actions.is_cut
        && let Some(link) = link_to_rest(&name, view.actions.items.len())
    {
        response.headers_mut().insert(LINK, link);
    }
    Ok((ETag(view.revision), response))
}

/// The list of the package's actions behind the first `shown` ones.
fn link_to_rest(package: &FullName, shown: usize) -> Option<HeaderValue> {
    let [namespace, name] = [package.namespace.as_str(), package.name.as_str()]
        .map(|segment| utf8_percent_encode(segment, NON_ALPHANUMERIC).to_string());
    let list = format!("{API}/namespaces/{namespace}/actions/{name}/").parse().ok()?;
    listing::link(&list, ("skip", &shown.to_string()))
}

/// `PUT packages/{name}`: creates; with `overwrite=true` creates or changes · 400 · 403 for the bound package · 409 ·
/// 412 · 413.
pub async fn put(
    State(app): State<App>,
    caller: Caller,
    path: Segments,
    params: Params,
    headers: WriteHeaders,
    request: Request<Body>,
) -> Result<(ETag, Response), Rejection> {
    let name = path.writable(&caller)?;
    app.gate.store(&caller.identity)?;
    let own = &caller.identity.namespace;
    let patch = package::read(&*body::document(&app, own, request, app.limits.document_bytes).await?, own)?;
    let stored = app.catalog.put_package(&name, patch, params.overwrite()?, &headers.write_by(&caller)?).await?;
    let StoredEntity { revision, value } = stored;
    let weight = value.parameters.weight() + value.annotations.weight();
    let document = move || package::document(&value);
    Ok((ETag(revision), answers::entity(&app, &caller.identity.namespace, weight, document).await?))
}

/// `DELETE packages/{name}`: the document that was removed; with `force=true` its actions are deleted too · 404 · 409
/// if it is not empty · 412.
pub async fn delete(
    State(app): State<App>,
    caller: Caller,
    path: Segments,
    params: Params,
    headers: WriteHeaders,
) -> Result<Json<Value>, Rejection> {
    let name = path.writable(&caller)?;
    let force = if params.flag("force", false)? { Force::Yes } else { Force::No };
    let removed = app.catalog.delete_package(&name, force, &headers.write_by(&caller)?).await?;
    Ok(Json(package::document(&removed)))
}
