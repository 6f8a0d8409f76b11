//! The reads that wait, share by share, and which of them may run.

use std::collections::{HashMap, VecDeque};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::Connection;

/// One read.
pub(super) struct Read {
    /// How long it may take. `None`: as long as it takes.
    pub limit: Option<Duration>,
    pub run: Box<dyn FnOnce(&Connection) + Send>,
}

/// A queue with a line for each share. The line that was served longest ago comes first. A share has at most as many
/// threads as it leaves free, but always one if there is one: so a namespace with slow queries never has all of them.
pub(super) struct ReadQueue {
    threads: usize,
    /// How many reads of one share may wait.
    longest: usize,
    lines: Mutex<Lines>,
    changed: Condvar,
}

#[derive(Default)]
struct Lines {
    /// None is empty.
    waiting: VecDeque<(String, VecDeque<Read>)>,
    /// How many reads of each share run; none is 0.
    running: HashMap<String, usize>,
    closed: bool,
}

/// What one thread runs.
#[derive(Default)]
pub(super) struct Reader(Option<String>);

/// Why a read was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotQueued {
    Closed,
    /// So many reads of its share wait already.
    Full(usize),
}

impl ReadQueue {
    pub fn new(threads: usize, longest: usize) -> ReadQueue {
        ReadQueue { threads, longest, lines: Mutex::default(), changed: Condvar::new() }
    }

    pub fn push(&self, share: &str, read: Read) -> Result<(), NotQueued> {
        let mut lines = self.lock();
        if lines.closed {
            return Err(NotQueued::Closed);
        }
        match lines.waiting.iter_mut().find(|(of, _)| of == share) {
            Some((_, line)) if line.len() >= self.longest => return Err(NotQueued::Full(self.longest)),
            Some((_, line)) => line.push_back(read),
            None => lines.waiting.push_back((share.to_owned(), VecDeque::from([read]))),
        }
        drop(lines);
        self.changed.notify_one();
        Ok(())
    }

    /// The next read for a thread whose last one is over. `None`: the queue is closed and empty.
    pub fn next(&self, reader: &mut Reader) -> Option<Read> {
        let mut lines = self.lock();
        if let Some(share) = reader.0.take() {
            lines.ended(&share);
            self.changed.notify_all(); // another thread may serve this share now
        }
        loop {
            if let Some((share, read)) = lines.take(self.threads) {
                reader.0 = Some(share);
                return Some(read);
            }
            if lines.closed && lines.waiting.is_empty() {
                return None;
            }
            lines = self.changed.wait(lines).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Accepts no further read.
    pub fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lines {
    /// Takes the first read of the first line that may have another thread.
    fn take(&mut self, threads: usize) -> Option<(String, Read)> {
        let free = threads.saturating_sub(self.running.values().sum());
        let running = &self.running;
        let may_run = |share: &String| match running.get(share) {
            None => free > 0,
            Some(has) => *has + 2 <= free, // with one more, it has no more than it leaves
        };
        let at = self.waiting.iter().position(|(share, _)| may_run(share))?;
        let (share, mut line) = self.waiting.remove(at)?;
        let read = line.pop_front()?;
        *self.running.entry(share.clone()).or_default() += 1;
        if !line.is_empty() {
            self.waiting.push_back((share.clone(), line));
        }
        Some((share, read))
    }

    fn ended(&mut self, share: &str) {
        if let Some(running) = self.running.get_mut(share) {
            *running -= 1;
            if *running == 0 {
                self.running.remove(share);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read() -> Read {
        Read { limit: None, run: Box::new(|_| ()) }
    }

    #[test]
    fn a_share_has_no_more_threads_than_it_leaves_free() {
        let queue = ReadQueue::new(4, 10);
        for share in ["a", "a", "a", "a", "b", "b", "c", "d"] {
            queue.push(share, read()).unwrap();
        }
        let mut lines = queue.lock();
        let taken: Vec<String> = std::iter::from_fn(|| lines.take(4).map(|(share, _)| share)).collect();
        assert_eq!(taken, ["a", "b", "c", "d"], "one after the other");
        ["b", "c", "d"].iter().for_each(|share| lines.ended(share));
        let taken: Vec<String> = std::iter::from_fn(|| lines.take(4).map(|(share, _)| share)).collect();
        assert_eq!(taken, ["a", "b"], "two of a, one of b, and one is left free");
        lines.ended("a");
        lines.ended("a");
        let taken: Vec<String> = std::iter::from_fn(|| lines.take(4).map(|(share, _)| share)).collect();
        assert_eq!(taken, ["a"], "its last one");
    }

    #[test]
    fn a_line_has_an_end_and_a_closed_queue_serves_what_waits() {
        let queue = ReadQueue::new(1, 2);
        queue.push("a", read()).unwrap();
        queue.push("a", read()).unwrap();
        assert_eq!(queue.push("a", read()), Err(NotQueued::Full(2)));
        queue.push("b", read()).unwrap();
        queue.close();
        assert_eq!(queue.push("c", read()), Err(NotQueued::Closed));
        let mut reader = Reader::default();
        let served: Vec<String> =
            std::iter::from_fn(|| queue.next(&mut reader).map(|_| reader.0.clone().unwrap())).collect();
        assert_eq!(served, ["a", "b", "a"]);
    }
}
