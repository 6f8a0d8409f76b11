//! The evidence about a server that was killed repeatedly: what it promised, what clients saw, and what it shows in the
//! end.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

/// The kind of action that is invoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Returns its arguments.
    Echo,
    /// Takes a moment, so that kills find it running.
    Sleeper,
    /// Always fails, and is retried twice.
    Failing,
    /// The sequence of two echos.
    Sequence,
}

impl Kind {
    pub const ALL: [Kind; 4] = [Kind::Echo, Kind::Sleeper, Kind::Failing, Kind::Sequence];

    /// The action's name.
    pub fn action(self) -> &'static str {
        match self {
            Kind::Echo => "echo",
            Kind::Sleeper => "sleeper",
            Kind::Failing => "failing",
            Kind::Sequence => "pair",
        }
    }
}

/// How long the sleeper sleeps, in milliseconds: mostly short, but sometimes so long that one run is seen in several
/// lives.
pub fn nap(n: u64) -> u64 {
    match n % 16 {
        0 => 1000 + n % 1000,
        _ => n % 200,
    }
}

/// A receiver of callbacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Site {
    /// Answers 200.
    Good,
    /// Answers 200 in the end, after a refusal or a delay.
    Flaky,
    /// Answers 500, always.
    Hopeless,
}

impl Site {
    pub const ALL: [Site; 3] = [Site::Good, Site::Flaky, Site::Hopeless];
}

/// An acknowledged activation: the client read the 202 to its end.
#[derive(Clone, Debug)]
pub struct Accepted {
    pub id: String,
    pub kind: Kind,
    /// Its input, which its result must show.
    pub n: u64,
    /// The id of its callback and the receiver.
    pub callback: Option<(String, Site)>,
    /// Which start of the process accepted it, counted from 0.
    pub life: usize,
}

/// What was seen while the server came and went.
#[derive(Debug, Default)]
pub struct Seen {
    pub accepted: Vec<Accepted>,
    /// Records by id, as read when their activations had just ended.
    pub records: HashMap<String, Value>,
    /// The lives in which an activation was seen running, by id.
    pub running: HashMap<String, BTreeSet<usize>>,
    /// The events of the ticks of an alarm, by trigger and due time.
    pub ticks: BTreeMap<(String, i64), BTreeSet<String>>,
}

/// A request that a receiver got.
#[derive(Clone, Debug)]
pub struct Delivery {
    pub webhook_id: String,
    pub activation: String,
}

/// Everything that the rules are checked against.
#[derive(Debug, Default)]
pub struct Evidence {
    pub seen: Seen,
    /// How often the process was started.
    pub lives: usize,
    /// Every record as listed in the end, from all pages.
    pub listed: Vec<Value>,
    /// The records of [`Seen::records`] as they are in the end.
    pub again: HashMap<String, Value>,
    /// Every callback as it was listed in the end.
    pub callbacks: Vec<Value>,
    pub deliveries: Vec<Delivery>,
}
