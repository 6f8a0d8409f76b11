//! A web request whose body has been read, and the action that it asks for.

use std::sync::Arc;

use axum::http::HeaderName;
use axum::http::request::Parts;
use bytes::Bytes;
use wask_model::annotations::keys;
use wask_model::{Arguments, Failure, IdempotencyKey, NamespaceName};

use super::address::Address;
use super::request::{RawHttp, WebRequest};
use crate::api::App;
use crate::api::http::body::Held;
use crate::api::http::json;
use crate::catalog::ActionEntry;
use crate::idempotency::{Door, KeyedRequest};
use crate::invoke::is_fixed;

pub struct Asked {
    pub head: Parts,
    /// Headers that served the server and are not handed on.
    pub withheld: Vec<HeaderName>,
    pub address: Address,
    /// The caller's namespace, if the request had valid credentials.
    pub user: Option<String>,
    /// The path parameters of a gateway route.
    pub named: Vec<(String, String)>,
    pub body: Held<Bytes>,
    pub entry: Arc<ActionEntry>,
    pub raw: RawHttp,
}

impl Asked {
    /// The arguments in the request; those of a large body are read on a thread of their own.
    pub async fn arguments(self, app: &App, owner: &NamespaceName) -> Result<(Self, Arguments), Failure> {
        if self.body.len() <= json::LARGE {
            let read = self.read()?;
            return Ok((self, read));
        }
        let read = move || self.read().map(|read| (self, read));
        Box::pin(app.documents.run(owner.as_str(), read)).await?
    }

    fn read(&self) -> Result<Arguments, Failure> {
        let web = WebRequest {
            method: self.head.method.as_str(),
            headers: &self.head.headers,
            withheld: &self.withheld,
            path: &self.address.rest,
            query: self.head.uri.query(),
            user: self.user.as_deref(),
            named: &self.named,
            body: &self.body,
        };
        let is_final = self.entry.action.annotations.is_true(keys::FINAL);
        web.arguments(self.raw, &|key| is_final && is_fixed(&self.entry, key))
    }

    /// What a retry with the same key must repeat.
    pub fn keyed(&self, owner: NamespaceName, key: IdempotencyKey) -> KeyedRequest {
        let (uri, caller) = (self.head.uri.to_string(), self.user.as_deref().unwrap_or_default());
        let parts: [&[u8]; 4] = [self.head.method.as_str().as_bytes(), uri.as_bytes(), caller.as_bytes(), &self.body];
        KeyedRequest::new(owner, key, Door::Web, &parts)
    }
}
