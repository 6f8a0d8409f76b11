//! Who calls: taking a [`Caller`] *is* the authentication.

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use wask_model::{AuthKey, Failure, SharedIdentity, messages};

use super::App;
use super::rejection::Rejection;

/// The authenticated caller of a request. HTTP Basic, user = uuid, password = key. REST contract §1.3.
pub struct Caller {
    pub identity: SharedIdentity,
}

impl Caller {
    pub async fn of(app: &App, headers: &HeaderMap) -> Result<Caller, Rejection> {
        let missing = || Failure::Unauthenticated(messages::AUTHENTICATION_MISSING.into());
        let key = basic(headers.get(AUTHORIZATION).ok_or_else(missing)?)?;
        let identity = app.catalog.authenticate(&key, app.clock.now()).await?;
        Ok(Caller { identity })
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

impl FromRequestParts<App> for Caller {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Rejection> {
        Caller::of(app, &parts.headers).await
    }
}

/// Where credentials are optional, invalid ones count as none. REST contract §8.3.
impl OptionalFromRequestParts<App> for Caller {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Option<Self>, Rejection> {
        match Caller::of(app, &parts.headers).await {
            Ok(caller) => Ok(Some(caller)),
            Err(Rejection::Failure(Failure::Unauthenticated(_))) => Ok(None),
            Err(other) => Err(other),
        }
    }
}
