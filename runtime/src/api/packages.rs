//! `/namespaces/{ns}/packages`. REST contract §7. Packages of one's own come with a later version; the built-in ones
//! of `/whisk.system` are here.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use wask_model::{Collection, Entity, Failure, FullName, NamespaceName, messages};

use super::App;
use super::caller::Caller;
use super::documents::package;
use super::extract::{Params, Segments, counted};
use super::rejection::Rejection;
use crate::gate::rights;

/// `GET packages`: summaries; of other namespaces only what they share.
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    path: Segments,
    params: Params,
) -> Result<Response, Rejection> {
    let namespace = path.target(&caller)?.namespace;
    let page = params.page("packages")?;
    let summaries = match () {
        () if namespace.as_str() == rights::SYSTEM => vec![package::summary(&alarms(&app, &namespace)?.package)],
        () if namespace == caller.identity.namespace => own(&app, &namespace, page).await?,
        () => Vec::new(),
    };
    if params.flag("count", false)? {
        return Ok(counted("packages", summaries.len() as u64, page).into_response());
    }
    Ok(Json(summaries).into_response())
}

async fn own(app: &App, namespace: &NamespaceName, page: crate::catalog::Page) -> Result<Vec<Value>, Failure> {
    let all = app.catalog.list(namespace, Collection::Packages, None, page).await?;
    let packages = all.iter().filter_map(|entity| match entity {
        Entity::Package(package) => Some(package::summary(package)),
        Entity::Action(_) | Entity::Trigger(_) | Entity::Rule(_) => None,
    });
    Ok(packages.collect())
}

fn alarms(app: &App, namespace: &NamespaceName) -> Result<crate::catalog::PackageView, Failure> {
    app.catalog.system_package(&FullName::new(namespace.clone(), "alarms".parse()?))
}

/// `GET packages/{name}`: the document with its actions and feeds · 403 · 404 · 409.
pub async fn get(State(app): State<App>, caller: Caller, path: Segments) -> Result<Json<Value>, Rejection> {
    let name = path.target(&caller)?.full_name()?;
    rights::read(&caller.identity, &name)?;
    let view = match name.namespace.as_str() {
        rights::SYSTEM => app.catalog.system_package(&name)?,
        _ => app.catalog.package(&name).await?,
    };
    Ok(Json(package::document(&view)))
}

/// `PUT packages/{name}`: says that packages of one's own are not there yet · 403.
pub async fn put(caller: Caller, path: Segments) -> Result<Json<Value>, Rejection> {
    let name = path.target(&caller)?.full_name()?;
    rights::write(&caller.identity, &name)?;
    Err(Rejection::Http(StatusCode::NOT_IMPLEMENTED, messages::BINDINGS_LATER.into()))
}

/// `DELETE packages/{name}`: 404, because there are none that could be deleted · 403.
pub async fn delete(State(app): State<App>, caller: Caller, path: Segments) -> Result<Json<Value>, Rejection> {
    let name = path.target(&caller)?.full_name()?;
    rights::write(&caller.identity, &name)?;
    app.catalog.package(&name).await?;
    Err(Rejection::Http(StatusCode::NOT_IMPLEMENTED, messages::BINDINGS_LATER.into()))
}
