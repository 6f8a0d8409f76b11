//! The modules that wait to be compiled: a queue per share, served in turn. A share may hold at most as much of the
//! whole as it leaves free, so that whoever comes next finds room.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::engine::RefusedModule;

/// Whom a compilation is done for: a namespace. The sandbox does not look into it.
pub(super) type Share = Arc<str>;

/// How much may wait.
#[derive(Clone, Copy)]
pub(super) struct Room {
    pub modules: u64,
    pub bytes: u64,
}

/// What waits, `T` each.
pub(super) struct Queue<T> {
    room: Room,
    /// The share that is served next is the first. None of them is empty.
    lines: VecDeque<Line<T>>,
}

struct Line<T> {
    share: Share,
    waiting: VecDeque<(T, u64)>,
}

impl<T> Line<T> {
    fn bytes(&self) -> u64 {
        self.waiting.iter().map(|(_, bytes)| bytes).sum()
    }
}

impl<T> Queue<T> {
    pub fn new(room: Room) -> Queue<T> {
        Queue { room, lines: VecDeque::new() }
    }

    /// Adds something of this size. `Err`: the share has no room.
    pub fn push(&mut self, share: &Share, item: T, bytes: u64) -> Result<(), RefusedModule> {
        let line = self.lines.iter().position(|line| line.share == *share);
        let own = line.map(|at| &self.lines[at]);
        let all = |size: fn(&Line<T>) -> u64| self.lines.iter().map(size).sum::<u64>();
        let modules = |line: &Line<T>| line.waiting.len() as u64;
        has_room("compile_queue", "modules", self.room.modules, own.map_or(0, modules), all(modules), 1)?;
        has_room("compile_queue_bytes", "bytes", self.room.bytes, own.map_or(0, Line::bytes), all(Line::bytes), bytes)?;
        match line {
            Some(at) => self.lines[at].waiting.push_back((item, bytes)),
            None => {
                self.lines.push_back(Line { share: share.clone(), waiting: VecDeque::from([(item, bytes)]) });
            }
        }
        Ok(())
    }

    /// Takes the oldest of the next share that `may_go`, whose turn comes last from then on.
    pub fn pop(&mut self, may_go: impl Fn(&Share) -> bool) -> Option<(Share, T)> {
        let at = self.lines.iter().position(|line| may_go(&line.share))?;
        let mut line = self.lines.remove(at)?;
        let (item, _) = line.waiting.pop_front()?;
        let share = line.share.clone();
        if !line.waiting.is_empty() {
            self.lines.push_back(line);
        }
        Some((share, item))
    }

    /// Drops what `keep` does not want.
    pub fn retain(&mut self, keep: impl Fn(&T) -> bool) {
        self.lines.iter_mut().for_each(|line| line.waiting.retain(|(item, _)| keep(item)));
        self.lines.retain(|line| !line.waiting.is_empty());
    }
}

/// `own`, `all`: what the share and all shares have in the queue; `asked`: what is added.
fn has_room(
    setting: &'static str,
    unit: &'static str,
    limit: u64,
    own: u64,
    all: u64,
    asked: u64,
) -> Result<(), RefusedModule> {
    if own + asked <= limit.saturating_sub(all + asked) {
        return Ok(());
    }
    Err(RefusedModule::CompileQueueFull { setting: setting.into(), limit, unit: unit.into(), held: own, asked })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(modules: u64, bytes: u64) -> Queue<u32> {
        Queue::new(Room { modules, bytes })
    }

    #[test]
    fn a_share_holds_at_most_what_it_leaves_free() {
        let (a, b, c): (Share, Share, Share) = ("a".into(), "b".into(), "c".into());
        let mut queue = queue(12, 1000);
        let pushed = |queue: &mut Queue<u32>, share| (0..20).filter(|&n| queue.push(share, n, 1).is_ok()).count();
        assert_eq!([pushed(&mut queue, &a), pushed(&mut queue, &b), pushed(&mut queue, &c)], [6, 3, 1]);
        let refused = queue.push(&a, 0, 1).unwrap_err().to_string();
        let sentence = "6 modules of yours wait to be compiled already, and 1 more would exceed your part of \
            sandbox.compile_queue (12); try again later.";
        assert_eq!(refused, sentence);
    }

    #[test]
    fn bytes_are_bounded_like_modules() {
        let (a, b): (Share, Share) = ("a".into(), "b".into());
        let mut queue = queue(100, 100);
        queue.push(&a, 1, 50).unwrap();
        let refused = queue.push(&a, 2, 1).unwrap_err();
        assert!(matches!(&refused, RefusedModule::CompileQueueFull { held: 50, asked: 1, .. }), "{refused}");
        queue.push(&b, 3, 25).unwrap();
        assert!(queue.push(&b, 4, 1).is_err());
        queue.pop(|_| true);
        queue.push(&a, 5, 30).unwrap();
    }

    #[test]
    fn shares_are_served_in_turn_and_one_that_may_not_go_is_passed_over() {
        let (a, b): (Share, Share) = ("a".into(), "b".into());
        let mut queue = queue(100, 100);
        for n in 0..3 {
            queue.push(&a, n, 1).unwrap();
        }
        queue.push(&b, 10, 1).unwrap();
        queue.push(&b, 11, 1).unwrap();
        let order: Vec<u32> = (0..3).filter_map(|_| queue.pop(|_| true)).map(|(_, n)| n).collect();
        assert_eq!(order, [0, 10, 1]);
        assert_eq!(queue.pop(|share| *share != b).map(|(_, n)| n), Some(2));
        assert_eq!(queue.pop(|share| *share != b), None);
        queue.retain(|n| *n != 11);
        assert_eq!(queue.pop(|_| true), None);
    }
}
