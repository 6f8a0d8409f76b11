//! What lists share: how filters are read from the query string, and how a page or a number of items is answered.

use axum::Json;
use axum::http::header::LINK;
use axum::http::{HeaderValue, Uri};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Value, json};
use wask_model::{ActivationId, EntityName, Failure, FullName, NamespaceName, Timestamp, messages};
use wask_store::ListPage;

use super::answers;
use super::rejection::Rejection;
use crate::api::App;
use crate::catalog::Page;

/// Reads `name` or `package/name`.
pub fn name(value: &str) -> Result<String, String> {
    let legal = |segment: &str| segment.parse::<EntityName>().is_ok();
    let segments: Vec<&str> = value.split('/').collect();
    if segments.len() <= 2 && segments.iter().all(|segment| legal(segment)) {
        return Ok(value.to_owned());
    }
    Err(messages::activation_name_filter(value).into_owned())
}

/// Reads `name`, `package/name` or `/namespace/package/name`; without a namespace it is `own`.
pub fn full_name(value: &str, own: &NamespaceName) -> Result<FullName, String> {
    FullName::relative(value, own).map_err(|refused| refused.to_string())
}

pub fn activation(value: &str) -> Result<ActivationId, String> {
    value.parse().map_err(|refused: Failure| refused.to_string())
}

/// Reads milliseconds since the epoch.
pub fn time(value: &str) -> Result<Timestamp, String> {
    let millis = value.parse().map_err(|_| messages::not_epoch(value).into_owned())?;
    Ok(Timestamp::from_millis(millis))
}

/// One page: an array.
pub fn page(items: impl Iterator<Item = Value>) -> Response {
    Json(items.collect::<Vec<_>>()).into_response()
}

/// One page that may have ended early because it would be too large. Then `Link` leads to the rest.
pub async fn bounded_page<T: Serialize + Send + 'static>(
    app: &App,
    reader: &NamespaceName,
    (uri, skipped): (&Uri, u64),
    page: ListPage<T>,
) -> Result<Response, Rejection> {
    let shown = page.items.len() as u64;
    let mut response = answers::render(app, reader, page.bytes, page.items).await?;
    let rest = skipped.saturating_add(shown).to_string();
    if page.is_cut
        && let Some(link) = link(uri, ("skip", &rest))
    {
        response.headers_mut().insert(LINK, link);
    }
    Ok(response)
}

/// The `Link` to a further page: the same request, beginning at another place. RFC 8288.
pub fn link(uri: &Uri, begins: (&str, &str)) -> Option<HeaderValue> {
    let given = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    let kept = given.filter(|(key, _)| !matches!(key.as_ref(), "cursor" | "skip"));
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(kept).append_pair(begins.0, begins.1);
    HeaderValue::from_str(&format!("<{}?{}>; rel=\"next\"", uri.path(), query.finish())).ok()
}

/// `{"<collection>": N}`: `skip` reduces the number, `limit` does not.
pub fn count(collection: &str, total: u64, page: Page) -> Response {
    Json(json!({ collection: total.saturating_sub(page.skip) })).into_response()
}
