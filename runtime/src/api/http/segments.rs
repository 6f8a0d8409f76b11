//! The names and ids in a path: text becomes a type here, once.

use std::str::FromStr;

use axum::extract::{FromRequestParts, Path};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::Deserialize;
use wask_model::{ActivationId, EntityName, Failure, FullName, NamespaceName, messages};

use super::caller::Caller;
use super::rejection::Rejection;
use crate::api::App;
use crate::gate::rights;

/// The path parameters of every namespaced route, percent-decoded. They are validated later, after authentication.
#[derive(Deserialize)]
pub struct Segments {
    ns: String,
    name: Option<String>,
    inner: Option<String>,
    id: Option<String>,
}

/// What a path names: the namespace, and an entity or an id in it.
pub struct Target {
    pub namespace: NamespaceName,
    /// The package before the name. It can also come from a namespace segment `guest%2Fpkg`, which `aio` sends.
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

    /// The namespace, if the caller owns it · 403.
    pub fn own_namespace(self, caller: &Caller) -> Result<NamespaceName, Rejection> {
        let namespace = self.target(caller)?.namespace;
        rights::own_namespace(&caller.identity, &namespace)?;
        Ok(namespace)
    }

    /// The namespace, if the caller owns it, and the id that the path names in it · 400 · 403.
    pub fn own_id<Id: FromStr<Err = Failure>>(self, caller: &Caller) -> Result<(NamespaceName, Id), Rejection> {
        let (namespace, id) = self.target(caller)?.id()?;
        rights::own_namespace(&caller.identity, &namespace)?;
        Ok((namespace, id.parse()?))
    }

    /// Like `own_id`, but a malformed id is 400 in any namespace: rest.md §1.4 validates names before rights.
    pub fn own_activation(self, caller: &Caller) -> Result<(NamespaceName, ActivationId), Rejection> {
        let (namespace, id) = self.target(caller)?.id()?;
        let id = id.parse()?;
        rights::own_namespace(&caller.identity, &namespace)?;
        Ok((namespace, id))
    }

    /// The full name of an entity that the caller may create, change or delete · 403.
    pub fn writable(self, caller: &Caller) -> Result<FullName, Rejection> {
        let name = self.target(caller)?.full_name()?;
        rights::write(&caller.identity, &name)?;
        Ok(name)
    }
}

impl Target {
    /// The full name of the entity; 404 if the path has no name.
    pub fn full_name(self) -> Result<FullName, Rejection> {
        let name = self.name.ok_or_else(url_not_found)?;
        Ok(FullName { namespace: self.namespace, package: self.package, name })
    }

    fn id(self) -> Result<(NamespaceName, String), Rejection> {
        let id = self.id.ok_or_else(url_not_found)?;
        Ok((self.namespace, id))
    }
}

fn url_not_found() -> Rejection {
    Rejection::Http(StatusCode::NOT_FOUND, messages::URL_NOT_FOUND.into())
}
