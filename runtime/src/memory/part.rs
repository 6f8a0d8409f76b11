//! A bounded amount of something, mostly of bytes, and what each share holds of it.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::SeqCst;

use dashmap::DashMap;
use wask_model::{Message, messages};

use super::turns::Turns;

/// Shares that are known before those are forgotten that hold nothing.
const KNOWN_SHARES: usize = 1024;
/// Deeper levels are allowed no more than this one.
const DEEPEST: u32 = 16;

/// A bounded amount, divided among shares: each may hold at most as much as it leaves free. Cloning it is cheap.
#[derive(Clone)]
pub struct Part(Arc<Inner>);

struct Inner {
    /// The setting that it comes from.
    setting: &'static str,
    total: u64,
    used: AtomicU64,
    shares: DashMap<String, Arc<AtomicU64>>,
    turns: Turns<Charge>,
}

/// What someone holds of a part; given back when dropped.
pub struct Charge {
    part: Part,
    /// What its share holds altogether.
    share: Arc<AtomicU64>,
    amount: u64,
}

/// Why something found no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoRoom {
    /// The setting that the part comes from.
    pub setting: &'static str,
    /// All of the part.
    pub total: u64,
    /// What nobody holds.
    pub free: u64,
    /// What the share holds already.
    pub held: u64,
    /// What it asked for in addition.
    pub asked: u64,
}

impl Part {
    /// `setting`: the one that decides its size, for refusals.
    pub fn new(setting: &'static str, total: u64) -> Part {
        let (used, shares, turns) = (AtomicU64::new(0), DashMap::new(), Turns::default());
        Part(Arc::new(Inner { setting, total, used, shares, turns }))
    }

    pub fn setting(&self) -> &'static str {
        self.0.setting
    }

    pub fn total(&self) -> u64 {
        self.0.total
    }

    /// What nobody holds.
    pub fn free(&self) -> u64 {
        self.0.total.saturating_sub(self.0.used.load(SeqCst))
    }

    /// Takes `amount` for a share, or refuses at once.
    pub fn charge(&self, share: &str, amount: u64) -> Result<Charge, NoRoom> {
        self.charge_at(share, amount, 0)
    }

    /// Like [`Part::charge`]. `depth`: how many others wait for the one who asks, and hold something themselves while
    /// they do. Each level may hold a little more than the one before it, up to twice of what is left free, so that
    /// those who wait cannot leave nothing to the one that they wait for.
    pub fn charge_at(&self, share: &str, amount: u64, depth: u32) -> Result<Charge, NoRoom> {
        let share = self.share(share);
        self.take(&share, amount, depth)?;
        Ok(Charge { part: self.clone(), share, amount })
    }

    /// Like [`Part::charge`], but waits for room until `until` ends. The shares that wait get their turns in a circle.
    pub async fn charge_when_free(
        &self,
        share: &str,
        amount: u64,
        until: impl Future<Output = ()>,
    ) -> Result<Charge, NoRoom> {
        self.charge_when_free_at(share, amount, 0, until).await
    }

    /// Like [`Part::charge_when_free`]; `depth` as in [`Part::charge_at`].
    pub async fn charge_when_free_at(
        &self,
        share: &str,
        amount: u64,
        depth: u32,
        until: impl Future<Output = ()>,
    ) -> Result<Charge, NoRoom> {
        if self.0.turns.nobody_waits() || amount > (self.0.total / 2).max(1) {
            match self.charge_at(share, amount, depth) {
                Err(no_room) if no_room.may_end() => (),
                decided => return decided,
            }
        }
        let (part, name) = (self.clone(), share.to_owned());
        let turn = self.0.turns.wait(share, move || part.charge_at(&name, amount, depth).ok());
        tokio::select! {
            biased;
            charge = turn => Ok(charge),
            () = until => self.charge_at(share, amount, depth),
        }
    }

    fn share(&self, name: &str) -> Arc<AtomicU64> {
        let Inner { shares, .. } = &*self.0;
        if let Some(share) = shares.get(name) {
            return share.clone();
        }
        if shares.len() >= KNOWN_SHARES {
            shares.retain(|_, share| Arc::strong_count(share) > 1 || share.load(SeqCst) > 0);
        }
        shares.entry(name.to_owned()).or_default().clone()
    }

    fn take(&self, share: &AtomicU64, amount: u64, depth: u32) -> Result<(), NoRoom> {
        let Inner { setting, total, used, .. } = &*self.0;
        // First for the share: when two of one share ask at the same time, none of them gets what is too much for both.
        let held = share.fetch_add(amount, SeqCst);
        let taken = used.fetch_update(SeqCst, SeqCst, |used| {
            let used = used.checked_add(amount)?;
            let free = total.checked_sub(used)?;
            is_fair(held.saturating_add(amount), free, depth).then_some(used)
        });
        taken.map(drop).map_err(|used| {
            share.fetch_sub(amount, SeqCst);
            NoRoom { setting, total: *total, free: total.saturating_sub(used), held, asked: amount }
        })
    }

    fn give_back(&self, share: &AtomicU64, amount: u64) {
        share.fetch_sub(amount, SeqCst);
        self.0.used.fetch_sub(amount, SeqCst);
    }
}

/// Whether a share may hold `held` while it leaves `free`. A single unit may be held even if it is the last one. `depth` 0: as much as it leaves free; 1: one and a half times as
/// much; 2: one and three quarters; and so on, always less than twice as much.
fn is_fair(held: u64, free: u64, depth: u32) -> bool {
    let depth = depth.min(DEEPEST);
    held == 1 || u128::from(held) << depth <= u128::from(free) * ((2 << depth) - 1)
}

impl Charge {
    pub fn amount(&self) -> u64 {
        self.amount
    }

    /// Takes `more` in addition, or refuses at once and keeps what it has.
    pub fn grow(&mut self, more: u64) -> Result<(), NoRoom> {
        self.part.take(&self.share, more, 0)?;
        self.amount += more;
        Ok(())
    }

    /// Gives back what is beyond `amount`.
    pub fn shrink_to(&mut self, amount: u64) {
        let less = self.amount.saturating_sub(amount);
        if less > 0 {
            self.amount -= less;
            self.part.give_back(&self.share, less);
            self.part.0.turns.serve();
        }
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.part.give_back(&self.share, self.amount);
        self.part.0.turns.serve();
    }
}

impl fmt::Debug for Charge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Charge({} of {})", self.amount, self.part.0.setting)
    }
}

impl NoRoom {
    /// Whether there can be room later. More than half of the part never fits, unless it is a single unit.
    pub fn may_end(&self) -> bool {
        self.asked <= (self.total / 2).max(1)
    }

    /// The refusal, for the one who asked for bytes.
    pub fn message(&self) -> Message {
        let NoRoom { setting, total, free, held, asked } = *self;
        messages::no_memory(setting, total, free, held, asked)
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use futures_util::FutureExt as _;

    use super::*;

    fn part() -> Part {
        Part::new("some.setting", 1200)
    }

    /// What a share gets that takes one unit after the other.
    fn greedy(part: &Part, share: &str, depth: u32) -> Vec<Charge> {
        std::iter::from_fn(|| part.charge_at(share, 1, depth).ok()).collect()
    }

    #[test]
    fn a_share_holds_at_most_as_much_as_it_leaves_free() {
        let part = part();
        let first = greedy(&part, "a", 0);
        let second = greedy(&part, "b", 0);
        let third = greedy(&part, "c", 0);
        assert_eq!((first.len(), second.len(), third.len()), (600, 300, 150), "there is room for a fourth");
        let refused = part.charge("a", 1).unwrap_err();
        assert_eq!(refused, NoRoom { setting: "some.setting", total: 1200, free: 150, held: 600, asked: 1 });
        drop(first);
        let more = greedy(&part, "b", 0);
        assert_eq!((more.len(), part.free()), (225, 525));
    }

    #[test]
    fn those_that_wait_for_others_leave_them_something() {
        let part = part();
        let got: Vec<Vec<Charge>> = (0..5).map(|depth| greedy(&part, "a", depth)).collect();
        assert_eq!(got.iter().map(Vec::len).collect::<Vec<_>>(), [600, 120, 43, 19, 9]);
        assert!(part.charge("b", 100).is_ok(), "and others, too");
    }

    #[test]
    fn a_refusal_takes_nothing() {
        let part = part();
        let mut held = part.charge("a", 500).unwrap();
        assert!(part.charge("a", 101).unwrap_err().may_end());
        assert!(!part.charge("b", 601).unwrap_err().may_end());
        assert!(part.charge("b", u64::MAX).is_err());
        assert!(held.grow(101).is_err());
        held.grow(100).unwrap();
        assert_eq!((held.amount(), part.free()), (600, 600));
        held.shrink_to(10);
        assert_eq!((held.amount(), part.free()), (10, 1190));
        drop(held);
        assert_eq!(part.free(), 1200);
    }

    #[test]
    fn who_waits_gets_what_is_given_back() {
        let part = part();
        let held = part.charge("a", 600).unwrap();
        let waits = |share: &'static str, amount| {
            let part = part.clone();
            Box::pin(async move { part.charge_when_free(share, amount, pending()).await })
        };
        let (mut first, mut second) = (waits("a", 400), waits("a", 100));
        assert!(first.as_mut().now_or_never().is_none());
        assert!(second.as_mut().now_or_never().is_none());
        let mut other = waits("b", 300);
        let other = other.as_mut().now_or_never().expect("another share has room").unwrap();
        let refused = waits("b", 601).as_mut().now_or_never().expect("nobody waits in vain");
        assert!(!refused.unwrap_err().may_end());
        let refused = part.charge_when_free("a", 1, ready(())).now_or_never().unwrap();
        assert_eq!(refused.unwrap_err().held, 600);
        drop(held);
        let first = first.as_mut().now_or_never().expect("its turn").unwrap();
        assert!(second.as_mut().now_or_never().is_none(), "400 + 100 > 1200 - 300 - 500");
        drop(other);
        let second = second.as_mut().now_or_never().expect("its turn").unwrap();
        drop((first, second));
        assert_eq!(part.free(), 1200);
    }

    #[test]
    fn the_last_unit_is_for_one_that_holds_none() {
        let part = Part::new("some.setting", 1);
        let held = part.charge("a", 1).unwrap();
        assert!(part.charge("b", 1).unwrap_err().may_end());
        drop(held);
        assert!(part.charge("b", 1).is_ok());
    }

    #[test]
    fn shares_that_hold_nothing_are_forgotten() {
        let part = part();
        let held = part.charge("held", 1).unwrap();
        (0..=KNOWN_SHARES).for_each(|number| drop(part.charge(&number.to_string(), 1)));
        assert!(part.0.shares.len() < 10, "{}", part.0.shares.len());
        assert_eq!(part.share("held").load(SeqCst), 1);
        drop(held);
    }
}
