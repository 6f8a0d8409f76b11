//! Log lines: makes them readable, counts them against a limit, and passes them to a watcher while the guest runs.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

/// Bytes of a stored line in addition to its text: a time of 30 characters, the name of the stream, separators.
const LINE_OVERHEAD: u64 = 40;

/// One line that a guest wrote, without its line end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// When the line was complete: the time since 1970-01-01 UTC.
    pub at: Duration,
    /// Which stream it was written to.
    pub stream: Stream,
    /// The text. Invalid UTF-8 is replaced, and control characters other than tab are escaped.
    pub text: String,
}

/// An output stream of a guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Standard output. Its last non-empty line is the result and not logged.
    Stdout,
    /// Standard error, and lines that the host adds.
    Stderr,
}

/// Gets log lines while the guest runs. A line of stdout arrives after the next one, because it might have been the
/// result.
pub trait LogSink: Send + Sync {
    /// Takes one line. Called during the guest's turn, so it must neither block nor take long.
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
        self.left >= LINE_OVERHEAD
    }

    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Inserts a line at `index`, its position in time. What exceeds the limit is dropped.
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
        if text.len() > room {
            text.truncate(text.floor_char_boundary(room));
            self.truncated = true;
            self.left = 0;
        } else {
            self.left -= LINE_OVERHEAD + text.len() as u64;
        }
        self.add(index, LogLine { at, stream, text });
    }

    /// Adds lines of the host about the run, even if the limit is reached.
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

    /// All lines, and a closing one if some were dropped.
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

/// Makes text safe to print on one line of a terminal: it cannot move the cursor.
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
        if needs_escape(c) {
            escaped.extend(c.escape_default());
        } else {
            escaped.push(c);
        }
    }
    escaped
}

fn needs_escape(c: char) -> bool {
    c.is_control() && c != '\t'
}
