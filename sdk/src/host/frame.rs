//! Writes and reads the frames of host calls: one line of JSON, a line break, and the bytes of the body.

use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

#[cfg(target_family = "wasm")]
use super::imports as host;
use super::{HostError, Reason};
#[cfg(not(target_family = "wasm"))]
use crate::testing as host;

/// The first line of a request.
#[derive(Serialize)]
pub struct Request<'a> {
    op: &'a str,
    name: &'a str,
    #[serde(flatten)]
    mode: Option<Mode>,
}

/// How an action is invoked.
#[derive(Serialize)]
struct Mode {
    blocking: bool,
    result: bool,
    /// Milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    timeout: Option<u64>,
}

impl<'a> Request<'a> {
    /// Fires a trigger.
    pub fn fire(name: &'a str) -> Request<'a> {
        Request { op: "triggers.fire", name, mode: None }
    }

    /// Invokes an action without waiting.
    pub fn start(name: &'a str) -> Request<'a> {
        let mode = Mode { blocking: false, result: false, timeout: None };
        Request { op: "actions.invoke", name, mode: Some(mode) }
    }

    /// Invokes an action and waits. Always asks for the record, because a bare result shows neither a failure nor that
    /// the action is still running.
    pub fn wait(name: &'a str, wait: Option<Duration>) -> Request<'a> {
        let timeout = wait.map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
        let mode = Mode { blocking: true, result: false, timeout };
        Request { op: "actions.invoke", name, mode: Some(mode) }
    }

    /// Sends `body` with this request and reads the answer's body.
    pub fn send<B: Serialize + ?Sized, T: DeserializeOwned>(&self, body: &B) -> Result<T, HostError> {
        let body = serde_json::to_vec(body).map_err(|cause| HostError::new(Reason::BadRequest, cause.to_string()))?;
        let answer = exchange(self, &body)?;
        let answer = if answer.is_empty() { b"{}".as_slice() } else { &answer };
        serde_json::from_slice(answer).map_err(HostError::unexpected_answer)
    }
}

/// Sends a frame and returns the answer's body.
pub fn exchange(header: &impl Serialize, body: &[u8]) -> Result<Vec<u8>, HostError> {
    let mut frame =
        serde_json::to_vec(header).map_err(|cause| HostError::new(Reason::BadRequest, cause.to_string()))?;
    frame.push(b'\n');
    frame.extend_from_slice(body);
    let answer = host::exchange(&frame).map_err(HostError::from_code)?;
    read(answer)
}

/// The first line of an answer.
#[derive(Deserialize)]
struct Header {
    ok: bool,
    reason: Option<Reason>,
    #[serde(default)]
    error: String,
}

/// The body of an answer.
fn read(mut frame: Vec<u8>) -> Result<Vec<u8>, HostError> {
    let end = frame.iter().position(|&byte| byte == b'\n').unwrap_or(frame.len());
    let header: Header = serde_json::from_slice(&frame[..end]).map_err(HostError::unexpected_answer)?;
    if !header.ok {
        return Err(HostError::new(header.reason.unwrap_or(Reason::Internal), header.error));
    }
    Ok(frame.split_off(frame.len().min(end + 1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(request: Request) -> String {
        serde_json::to_string(&request).unwrap()
    }

    #[test]
    fn a_request_is_one_line_of_json() {
        assert_eq!(text(Request::fire("t")), r#"{"op":"triggers.fire","name":"t"}"#);
        let start = r#"{"op":"actions.invoke","name":"a","blocking":false,"result":false}"#;
        assert_eq!(text(Request::start("a")), start);
        let wait = r#"{"op":"actions.invoke","name":"a","blocking":true,"result":false,"timeout":2000}"#;
        assert_eq!(text(Request::wait("a", Some(Duration::from_secs(2)))), wait);
    }

    #[test]
    fn an_answer_is_its_body_or_the_reason() {
        assert_eq!(read(b"{\"ok\":true}\n{\"a\":\n1}".to_vec()).unwrap(), b"{\"a\":\n1}");
        assert_eq!(read(b"{\"ok\":true}".to_vec()).unwrap(), b"");
        let refused = read(br#"{"ok":false,"reason":"not-found","error":"no such action"}"#.to_vec()).unwrap_err();
        assert_eq!(refused, HostError::new(Reason::NotFound, "no such action"));
        let newer = read(br#"{"ok":false,"reason":"from-the-future","error":"x"}"#.to_vec()).unwrap_err();
        assert_eq!(newer.reason, Reason::Internal);
        assert_eq!(read(b"what".to_vec()).unwrap_err().reason, Reason::Internal);
    }
}
