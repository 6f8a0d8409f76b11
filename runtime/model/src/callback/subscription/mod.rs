//! Subscriptions: a request's wish for a callback, and the two places for it. feeds.md §C.1, §C.2.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::fields::{Fields, header_text, object, refused, whole_number};
use super::{CallbackHeaders, CallbackPayload, CallbackRetryPatch};
use crate::messages::callbacks as says;
use crate::{Arguments, Failure};

/// A request's wish for a callback when its activation ends.
///
/// Everything in it is checked, except whether the URL is one and may be called, which takes an egress policy. In JSON
/// it has the object form of a request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Value", into = "Value")]
pub struct Subscription {
    pub(super) url: String,
    pub(super) method: CallbackMethod,
    pub(super) headers: CallbackHeaders,
    /// `None`, here and below: the setting of the namespace.
    pub(super) payload: Option<CallbackPayload>,
    pub(super) timeout_ms: Option<u32>,
    pub(super) correlation_id: Option<String>,
    pub(super) retry: CallbackRetryPatch,
}

/// The method of a callback's request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum CallbackMethod {
    /// POST
    #[default]
    Post,
    /// PUT
    Put,
}

impl CallbackMethod {
    /// Every method.
    pub const ALL: [CallbackMethod; 2] = [CallbackMethod::Post, CallbackMethod::Put];

    /// Its name in HTTP and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            CallbackMethod::Post => "POST",
            CallbackMethod::Put => "PUT",
        }
    }

    fn read(path: &str, value: &Value) -> Result<Self, Failure> {
        let known = CallbackMethod::ALL.into_iter().find(|method| value.as_str() == Some(method.as_str()));
        known.ok_or_else(|| refused(says::not_one_of(path, &CallbackMethod::ALL.map(CallbackMethod::as_str))))
    }
}

/// The headers of a request that may have a subscription.
#[derive(Clone, Copy, Debug, Default)]
pub struct CallbackCarrier<'a> {
    /// `X-Wask-Callback`: the URL.
    pub url: Option<&'a str>,
    /// `X-Wask-Callback-Options`: the rest, as a JSON object.
    pub options: Option<&'a str>,
}

impl Subscription {
    /// Its key among the arguments of an invocation or firing.
    pub const KEY: &'static str = "__ow_callback";
    /// How many bytes the URL may have.
    pub const URL_LONGEST: usize = 2048;
    /// How many bytes the correlation id may have.
    pub const CORRELATION_ID_LONGEST: usize = 256;
    /// The range of the timeout of one attempt, in milliseconds.
    pub const TIMEOUT_MS: RangeInclusive<u32> = 1000..=60_000;

    /// Takes the subscription out of a request's arguments or headers. `None`: the request has none. In every case the
    /// key is removed from the arguments. `Err`: both places have one, or a field is wrong.
    pub fn from_request(
        arguments: &mut Arguments,
        headers: CallbackCarrier<'_>,
    ) -> Result<Option<Subscription>, Failure> {
        let CallbackCarrier { url, options } = headers;
        match (Subscription::discard(arguments), url) {
            (Some(_), Some(_)) => Err(refused(says::GIVEN_TWICE)),
            (Some(_), None) if options.is_some() => Err(refused(says::GIVEN_TWICE)),
            (Some(value), None) => Subscription::from_value(&value).map(Some),
            (None, Some(url)) => Subscription::from_headers(url, options).map(Some),
            (None, None) if options.is_some() => Err(refused(says::OPTIONS_WITHOUT_URL)),
            (None, None) => Ok(None),
        }
    }

    /// Like [`from_request`](Subscription::from_request), for a request without headers.
    pub fn take(arguments: &mut Arguments) -> Result<Option<Subscription>, Failure> {
        Subscription::from_request(arguments, CallbackCarrier::default())
    }

    /// Removes the key without parsing its value, which is returned. The other arguments keep their order.
    pub fn discard(arguments: &mut Arguments) -> Option<Value> {
        arguments.shift_remove(Subscription::KEY)
    }

    /// Parses the object form, or the short form, which is the URL alone.
    pub fn from_value(value: &Value) -> Result<Subscription, Failure> {
        match value {
            Value::String(url) => Subscription::from_headers(url, None),
            Value::Object(members) => Subscription::read(members, None),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => Err(refused(says::NOT_A_SUBSCRIPTION)),
        }
    }

    /// Parses the values of the two headers. `options` is a JSON object in the object form without `http.url`.
    pub fn from_headers(url: &str, options: Option<&str>) -> Result<Subscription, Failure> {
        let options = options.map_or(Ok(Map::new()), serde_json::from_str);
        let options = options.map_err(|_| refused(says::OPTIONS_NOT_AN_OBJECT))?;
        Subscription::read(&options, Some(url))
    }

    /// `url` was given in addition to the object, not in it.
    fn read(members: &Map<String, Value>, url: Option<&str>) -> Result<Subscription, Failure> {
        let fields = Fields::new("callback", members, &["type", "http", "correlationId", "retry"])?;
        fields.read("type", check_type)?;
        let http = fields.read("http", |path, value| Http::read(path, value, url))?;
        let http = match (http, url) {
            (Some(http), _) => http,
            (None, Some(url)) => Http::read("callback.http", &json!({}), Some(url))?,
            (None, None) => return Err(refused(says::URL_MISSING)),
        };
        Ok(Subscription {
            url: http.url,
            method: http.method,
            headers: http.headers,
            payload: http.payload,
            timeout_ms: http.timeout_ms,
            correlation_id: fields.read("correlationId", header_text(Subscription::CORRELATION_ID_LONGEST))?,
            retry: fields.read("retry", CallbackRetryPatch::read)?.unwrap_or_default(),
        })
    }

    /// The URL as it was given, byte for byte.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The caller's own id for the request.
    pub fn correlation_id(&self) -> Option<&str> {
        self.correlation_id.as_deref()
    }

    /// The object form, which [`from_value`](Subscription::from_value) parses back.
    pub fn to_value(&self) -> Value {
        let mut http = json!({ "url": self.url, "method": self.method.as_str() });
        if !self.headers.is_empty() {
            http["headers"] = self.headers.exposed();
        }
        if let Some(payload) = &self.payload {
            http["payload"] = payload.to_value();
        }
        if let Some(timeout) = self.timeout_ms {
            http["timeoutMs"] = timeout.into();
        }
        let mut whole = json!({ "type": "http", "http": http });
        if let Some(id) = &self.correlation_id {
            whole["correlationId"] = id.as_str().into();
        }
        let CallbackRetryPatch { mode, interval_seconds, max_retries } = self.retry;
        let retry = [
            ("mode", mode.map(|mode| mode.as_str().into())),
            ("intervalSeconds", interval_seconds.map(Value::from)),
            ("maxRetries", max_retries.map(Value::from)),
        ];
        let retry: Map<_, _> =
            retry.into_iter().filter_map(|(name, value)| value.map(|value| (name.to_owned(), value))).collect();
        if !retry.is_empty() {
            whole["retry"] = retry.into();
        }
        whole
    }
}

/// The member `http`.
struct Http {
    url: String,
    method: CallbackMethod,
    headers: CallbackHeaders,
    payload: Option<CallbackPayload>,
    timeout_ms: Option<u32>,
}

impl Http {
    fn read(path: &str, value: &Value, url: Option<&str>) -> Result<Http, Failure> {
        let known = ["url", "method", "headers", "payload", "timeoutMs"];
        let fields = Fields::new(path, object(path, value)?, &known)?;
        let inside = fields.read("url", |_, value| match url {
            None => value.as_str().ok_or_else(|| refused(says::URL_NOT_ABSOLUTE)).and_then(check_url),
            Some(_) => Err(refused(says::URL_IN_OPTIONS)),
        })?;
        let beside = url.map(check_url).transpose()?;
        Ok(Http {
            url: inside.or(beside).ok_or_else(|| refused(says::URL_MISSING))?,
            method: fields.read("method", CallbackMethod::read)?.unwrap_or_default(),
            headers: fields.read("headers", CallbackHeaders::read)?.unwrap_or_default(),
            payload: fields.read("payload", CallbackPayload::read)?,
            timeout_ms: fields.read("timeoutMs", whole_number(Subscription::TIMEOUT_MS))?,
        })
    }
}

fn check_type(path: &str, value: &Value) -> Result<(), Failure> {
    match value.as_str() {
        Some("http") => Ok(()),
        _ => Err(refused(says::not_one_of(path, &["http"]))),
    }
}

fn check_url(url: &str) -> Result<String, Failure> {
    match url.len() {
        0..=Subscription::URL_LONGEST => Ok(url.to_owned()),
        size => Err(refused(says::url_too_long(size, Subscription::URL_LONGEST))),
    }
}

impl TryFrom<Value> for Subscription {
    type Error = Failure;

    fn try_from(value: Value) -> Result<Self, Failure> {
        Subscription::from_value(&value)
    }
}

impl From<Subscription> for Value {
    fn from(subscription: Subscription) -> Value {
        subscription.to_value()
    }
}

#[cfg(test)]
mod tests;
