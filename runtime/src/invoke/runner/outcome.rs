//! What the end of a run means: who has to act, and in which words the response says so. rest.md §3.9.

use std::time::Duration;

use serde_json::{Value, json};
use wask_model::{Message, Response, Status, Timestamp, messages};
use wask_sandbox::{LogLine, RunEnd, RunReport, SandboxError, Stream};

/// Log lines. More are converted off the threads that answer requests: a guest can write hundreds of thousands.
const MANY_LINES: usize = 1000;

/// What a run contributes to its record.
pub struct Outcome {
    pub response: Response,
    pub logs: Vec<String>,
    /// The run hit its time limit.
    pub timed_out: bool,
    /// Time to make the instance ready, for cold starts.
    pub init: Option<Duration>,
}

impl Outcome {
    /// The outcome of an attempt that did not reach a guest.
    pub fn without_guest(response: Response) -> Self {
        Outcome { response, logs: Vec::new(), timed_out: false, init: None }
    }

    /// `quoted`: how many bytes of an oversized result the record quotes.
    pub async fn of(report: Result<RunReport, SandboxError>, quoted: u64) -> Self {
        if report.as_ref().is_ok_and(|report| report.logs.len() > MANY_LINES) {
            let converted = tokio::task::spawn_blocking(move || Self::from_report(report, quoted)).await;
            return converted
                .unwrap_or_else(|_| Outcome::without_guest(Response::whisk_error(messages::NOT_PROVISIONED)));
        }
        Self::from_report(report, quoted)
    }

    fn from_report(report: Result<RunReport, SandboxError>, quoted: u64) -> Self {
        match report {
            Ok(report) => {
                let timed_out = matches!(report.end, RunEnd::OutOfTime { .. });
                let logs = report.logs.iter().map(log_line).collect();
                let response = match report.init {
                    Some(_) => response(report.end, quoted),
                    None => never_ready(report.end, quoted),
                };
                Outcome { response, logs, timed_out, init: Some(report.init.unwrap_or(report.duration)) }
            }
            Err(_) => Outcome::without_guest(Response::whisk_error(messages::NOT_PROVISIONED)),
        }
    }
}

/// Like [`response`], for a guest that ended before `_start`: its author has to look at the initialization.
fn never_ready(ended: RunEnd, quoted: u64) -> Response {
    match ended {
        RunEnd::OutOfTime { limit } => {
            Response::developer_error(messages::timed_out_during_initialization(limit.as_millis()))
        }
        RunEnd::StackOverflow | RunEnd::Exited { .. } | RunEnd::Trapped { .. } => {
            Response::developer_error(messages::ABNORMAL_INITIALIZATION)
        }
        RunEnd::Returned(_)
        | RunEnd::NotJson { .. }
        | RunEnd::Silent
        | RunEnd::OutOfMemory { .. }
        | RunEnd::OutOfHostMemory { .. }
        | RunEnd::ResultTooLarge { .. }
        | RunEnd::Cancelled
        | RunEnd::HostCallsExhausted { .. } => response(ended, quoted),
    }
}

/// Who has to act: no one, the caller, or the action's author.
fn response(ended: RunEnd, quoted: u64) -> Response {
    match ended {
        RunEnd::Returned(value) => returned(value),
        RunEnd::NotJson { raw, .. } => Response::developer_error(messages::no_json(&raw)),
        RunEnd::OutOfTime { limit } => Response::developer_error(messages::timed_out(limit.as_millis())),
        RunEnd::OutOfMemory { .. } => Response::developer_error(messages::MEMORY_EXHAUSTED),
        RunEnd::OutOfHostMemory { reason } => Response::developer_error(messages::memory_refused(&reason)),
        RunEnd::ResultTooLarge { size_bytes, limit_bytes, prefix } => {
            let end = prefix.floor_char_boundary(usize::try_from(quoted).unwrap_or(usize::MAX));
            refusal(messages::result_too_large(size_bytes, limit_bytes, &prefix[..end]))
        }
        RunEnd::Cancelled => refusal(messages::CANCELLED.into()),
        RunEnd::Silent => Response::developer_error(messages::no_json("")),
        RunEnd::Exited { result: Some(Value::Object(result)), .. } if result.contains_key("error") => {
            Response { status: Status::DeveloperError, ..returned(Value::Object(result)) }
        }
        RunEnd::HostCallsExhausted { limit } => Response::developer_error(messages::host_calls_exhausted(limit)),
        RunEnd::StackOverflow | RunEnd::Exited { .. } | RunEnd::Trapped { .. } => {
            Response::developer_error(messages::ABNORMAL_RUN)
        }
    }
}

/// A result with the key `error` is an application error, whatever the value; its siblings are dropped.
fn returned(value: Value) -> Response {
    match value.get("error") {
        Some(error) => Response { status: Status::ApplicationError, result: json!({ "error": error }), size: None },
        None => Response::success(value),
    }
}

/// `<timestamp> <stream>: <text>`, the timestamp ISO 8601 with nanoseconds: 30 characters. rest.md §4.4.
pub fn log_line(line: &LogLine) -> String {
    let seconds = Timestamp::from_millis(0).after(Duration::from_secs(line.at.as_secs())).to_utc();
    let stamp = seconds.format("%Y-%m-%dT%H:%M:%S");
    let stream = match line.stream {
        Stream::Stdout => "stdout",
        Stream::Stderr => "stderr",
    };
    format!("{stamp}.{:09}Z {stream}: {}", line.at.subsec_nanos(), line.text)
}

/// The response of an activation that was refused.
pub fn refusal(message: Message) -> Response {
    Response::application_error(Value::String(message.into_owned()))
}
