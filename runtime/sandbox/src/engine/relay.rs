//! Decides who polls a guest, and until when. A guest starts on its caller's threads; after it has used its CPU budget
//! or the credit of its share, the low-priority threads take over. A guest is never dropped in the middle of its own
//! code: it gets a signal to end and is polled until it has ended. Only a guest that waits in a host call is dropped.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed, Ordering::SeqCst};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::back::{BackTask, BackThreads, BrokeOff};
use super::clock::{CpuWatch, GuestClock};
use super::config::SandboxConfig;
use super::error::SandboxError;
use super::front::{FrontCredit, SHORT};
use super::ticks::Ticks;

/// Why the host ends a guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum StopReason {
    #[error("the time limit has passed")]
    OutOfTime,
    #[error("no caller waits for the result")]
    Abandoned,
    #[error("it was cancelled")]
    Cancelled,
}

/// Ends a run from outside: at the end of the guest's turn, or at once if the guest waits in a host call. What the
/// guest has written is kept.
#[derive(Clone, Default)]
pub struct Stop(pub(crate) Arc<Signals>);

impl Stop {
    /// Ends the run with [`RunEnd::Cancelled`](crate::RunEnd::Cancelled). May be called before the run begins, and more
    /// than once.
    pub fn stop(&self) {
        self.0.cancelled.store(true, SeqCst);
        self.0.wake_sleeper();
    }
}

/// How the guest's own code, its host calls and its pollers notify each other.
#[derive(Default)]
pub(crate) struct Signals {
    /// The last poll ended because the guest's turn was over, not because the guest waits for something.
    yielded: AtomicBool,
    /// The guest waits in a host call and may be dropped.
    asleep: AtomicBool,
    abandoned: AtomicBool,
    cancelled: AtomicBool,
    sleeper: Mutex<Option<Waker>>,
    /// The tick in which the guest's turn began.
    turn_began: AtomicU64,
}

impl Signals {
    /// Called when the guest is polled.
    pub fn begin_turn(&self, ticks: &Ticks) {
        self.yielded.store(false, SeqCst);
        self.asleep.store(false, SeqCst);
        self.turn_began.store(ticks.now(), Relaxed);
    }

    /// Whether a tick has passed since the guest's turn began, so that the turn should end.
    pub fn turn_has_passed(&self, ticks: &Ticks) -> bool {
        ticks.now() != self.turn_began.load(Relaxed)
    }

    /// Called at the end of a guest's turn. `Ok`: another turn follows. `Err`: the guest must end.
    pub fn turn_over(&self, now: Duration, deadline: Duration) -> Result<(), StopReason> {
        self.check()?;
        if now >= deadline {
            return Err(StopReason::OutOfTime);
        }
        self.yielded.store(true, SeqCst);
        Ok(())
    }

    /// `Err`: its caller has gone, or it was cancelled.
    pub fn check(&self) -> Result<(), StopReason> {
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

/// Polls `guest` until it ends. If it waits in a host call at its `deadline`, or when it is abandoned or cancelled, it
/// is dropped. A guest that computes ends itself (see [`Signals::turn_over`]), so only one that waits needs a timer.
pub(crate) async fn until<T>(
    guest: impl Future<Output = T>,
    signals: &Signals,
    ticks: &Ticks,
    clock: &dyn GuestClock,
    deadline: Duration,
) -> Result<T, StopReason> {
    let mut guest = pin!(guest);
    let mut alarm = None;
    poll_fn(|cx| {
        signals.begin_turn(ticks);
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

/// A run that has not ended.
pub(crate) type Job<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Who may poll guests: the threads of their callers, for a while, and the low-priority threads.
pub(crate) struct Pollers {
    front: FrontCredit,
    back: BackThreads,
    /// The CPU time that one run may use on the threads of its caller.
    budget: Duration,
}

impl Pollers {
    /// Starts the low-priority threads.
    pub fn start(config: &SandboxConfig) -> Result<Pollers, SandboxError> {
        Ok(Pollers {
            front: FrontCredit::new(Duration::from_millis(config.front_credit_ms)),
            back: BackThreads::start(config.back_threads)?,
            budget: Duration::from_millis(config.handover_cpu_ms),
        })
    }
}

/// Polls a job on its caller's thread until the budget or the share's credit is used up, then on the low-priority
/// threads. Dropping the relay ends the guest.
pub(crate) struct Relay<'a, T: Send + 'static> {
    location: Location<T>,
    pollers: &'a Pollers,
    share: Arc<str>,
    /// CPU time used on the threads of the caller.
    spent: Duration,
    /// The part of it that the share was charged with.
    charged: Duration,
    signals: Arc<Signals>,
}

/// Where a job is polled.
enum Location<T> {
    Here(Job<T>),
    Back(BackTask<T>),
    Done,
}

impl<'a, T: Send + 'static> Relay<'a, T> {
    pub fn new(job: Job<T>, signals: Arc<Signals>, share: Arc<str>, pollers: &'a Pollers) -> Relay<'a, T> {
        let location = Location::Here(job);
        Relay { location, pollers, share, spent: Duration::ZERO, charged: Duration::ZERO, signals }
    }

    fn may_stay(&self) -> bool {
        self.spent < self.pollers.budget && self.pollers.front.is_left_for(&self.share)
    }

    fn spend(&mut self, time: Duration) {
        self.spent += time;
        if self.spent >= SHORT {
            self.pollers.front.charge(&self.share, self.spent - self.charged);
            self.charged = self.spent;
        }
    }

    fn hand_over(&mut self) {
        if let Location::Here(job) = std::mem::replace(&mut self.location, Location::Done) {
            self.location = Location::Back(self.pollers.back.spawn(self.share.clone(), job));
        }
    }
}

impl<T: Send + 'static> Future for Relay<'_, T> {
    type Output = Result<T, BrokeOff>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        if matches!(this.location, Location::Here(_)) && !this.may_stay() {
            this.hand_over();
        }
        if let Location::Here(job) = &mut this.location {
            let watch = CpuWatch::start();
            let polled = job.as_mut().poll(cx);
            if polled.is_ready() {
                this.location = Location::Done;
            }
            this.spend(watch.used());
            return polled.map(Ok);
        }
        let Location::Back(job) = &mut this.location else { unreachable!("a finished relay is not polled") };
        let value = std::task::ready!(Pin::new(job).poll(cx));
        this.location = Location::Done;
        Poll::Ready(value.unwrap_or(Err(BrokeOff)))
    }
}

impl<T: Send + 'static> Drop for Relay<'_, T> {
    fn drop(&mut self) {
        if let Location::Done = self.location {
            return;
        }
        self.signals.abandon();
        let started = !self.spent.is_zero();
        if started && !self.signals.asleep.load(SeqCst) {
            self.hand_over(); // the guest is in the middle of its own code and ends after this turn
        }
        if let Location::Back(job) = std::mem::replace(&mut self.location, Location::Done) {
            job.detach();
        }
    }
}
