//! What runs on this node: who looks at it finds its log lines so far, and who cancels it ends its guest.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use wask_model::{FullName, NamespaceName, Timestamp};
use wask_sandbox::{LogLine, LogSink, Stop};

use super::outcome::log_line;

/// An activation that runs, with everything that it is composed of.
pub struct RunningActivation {
    pub namespace: NamespaceName,
    pub action: FullName,
    pub start: Timestamp,
    /// How often it has been begun, counting this time.
    pub attempt: u32,
    /// Lines of the log that are kept while it runs, in bytes.
    live_log_bytes: usize,
    cancelled: AtomicBool,
    /// Ends the guest that runs now.
    stop: Mutex<Stop>,
    log: Mutex<LiveLog>,
    written: Notify,
}

/// The newest lines of a log that is being written.
#[derive(Default)]
struct LiveLog {
    lines: VecDeque<String>,
    bytes: usize,
    /// How many lines there were before the first of `lines`.
    dropped: u64,
    over: bool,
}

/// Lines of a log from one number on.
#[derive(Debug, PartialEq, Eq)]
pub struct Lines {
    /// The number of the first of `lines`; greater than what was asked for where older ones are not kept any more.
    pub first: u64,
    pub lines: Vec<String>,
    /// No more will come.
    pub over: bool,
}

impl RunningActivation {
    pub fn new(
        namespace: NamespaceName,
        action: FullName,
        (start, attempt): (Timestamp, u32),
        live_log_bytes: usize,
    ) -> Self {
        RunningActivation {
            namespace,
            action,
            start,
            attempt,
            live_log_bytes,
            cancelled: AtomicBool::new(false),
            stop: Mutex::default(),
            log: Mutex::default(),
            written: Notify::new(),
        }
    }

    /// Ends what runs, and keeps the rest from beginning.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::SeqCst);
        self.current_stop().stop();
    }

    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::SeqCst)
    }

    /// For a guest that is about to run.
    pub(super) fn next_stop(&self) -> Stop {
        let stop = Stop::default();
        *self.current_stop() = stop.clone();
        if self.is_cancelled() {
            stop.stop(); // whoever cancelled may have ended the one before
        }
        stop
    }

    fn current_stop(&self) -> MutexGuard<'_, Stop> {
        self.stop.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The lines from number `from` on, as soon as there are some or no more will come.
    pub async fn lines(&self, from: u64) -> Lines {
        loop {
            let written = self.written.notified(); // from here on no line is missed
            let found = self.log().from(from);
            if found.over || !found.lines.is_empty() {
                return found;
            }
            written.await;
        }
    }

    pub(super) fn log_is_over(&self) {
        self.log().over = true;
        self.written.notify_waiters();
    }

    fn log(&self) -> MutexGuard<'_, LiveLog> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LogSink for RunningActivation {
    fn line(&self, line: &LogLine) {
        self.log().add(log_line(line), self.live_log_bytes);
        self.written.notify_waiters();
    }
}

impl LiveLog {
    fn add(&mut self, line: String, most: usize) {
        self.bytes += line.len();
        self.lines.push_back(line);
        while most < self.bytes
            && let Some(oldest) = self.lines.pop_front()
        {
            self.bytes -= oldest.len();
            self.dropped += 1;
        }
    }

    fn from(&self, from: u64) -> Lines {
        let first = from.max(self.dropped);
        let skip = usize::try_from(first - self.dropped).unwrap_or(usize::MAX);
        Lines { first, lines: self.lines.iter().skip(skip).cloned().collect(), over: self.over }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use wask_sandbox::Stream;

    use super::*;

    fn running(live_log_bytes: usize) -> RunningActivation {
        let guest: NamespaceName = "guest".parse().unwrap();
        let action = FullName::new(guest.clone(), "a".parse().unwrap());
        RunningActivation::new(guest, action, (Timestamp::from_millis(0), 1), live_log_bytes)
    }

    fn write(running: &RunningActivation, text: &str) {
        running.line(&LogLine { at: Duration::ZERO, stream: Stream::Stdout, text: text.into() });
    }

    #[tokio::test]
    async fn a_follower_gets_every_line_that_is_kept_and_is_told_where_they_begin() {
        let running = running(100); // each line has 40 bytes and a letter
        for text in ["a", "b", "c"] {
            write(&running, text);
        }
        let found = running.lines(0).await;
        assert_eq!((found.first, found.lines.len(), found.over), (1, 2, false));
        assert!(found.lines[1].ends_with("stdout: c"));

        let following = running.lines(3);
        let writing = async { write(&running, "d") };
        let (found, ()) = tokio::join!(following, writing);
        assert_eq!((found.first, found.lines.len()), (3, 1));

        running.log_is_over();
        assert_eq!(running.lines(4).await, Lines { first: 4, lines: vec![], over: true });
    }

    #[test]
    fn what_is_cancelled_stays_so_for_every_guest_that_follows() {
        let running = running(0);
        assert!(!running.is_cancelled());
        running.cancel();
        running.next_stop();
        assert!(running.is_cancelled());
    }
}
