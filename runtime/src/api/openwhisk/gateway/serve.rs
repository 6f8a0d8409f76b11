//! `/api/gw/{ns}/{base path}/{path}`: the routes that `wsk api` and `aio rt api` create from web actions.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{ACCESS_CONTROL_REQUEST_HEADERS, ALLOW};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use percent_encoding::percent_decode_str;
use wask_model::{NamespaceName, ResponseType, Verb, messages};

use crate::api::http::{Caller, Rejection, TransactionId};
use crate::api::openwhisk::web::{self, Address, Extension, RouteContext};
use crate::api::{App, GATEWAY};
use crate::gateway::{Destination, Lookup};

/// Any method on a path of an API: the answer of its web action · OPTIONS without a route of its own: the methods of
/// the path, for browsers · 404 if there is no such route or its action is gone · 405.
pub async fn serve(
    State(app): State<App>,
    transaction: TransactionId,
    caller: Option<Caller>,
    request: Request<Body>,
) -> Result<Response, Rejection> {
    let path = request.uri().path().to_owned();
    let below = path.strip_prefix(GATEWAY).unwrap_or_default();
    let (namespace, path) = below.split_at(below.find('/').unwrap_or(below.len()));
    let Some(namespace) = namespace_of(namespace) else { return Err(no_route()) };
    let verb = request.method().as_str().parse::<Verb>().ok();
    match app.gateway.find(&namespace, path, verb).await? {
        Lookup::Found(destination) => {
            let (address, route) = route(destination, path);
            let target = web::find(&app, address).await?.by(route);
            Ok(web::answer(&app, transaction, caller, target, request).await)
        }
        Lookup::OtherVerbs(verbs) if *request.method() == Method::OPTIONS => Ok(preflight(&verbs, &request)),
        Lookup::OtherVerbs(verbs) => {
            let mut refused = Rejection::MethodNotAllowed.into_response();
            refused.headers_mut().insert(ALLOW, methods(&verbs));
            Ok(refused)
        }
        Lookup::Nothing => Err(no_route()),
    }
}

fn namespace_of(segment: &str) -> Option<NamespaceName> {
    percent_decode_str(segment).decode_utf8().ok()?.parse().ok()
}

fn no_route() -> Rejection {
    Rejection::Http(StatusCode::NOT_FOUND, messages::gateway::ROUTE_NOT_FOUND.into())
}

/// The web action of a route, and what the route adds to a request.
fn route(destination: Destination, path: &str) -> (Address, RouteContext) {
    let Destination { action, response, secret, parameters } = destination;
    let extension = match response {
        ResponseType::Http => Extension::Http,
        ResponseType::Json => Extension::Json,
        ResponseType::Html => Extension::Html,
        ResponseType::Svg => Extension::Svg,
        ResponseType::Text => Extension::Text,
    };
    let address = Address {
        namespace: action.namespace,
        package: action.package,
        action: action.name,
        extension,
        rest: path.to_owned(),
    };
    (address, RouteContext { parameters, secret: secret.map(String::from) })
}

fn methods(verbs: &[Verb]) -> HeaderValue {
    let all: Vec<String> = verbs.iter().map(|verb| verb.method()).chain(["OPTIONS".to_owned()]).collect();
    HeaderValue::from_str(&all.join(", ")).unwrap_or_else(|_| HeaderValue::from_static("OPTIONS"))
}

fn preflight(verbs: &[Verb], request: &Request<Body>) -> Response {
    let mut response = StatusCode::OK.into_response();
    web::cors(response.headers_mut(), request.headers().get(ACCESS_CONTROL_REQUEST_HEADERS));
    response.headers_mut().insert(axum::http::header::ACCESS_CONTROL_ALLOW_METHODS, methods(verbs));
    response
}
