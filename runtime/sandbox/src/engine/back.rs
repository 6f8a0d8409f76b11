//! The low-priority threads for guests that compute for a long time. Guests that are ready wait in one line per share,
//! and the shares take turns: one turn is one poll, which lasts a tick at most. A share with many guests has no more
//! turns than one with a single guest.

use std::collections::{HashMap, VecDeque};
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex};

use async_task::{Builder, FallibleTask, Runnable};
use tokio::runtime::Handle;
use tracing::error;

use super::error::SandboxError;
use super::priority::lower_this_thread;
use super::relay::Job;

/// The threads. They end when this is dropped, after the turns that they are in.
pub(crate) struct BackThreads(Arc<Ready>);

/// A job that the threads have. Dropping it ends the job where it is, [`detach`](FallibleTask::detach) does not.
pub(super) type BackTask<T> = FallibleTask<Result<T, BrokeOff>, Home>;

/// The job panicked.
#[derive(Debug, thiserror::Error)]
#[error("it panicked")]
pub(crate) struct BrokeOff;

/// Whose turn a job takes, and where its timers belong.
pub(super) struct Home {
    share: Arc<str>,
    runtime: Option<Handle>,
}

impl BackThreads {
    /// `threads`: how many; 0 means one per core.
    pub fn start(threads: u32) -> Result<BackThreads, SandboxError> {
        let threads = match threads {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            count => count as usize,
        };
        let back = BackThreads(Arc::default());
        for _ in 0..threads {
            let ready = back.0.clone();
            std::thread::Builder::new()
                .name("wask-back".into())
                .spawn(move || {
                    lower_this_thread();
                    while let Some(job) = ready.next() {
                        take_turn(job);
                    }
                })
                .map_err(|cause| SandboxError::internal("cannot start threads", cause))?;
        }
        Ok(back)
    }

    /// Polls `job` until it ends. Call it where the job's timers belong, in a runtime.
    pub fn spawn<T: Send + 'static>(&self, share: Arc<str>, job: Job<T>) -> BackTask<T> {
        let home = Home { share, runtime: Handle::try_current().ok() };
        let ready = self.0.clone();
        let (job, task) =
            Builder::new().metadata(home).spawn(|_| caught(job), move |job: Runnable<Home>| ready.push(job));
        job.schedule();
        task.fallible()
    }
}

impl Drop for BackThreads {
    /// Does not wait for the threads, because a sandbox may be dropped on an async thread.
    fn drop(&mut self) {
        let left = self.0.close();
        drop(left); // outside the lock, because dropping a job may wake another one
    }
}

fn take_turn(job: Runnable<Home>) {
    let runtime = job.metadata().runtime.clone();
    let _entered = runtime.as_ref().map(Handle::enter);
    if catch_unwind(AssertUnwindSafe(|| job.run())).is_err() {
        error!("a run panicked while it was dropped");
    }
}

/// The job's value, or that it panicked.
async fn caught<T>(mut job: Job<T>) -> Result<T, BrokeOff> {
    poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| job.as_mut().poll(cx))) {
        Ok(polled) => polled.map(Ok),
        Err(_) => std::task::Poll::Ready(Err(BrokeOff)),
    })
    .await
}

/// The jobs that are ready for their next turn.
#[derive(Default)]
struct Ready {
    lines: Mutex<Lines<Runnable<Home>>>,
    more: Condvar,
}

impl Ready {
    fn push(&self, job: Runnable<Home>) {
        let share = job.metadata().share.clone();
        let refused = self.lines.lock().expect("no panic while held").push(share, job);
        match refused {
            None => self.more.notify_one(),
            Some(job) => drop(job), // outside the lock
        }
    }

    /// Waits for a job. `None`: the threads must end.
    fn next(&self) -> Option<Runnable<Home>> {
        let lines = self.lines.lock().expect("no panic while held");
        let mut lines = self.more.wait_while(lines, |lines| lines.is_empty() && !lines.closed).expect("as above");
        lines.pop()
    }

    fn close(&self) -> Lines<Runnable<Home>> {
        let closed = Lines { closed: true, ..Lines::default() };
        let left = std::mem::replace(&mut *self.lines.lock().expect("no panic while held"), closed);
        self.more.notify_all();
        left
    }
}

/// One line per share that has something ready.
struct Lines<T> {
    of: HashMap<Arc<str>, VecDeque<T>>,
    /// The shares that have a line, in the order of their turns.
    order: VecDeque<Arc<str>>,
    closed: bool,
}

impl<T> Default for Lines<T> {
    fn default() -> Self {
        Lines { of: HashMap::new(), order: VecDeque::new(), closed: false }
    }
}

impl<T> Lines<T> {
    /// Gives `job` back if no more are taken.
    fn push(&mut self, share: Arc<str>, job: T) -> Option<T> {
        if self.closed {
            return Some(job);
        }
        let line = self.of.entry(share.clone()).or_default();
        if line.is_empty() {
            self.order.push_back(share);
        }
        line.push_back(job);
        None
    }

    fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    fn pop(&mut self) -> Option<T> {
        let share = self.order.pop_front()?;
        let line = self.of.get_mut(&share)?;
        let job = line.pop_front();
        if line.is_empty() {
            self.of.remove(&share);
        } else {
            self.order.push_back(share);
        }
        job
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_take_turns_whatever_the_length_of_their_lines() {
        let mut lines = Lines::default();
        let (greedy, modest): (Arc<str>, Arc<str>) = ("greedy".into(), "modest".into());
        for _ in 0..100 {
            lines.push(greedy.clone(), 'g');
        }
        lines.push(modest.clone(), 'm');
        let mut turns = String::new();
        for _ in 0..9 {
            let turn = lines.pop().unwrap();
            turns.push(turn);
            lines.push(if turn == 'g' { greedy.clone() } else { modest.clone() }, turn);
        }
        assert_eq!(turns, "gmgmgmgmg");
    }

    #[test]
    fn a_share_that_has_nothing_ready_is_forgotten() {
        let mut lines = Lines::default();
        lines.push("one".into(), 1);
        assert_eq!((lines.pop(), lines.pop()), (Some(1), None));
        assert!(lines.of.is_empty() && lines.is_empty());
    }
}
