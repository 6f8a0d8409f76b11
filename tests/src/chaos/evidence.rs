//! What is known of a server that was killed again and again: what it promised, what was seen on the way, and what it has
//! to show in the end.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

/// What is invoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Returns its arguments.
    Echo,
    /// Takes a moment, so that kills find it running.
    Sleeper,
    /// Always ends badly, and is tried again twice.
    Failing,
    /// The echo, twice.
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

/// How long the sleeper is told to sleep, in milliseconds: mostly short, and now and then so long that one run is seen in
/// several lives.
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
    /// Answers 200 in the end: after a refusal, or late.
    Flaky,
    /// Answers 500, always.
    Hopeless,
}

impl Site {
    pub const ALL: [Site; 3] = [Site::Good, Site::Flaky, Site::Hopeless];
}

/// An activation that somebody was told of: a 202 that was read to its end.
#[derive(Clone, Debug)]
pub struct Accepted {
    pub id: String,
    pub kind: Kind,
    /// What it was given, and what its result has to show.
    pub n: u64,
    /// Its callback, by id, and whom it goes to.
    pub callback: Option<(String, Site)>,
    /// Which start of the process accepted it, counted from 0.
    pub life: usize,
}

/// What was seen while the server came and went.
#[derive(Debug, Default)]
pub struct Seen {
    pub accepted: Vec<Accepted>,
    /// Records as they were read when their activations had just ended, by id.
    pub records: HashMap<String, Value>,
    /// In which lives an activation was seen running, by id.
    pub running: HashMap<String, BTreeSet<usize>>,
    /// The events that the ticks of an alarm led to, by trigger and due time.
    pub ticks: BTreeMap<(String, i64), BTreeSet<String>>,
}

/// A request that a receiver got.
#[derive(Clone, Debug)]
pub struct Delivery {
    pub webhook_id: String,
    pub activation: String,
}

/// All that there is to judge by.
#[derive(Debug, Default)]
pub struct Evidence {
    pub seen: Seen,
    /// How often the process was started.
    pub lives: usize,
    /// Every record as it was listed in the end, pages and all.
    pub listed: Vec<Value>,
    /// The records of [`Seen::records`] as they are in the end.
    pub again: HashMap<String, Value>,
    /// Every callback as it was listed in the end.
    pub callbacks: Vec<Value>,
    pub deliveries: Vec<Delivery>,
}
