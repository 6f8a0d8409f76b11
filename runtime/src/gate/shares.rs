//! How many activations or jobs of each share run on this node, and permits to run one more.

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::atomic::{AtomicBool, AtomicU64};

use dashmap::DashMap;
use tokio::sync::Notify;

/// The shares of one kind of work. Entries are kept until [`Shares::forget_idle`].
#[derive(Default)]
pub struct Shares {
    shares: DashMap<String, Arc<Share>>,
    /// How many waiting jobs got a permit, of all shares.
    served: Arc<AtomicU64>,
    returned: Arc<Notify>,
}

/// What runs of one share.
pub struct Share {
    running: AtomicU64,
    /// The value of `served_of_all` when a waiting job of this share last got a permit; 0: never.
    served: AtomicU64,
    served_of_all: Arc<AtomicU64>,
    /// Whether a permit was refused and its return must be announced.
    wanted: AtomicBool,
    returned: Arc<Notify>,
}

/// The right to run one activation or job now; returned when dropped.
#[derive(Debug)]
pub enum Permit {
    OfOne(SharePermit),
    /// For a job whose share is not a namespace: it counts for its namespace, too.
    OfTwo(SharePermit, SharePermit),
    /// The caller's permit. The caller is blocked until this ends, so running both does not exceed the limit.
    Borrowed,
}

impl Permit {
    /// How many permits its namespace holds, this one included. 0 for a borrowed one.
    pub fn running(&self) -> u64 {
        match self {
            Permit::OfOne(share) | Permit::OfTwo(_, share) => share.0.running(),
            Permit::Borrowed => 0,
        }
    }
}

/// One of the permits of a share.
#[derive(Debug)]
pub struct SharePermit(Arc<Share>);

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

    /// Waits until a permit is returned that was refused before.
    pub async fn permit_returned(&self) {
        self.returned.notified().await;
    }

    /// Forgets names that have nothing running.
    pub fn forget_idle(&self) {
        self.shares.retain(|_, share| Arc::strong_count(share) > 1);
    }
}

impl Share {
    /// `allowed`: how many may run at a time; `None`: any number. After a refusal the next returned permit is
    /// announced.
    pub fn take(self: &Arc<Self>, allowed: Option<u32>) -> Option<SharePermit> {
        let most = allowed.map_or(u64::MAX, u64::from);
        let take = || self.running.fetch_update(SeqCst, SeqCst, |running| (running < most).then_some(running + 1));
        if take().is_err() {
            self.wanted.store(true, SeqCst);
            take().ok()?; // the last permit may have been returned between the two tries, without an announcement
        }
        Some(SharePermit(self.clone()))
    }

    /// Like [`Share::take`], for a job that has waited: remembers which share was served last. Work that runs at once
    /// does not count, because it takes nothing from waiting jobs.
    pub fn serve(self: &Arc<Self>, allowed: Option<u32>) -> Option<SharePermit> {
        let permit = self.take(allowed)?;
        self.served.store(self.served_of_all.fetch_add(1, SeqCst) + 1, SeqCst);
        Some(permit)
    }

    /// Asks for the next returned permit to be announced. `true`: one is free already.
    pub fn want(&self, allowed: Option<u32>) -> bool {
        self.wanted.store(true, SeqCst);
        self.running() < allowed.map_or(u64::MAX, u64::from)
    }

    pub fn running(&self) -> u64 {
        self.running.load(SeqCst)
    }

    /// Larger for a share that was served later; 0: never served.
    pub fn served(&self) -> u64 {
        self.served.load(SeqCst)
    }
}

impl Drop for SharePermit {
    fn drop(&mut self) {
        let SharePermit(share) = self;
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
    fn a_refused_permit_is_announced_once_when_it_is_returned() {
        let shares = Shares::default();
        let share = shares.share("a");
        let (one, two) = (share.take(Some(2)).unwrap(), share.take(Some(2)).unwrap());
        drop(two);
        assert!(shares.permit_returned().now_or_never().is_none(), "none was refused");
        let two = share.take(Some(2)).unwrap();
        assert!(share.take(Some(2)).is_none());
        assert!(shares.share("b").take(Some(1)).is_some(), "another share");
        assert_eq!(share.running(), 2);
        assert!(shares.permit_returned().now_or_never().is_none(), "none is returned");
        drop(one);
        assert!(shares.permit_returned().now_or_never().is_some());
        drop(two);
        assert!(shares.permit_returned().now_or_never().is_none(), "announced once");
        assert_eq!(share.running(), 0);
        assert!(share.take(None).is_some());
    }

    #[test]
    fn a_share_remembers_when_its_waiting_jobs_were_served() {
        let shares = Shares::default();
        let (a, b) = (shares.share("a"), shares.share("b"));
        assert_eq!((a.served(), b.served()), (0, 0));
        let held = Permit::OfTwo(a.serve(Some(1)).unwrap(), b.serve(None).unwrap());
        assert!(a.serve(Some(1)).is_none());
        assert_eq!((a.served(), b.served()), (1, 2));
        assert_eq!((a.running(), b.running()), (1, 1));
        drop(held);
        assert_eq!((a.running(), b.running()), (0, 0));
        drop(a.take(None));
        assert_eq!(a.served(), 1, "it has not waited");
        drop(a.serve(None));
        assert_eq!(a.served(), 3);
    }

    #[test]
    fn a_share_is_kept_while_something_of_it_runs() {
        let shares = Shares::default();
        let permit = shares.share("a").take(None);
        shares.forget_idle();
        assert_eq!(shares.share("a").running(), 1);
        drop(permit);
        shares.forget_idle();
        assert!(shares.shares.is_empty());
    }
}
