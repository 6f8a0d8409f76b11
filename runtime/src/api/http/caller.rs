//! The caller of a request: a handler that takes a [`Caller`] is authenticated.

use std::net::{IpAddr, Ipv4Addr};

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, HeaderValue, Method};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use wask_model::{AuthKey, Failure, FullName, SharedIdentity, Timestamp, messages};

use super::peer::Peer;
use super::rejection::Rejection;
use super::transaction_id::TransactionId;
use crate::api::App;
use crate::catalog::Login;
use crate::gate::WrongKey;
use crate::invoke::Context;

/// The authenticated caller of a request. HTTP Basic, user = uuid, password = key. rest.md §1.3.
pub struct Caller {
    pub identity: SharedIdentity,
    /// When the first run of the chain began whose key the caller has; `None`: it has a key of the namespace.
    pub chain_began: Option<Timestamp>,
}

/// Why there is no caller.
enum NoCaller {
    /// A key that is not valid, and whose address and uuid it is counted for.
    Wrong(Failure, IpAddr, String),
    Other(Failure),
}

impl Caller {
    /// Looks up the key, whatever its address has tried before. A key that the node has cached does not even wait.
    async fn find(app: &App, headers: &HeaderMap, extensions: &Extensions) -> Result<Caller, NoCaller> {
        let missing = || NoCaller::Other(Failure::Unauthenticated(messages::AUTHENTICATION_MISSING.into()));
        let key = basic(headers.get(AUTHORIZATION).ok_or_else(missing)?).map_err(NoCaller::Other)?;
        if let Some(login) = app.catalog.recognize(&key, app.clock.now()) {
            return Ok(login.into());
        }
        let address = address(extensions);
        let _turn = app.gate.logins().lookup(address).await;
        match app.catalog.authenticate(&key, app.clock.now()).await {
            Ok(login) => Ok(login.into()),
            Err(wrong @ Failure::Unauthenticated(_)) => Err(NoCaller::Wrong(wrong, address, key.uuid)),
            Err(other) => Err(NoCaller::Other(other)),
        }
    }

    /// 401, the later the more wrong keys came from the address · 429 if too many answers wait already.
    pub async fn authenticate(app: &App, headers: &HeaderMap, extensions: &Extensions) -> Result<Caller, Rejection> {
        let (wrong, address, uuid) = match Caller::find(app, headers, extensions).await {
            Ok(caller) => return Ok(caller),
            Err(NoCaller::Other(failure)) => return Err(failure.into()),
            Err(NoCaller::Wrong(failure, address, uuid)) => (failure, address, uuid),
        };
        slow_down(app, address, &uuid).await?;
        Err(wrong.into())
    }

    /// Counts a wrong secret of a web action, and waits as for a wrong key. 429.
    pub async fn wrong_secret(app: &App, extensions: &Extensions, action: &FullName) -> Result<(), Rejection> {
        slow_down(app, address(extensions), &action.to_string()).await
    }

    /// Whose key an `Authorization` header has, if the node has it in memory.
    pub fn recognized(app: &App, key: Option<&HeaderValue>) -> Option<SharedIdentity> {
        let key = basic(key?).ok()?;
        app.catalog.recognize(&key, app.clock.now()).map(|login| login.identity)
    }

    /// Where a request that it sends comes from.
    pub fn context(&self, transaction: TransactionId, accepted: Timestamp) -> Context {
        Context { chain_began: self.chain_began, ..Context::outermost(transaction.0, accepted) }
    }
}

/// Counts what somebody has guessed wrong at this address, and waits: the longer the more there were. 429 if too many
/// answers wait already.
async fn slow_down(app: &App, address: IpAddr, guessed: &str) -> Result<(), Rejection> {
    match app.gate.logins().failed(address, guessed, app.clock.now()) {
        WrongKey::Throttled(too_many) => Err(too_many.into()),
        WrongKey::Refused(delay) => {
            if !delay.span.is_zero() {
                app.clock.sleep(delay.span).await;
            }
            Ok(())
        }
    }
}

fn address(extensions: &Extensions) -> IpAddr {
    extensions.get().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |Peer(address)| *address)
}

impl From<Login> for Caller {
    fn from(Login { identity, chain_began }: Login) -> Self {
        Caller { identity, chain_began }
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

/// Where credentials are optional, invalid ones count as missing. rest.md §8.3. A wrong key is answered as late as
/// anywhere else, because the action may tell whether it was right. 429.
impl OptionalFromRequestParts<App> for Caller {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Option<Self>, Rejection> {
        match Caller::find(app, &parts.headers, &parts.extensions).await {
            Ok(caller) => Ok(Some(caller)),
            Err(NoCaller::Wrong(_, address, uuid)) => {
                slow_down(app, address, &uuid).await?;
                Ok(None)
            }
            Err(NoCaller::Other(Failure::Unauthenticated(_))) => Ok(None),
            Err(NoCaller::Other(other)) => Err(other.into()),
        }
    }
}
