//! Splits what a guest writes into lines. The last non-empty line of stdout is the result, so each such line is held
//! back until the next one shows that it was a log line.

use std::sync::Arc;
use std::time::Duration;

use super::logs::{LogLine, LogSink, Logs, Stream};
use crate::engine::{GuestMemory, RunLimits};

/// Bytes. A longer line of stderr is split.
const LONGEST_LOG_LINE: usize = 64 * 1024;
/// How many bytes of an oversized result line are kept beyond the limit.
const BEYOND_RESULT: usize = 1024;
/// Bytes. The host's memory is asked for in such steps.
const STEP: u64 = 64 * 1024;

/// The output of one run.
pub(crate) struct Output {
    stdout: Line,
    stderr: Line,
    last: Option<LastLine>,
    logs: Logs,
    most_stdout: usize,
    memory: Arc<dyn GuestMemory>,
    /// How often what is written is kept: once for the record, once more for those that follow the log.
    copies: u64,
    /// Bytes written so far, in all copies.
    written: u64,
    /// Bytes that the host's memory has room for.
    granted: u64,
    /// No more than this is kept, whatever the guest writes.
    most: u64,
    /// Why the host had no memory for more. What was written since is lost.
    refused: Option<String>,
}

/// The beginning of a line and its whole size.
#[derive(Default)]
pub(crate) struct Line {
    pub bytes: Vec<u8>,
    pub size: u64,
}

/// The last non-empty line of stdout so far, and its position among the logs in case it is not the result.
struct LastLine {
    line: Line,
    at: Duration,
    index: usize,
}

impl Output {
    pub fn new(limits: &RunLimits, sink: Option<Arc<dyn LogSink>>, memory: Arc<dyn GuestMemory>) -> Output {
        let results = limits.result_bytes.saturating_add(BEYOND_RESULT as u64).saturating_mul(2);
        Output {
            memory,
            copies: 1 + u64::from(sink.is_some()),
            written: 0,
            granted: STEP, // part of what every guest costs
            most: limits.log_bytes.saturating_mul(2).saturating_add(results),
            refused: None,
            stdout: Line::default(),
            stderr: Line::default(),
            last: None,
            logs: Logs::new(limits.log_bytes, sink),
            most_stdout: usize::try_from(limits.result_bytes).unwrap_or(usize::MAX).saturating_add(BEYOND_RESULT),
        }
    }

    /// Takes the bytes that the guest wrote at time `at`.
    pub fn write(&mut self, stream: Stream, bytes: &[u8], at: Duration) {
        if !self.has_room(bytes.len() as u64) {
            return;
        }
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            match (stream, piece.strip_suffix(b"\n")) {
                (Stream::Stdout, None) => self.stdout.push(piece, self.most_stdout),
                (Stream::Stdout, Some(end)) => {
                    self.stdout.push(end, self.most_stdout);
                    self.end_stdout_line(at);
                }
                (Stream::Stderr, end) => self.push_stderr(end.unwrap_or(piece), end.is_some(), at),
            }
        }
    }

    fn has_room(&mut self, more: u64) -> bool {
        self.written = self.written.saturating_add(more.saturating_mul(self.copies));
        let needed = self.written.min(self.most);
        if needed <= self.granted || self.refused.is_some() {
            return self.refused.is_none();
        }
        let more = (needed - self.granted).next_multiple_of(STEP);
        match self.memory.grow(more) {
            Ok(()) => self.granted += more,
            Err(reason) => self.refused = Some(reason),
        }
        self.refused.is_none()
    }

    /// Why the host had no memory for all that the guest wrote.
    pub fn refused(&self) -> Option<String> {
        self.refused.clone()
    }

    fn push_stderr(&mut self, mut bytes: &[u8], ended: bool, at: Duration) {
        while self.stderr.bytes.len() + bytes.len() > LONGEST_LOG_LINE {
            let (fits, rest) = bytes.split_at(LONGEST_LOG_LINE - self.stderr.bytes.len());
            self.stderr.push(fits, LONGEST_LOG_LINE);
            self.end_stderr_line(at);
            bytes = rest;
            if !self.logs.wants_more() {
                break; // the limit of the logs is reached, so the rest of this write is dropped
            }
        }
        self.stderr.push(bytes, LONGEST_LOG_LINE);
        if ended {
            self.end_stderr_line(at);
        }
    }

    fn end_stderr_line(&mut self, at: Duration) {
        let line = std::mem::take(&mut self.stderr);
        self.logs.insert(self.logs.len(), at, Stream::Stderr, line.without_return());
        self.stderr.reuse(line);
    }

    fn end_stdout_line(&mut self, at: Duration) {
        let line = std::mem::take(&mut self.stdout);
        if line.is_blank() {
            self.logs.insert(self.logs.len(), at, Stream::Stdout, b"");
            self.stdout.reuse(line);
            return;
        }
        self.release_last();
        self.last = Some(LastLine { line, at, index: self.logs.len() });
    }

    /// Logs the line that was held back.
    fn release_last(&mut self) {
        let Some(LastLine { line, at, index }) = self.last.take() else { return };
        match line.size - line.bytes.len() as u64 {
            0 => self.logs.insert(index, at, Stream::Stdout, line.without_return()),
            cut => {
                let mut bytes = line.bytes;
                bytes.extend_from_slice(format!("… ({cut} more bytes)").as_bytes());
                self.logs.insert(index, at, Stream::Stdout, &bytes);
            }
        }
    }

    /// Call this when the guest writes no more. Text without a line end becomes a line.
    pub fn close(&mut self, at: Duration) {
        if self.stderr.size != 0 {
            self.end_stderr_line(at);
        }
        if self.stdout.size != 0 {
            self.end_stdout_line(at);
        }
    }

    /// Removes and returns the last non-empty line of stdout, so that it is not logged.
    pub fn take_last(&mut self) -> Option<Line> {
        let last = self.last.take()?;
        if last.index < self.logs.len() {
            self.logs.drop_blank_stdout(last.index);
        }
        Some(last.line)
    }

    /// The last non-empty line of stdout, as far as it was kept.
    pub fn last(&self) -> Option<&Line> {
        self.last.as_ref().map(|last| &last.line)
    }

    /// Adds lines of the host at the end of the logs.
    pub fn say(&mut self, at: Duration, text: &str) {
        self.release_last();
        self.logs.say(at, text);
    }

    /// All log lines. `at` is the time of the line that says that some were dropped.
    pub fn into_logs(mut self, at: Duration) -> Vec<LogLine> {
        self.release_last();
        self.logs.finish(at)
    }
}

impl Line {
    fn push(&mut self, bytes: &[u8], most: usize) {
        self.size += bytes.len() as u64;
        let room = most.saturating_sub(self.bytes.len());
        self.bytes.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    fn is_blank(&self) -> bool {
        self.size == self.bytes.len() as u64 && self.bytes.iter().all(u8::is_ascii_whitespace)
    }

    fn without_return(&self) -> &[u8] {
        self.bytes.strip_suffix(b"\r").unwrap_or(&self.bytes)
    }

    /// Reuses the memory of a line that was logged.
    fn reuse(&mut self, mut line: Line) {
        line.bytes.clear();
        self.bytes = line.bytes;
    }
}
