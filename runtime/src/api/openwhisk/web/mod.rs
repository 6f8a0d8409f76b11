//! Web actions: `/api/v1/web/{ns}/{pkg}/{action}[.{ext}][{rest}]`, any method, no key needed. rest.md §8.

mod address;
mod asked;
mod request;
mod response;

use std::net::{AddrParseError, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{ACCESS_CONTROL_REQUEST_HEADERS, ALLOW, AUTHORIZATION};
use axum::http::{HeaderMap, HeaderName, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use wask_model::annotations::keys;
use wask_model::{Annotations, Failure, FullName, IdempotencyKey, SharedIdentity, messages};

use crate::api::http::body::Room;
use crate::api::http::{Caller, Rejection, TransactionId, body, idempotency, wants_extra_logging, with_activation_id};
use crate::api::{App, WEB};
use crate::catalog::ActionEntry;
use crate::invoke::{Context, Invocation, Invoked, Wait};
pub use address::{Address, Extension};
use asked::Asked;
pub use request::{RawHttp, WebRequest};
pub use response::cors;

/// How web actions are served; settings below `web.`.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct WebConfig {
    /// Whether an action sees the header that let its caller in, as in the reference.
    pub pass_authorization: bool,
    /// A further address and port to listen on, which serves web actions only; empty: none.
    pub listen: String,
    /// Host names that lead to web actions only.
    pub hosts: Vec<String>,
}

impl WebConfig {
    /// The further address to listen on. `Err` if the setting has another form.
    pub fn address(&self) -> Result<Option<SocketAddr>, AddrParseError> {
        if self.listen.is_empty() { Ok(None) } else { self.listen.parse().map(Some) }
    }
}

/// Any method on a web action's URL: the action's answer, transcoded by the extension · 404 if there is no such web
/// action · 401 · 413 · 429 · 202 if it has not ended after 60 s.
pub async fn invoke(
    State(app): State<App>,
    transaction: TransactionId,
    caller: Option<Caller>,
    request: Request<Body>,
) -> Response {
    let address = request.uri().path().strip_prefix(WEB).and_then(Address::parse);
    let target = match address {
        Some(address) => find(&app, address).await,
        None => Err(missing()),
    };
    match target {
        Ok(target) => answer(&app, transaction, caller, target, request).await,
        Err(rejection) => rejection.into_response(),
    }
}

/// The answer of a web action that was found, with the headers that let browsers read it.
pub async fn answer(
    app: &App,
    transaction: TransactionId,
    caller: Option<Caller>,
    target: WebTarget,
    request: Request<Body>,
) -> Response {
    let own_options = target.entry.action.annotations.is_true(keys::WEB_CUSTOM_OPTIONS);
    let asked = request.headers().get(ACCESS_CONTROL_REQUEST_HEADERS).cloned();
    let answered = checked(app, transaction, caller, target, request).await;
    let mut response = answered.unwrap_or_else(IntoResponse::into_response);
    if !own_options {
        cors(response.headers_mut(), asked.as_ref());
    }
    response
}

/// A web action that exists, its owner, and how the request reached it.
pub struct WebTarget {
    address: Address,
    entry: Arc<ActionEntry>,
    owner: SharedIdentity,
    route: RouteContext,
}

/// What a route of the gateway adds to a request; empty for the web action's own URL.
#[derive(Default)]
pub struct RouteContext {
    /// The values of the path parameters: arguments that neither query nor body can override.
    pub parameters: Vec<(String, String)>,
    /// Replaces the header `X-Require-Whisk-Auth`.
    pub secret: Option<String>,
}

impl WebTarget {
    pub fn by(self, route: RouteContext) -> Self {
        WebTarget { route, ..self }
    }
}

fn missing() -> Rejection {
    Rejection::Web(StatusCode::NOT_FOUND, messages::ENTITY_NOT_FOUND.into())
}

/// Steps 1 to 3 of rest.md §8.3. The 404 does not reveal what is missing.
pub async fn find(app: &App, address: Address) -> Result<WebTarget, Rejection> {
    let owner = app.catalog.owner(&address.namespace).await?.filter(|owner| !owner.blocked).ok_or_else(missing)?;
    let name = FullName {
        namespace: address.namespace.clone(),
        package: address.package.clone(),
        name: address.action.clone(),
    };
    match app.catalog.resolve(&name).await {
        Ok(entry) if entry.action.is_web() => {
            app.catalog.may_invoke(&owner, &name).await?; // step 3: 403 through a binding whose provider is private
            Ok(WebTarget { address, entry, owner, route: RouteContext::default() })
        }
        Ok(_) | Err(Failure::NotFound(_) | Failure::Conflict(_)) => Err(missing()),
        Err(other) => Err(other.into()),
    }
}

/// The owner's throttles and steps 4 to 9 of rest.md §8.3.
async fn checked(
    app: &App,
    transaction: TransactionId,
    caller: Option<Caller>,
    target: WebTarget,
    request: Request<Body>,
) -> Result<Response, Rejection> {
    let accepted = app.clock.now();
    let key = match *request.method() {
        Method::POST | Method::PATCH => idempotency::key(request.headers())?,
        _ => None, // the other methods can be repeated without a key
    };
    app.admission.count(&target.owner, accepted)?;
    app.gate.check_payload(&target.owner, body::content_length(request.headers()).unwrap_or(0))?;
    let annotations = &target.entry.action.annotations;
    let is_options = request.method() == Method::OPTIONS;
    let own_options = annotations.is_true(keys::WEB_CUSTOM_OPTIONS);
    if is_options && !own_options {
        return Ok(StatusCode::OK.into_response());
    }
    if !SERVED.contains(request.method()) {
        let mut refused = Rejection::MethodNotAllowed.into_response();
        refused.headers_mut().insert(ALLOW, http::HeaderValue::from_static(SERVED_TEXT));
        return Ok(refused);
    }
    let given = request.headers().get(REQUIRE_WHISK_AUTH).and_then(|value| value.to_str().ok());
    let secret = target.route.secret.as_deref().or(given);
    let may = request::require_whisk_auth(annotations.get(keys::REQUIRE_WHISK_AUTH), secret, caller.is_some());
    // The action answers this OPTIONS request itself, and no key is needed. rest.md §8.3, step 6.
    if !may && !is_options {
        if given.is_some() && target.route.secret.is_none() && has_secret(annotations) {
            Caller::wrong_secret(app, request.extensions(), &target.entry.action.name).await?;
        }
        return Err(Rejection::Http(StatusCode::UNAUTHORIZED, messages::AUTHENTICATION_FAILED.into()));
    }
    let extra_logging = wants_extra_logging(request.headers());
    let context = Context { extra_logging, ..Context::outermost(transaction.0, accepted) };
    run(app, caller, target, request, context, key).await
}

/// The header with the secret of the annotation `require-whisk-auth`.
const REQUIRE_WHISK_AUTH: HeaderName = HeaderName::from_static("x-require-whisk-auth");

const SERVED: [Method; 7] =
    [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::HEAD, Method::OPTIONS];
const SERVED_TEXT: &str = "OPTIONS, GET, DELETE, POST, PUT, HEAD, PATCH";

async fn run(
    app: &App,
    caller: Option<Caller>,
    target: WebTarget,
    request: Request<Body>,
    context: Context,
    key: Option<IdempotencyKey>,
) -> Result<Response, Rejection> {
    let WebTarget { address, entry, owner, route } = target;
    let (head, stream) = request.into_parts();
    let most = ("Request", app.gate.payload_bytes(&owner));
    let body = body::read(app, &owner.namespace, (&head.headers, stream), most).await?;
    let withheld = withheld(app, &entry.action.annotations, caller.as_ref());
    let raw = if entry.action.annotations.is_true(keys::RAW_HTTP) { RawHttp::Yes } else { RawHttp::No };
    let _values = match raw {
        RawHttp::Yes => Room::default(),
        RawHttp::No => body::room_for_values(app, &owner.namespace, &head.headers, &body).await?,
    };
    let user = caller.map(|caller| caller.identity.namespace.to_string());
    let asked = Asked { head, withheld, address, user, named: route.parameters, body, entry, raw };
    let (asked, args) = asked.arguments(app, &owner.namespace).await?;
    let wait = Wait::UpTo(Duration::from_millis(app.limits.blocking_wait_ms));
    let action = asked.entry.asked();
    let invocation = Invocation { identity: owner, action, args, wait, context, callback: None };
    let entrance = app.admission.enter(&invocation.identity, key)?;
    let entrance = entrance.for_request(|key| asked.keyed(invocation.identity.namespace.clone(), key));
    let reply = app.invoker.invoke_resolved(asked.entry.clone(), invocation, entrance).await?;
    Ok(idempotency::answered(reply.map(|answer| shown(answer.invoked, &asked.address, &asked.head.headers))))
}

/// The headers that let the caller in: its key is not the action's business, nor is the secret of the annotation.
fn withheld(app: &App, annotations: &Annotations, caller: Option<&Caller>) -> Vec<HeaderName> {
    if app.web.pass_authorization {
        return Vec::new();
    }
    let key = caller.map(|_| AUTHORIZATION);
    key.into_iter().chain(has_secret(annotations).then_some(REQUIRE_WHISK_AUTH)).collect()
}

/// Whether the annotation `require-whisk-auth` is a secret of the action's own.
fn has_secret(annotations: &Annotations) -> bool {
    matches!(annotations.get(keys::REQUIRE_WHISK_AUTH), Some(Value::String(_) | Value::Number(_)))
}

fn shown(invoked: Invoked, address: &Address, headers: &HeaderMap) -> Response {
    match invoked {
        Invoked::Accepted(id) => {
            let not_ready = Rejection::Http(StatusCode::ACCEPTED, messages::WEB_NOT_READY.into());
            with_activation_id(not_ready.into_response(), id)
        }
        Invoked::Ended(record) => {
            let rendered = render(address, &record.response, headers);
            with_activation_id(rendered.unwrap_or_else(IntoResponse::into_response), record.id)
        }
    }
}

fn render(address: &Address, outcome: &wask_model::Response, headers: &HeaderMap) -> Result<Response, Rejection> {
    response::render(address.extension, outcome, headers)
        .map_err(|refusal| Rejection::Web(refusal.status, refusal.message))
}
