//! Log lines: made readable, counted against a budget, and shown to whoever watches live.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

/// What a stored line needs besides its text: a time padded to 30 characters, the stream's name, separators.
const LINE_OVERHEAD: u64 = 40;

/// One line a guest wrote, without its line end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// Time since 1970-01-01 UTC at which the line was complete.
    pub at: Duration,
    pub stream: Stream,
    /// Bad UTF-8 is replaced, control characters other than tab are escaped.
    pub text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    Stdout,
    Stderr,
}

/// Sees log lines while the guest runs. A stdout line is shown once the next one begins, for it might have been the result.
///
/// Called from inside the guest's turn: it must neither block nor take long.
pub trait LogSink: Send + Sync {
    fn line(&self, line: &LogLine);
}

/// The collected lines of one run.
pub(crate) struct Logs {
    lines: Vec<LogLine>,
    limit: u64,
    left: u64,
    truncated: bool,
    sink: Option<Arc<dyn LogSink>>,
}

impl Logs {
    pub fn new(limit: u64, sink: Option<Arc<dyn LogSink>>) -> Logs {
        Logs { lines: Vec::new(), limit, left: limit, truncated: false, sink }
    }

    /// Whether another line would be kept, at least in part.
    pub fn wants_more(&self) -> bool {
        LINE_OVERHEAD <= self.left
    }

    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Puts a line at `index`, where it belongs in time; what exceeds the budget is dropped.
    pub fn insert(&mut self, index: usize, at: Duration, stream: Stream, bytes: &[u8]) {
        if self.limit == 0 {
            return;
        }
        if !self.wants_more() {
            self.truncated = true;
            return;
        }
        let mut text = readable(bytes);
        let room = usize::try_from(self.left - LINE_OVERHEAD).unwrap_or(usize::MAX);
        if room < text.len() {
            text.truncate(text.floor_char_boundary(room));
            self.truncated = true;
            self.left = 0;
        } else {
            self.left -= LINE_OVERHEAD + text.len() as u64;
        }
        self.add(index, LogLine { at, stream, text });
    }

    /// Adds what the host has to say about the run, whether or not the budget is used up.
    pub fn say(&mut self, at: Duration, text: &str) {
        if self.limit == 0 {
            return;
        }
        for line in text.lines() {
            self.add(self.lines.len(), LogLine { at, stream: Stream::Stderr, text: readable(line.as_bytes()) });
        }
    }

    /// Removes the blank stdout lines from `index` on.
    pub fn drop_blank_stdout(&mut self, index: usize) {
        let mut position = 0;
        self.lines.retain(|line| {
            position += 1;
            position <= index || line.stream == Stream::Stderr || !line.text.trim().is_empty()
        });
    }

    /// The lines, with a closing one if some were dropped.
    pub fn finish(mut self, at: Duration) -> Vec<LogLine> {
        if self.truncated {
            let limit = self.limit;
            self.say(
                at,
                &format!("Logs were truncated because the total bytes size exceeds the limit of {limit} bytes."),
            );
        }
        self.lines
    }

    fn add(&mut self, index: usize, line: LogLine) {
        if let Some(sink) = &self.sink {
            sink.line(&line);
        }
        self.lines.insert(index.min(self.lines.len()), line);
    }
}

/// Text that prints on one line of any terminal without moving its cursor.
pub(crate) fn readable(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    if !text.chars().any(needs_escape) {
        return match text {
            Cow::Borrowed(text) => text.to_owned(),
            Cow::Owned(text) => text,
        };
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match needs_escape(c) {
            true => escaped.extend(c.escape_default()),
            false => escaped.push(c),
        }
    }
    escaped
}

fn needs_escape(c: char) -> bool {
    c.is_control() && c != '\t'
}
