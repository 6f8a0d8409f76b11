//! Text becomes a type here, once: path segments, query parameters, bodies.

use std::collections::HashMap;

use axum::body::{Body, HttpBody as _, to_bytes};
use axum::extract::{FromRequestParts, Path, Request};
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;
use wask_model::{Arguments, EntityName, Failure, FullName, NamespaceName, messages};

use super::caller::Caller;
use super::rejection::Rejection;
use crate::api::App;
use crate::catalog::{Overwrite, Page};
use crate::gate::rights;

/// The path parameters of every namespaced route, percent-decoded, not yet validated: authentication comes first.
#[derive(Deserialize)]
pub struct Segments {
    ns: String,
    name: Option<String>,
    inner: Option<String>,
    id: Option<String>,
}

/// Where a request points: the namespace, and what the path names inside it.
pub struct Target {
    pub namespace: NamespaceName,
    /// A package before the name; also from a namespace segment `guest%2Fpkg`, which `aio` sends.
    pub package: Option<EntityName>,
    pub name: Option<EntityName>,
    pub id: Option<String>,
}

impl FromRequestParts<App> for Segments {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Rejection> {
        let path = Path::<Segments>::from_request_parts(parts, app).await;
        path.map(|Path(segments)| segments)
            .map_err(|_| Failure::BadRequest(messages::ENTITY_NAME_ILLEGAL.into()).into())
    }
}

impl Segments {
    /// Validates the names; `_` is the caller's own namespace.
    pub fn target(self, caller: &Caller) -> Result<Target, Rejection> {
        let (namespace, nested) = match self.ns.split_once('/') {
            Some((namespace, package)) => (namespace, Some(package.parse()?)),
            None => (self.ns.as_str(), None),
        };
        let namespace = match namespace {
            "_" => caller.identity.namespace.clone(),
            other => other.parse()?,
        };
        let name: Option<EntityName> = self.name.map(|name| name.parse()).transpose()?;
        let inner: Option<EntityName> = self.inner.map(|name| name.parse()).transpose()?;
        let (package, name) = match (name, inner) {
            (package, Some(inner)) => (package, Some(inner)),
            (name, None) => (nested, name),
        };
        Ok(Target { namespace, package, name, id: self.id })
    }

    /// The namespace, which only its owner may look into · 403.
    pub fn own_namespace(self, caller: &Caller) -> Result<NamespaceName, Rejection> {
        let namespace = self.target(caller)?.namespace;
        rights::own_namespace(&caller.identity, &namespace)?;
        Ok(namespace)
    }

    /// The full name of an entity that the caller may create, change and delete · 403.
    pub fn writable(self, caller: &Caller) -> Result<FullName, Rejection> {
        let name = self.target(caller)?.full_name()?;
        rights::write(&caller.identity, &name)?;
        Ok(name)
    }
}

impl Target {
    /// The full name of the entity; 404 where the path names none.
    pub fn full_name(self) -> Result<FullName, Rejection> {
        let name = self.name.ok_or_else(|| Rejection::Http(StatusCode::NOT_FOUND, messages::URL_NOT_FOUND.into()))?;
        Ok(FullName { namespace: self.namespace, package: self.package, name })
    }
}

/// The query string: decoded, the last of equal keys wins, unknown ones are ignored.
pub struct Params(HashMap<String, String>);

impl FromRequestParts<App> for Params {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _app: &App) -> Result<Self, Rejection> {
        let query = parts.uri.query().unwrap_or_default();
        Ok(Params(form_urlencoded::parse(query.as_bytes()).into_owned().collect()))
    }
}

impl Params {
    /// The parameter's text; an empty one counts as absent.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// A Boolean. REST contract §1.6.
    pub fn flag(&self, key: &str, default: bool) -> Result<bool, Rejection> {
        let Some(text) = self.get(key) else { return Ok(default) };
        match text.to_lowercase().as_str() {
            "true" | "yes" | "on" | "1" => Ok(true),
            "false" | "no" | "off" | "0" => Ok(false),
            _ => Err(malformed(key, &messages::not_a_boolean(text))),
        }
    }

    pub fn overwrite(&self) -> Result<Overwrite, Rejection> {
        self.flag("overwrite", false).map(|yes| if yes { Overwrite::Yes } else { Overwrite::No })
    }

    /// `limit` and `skip`. REST contract §2.1; 0 means the maximum.
    pub fn page(&self, collection: &str) -> Result<Page, Rejection> {
        let number = |key: &str| -> Result<Option<i64>, Rejection> {
            let Some(text) = self.get(key) else { return Ok(None) };
            text.parse().map(Some).map_err(|_| malformed(key, &messages::not_an_integer(text, collection)))
        };
        let limit = match number("limit")? {
            None => 30,
            Some(0) => 200,
            Some(n) if (1..=200).contains(&n) => n,
            Some(n) => return Err(malformed("limit", &messages::out_of_range(n, collection))),
        };
        let skip = match number("skip")? {
            Some(n) if n < 0 => return Err(malformed("skip", &messages::below_zero(n, collection))),
            n => n.unwrap_or(0),
        };
        Ok(Page { skip: skip.unsigned_abs(), limit: limit.unsigned_abs() })
    }
}

pub fn malformed(parameter: &str, detail: &str) -> Rejection {
    Failure::BadRequest(messages::query_malformed(parameter, detail)).into()
}

/// `N` of `{"<collection>": N}`: `skip` reduces it, `limit` does not.
pub fn counted(collection: &str, total: u64, page: Page) -> axum::Json<Value> {
    axum::Json(serde_json::json!({ collection: total.saturating_sub(page.skip) }))
}

/// Reads a body of at most `limit` bytes; `what` names it in the refusal. Judged by Content-Length first, so that nobody
/// sends in vain, then while it streams in.
pub async fn body(request: Request<Body>, what: &str, limit: u64) -> Result<Bytes, Rejection> {
    if request.headers().contains_key(CONTENT_ENCODING) && request.headers()[CONTENT_ENCODING] != "identity" {
        return Err(Rejection::Http(StatusCode::UNSUPPORTED_MEDIA_TYPE, messages::ENCODING_UNSUPPORTED.into()));
    }
    let too_large = |size| Failure::TooLarge(messages::larger_than_allowed(what, size, limit));
    let announced = content_length(request.headers());
    if let Some(size) = announced.filter(|size| limit < *size) {
        return Err(too_large(size).into());
    }
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    to_bytes(request.into_body(), most).await.map_err(|cut| match announced {
        None => too_large(limit + 1).into(),
        Some(_) => Failure::BadRequest(format!("The request body could not be read: {cut}").into()).into(),
    })
}

pub fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// The JSON document of a PUT, or of a POST that needs one.
pub async fn document(request: Request<Body>, limit: u64) -> Result<Value, Rejection> {
    let missing = || Rejection::from(Failure::BadRequest(messages::BODY_EXPECTED.into()));
    if request.body().is_end_stream() {
        return Err(missing()); // whatever its type
    }
    check_json(request.headers())?;
    let bytes = body(request, "Request", limit).await?;
    if bytes.is_empty() {
        return Err(missing());
    }
    let document: Value = serde_json::from_slice(&bytes).map_err(|e| Failure::malformed(e.to_string()))?;
    if document.is_object() { Ok(document) } else { Err(Failure::malformed(messages::OBJECT_EXPECTED).into()) }
}

/// The payload of an invoke or fire: a JSON object; none counts as an empty one, whatever its type.
pub async fn payload(request: Request<Body>, limit: u64) -> Result<Arguments, Rejection> {
    Ok(optional_payload(request, limit).await?.unwrap_or_default())
}

/// The same where no body means something else than an empty object.
pub async fn optional_payload(request: Request<Body>, limit: u64) -> Result<Option<Arguments>, Rejection> {
    let typed = check_json(request.headers());
    let bytes = body(request, "Request", limit).await?;
    if bytes.is_empty() {
        return Ok(None);
    }
    typed?;
    match serde_json::from_slice(&bytes) {
        Ok(Value::Object(arguments)) => Ok(Some(arguments)),
        Ok(_) => Err(Failure::malformed(messages::OBJECT_EXPECTED).into()),
        Err(e) => Err(Failure::malformed(e.to_string()).into()),
    }
}

fn check_json(headers: &HeaderMap) -> Result<(), Rejection> {
    let given = headers.get(CONTENT_TYPE).map(|value| value.to_str().unwrap_or_default());
    let essence = given.unwrap_or("application/octet-stream").split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    Err(Rejection::Http(StatusCode::UNSUPPORTED_MEDIA_TYPE, messages::content_type(essence)))
}
