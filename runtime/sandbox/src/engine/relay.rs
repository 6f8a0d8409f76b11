//! Who polls a guest, and until when. A guest starts on its caller's threads; one that computes for long is handed over
//! to the low-priority threads. A guest is never dropped in the middle of its own code: it is told to end and polled
//! until it has. Only one that sits in a host call is dropped.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::task::{JoinError, JoinHandle};

use super::clock::{GuestClock, Stopwatch};

/// Why the host ends a guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum StopReason {
    #[error("the time limit has passed")]
    OutOfTime,
    #[error("nobody waits for the result")]
    Abandoned,
    #[error("it was cancelled")]
    Cancelled,
}

/// Ends a run from outside: its guest at its next turn, at once where it waits in a host call. What it wrote is kept.
#[derive(Clone, Default)]
pub struct Stop(pub(crate) Arc<Signals>);

impl Stop {
    /// May come before the run has begun, and more than once.
    pub fn stop(&self) {
        self.0.cancelled.store(true, SeqCst);
        self.0.wake_sleeper();
    }
}

/// What the guest's own code, its host calls and its pollers tell each other.
#[derive(Default)]
pub(crate) struct Signals {
    /// The last poll ended because the guest's turn was over, not because it waits for something.
    yielded: AtomicBool,
    /// The guest waits in a host call and may be dropped.
    asleep: AtomicBool,
    abandoned: AtomicBool,
    cancelled: AtomicBool,
    sleeper: Mutex<Option<Waker>>,
}

impl Signals {
    /// The guest's turn is over: goes on to the next, or ends.
    pub fn turn_over(&self, now: Duration, deadline: Duration) -> Result<(), StopReason> {
        self.check()?;
        if deadline <= now {
            return Err(StopReason::OutOfTime);
        }
        self.yielded.store(true, SeqCst);
        Ok(())
    }

    /// Whether somebody ends it.
    fn check(&self) -> Result<(), StopReason> {
        if self.abandoned.load(SeqCst) {
            return Err(StopReason::Abandoned);
        }
        if self.cancelled.load(SeqCst) { Err(StopReason::Cancelled) } else { Ok(()) }
    }

    fn abandon(&self) {
        self.abandoned.store(true, SeqCst);
        self.wake_sleeper();
    }

    fn wake_sleeper(&self) {
        let sleeper = self.sleeper.lock().expect("no panic while held").take();
        if let Some(sleeper) = sleeper {
            sleeper.wake();
        }
    }

    fn sleep(&self, waker: &Waker) {
        let mut sleeper = self.sleeper.lock().expect("no panic while held");
        match &mut *sleeper {
            Some(known) => known.clone_from(waker),
            None => *sleeper = Some(waker.clone()),
        }
    }
}

/// Polls `guest` until it ends, or until `deadline` or abandonment finds it in a host call. A running guest ends itself
/// (see [`Signals::turn_over`]), so the timer is made only for one that waits.
pub(crate) async fn until<T>(
    guest: impl Future<Output = T>,
    signals: &Signals,
    clock: &dyn GuestClock,
    deadline: Duration,
) -> Result<T, StopReason> {
    let mut guest = pin!(guest);
    let mut alarm = None;
    poll_fn(|cx| {
        signals.yielded.store(false, SeqCst);
        signals.asleep.store(false, SeqCst);
        if let Poll::Ready(value) = guest.as_mut().poll(cx) {
            return Poll::Ready(Ok(value));
        }
        if signals.yielded.load(SeqCst) {
            return Poll::Pending;
        }
        signals.asleep.store(true, SeqCst);
        signals.sleep(cx.waker());
        if let Err(stopped) = signals.check() {
            return Poll::Ready(Err(stopped));
        }
        let alarm = alarm.get_or_insert_with(|| clock.sleep(deadline.saturating_sub(clock.monotonic())));
        alarm.as_mut().poll(cx).map(|()| Err(StopReason::OutOfTime))
    })
    .await
}

/// One guest on its way to an end.
pub(crate) type Job<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Polls a job here until it has used `budget` of CPU, then on `back`. Dropping the relay ends the guest.
pub(crate) struct Relay<T: Send + 'static> {
    place: Location<T>,
    spent: Duration,
    budget: Duration,
    back: Handle,
    signals: Arc<Signals>,
}

enum Location<T> {
    Here(Job<T>),
    Back(JoinHandle<T>),
    Done,
}

impl<T: Send + 'static> Relay<T> {
    pub fn new(job: Job<T>, signals: Arc<Signals>, budget: Duration, back: Handle) -> Relay<T> {
        Relay { place: Location::Here(job), spent: Duration::ZERO, budget, back, signals }
    }

    fn hand_over(&mut self) {
        if let Location::Here(job) = std::mem::replace(&mut self.place, Location::Done) {
            self.place = Location::Back(self.back.spawn(job));
        }
    }
}

impl<T: Send + 'static> Future for Relay<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        if let Location::Here(job) = &mut this.place {
            let watch = Stopwatch::start();
            if let Poll::Ready(value) = job.as_mut().poll(cx) {
                this.place = Location::Done;
                return Poll::Ready(Ok(value));
            }
            this.spent += watch.elapsed();
            if this.spent < this.budget {
                return Poll::Pending;
            }
            this.hand_over();
        }
        let Location::Back(job) = &mut this.place else { unreachable!("a finished relay is not polled") };
        let value = std::task::ready!(Pin::new(job).poll(cx));
        this.place = Location::Done;
        Poll::Ready(value)
    }
}

impl<T: Send + 'static> Drop for Relay<T> {
    fn drop(&mut self) {
        if let Location::Done = self.place {
            return;
        }
        self.signals.abandon();
        let started = !self.spent.is_zero();
        if started && !self.signals.asleep.load(SeqCst) {
            self.hand_over(); // the guest is in the middle of its own code; it ends at its next turn
        }
    }
}
