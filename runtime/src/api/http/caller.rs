//! The caller of a request: a handler that takes a [`Caller`] is authenticated.

use std::net::{IpAddr, Ipv4Addr};

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, HeaderValue, Method};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use wask_model::{AuthKey, Failure, SharedIdentity, messages};

use super::peer::Peer;
use super::rejection::Rejection;
use crate::api::App;

/// The authenticated caller of a request. HTTP Basic, user = uuid, password = key. rest.md §1.3.
pub struct Caller {
    pub identity: SharedIdentity,
}

impl Caller {
    /// 401 · 429 after too many failures. A key that the node has cached is never refused because of other callers.
    pub async fn authenticate(app: &App, headers: &HeaderMap, extensions: &Extensions) -> Result<Caller, Rejection> {
        let missing = || Failure::Unauthenticated(messages::AUTHENTICATION_MISSING.into());
        let key = basic(headers.get(AUTHORIZATION).ok_or_else(missing)?)?;
        let (now, logins) = (app.clock.now(), app.gate.logins());
        if let Some(identity) = app.catalog.recognize(&key, now) {
            return Ok(Caller { identity });
        }
        let address = extensions.get().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |Peer(address)| *address);
        logins.may_ask(address, now)?;
        match app.catalog.authenticate(&key, now).await {
            Ok(identity) => Ok(Caller { identity }),
            Err(wrong @ Failure::Unauthenticated(_)) => {
                logins.failed(address, &key.uuid, now)?;
                Err(wrong.into())
            }
            Err(other) => Err(other.into()),
        }
    }

    /// Whose key an `Authorization` header has, if the node has it in memory.
    pub fn recognized(app: &App, key: Option<&HeaderValue>) -> Option<SharedIdentity> {
        let key = basic(key?).ok()?;
        app.catalog.recognize(&key, app.clock.now())
    }
}

/// The key in a Basic `Authorization` header.
fn basic(header: &HeaderValue) -> Result<AuthKey, Failure> {
    let invalid = || Failure::Unauthenticated(messages::AUTHENTICATION_INVALID.into());
    let (scheme, encoded) = header.to_str().ok().and_then(|text| text.split_once(' ')).ok_or_else(invalid)?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return Err(invalid());
    }
    let decoded = STANDARD.decode(encoded.trim()).map_err(|_| invalid())?;
    String::from_utf8(decoded).map_err(|_| invalid())?.parse()
}

/// 429 as well if it reads more often than it may. rest.md §9.2.
impl FromRequestParts<App> for Caller {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Rejection> {
        let caller = Caller::authenticate(app, &parts.headers, &parts.extensions).await?;
        if parts.method == Method::GET {
            app.gate.read(&caller.identity, app.clock.now())?;
        }
        Ok(caller)
    }
}

/// Where credentials are optional, invalid ones count as missing. rest.md §8.3.
impl OptionalFromRequestParts<App> for Caller {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Option<Self>, Rejection> {
        match Caller::authenticate(app, &parts.headers, &parts.extensions).await {
            Ok(caller) => Ok(Some(caller)),
            Err(Rejection::Failure(Failure::Unauthenticated(_) | Failure::Throttled { .. })) => Ok(None),
            Err(other) => Err(other),
        }
    }
}
