//! Named moments at which a process of a debug build can be made to die, so that a story needs no luck to find them.
//!
//! `WASK_FAILPOINT=leased` kills the process, as `kill -9` does, when it passes that stage; `leased:3`, the third time.
//! Without the variable nothing happens, and in a release build there is nothing that could. It is no setting: it is read
//! once, here, because the store has moments that are worth dying at before any settings reach it. The count of passages is
//! the one global state of the server.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::process::{Signal, getpid, kill_process};

/// The variable that arms a stage.
pub const VARIABLE: &str = "WASK_FAILPOINT";

/// A moment between two steps of which only the first has been taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// A job is on disk, nobody has been told.
    Accepted,
    /// A job is somebody's, and has not begun.
    Leased,
    /// A guest is about to run.
    Running,
    /// A job has done its work, the store does not know.
    FinishedNotRecorded,
    /// An activation has ended, and the callback that tells of it is due.
    CallbackPending,
    /// A callback was answered, the store does not know.
    CallbackInFlight,
    /// An alarm has moved on past a tick that has not been fired.
    AlarmDue,
    /// The store is open, nothing else is.
    StartUp,
    /// Every step of a migration is taken, none is committed.
    Migration,
}

impl Stage {
    pub const ALL: [Stage; 9] = [
        Stage::Accepted,
        Stage::Leased,
        Stage::Running,
        Stage::FinishedNotRecorded,
        Stage::CallbackPending,
        Stage::CallbackInFlight,
        Stage::AlarmDue,
        Stage::StartUp,
        Stage::Migration,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Stage::Accepted => "accepted",
            Stage::Leased => "leased",
            Stage::Running => "running",
            Stage::FinishedNotRecorded => "finished-not-recorded",
            Stage::CallbackPending => "callback-pending",
            Stage::CallbackInFlight => "callback-in-flight",
            Stage::AlarmDue => "alarm-due",
            Stage::StartUp => "start-up",
            Stage::Migration => "migration",
        }
    }
}

/// Dies here if this stage is armed and this is the passage to die at.
pub fn reach(stage: Stage) {
    if cfg!(debug_assertions) && ARMED.as_ref().is_some_and(|armed| armed.is_the_one(stage)) {
        die();
    }
}

/// The armed stage; `None`: nothing is to happen.
static ARMED: LazyLock<Option<Armed>> = LazyLock::new(|| {
    let text = std::env::var(VARIABLE).ok()?;
    Some(Armed::read(&text).unwrap_or_else(|| panic!("{VARIABLE}={text}: no such stage")))
});

struct Armed {
    stage: Stage,
    /// Which passage it is, counted from 1.
    nth: u64,
    passed: AtomicU64,
}

impl Armed {
    fn read(text: &str) -> Option<Self> {
        let (name, nth) = text.split_once(':').unwrap_or((text, "1"));
        let stage = Stage::ALL.into_iter().find(|stage| stage.as_str() == name)?;
        Some(Armed { stage, nth: nth.parse().ok().filter(|nth| 0 < *nth)?, passed: AtomicU64::new(0) })
    }

    fn is_the_one(&self, stage: Stage) -> bool {
        stage == self.stage && self.passed.fetch_add(1, Ordering::Relaxed) + 1 == self.nth
    }
}

/// `kill -9`: nothing is dropped, flushed or told.
fn die() {
    let killed = kill_process(getpid(), Signal::KILL);
    killed.expect("a process may end itself");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_armed_passage_of_the_armed_stage_is_the_one() {
        let armed = Armed::read("leased:2").unwrap();
        let passages = [Stage::Leased, Stage::Running, Stage::Leased, Stage::Leased];
        assert_eq!(passages.map(|stage| armed.is_the_one(stage)), [false, false, true, false]);
    }

    #[test]
    fn every_stage_is_armed_by_its_name() {
        for stage in Stage::ALL {
            assert_eq!(Armed::read(stage.as_str()).map(|armed| (armed.stage, armed.nth)), Some((stage, 1)));
        }
    }

    #[test]
    fn what_is_no_stage_and_no_passage_is_not_armed() {
        for wrong in ["", "leased:", "leased:0", "leased:x", "released", ":1"] {
            assert!(Armed::read(wrong).is_none(), "{wrong}");
        }
    }
}
