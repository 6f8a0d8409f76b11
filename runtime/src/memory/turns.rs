//! Those who wait for room, served share by share.

use std::collections::VecDeque;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

/// A line for each share. The first of each line gets what it waits for as soon as it can be had; of several lines that
/// could be served, it is the turn of the one that was served longest ago.
pub struct Turns<T> {
    waiting: AtomicUsize,
    lines: Mutex<Lines<T>>,
}

struct Lines<T> {
    /// The line that was served longest ago comes first.
    lines: VecDeque<Line<T>>,
    next_number: u64,
}

struct Line<T> {
    share: String,
    /// In the order of their numbers. Never empty.
    waiters: VecDeque<Waiter<T>>,
}

struct Waiter<T> {
    number: u64,
    take: Box<dyn Fn() -> Option<T> + Send>,
    turn: oneshot::Sender<T>,
}

impl<T> Default for Turns<T> {
    fn default() -> Self {
        let lines = Mutex::new(Lines { lines: VecDeque::new(), next_number: 0 });
        Turns { waiting: AtomicUsize::new(0), lines }
    }
}

impl<T> Turns<T> {
    pub fn nobody_waits(&self) -> bool {
        self.waiting.load(SeqCst) == 0
    }

    /// Waits until it is this one's turn and `take` returns something. Dropping the future leaves the line.
    pub async fn wait(&self, share: &str, take: impl Fn() -> Option<T> + Send + 'static) -> T {
        let (number, turn) = {
            let mut lines = self.lock();
            self.waiting.fetch_add(1, SeqCst); // before the look: what is given back after it is announced
            let line = lines.lines.iter().position(|line| line.share == share);
            if line.is_none()
                && let Some(taken) = take()
            {
                self.waiting.fetch_sub(1, SeqCst);
                return taken;
            }
            let (number, (sender, turn)) = (lines.next_number, oneshot::channel());
            lines.next_number += 1;
            let waiter = Waiter { number, take: Box::new(take), turn: sender };
            match line {
                Some(at) => lines.lines[at].waiters.push_back(waiter),
                None => lines.lines.push_back(Line { share: share.to_owned(), waiters: VecDeque::from([waiter]) }),
            }
            (number, turn)
        };
        let _leaves = scopeguard::guard((), |()| self.leave(share, number));
        turn.await.expect("a line is left by its waiters only")
    }

    /// Call this after something was given back.
    pub fn serve(&self) {
        if self.nobody_waits() {
            return;
        }
        let mut lines = self.lock();
        let mut unwanted = Vec::new();
        let mut at = 0;
        while at < lines.lines.len() {
            let line = &mut lines.lines[at];
            let Some(taken) = line.waiters.front().and_then(|first| (first.take)()) else {
                at += 1;
                continue;
            };
            let served = line.waiters.pop_front().expect("the first was asked");
            self.waiting.fetch_sub(1, SeqCst);
            unwanted.extend(served.turn.send(taken).err());
            let line = lines.lines.remove(at).expect("it is there");
            if !line.waiters.is_empty() {
                lines.lines.push_back(line);
            }
            at = 0;
        }
        drop(lines); // dropping what nobody wanted any more gives it back, and that comes here again
        drop(unwanted);
    }

    fn leave(&self, share: &str, number: u64) {
        let mut lines = self.lock();
        let Some(line) = lines.lines.iter().position(|line| line.share == share) else { return };
        let waiters = &mut lines.lines[line].waiters;
        let Ok(at) = waiters.binary_search_by_key(&number, |waiter| waiter.number) else { return };
        let left = waiters.remove(at);
        self.waiting.fetch_sub(1, SeqCst);
        if waiters.is_empty() {
            lines.lines.remove(line);
        }
        drop(lines);
        drop(left);
        if at == 0 {
            self.serve(); // the one behind it may ask for less
        }
    }

    fn lock(&self) -> MutexGuard<'_, Lines<T>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::AtomicI64;

    use futures_util::FutureExt as _;

    use super::*;

    struct Tokens(Arc<AtomicI64>);

    impl Tokens {
        fn take(&self, amount: i64) -> impl Fn() -> Option<i64> + Send + 'static {
            let tokens = self.0.clone();
            let take = move |left: i64| (left >= amount).then_some(left - amount);
            move || tokens.fetch_update(SeqCst, SeqCst, take).is_ok().then_some(amount)
        }

        fn give(&self, amount: i64) {
            self.0.fetch_add(amount, SeqCst);
        }
    }

    #[test]
    fn shares_take_turns_and_each_is_served_in_order() {
        let (turns, tokens) = (Turns::default(), Tokens(Arc::default()));
        let mut waiting: Vec<_> =
            ["a", "a", "a", "b", "c"].map(|share| Box::pin(turns.wait(share, tokens.take(1)))).into();
        for waits in &mut waiting {
            assert!(waits.as_mut().now_or_never().is_none());
        }
        let mut order = Vec::new();
        for _ in 0..5 {
            tokens.give(1);
            turns.serve();
            for (at, waits) in waiting.iter_mut().enumerate().filter(|(at, _)| !order.contains(at)).collect::<Vec<_>>()
            {
                if waits.as_mut().now_or_never().is_some() {
                    order.push(at);
                }
            }
        }
        assert_eq!(order, [0, 3, 4, 1, 2]);
        assert!(turns.nobody_waits());
    }

    #[test]
    fn a_line_that_cannot_be_served_stops_no_other_and_one_that_leaves_makes_room() {
        let (turns, tokens) = (Turns::default(), Tokens(Arc::default()));
        let mut large = Box::pin(turns.wait("a", tokens.take(9)));
        let mut behind = Box::pin(turns.wait("a", tokens.take(1)));
        let mut other = Box::pin(turns.wait("b", tokens.take(1)));
        assert!(large.as_mut().now_or_never().is_none());
        assert!(behind.as_mut().now_or_never().is_none());
        assert!(other.as_mut().now_or_never().is_none());
        tokens.give(2);
        turns.serve();
        assert_eq!(other.as_mut().now_or_never(), Some(1));
        assert!(behind.as_mut().now_or_never().is_none());
        drop(large);
        assert_eq!(behind.as_mut().now_or_never(), Some(1));
        assert!(turns.nobody_waits());
    }
}
