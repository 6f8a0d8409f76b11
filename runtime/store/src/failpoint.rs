//! Named moments at which a process of a debug build can be killed, so that a crash story does not depend on luck.
//!
//! `WASK_FAILPOINT=leased` kills the process, as `kill -9` does, when it passes that stage; `leased:3` does so the
//! third time; `leased!` and `leased:3!` panic there instead. Without the variable nothing happens, and in a release
//! build [`reach`] does nothing at all. The variable is not a setting: it is read here, once, because a migration runs
//! before any setting reaches the store. The count of passages is the only global state of the server.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::process::{Signal, getpid, kill_process};

/// The variable that arms a stage.
pub const VARIABLE: &str = "WASK_FAILPOINT";

/// A moment after one step and before the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// A job is on disk, and its caller does not know yet.
    Accepted,
    /// A job is leased and has not begun.
    Leased,
    /// A guest is about to run.
    Running,
    /// A job has done its work, and the store does not know yet.
    FinishedNotRecorded,
    /// An activation has ended, and the callback that reports it is due.
    CallbackPending,
    /// A callback was answered, and the store does not know yet.
    CallbackInFlight,
    /// An alarm has moved on past a tick that has not been fired.
    AlarmDue,
    /// The store is open, and nothing else has started.
    StartUp,
    /// All steps of a migration have run, and none is committed.
    Migration,
    /// The thread that writes is about to run a write.
    StoreWrites,
    /// A thread that reads is about to run a read.
    StoreReads,
}

impl Stage {
    /// Every stage of the server's own work.
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

    /// Every stage of the store's own threads.
    pub const OF_THE_STORE: [Stage; 2] = [Stage::StoreWrites, Stage::StoreReads];

    /// The stage's name in the variable.
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
            Stage::StoreWrites => "store-writes",
            Stage::StoreReads => "store-reads",
        }
    }
}

/// Kills the process, or panics, if this stage is armed and this is the passage to do it at.
pub fn reach(stage: Stage) {
    if cfg!(debug_assertions)
        && let Some(armed) = ARMED.as_ref().filter(|armed| armed.is_reached_by(stage))
    {
        assert!(!armed.panics, "{VARIABLE} is armed to panic here");
        die();
    }
}

/// The armed stage. `None`: no stage is armed.
static ARMED: LazyLock<Option<Armed>> = LazyLock::new(|| {
    let text = std::env::var(VARIABLE).ok()?;
    Some(Armed::read(&text).unwrap_or_else(|| panic!("{VARIABLE}={text}: no such stage")))
});

struct Armed {
    stage: Stage,
    /// Which passage it is, counted from 1.
    nth: u64,
    /// The process lives on.
    panics: bool,
    passed: AtomicU64,
}

impl Armed {
    fn read(text: &str) -> Option<Self> {
        let (text, panics) = text.strip_suffix('!').map_or((text, false), |rest| (rest, true));
        let (name, nth) = text.split_once(':').unwrap_or((text, "1"));
        let stage = Stage::ALL.into_iter().chain(Stage::OF_THE_STORE).find(|stage| stage.as_str() == name)?;
        Some(Armed { stage, nth: nth.parse().ok().filter(|nth| *nth > 0)?, panics, passed: AtomicU64::new(0) })
    }

    fn is_reached_by(&self, stage: Stage) -> bool {
        stage == self.stage && self.passed.fetch_add(1, Ordering::Relaxed) + 1 == self.nth
    }
}

/// Dies as from `kill -9`: nothing is dropped or flushed.
fn die() {
    let killed = kill_process(getpid(), Signal::KILL);
    killed.expect("a process may kill itself");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_armed_passage_of_the_armed_stage_counts() {
        let armed = Armed::read("leased:2").unwrap();
        let passages = [Stage::Leased, Stage::Running, Stage::Leased, Stage::Leased];
        assert_eq!(passages.map(|stage| armed.is_reached_by(stage)), [false, false, true, false]);
    }

    #[test]
    fn every_stage_is_armed_by_its_name() {
        for stage in Stage::ALL.into_iter().chain(Stage::OF_THE_STORE) {
            assert_eq!(Armed::read(stage.as_str()).map(|armed| (armed.stage, armed.nth)), Some((stage, 1)));
            let panicking = Armed::read(&format!("{}:2!", stage.as_str()));
            assert!(panicking.is_some_and(|armed| armed.panics && armed.nth == 2));
        }
    }

    #[test]
    fn an_unknown_stage_or_passage_is_not_armed() {
        for wrong in ["", "leased:", "leased:0", "leased:x", "released", ":1"] {
            assert!(Armed::read(wrong).is_none(), "{wrong}");
        }
    }
}
