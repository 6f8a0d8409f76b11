//! Requests and responses. Only this file uses the HTTP library.

use std::io::{BufRead, BufReader};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use serde_json::Value;
use ureq::Agent;
use ureq::tls::{RootCerts, TlsConfig};

use crate::failure::{Failure, Refusal};
use crate::trace::Trace;

/// Time limit for connecting.
const CONNECT: Duration = Duration::from_secs(10);
/// Time limit for a response: a blocking invocation takes up to 60 s, and uploading a large module takes a while.
const ANSWER: Duration = Duration::from_secs(150);
/// The largest body that is read, in bytes: far more than 200 records with their results and logs.
const LARGEST_ANSWER: u64 = 512 << 20;
/// The media type of server-sent events.
const EVENTS: &str = "text/event-stream";
/// How many characters of a body that is not JSON an error quotes.
const SHOWN: usize = 200;

/// Which certificates are accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// Certificates that the system's authorities signed.
    Certified,
    /// All certificates: `-i`.
    Everyone,
}

/// A response with a status below 300.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> Result<Value, Refusal> {
        serde_json::from_slice(&self.body)
            .map_err(|cause| Refusal::Unexpected(format!("the response is not JSON: {cause}")))
    }
}

/// A server and the key for it.
pub struct Server {
    agent: Agent,
    base: String,
    version: String,
    auth: Option<String>,
    trace: Trace,
}

impl Server {
    pub fn new(base: &str, version: &str, auth: Option<String>, trust: Trust, trace: Trace) -> Result<Self, Failure> {
        let invalid = |cause: &str| Failure::general(format!("Invalid host address '{base}': {cause}"));
        let url: http::Uri = base.parse().map_err(|cause: http::uri::InvalidUri| invalid(&cause.to_string()))?;
        let host = match (url.scheme_str(), url.host()) {
            (Some("http" | "https"), Some(host)) => host,
            _ => return Err(invalid("it must look like http://HOST:PORT or https://HOST")),
        };
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::PlatformVerifier)
            .disable_verification(trust == Trust::Everyone)
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .build();
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_connect(Some(CONNECT))
            .timeout_recv_response(Some(ANSWER))
            .user_agent(concat!("wask/", env!("CARGO_PKG_VERSION")))
            .tls_config(tls);
        if is_this_machine(host) {
            config = config.proxy(None);
        }
        let agent = config.build().new_agent();
        Ok(Server { agent, base: base.to_owned(), version: version.to_owned(), auth, trace })
    }

    pub fn base(&self) -> &str {
        &self.base
    }

    pub fn version(&self) -> &str {
        &self.version
    }

    /// `uuid:key`, which feeds get as a parameter.
    pub fn auth(&self) -> &str {
        self.auth.as_deref().unwrap_or_default()
    }

    /// A path below `/api/v1/`.
    pub fn get(&self, path: &str) -> Result<Value, Refusal> {
        self.send(Method::GET, path, None)?.json()
    }

    pub fn put(&self, path: &str, body: &Value) -> Result<Value, Refusal> {
        self.send(Method::PUT, path, Some(body))?.json()
    }

    pub fn delete(&self, path: &str) -> Result<Value, Refusal> {
        self.send(Method::DELETE, path, None)?.json()
    }

    /// Sends a request; a status of 300 or above is an `Err`. The body is not parsed.
    pub fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Answer, Refusal> {
        let answer = self.exchange(method, &self.url(path), body)?;
        match answer.status {
            ..300 => Ok(answer),
            status => Err(refused(status, &answer.body)),
        }
    }

    /// Opens a stream of server-sent events. Reading from it fails after `silence` without data. `last`: the id of the
    /// last event that the caller has read.
    pub fn events(&self, path: &str, last: Option<&str>, silence: Duration) -> Result<impl BufRead + use<>, Refusal> {
        let url = self.url(path);
        let request = self.request(Method::GET, &url, EVENTS);
        let request = if let Some(last) = last { request.header("Last-Event-ID", last) } else { request };
        let request = request.body(()).map_err(|cause| Refusal::Unexpected(format!("{url}: {cause}")))?;
        self.trace.request("GET", &url, None, self.auth.as_deref());
        let request = self.agent.configure_request(request).timeout_per_read(Some(silence)).build();
        let (parts, body) = self.agent.run(request).map_err(|cause| silent(&url, &cause))?.into_parts();
        let status = parts.status.as_u16();
        if status >= 300 {
            let body = body.into_with_config().limit(LARGEST_ANSWER).read_to_vec().map_err(|c| silent(&url, &c))?;
            self.trace.answer(status, &parts.headers, &body, self.auth.as_deref());
            return Err(refused(status, &body));
        }
        self.trace.answer(status, &parts.headers, &[], self.auth.as_deref());
        let kind = parts.headers.get("Content-Type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if !kind.starts_with(EVENTS) {
            return Err(Refusal::Unexpected(format!("the server does not stream: it answered with '{kind}'")));
        }
        Ok(BufReader::new(body.into_reader()))
    }

    fn url(&self, path: &str) -> String {
        format!("{}/api/{}/{path}", self.base, self.version)
    }

    fn request(&self, method: Method, url: &str, accept: &str) -> http::request::Builder {
        let request = http::Request::builder().method(method).uri(url).header("Accept", accept);
        match &self.auth {
            Some(auth) => request.header("Authorization", format!("Basic {}", STANDARD.encode(auth))),
            None => request,
        }
    }

    fn exchange(&self, method: Method, url: &str, body: Option<&Value>) -> Result<Answer, Refusal> {
        let request = self.request(method.clone(), url, "application/json");
        let silent = |cause: ureq::Error| silent(url, &cause);
        let text = body.map(Value::to_string);
        self.trace.request(method.as_str(), url, text.as_deref(), self.auth.as_deref());
        let unsendable = |cause: http::Error| Refusal::Unexpected(format!("{url}: {cause}"));
        let answered = match text {
            Some(text) => {
                self.agent.run(request.header("Content-Type", "application/json").body(text).map_err(unsendable)?)
            }
            None => self.agent.run(request.body(()).map_err(unsendable)?),
        };
        let (parts, body) = answered.map_err(silent)?.into_parts();
        let body = body.into_with_config().limit(LARGEST_ANSWER).read_to_vec().map_err(silent)?;
        self.trace.answer(parts.status.as_u16(), &parts.headers, &body, self.auth.as_deref());
        Ok(Answer { status: parts.status.as_u16(), body })
    }
}

fn silent(url: &str, cause: &ureq::Error) -> Refusal {
    Refusal::NoAnswer(format!("no answer from {url}: {cause}"))
}

/// Formats `{"error": text, "code": id}` like `wsk`, and any other body as text.
fn refused(status: u16, body: &[u8]) -> Refusal {
    let document: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = match (&document["error"], &document["code"]) {
        (Value::String(error), Value::String(code)) => format!("{error} (code {code})"),
        (Value::String(error), Value::Null) => error.clone(),
        (Value::String(error), code) => format!("{error} (code {code})"),
        _ if document["response"].is_object() => error_of(&document["response"]["result"]),
        _ => {
            let shown: String = String::from_utf8_lossy(body).chars().filter(|c| !c.is_control()).take(SHOWN).collect();
            format!("The server answered with HTTP status {status}: {shown}").trim_end_matches([':', ' ']).to_owned()
        }
    };
    Refusal::Status { status, body: document, text }
}

/// An action's error: `{"error": "text"}`, or a feed's `{"error": {"error": "text"}}`.
fn error_of(result: &Value) -> String {
    match &result["error"] {
        Value::String(text) => text.clone(),
        Value::Object(inner) if inner.contains_key("error") => error_of(&result["error"]),
        other => other.to_string(),
    }
}

/// A command uses no proxy to reach its own machine.
fn is_this_machine(host: &str) -> bool {
    let host = host.trim_matches(['[', ']']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_has_the_text_and_the_exit_code_of_wsk() {
        for (status, body, text, exit) in [
            (404, r#"{"error":"gone","code":"a1"}"#, "gone (code a1)", 148),
            (409, r#"{"error":"there","code":7}"#, "there (code 7)", 153),
            (401, r#"{"error":"who"}"#, "who", 145),
            (502, "<html>", "The server answered with HTTP status 502: <html>", 246),
            (512, "", "The server answered with HTTP status 512", 1),
            (502, r#"{"response":{"result":{"error":{"error":"no cron"}}}}"#, "no cron", 246),
            (502, r#"{"response":{"result":{"error":[1]}}}"#, "[1]", 246),
        ] {
            let refusal = refused(status, body.as_bytes());
            assert_eq!((refusal.text(), refusal.exit()), (text, exit));
        }
    }
}
