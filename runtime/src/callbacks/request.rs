//! The request that tells a receiver. Feeds contract §C.4.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use wask_model::{Callback, CallbackMethod, Notice, Timestamp};

use super::signature::{SigningSecret, signatures};

/// What one attempt sends.
pub struct Telling {
    pub method: Method,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// `secrets`: those that sign now.
pub fn telling(callback: &Callback, notice: &Notice, secrets: &[SigningSecret], now: Timestamp) -> Telling {
    let body = notice.render(callback, callback.next_attempt());
    let method = match callback.method {
        CallbackMethod::Post => Method::POST,
        CallbackMethod::Put => Method::PUT,
    };
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(USER_AGENT, HeaderValue::from_static("wask-callback/1"));
    for (name, value) in callback.headers.iter() {
        set(&mut headers, name, value); // the subscriber's own win over the two above
    }
    let (id, seconds) = (callback.id.to_string(), now.millis().div_euclid(1000));
    set(&mut headers, "x-wask-activation-id", &callback.activation.to_string());
    set(&mut headers, "x-wask-attempt", &callback.next_attempt().to_string());
    if let Some(correlation) = &callback.correlation_id {
        set(&mut headers, "x-wask-correlation-id", correlation);
    }
    set(&mut headers, "webhook-id", &id);
    set(&mut headers, "webhook-timestamp", &seconds.to_string());
    set(&mut headers, "webhook-signature", &signatures(secrets, &id, seconds, &body));
    Telling { method, headers, body: body.into() }
}

/// What cannot be sent was refused when the callback was accepted.
fn set(headers: &mut HeaderMap, name: &str, value: &str) {
    if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_bytes(value.as_bytes())) {
        headers.insert(name, value);
    }
}
