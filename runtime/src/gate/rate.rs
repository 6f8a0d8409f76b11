//! Counts requests per clock minute.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use dashmap::DashMap;
use wask_model::{Failure, Message, NamespaceName, Timestamp, messages};

const MINUTE_MS: i64 = 60_000;

/// Counts requests per namespace and clock minute; refused ones count too. Holds one entry for each namespace that has
/// called within the minute.
#[derive(Default)]
pub struct Rate {
    minute: AtomicI64,
    counts: DashMap<NamespaceName, (i64, u64)>,
}

impl Rate {
    /// `allowed`: requests per minute; `None`: unlimited.
    pub fn admit(&self, namespace: &NamespaceName, allowed: Option<u32>, now: Timestamp) -> Result<(), Failure> {
        self.admit_as(messages::too_many_requests, namespace, allowed, now)
    }

    /// Like [`Rate::admit`]; `says` makes the refusal of the count and what is allowed.
    pub fn admit_as(
        &self,
        says: fn(u64, u32) -> Message,
        namespace: &NamespaceName,
        allowed: Option<u32>,
        now: Timestamp,
    ) -> Result<(), Failure> {
        let Some(allowed) = allowed else { return Ok(()) };
        let minute = minute_of(now);
        if self.minute.swap(minute, Ordering::Relaxed) != minute {
            self.counts.retain(|_, (counted, _)| *counted == minute);
        }
        let count = {
            let mut entry = self.counts.entry(namespace.clone()).or_insert((minute, 0));
            let (counted, count) = entry.value_mut();
            if *counted != minute {
                (*counted, *count) = (minute, 0);
            }
            *count += 1;
            *count
        };
        if count > u64::from(allowed) {
            let (message, retry_after) = (says(count, allowed), rest_of_minute(now));
            return Err(Failure::Throttled { message, retry_after });
        }
        Ok(())
    }
}

/// The number of the clock minute.
pub(super) fn minute_of(now: Timestamp) -> i64 {
    now.millis().div_euclid(MINUTE_MS)
}

/// The time until the next clock minute.
pub(super) fn rest_of_minute(now: Timestamp) -> Duration {
    Duration::from_millis((MINUTE_MS - now.millis().rem_euclid(MINUTE_MS)).unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_is_the_clock_minute_and_refused_requests_count() {
        let rate = Rate::default();
        let guest: NamespaceName = "guest".parse().unwrap();
        let at = |ms| Timestamp::from_millis(ms);
        assert!(rate.admit(&guest, Some(2), at(59_000)).is_ok());
        assert!(rate.admit(&guest, Some(2), at(59_999)).is_ok());
        let refused = rate.admit(&guest, Some(2), at(59_999)).unwrap_err();
        assert_eq!(refused.to_string(), "Too many requests in the last minute (count: 3, allowed: 2).");
        assert!(rate.admit(&guest, Some(2), at(60_000)).is_ok());
        assert!(rate.admit(&guest, Some(0), at(60_001)).is_err());
        assert!(rate.admit(&guest, None, at(60_001)).is_ok());
    }
}
