//! The time that long runs may have on the threads of their callers. Everybody's short runs and requests need these
//! threads, so each share has a credit that refills with time. Runs of a share without credit are polled by the
//! low-priority threads from the start.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::clock::Stopwatch;

/// A run that has used less is short, and never charged.
pub(super) const SHORT: Duration = Duration::from_millis(2);

/// The credits of all shares.
pub(super) struct FrontCredit {
    debts: Mutex<Debts>,
    /// How many shares have a debt, so that a run asks for the lock only if there are any.
    debtors: AtomicUsize,
    since: Stopwatch,
}

impl FrontCredit {
    /// `per_second`: what each share may use in a second, and how much of it at once.
    pub fn new(per_second: Duration) -> FrontCredit {
        let debts = Mutex::new(Debts { per_second, debts: HashMap::new() });
        FrontCredit { debts, debtors: AtomicUsize::new(0), since: Stopwatch::start() }
    }

    pub fn is_left_for(&self, share: &str) -> bool {
        self.debtors.load(Relaxed) == 0
            || self.debts.lock().expect("no panic while held").is_below_limit(share, self.since.elapsed())
    }

    /// Charges a share with time that a run of it has used.
    pub fn charge(&self, share: &Arc<str>, used: Duration) {
        let mut debts = self.debts.lock().expect("no panic while held");
        debts.add(share, used, self.since.elapsed());
        self.debtors.store(debts.debts.len(), Relaxed);
    }
}

/// What shares have used beyond what time has given back since. Those that have all of their credit are not listed.
struct Debts {
    per_second: Duration,
    debts: HashMap<Arc<str>, Debt>,
}

struct Debt {
    amount: Duration,
    /// When it was that much.
    at: Duration,
}

impl Debts {
    fn is_below_limit(&self, share: &str, now: Duration) -> bool {
        self.debts.get(share).is_none_or(|debt| debt.rest(now, self.per_second) < self.per_second)
    }

    fn add(&mut self, share: &Arc<str>, used: Duration, now: Duration) {
        let per_second = self.per_second;
        self.debts.retain(|_, debt| !debt.rest(now, per_second).is_zero());
        let rest = self.debts.get(share).map(|debt| debt.rest(now, per_second)).unwrap_or_default();
        let most = per_second * 2; // the rest is forgiven, so that it is over two seconds later
        self.debts.insert(share.clone(), Debt { amount: (rest + used).min(most), at: now });
    }
}

impl Debt {
    fn rest(&self, now: Duration, per_second: Duration) -> Duration {
        self.amount.saturating_sub(per_second.mul_f64(now.saturating_sub(self.at).as_secs_f64()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn a_share_that_used_its_credit_waits_until_time_gives_some_back() {
        let (greedy, other): (Arc<str>, Arc<str>) = ("greedy".into(), "other".into());
        let mut debts = Debts { per_second: ms(40), debts: HashMap::new() };
        debts.add(&greedy, ms(20), ms(0));
        assert!(debts.is_below_limit("greedy", ms(0)));
        debts.add(&greedy, ms(20), ms(0));
        assert!(!debts.is_below_limit("greedy", ms(0)));
        assert!(debts.is_below_limit("other", ms(0)));

        assert!(debts.is_below_limit("greedy", ms(100))); // 4 ms are back
        debts.add(&greedy, ms(10), ms(100));
        assert!(!debts.is_below_limit("greedy", ms(100)));

        debts.add(&other, ms(5), ms(3000));
        assert_eq!(debts.debts.len(), 1, "a share without debts is forgotten");
    }

    #[test]
    fn no_debt_lasts_longer_than_two_seconds() {
        let share: Arc<str> = "greedy".into();
        let mut debts = Debts { per_second: ms(40), debts: HashMap::new() };
        debts.add(&share, Duration::from_secs(60), ms(0));
        assert!(!debts.is_below_limit("greedy", ms(900)));
        assert!(debts.is_below_limit("greedy", ms(1100)));
    }
}
