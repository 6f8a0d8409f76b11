//! Whose turn it is: how many of one share run at a time on this node, and who is told when one of them is over.

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::atomic::{AtomicBool, AtomicU64};

use dashmap::DashMap;
use tokio::sync::Notify;

/// The shares that run something. As many entries as there are names, until [`Shares::forget_idle`].
#[derive(Default)]
pub struct Shares {
    shares: DashMap<String, Arc<Share>>,
    /// How often somebody was served.
    served: Arc<AtomicU64>,
    returned: Arc<Notify>,
}

/// What runs of one name.
pub struct Share {
    running: AtomicU64,
    /// Which time it was when this one was served last; 0: never.
    served: AtomicU64,
    served_of_all: Arc<AtomicU64>,
    /// Somebody was refused a turn and is to be told when one is over.
    wanted: AtomicBool,
    returned: Arc<Notify>,
}

/// The right to run one; over when dropped.
#[derive(Debug)]
pub struct Permit {
    share: Option<Arc<Share>>,
    /// Turns that are over with this one.
    _both: Option<Box<(Permit, Permit)>>,
}

impl std::fmt::Debug for Share {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Share").field("running", &self.running).finish_non_exhaustive()
    }
}

impl Shares {
    pub fn share(&self, name: &str) -> Arc<Share> {
        if let Some(share) = self.shares.get(name) {
            return share.clone();
        }
        let share = || {
            Arc::new(Share {
                running: AtomicU64::new(0),
                served: AtomicU64::new(0),
                served_of_all: self.served.clone(),
                wanted: AtomicBool::new(false),
                returned: self.returned.clone(),
            })
        };
        self.shares.entry(name.to_owned()).or_insert_with(share).clone()
    }

    /// A turn is over that somebody was refused.
    pub async fn permit_returned(&self) {
        self.returned.notified().await;
    }

    /// Drops the names of which nothing runs.
    pub fn forget_idle(&self) {
        self.shares.retain(|_, share| 1 < Arc::strong_count(share));
    }
}

impl Share {
    /// `allowed`: how many may run at a time; `None`: any number. Whoever is refused is told when a turn is over.
    pub fn take(self: &Arc<Self>, allowed: Option<u32>) -> Option<Permit> {
        let most = allowed.map_or(u64::MAX, u64::from);
        let take = || self.running.fetch_update(SeqCst, SeqCst, |running| (running < most).then_some(running + 1));
        if take().is_err() {
            self.wanted.store(true, SeqCst);
            take().ok()?; // the last one may have ended between the two looks, and told nobody
        }
        Some(Permit { share: Some(self.clone()), _both: None })
    }

    /// A turn for one of those who wait in line: it is remembered who had one last. Whoever runs at once takes no turn from
    /// those who wait.
    pub fn serve(self: &Arc<Self>, allowed: Option<u32>) -> Option<Permit> {
        let permit = self.take(allowed)?;
        self.served.store(self.served_of_all.fetch_add(1, SeqCst) + 1, SeqCst);
        Some(permit)
    }

    /// Asks to be told when a turn is over. `true`: there is one already.
    pub fn want(&self, allowed: Option<u32>) -> bool {
        self.wanted.store(true, SeqCst);
        self.running() < allowed.map_or(u64::MAX, u64::from)
    }

    pub fn running(&self) -> u64 {
        self.running.load(SeqCst)
    }

    /// Grows each time that one of the shares is served; 0: this one never was.
    pub fn served(&self) -> u64 {
        self.served.load(SeqCst)
    }
}

impl Permit {
    /// A turn that counts nowhere.
    pub fn borrowed() -> Self {
        Permit { share: None, _both: None }
    }

    /// Counts for both, until it is over.
    pub fn and(self, other: Permit) -> Self {
        Permit { share: None, _both: Some(Box::new((self, other))) }
    }

    pub fn is_borrowed(&self) -> bool {
        self.share.is_none() && self._both.is_none()
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let Some(share) = self.share.take() else { return };
        share.running.fetch_sub(1, SeqCst);
        if share.wanted.load(SeqCst) && share.wanted.swap(false, SeqCst) {
            share.returned.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[test]
    fn no_more_run_than_are_allowed_and_whoever_was_refused_is_told() {
        let shares = Shares::default();
        let share = shares.share("a");
        let (one, two) = (share.take(Some(2)).unwrap(), share.take(Some(2)).unwrap());
        drop(two);
        assert!(shares.permit_returned().now_or_never().is_none(), "nobody was refused");
        let two = share.take(Some(2)).unwrap();
        assert!(share.take(Some(2)).is_none());
        assert!(shares.share("b").take(Some(1)).is_some(), "another share");
        assert_eq!(share.running(), 2);
        assert!(shares.permit_returned().now_or_never().is_none(), "none is over");
        drop(one);
        assert!(shares.permit_returned().now_or_never().is_some());
        drop(two);
        assert!(shares.permit_returned().now_or_never().is_none(), "told once");
        assert_eq!(share.running(), 0);
        assert!(share.take(None).is_some());
    }

    #[test]
    fn it_is_known_who_was_served_last() {
        let shares = Shares::default();
        let (a, b) = (shares.share("a"), shares.share("b"));
        assert_eq!((a.served(), b.served()), (0, 0));
        let held = a.serve(Some(1)).unwrap().and(b.serve(None).unwrap());
        assert!(a.serve(Some(1)).is_none());
        assert_eq!((a.served(), b.served()), (1, 2));
        assert_eq!((a.running(), b.running()), (1, 1));
        drop(held);
        assert_eq!((a.running(), b.running()), (0, 0));
        drop(a.take(None));
        assert_eq!(a.served(), 1, "nobody waited");
        drop(a.serve(None));
        assert_eq!(a.served(), 3);
    }

    #[test]
    fn names_are_kept_as_long_as_something_of_them_runs() {
        let shares = Shares::default();
        let permit = shares.share("a").take(None);
        shares.forget_idle();
        assert_eq!(shares.share("a").running(), 1);
        drop(permit);
        shares.forget_idle();
        assert!(shares.shares.is_empty());
    }
}
