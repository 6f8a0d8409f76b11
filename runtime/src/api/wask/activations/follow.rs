//! Following a log while it is being written: server-sent events, one per line.
//!
//! ```text
//! id: 3                       event: end
//! data: 2026-… stdout: hi     data: {"status":"success","statusCode":0}
//! ```
//!
//! The id of a line is its number; from the second attempt on, the number of the attempt comes first: `2.3`. A client
//! that reconnects with `Last-Event-ID` gets the lines after it. Each attempt starts a new log. An event `attempt`
//! announces it, even to a client that reconnects after the server has crashed.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::fmt;
use std::time::Duration;

use axum::http::{HeaderMap, HeaderName};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::Stream;
use serde_json::json;
use wask_model::annotations::keys;
use wask_model::{Activation, ActivationId, Failure, NamespaceName};
use wask_store::JobState;

use crate::api::App;
use crate::api::http::Rejection;
use crate::invoke::{Lines, RunningActivation};

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// Time between two signs of life on a quiet stream, so that no proxy closes it.
const SIGN_OF_LIFE: Duration = Duration::from_secs(15);
/// The attempt whose line ids have no attempt in front.
const FIRST: u32 = 1;
/// How often to look at an activation that waits to run, in case a signal was lost.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// The event stream of an activation · 404 if it is unknown.
pub async fn follow(
    app: App,
    namespace: NamespaceName,
    id: ActivationId,
    headers: &HeaderMap,
) -> Result<Response, Rejection> {
    let is_known = app.invoker.unended(&namespace, id).await?.is_some()
        || app.invoker.records().get(&namespace, id).await?.is_some();
    if !is_known {
        return Err(Failure::not_found().into());
    }
    let last = headers.get(LAST_EVENT_ID).and_then(|value| LogPosition::read(value.to_str().ok()?));
    let follower = Follower {
        app,
        namespace,
        id,
        next: last.map_or(0, |last| last.line.saturating_add(1)),
        attempt: last.map(|last| last.attempt),
        saw_it_end: false,
        ready: VecDeque::new(),
        over: false,
    };
    Ok(Sse::new(events(follower)).keep_alive(KeepAlive::new().interval(SIGN_OF_LIFE)).into_response())
}

/// A client that follows a log.
struct Follower {
    app: App,
    namespace: NamespaceName,
    id: ActivationId,
    /// The number of the next line.
    next: u64,
    /// The attempt whose log is sent, or was sent last.
    attempt: Option<u32>,
    /// The log was followed to its end.
    saw_it_end: bool,
    ready: VecDeque<Event>,
    over: bool,
}

fn events(follower: Follower) -> impl Stream<Item = Result<Event, Infallible>> {
    futures_util::stream::unfold(follower, |mut follower| async move {
        let closing = follower.app.closing.clone();
        loop {
            if let Some(event) = follower.ready.pop_front() {
                return Some((Ok(event), follower));
            }
            if follower.over {
                return None;
            }
            tokio::select! {
                () = closing.cancelled() => return None, // the client reconnects if it wants more
                () = follower.look() => (),
            }
        }
    })
}

impl Follower {
    /// Waits for the next events and puts them into `ready`.
    async fn look(&mut self) {
        if let Some(running) = self.app.invoker.running(&self.namespace, self.id) {
            return self.follow_run(&running).await;
        }
        match self.app.invoker.job_state(&self.namespace, self.id).await {
            Ok(Some(JobState::Due | JobState::Leased)) => self.wait_for_start().await,
            Ok(None) if self.app.invoker.running(&self.namespace, self.id).is_some() => (), // it has started since
            Ok(Some(JobState::Dead) | None) => self.end().await,
            Err(_) => self.over = true, // the store is not available: the client reconnects
        }
    }

    /// Waits until the activation starts on this node or has ended, but looks again after a while in any case.
    async fn wait_for_start(&mut self) {
        let invoker = &self.app.invoker;
        let waited = tokio::select! {
            () = invoker.starts(&self.namespace, self.id) => Ok(()),
            ended = invoker.wait_for_end(&self.namespace, self.id, LOOK_AGAIN) => ended,
        };
        self.over = waited.is_err(); // the store is not available: the client reconnects
    }

    async fn follow_run(&mut self, running: &RunningActivation) {
        self.switch_to(running.attempt);
        let Lines { first, lines, over } = running.lines(self.next).await;
        self.push_lines(first, lines);
        self.saw_it_end = over;
    }

    async fn end(&mut self) {
        self.over = true;
        let Ok(Some(record)) = self.app.invoker.records().get(&self.namespace, self.id).await else { return };
        self.switch_to(attempt_of(&record));
        if !self.saw_it_end {
            let skipped = usize::try_from(self.next).unwrap_or(usize::MAX);
            let lines: Vec<String> = record.logs.iter().skip(skipped).cloned().collect();
            self.push_lines(self.next, lines);
        }
        self.ready.push_back(event("end", &ended(&record)));
    }

    /// Switches to the log of this attempt.
    fn switch_to(&mut self, attempt: u32) {
        match self.attempt.replace(attempt) {
            Some(before) if before == attempt => (),
            Some(_) => {
                (self.next, self.saw_it_end) = (0, false);
                self.ready.push_back(event("attempt", &json!({ "attempt": attempt })));
            }
            None => (),
        }
    }

    fn push_lines(&mut self, first: u64, lines: Vec<String>) {
        self.next = first;
        for line in lines {
            let position = LogPosition { attempt: self.attempt.unwrap_or(FIRST), line: self.next };
            self.ready.push_back(Event::default().id(position.to_string()).data(line));
            self.next += 1;
        }
    }
}

/// A line of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct LogPosition {
    attempt: u32,
    line: u64,
}

impl LogPosition {
    /// `None` if this is not the id of a line.
    fn read(id: &str) -> Option<Self> {
        match id.split_once('.') {
            Some((attempt, line)) => Some(LogPosition { attempt: attempt.parse().ok()?, line: line.parse().ok()? }),
            None => Some(LogPosition { attempt: FIRST, line: id.parse().ok()? }),
        }
    }
}

impl fmt::Display for LogPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.attempt {
            FIRST => write!(f, "{}", self.line),
            attempt => write!(f, "{attempt}.{}", self.line),
        }
    }
}

/// The attempt that a record tells of.
fn attempt_of(record: &Activation) -> u32 {
    let attempts = record.annotations.get(keys::ATTEMPTS).and_then(serde_json::Value::as_u64);
    attempts.and_then(|attempts| u32::try_from(attempts).ok()).unwrap_or(FIRST)
}

fn ended(record: &Activation) -> serde_json::Value {
    json!({ "status": record.response.status.as_str(), "statusCode": record.response.status.code() })
}

fn event(name: &str, data: &serde_json::Value) -> Event {
    Event::default().event(name).data(data.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_id_reads_back_as_written() {
        for (text, attempt, line) in [("0", 1, 0), ("17", 1, 17), ("2.0", 2, 0), ("12.345", 12, 345)] {
            let position = LogPosition { attempt, line };
            assert_eq!((position.to_string().as_str(), LogPosition::read(text)), (text, Some(position)));
        }
        for wrong in ["", ".", "a", "1.", ".1", "-1", "1.2.3"] {
            assert_eq!(LogPosition::read(wrong), None, "{wrong}");
        }
    }
}
