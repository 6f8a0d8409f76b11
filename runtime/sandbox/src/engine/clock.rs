//! Where a run reads the time: the host's clock in production, a hand-moved one in tests. The only caller of `now()`.

use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

/// A wait that belongs to nobody else.
pub type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The time as a guest and its deadline see it.
pub trait GuestClock: Send + Sync {
    /// Time since 1970-01-01 UTC.
    fn wall(&self) -> Duration;
    /// Time since some fixed moment; never goes back.
    fn monotonic(&self) -> Duration;
    /// Ends after `time`.
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

/// Measures real time spent by the host, whatever clock the guest has.
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
