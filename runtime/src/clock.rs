//! The only file that calls `now()` and `sleep`: the system's clock, or one that a test moves by hand.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::watch;
use wask_model::Timestamp;
use wask_sandbox::GuestClock;

/// Reads the time and waits for it. Clones share one source.
#[derive(Clone)]
pub struct Clock(Arc<Source>);

enum Source {
    System { started: Instant },
    ByHand { start: Timestamp, passed: watch::Sender<Duration> },
}

impl Clock {
    pub fn system() -> Self {
        Clock(Arc::new(Source::System { started: Instant::now() }))
    }

    /// A clock that shows `start` until [`Clock::advance`] moves it.
    pub fn by_hand(start: Timestamp) -> Self {
        Clock(Arc::new(Source::ByHand { start, passed: watch::Sender::new(Duration::ZERO) }))
    }

    pub fn now(&self) -> Timestamp {
        match &*self.0 {
            Source::System { .. } => {
                let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
                Timestamp::from_millis(0).after(since_epoch)
            }
            Source::ByHand { start, passed } => start.after(*passed.borrow()),
        }
    }

    /// The time since some start. It never goes back.
    pub fn passed(&self) -> Duration {
        match &*self.0 {
            Source::System { started } => started.elapsed(),
            Source::ByHand { passed, .. } => *passed.borrow(),
        }
    }

    /// Waits until `span` has passed on this clock.
    pub fn sleep(&self, span: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        match &*self.0 {
            Source::System { .. } => Box::pin(tokio::time::sleep(span)),
            Source::ByHand { passed, .. } => {
                let mut passed = passed.subscribe();
                let target = *passed.borrow() + span;
                Box::pin(async move {
                    // An error means that the clock was dropped, so nothing can wait for it.
                    let _ = passed.wait_for(|now| *now >= target).await;
                })
            }
        }
    }

    /// Waits until the clock shows `when`. A loop that computes `when` first and then works before it waits does not
    /// wait longer for that.
    pub async fn sleep_until(&self, when: Timestamp) {
        match &*self.0 {
            Source::System { .. } => tokio::time::sleep(when.since(self.now())).await,
            Source::ByHand { start, passed } => {
                // An error means that the clock was dropped, so nothing can wait for it.
                let _ = passed.subscribe().wait_for(|passed| when <= start.after(*passed)).await;
            }
        }
    }

    /// Moves a clock that was made with [`Clock::by_hand`]; the system's clock ignores it.
    pub fn advance(&self, span: Duration) {
        if let Source::ByHand { passed, .. } = &*self.0 {
            passed.send_modify(|now| *now += span);
        }
    }
}

impl GuestClock for Clock {
    fn wall(&self) -> Duration {
        self.now().since(Timestamp::from_millis(0))
    }

    fn monotonic(&self) -> Duration {
        self.passed()
    }

    fn sleep(&self, span: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Clock::sleep(self, span)
    }
}
