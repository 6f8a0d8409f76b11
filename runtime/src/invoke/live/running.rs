//! An activation while it runs: its log lines so far can be read, and its guest can be stopped.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use wask_model::{FullName, NamespaceName, Timestamp};
use wask_sandbox::{LogLine, LogSink, Stop};

use crate::invoke::runner::outcome::log_line;

/// An activation that runs, with all of its components.
pub struct RunningActivation {
    pub namespace: NamespaceName,
    pub action: FullName,
    pub start: Timestamp,
    /// The number of the attempt, from 1.
    pub attempt: u32,
    /// How many bytes of the newest log lines are kept while it runs.
    live_log_bytes: usize,
    cancelled: AtomicBool,
    cancelling: Notify,
    /// Stops the guest that runs now.
    stop: Mutex<Stop>,
    log: Mutex<LiveLog>,
    written: Notify,
}

/// The newest lines of a log that is being written.
#[derive(Default)]
struct LiveLog {
    lines: VecDeque<String>,
    bytes: usize,
    /// How many older lines are not kept any more.
    dropped: u64,
    over: bool,
}

/// Lines of a log, beginning at one number.
#[derive(Debug, PartialEq, Eq)]
pub struct Lines {
    /// The number of the first of `lines`. Greater than the requested one if the lines before it are not kept any more.
    pub first: u64,
    pub lines: Vec<String>,
    /// The log is complete.
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
            cancelling: Notify::new(),
            stop: Mutex::default(),
            log: Mutex::default(),
            written: Notify::new(),
        }
    }

    /// Stops the guest that runs, and keeps further components from starting.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::SeqCst);
        self.current_stop().stop();
        self.cancelling.notify_waiters();
    }

    /// Returns when it is cancelled.
    pub(in crate::invoke) async fn cancelled(&self) {
        let cancelling = self.cancelling.notified(); // before the look, so that no cancellation is missed
        if !self.is_cancelled() {
            cancelling.await;
        }
    }

    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::SeqCst)
    }

    /// The stop signal of a guest that is about to run.
    pub(in crate::invoke) fn next_stop(&self) -> Stop {
        let stop = Stop::default();
        *self.current_stop() = stop.clone();
        if self.is_cancelled() {
            stop.stop(); // the cancellation may have stopped the guest before this one
        }
        stop
    }

    fn current_stop(&self) -> MutexGuard<'_, Stop> {
        self.stop.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The lines from number `from` on, as soon as there are any or the log is complete.
    pub async fn lines(&self, from: u64) -> Lines {
        loop {
            let written = self.written.notified(); // a line that is written from now on wakes it
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
        while self.bytes > most
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
    async fn a_follower_gets_every_kept_line_and_the_number_of_the_first() {
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
    fn a_cancelled_activation_stays_cancelled_for_its_next_guest() {
        let running = running(0);
        assert!(!running.is_cancelled());
        running.cancel();
        running.next_stop();
        assert!(running.is_cancelled());
    }
}
