//! The request of one attempt, signed as Standard Webhooks demand. feeds.md §C.4.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use wask_model::Timestamp;

use super::signature::{SigningSecret, signatures};

/// A request to a receiver.
pub struct DeliveryRequest {
    pub method: Method,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl DeliveryRequest {
    /// A request with a JSON body. Headers that are set later replace the two that it begins with.
    pub fn json(method: Method, user_agent: &'static str, body: String) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(USER_AGENT, HeaderValue::from_static(user_agent));
        DeliveryRequest { method, headers, body: body.into() }
    }

    /// Sets a header. One that cannot be sent was refused when it was accepted.
    pub fn set(&mut self, name: &str, value: &str) {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_bytes(value.as_bytes())) {
            self.headers.insert(name, value);
        }
    }

    /// Signs the body. `id` stays the same for every attempt of one delivery; `secrets`: those that sign now.
    pub fn sign(&mut self, id: &str, secrets: &[SigningSecret], now: Timestamp) {
        let seconds = now.millis().div_euclid(1000);
        let signed = signatures(secrets, id, seconds, &self.body);
        self.set("webhook-id", id);
        self.set("webhook-timestamp", &seconds.to_string());
        self.set("webhook-signature", &signed);
    }
}
