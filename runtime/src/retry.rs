//! Trying again: a write until the store accepts it, a compare-and-swap until it wins or has lost too often.

use std::fmt::Debug;
use std::future::{Future, ready};
use std::time::Duration;

use backon::{ConstantBuilder, Retryable as _};
use wask_store::StoreError;

use crate::clock::Clock;

/// How many times a compare-and-swap is tried where few callers compete: routes of one API, rules of one trigger.
pub const TRIES: usize = 8;

/// Calls `write` until it succeeds, and waits for `pause` after each failure. For what must not be lost, because the
/// work is done and only its record is missing. `failed` writes the failure to the log.
///
/// Dropping the future stops it; the last write may have happened.
pub async fn until_stored<T, E, F>(
    clock: &Clock,
    pause: Duration,
    write: impl FnMut() -> F,
    mut failed: impl FnMut(&E),
) -> T
where
    E: Debug,
    F: Future<Output = Result<T, E>>,
{
    let clock = clock.clone();
    let forever = ConstantBuilder::new().with_delay(pause).without_max_times();
    let stored =
        write.retry(forever).sleep(move |span: Duration| clock.sleep(span)).notify(|cause: &E, _| failed(cause));
    stored.await.expect("retrying without a limit ends only with a success")
}

/// Calls `attempt` at most `tries` times, until it wins. `Ok(None)` from `attempt` means that another writer came
/// first: the next call reads again what it bases its change on, so there is no wait.
///
/// Fails with [`StoreError::Conflict`] when the last try has lost too, and at once when an attempt fails.
pub async fn compare_and_swap<T, E, F>(tries: usize, mut attempt: impl FnMut() -> F) -> Result<T, E>
where
    E: From<StoreError>,
    F: Future<Output = Result<Option<T>, E>>,
{
    let attempt = || {
        let attempted = attempt();
        async move {
            match attempted.await {
                Ok(Some(won)) => Ok(won),
                Ok(None) => Err(Loss::Overtaken),
                Err(cause) => Err(Loss::Failed(cause)),
            }
        }
    };
    let bounded = ConstantBuilder::new().with_delay(Duration::ZERO).with_max_times(tries.saturating_sub(1));
    let swapped = attempt.retry(bounded).sleep(|_: Duration| ready(())).when(|loss| matches!(loss, Loss::Overtaken));
    swapped.await.map_err(|loss| match loss {
        Loss::Overtaken => StoreError::Conflict.into(),
        Loss::Failed(cause) => cause,
    })
}

/// Why an attempt did not win.
enum Loss<E> {
    /// Another writer came first.
    Overtaken,
    Failed(E),
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use futures_util::FutureExt as _;
    use wask_model::Timestamp;

    use super::*;

    const PAUSE: Duration = Duration::from_secs(1);

    #[tokio::test]
    async fn a_write_is_repeated_until_the_store_accepts_it_and_waits_on_the_clock() {
        let clock = Clock::by_hand(Timestamp::from_millis(0));
        let (writes, failures) = (Cell::new(0), Cell::new(0));
        let write = || {
            writes.set(writes.get() + 1);
            ready(if writes.get() < 3 { Err("no") } else { Ok(writes.get()) })
        };
        let mut stored = Box::pin(until_stored(&clock, PAUSE, write, |_| failures.set(failures.get() + 1)));
        for failed in 1..3 {
            assert!(stored.as_mut().now_or_never().is_none(), "it waits");
            clock.advance(PAUSE / 2);
            assert!(stored.as_mut().now_or_never().is_none(), "the pause is not over");
            assert_eq!((writes.get(), failures.get()), (failed, failed));
            clock.advance(PAUSE / 2);
        }
        assert_eq!(stored.now_or_never(), Some(3));
    }

    #[test]
    fn a_swap_is_tried_until_it_wins_and_not_more_often_than_allowed() {
        for (wins_at, tries, expected) in [(1, 1, Ok(1)), (3, 3, Ok(3)), (4, 3, Err(3)), (9, 0, Err(1))] {
            let made = Cell::new(0);
            let attempt = || {
                made.set(made.get() + 1);
                ready(Ok::<_, StoreError>((made.get() == wins_at).then(|| made.get())))
            };
            let swapped = compare_and_swap(tries, attempt).now_or_never().expect("it never waits");
            let swapped = swapped.map_err(|cause| {
                assert!(matches!(cause, StoreError::Conflict), "{cause}");
                made.get()
            });
            assert_eq!(swapped, expected, "{wins_at} {tries}");
        }
    }

    #[test]
    fn a_swap_that_fails_is_not_tried_again() {
        let made = Cell::new(0);
        let attempt = || {
            made.set(made.get() + 1);
            ready(Err::<Option<()>, _>(StoreError::Full))
        };
        let swapped = compare_and_swap(TRIES, attempt).now_or_never().expect("it never waits");
        assert!(matches!(swapped, Err(StoreError::Full)));
        assert_eq!(made.get(), 1);
    }
}
