//! The clock of a run: the host's in production, a hand-moved one in tests. The only caller of `now()`.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

/// A future that ends when a wait is over.
pub type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The time that a guest reads and that its deadline is measured by.
pub trait GuestClock: Send + Sync {
    /// Time since 1970-01-01 UTC.
    fn wall(&self) -> Duration;
    /// Time since some fixed moment. Never goes back.
    fn monotonic(&self) -> Duration;
    /// Waits for `time` to pass on this clock.
    fn sleep(&self, time: Duration) -> Sleep;
}

/// The host's clock. Sleeps need a tokio runtime with time enabled.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl GuestClock for SystemClock {
    fn wall(&self) -> Duration {
        read(ClockId::Realtime)
    }

    fn monotonic(&self) -> Duration {
        read(ClockId::Monotonic)
    }

    fn sleep(&self, time: Duration) -> Sleep {
        Box::pin(tokio::time::sleep(time))
    }
}

fn read(clock: ClockId) -> Duration {
    let time = clock_gettime(clock);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// Measures real time, independent of the guest's clock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    pub fn start() -> Stopwatch {
        Stopwatch(Instant::now())
    }

    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

/// How old a thread's known CPU time may be.
const RECENT: Duration = Duration::from_millis(1);

thread_local! {
    /// A moment of this thread, and the CPU time that it had used until then.
    static KNOWN: Cell<Option<(Instant, Duration)>> = const { Cell::new(None) };
}

/// Measures the CPU time that this thread uses; at most a millisecond too much. A thread asks the system for its CPU
/// time once per millisecond and not each time, because the answer takes longer than that of a clock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CpuWatch {
    started: Instant,
    cpu: Duration,
}

impl CpuWatch {
    pub fn start() -> CpuWatch {
        let started = Instant::now();
        let known = KNOWN.get().filter(|(at, _)| started.saturating_duration_since(*at) < RECENT);
        let (_, cpu) = known.unwrap_or_else(|| {
            let known = (started, read(ClockId::ThreadCPUTime));
            KNOWN.set(Some(known));
            known
        });
        CpuWatch { started, cpu }
    }

    /// Call it on the same thread.
    pub fn used(&self) -> Duration {
        let passed = self.started.elapsed();
        if passed < RECENT { passed } else { passed.min(read(ClockId::ThreadCPUTime).saturating_sub(self.cpu)) }
    }
}
