//! The result of a chaos run, as a table.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use super::evidence::Evidence;
use super::invariants::{Broken, Rule, attempts_of, broken};
use super::load::ALARMS;

/// How many findings are printed, at most.
const SHOWN: usize = 30;

/// Counts, and everything that breaks a rule.
#[derive(Debug)]
pub struct Report {
    pub seed: u64,
    /// How often the process was killed: at which stage, or at random.
    pub kills: BTreeMap<&'static str, u64>,
    pub acknowledged: usize,
    pub records: usize,
    pub repeated: usize,
    pub callbacks: usize,
    pub delivered: usize,
    pub failed: usize,
    pub requests: usize,
    pub fired: usize,
    pub broken: Vec<Broken>,
}

impl Report {
    pub fn new(seed: u64, kills: BTreeMap<&'static str, u64>, evidence: &Evidence) -> Self {
        let in_state = |state: &str| evidence.callbacks.iter().filter(|known| known["state"] == state).count();
        let count = |of: &dyn Fn(&Value) -> bool| evidence.listed.iter().filter(|record| of(record)).count();
        Report {
            seed,
            kills,
            acknowledged: evidence.seen.accepted.len(),
            records: evidence.listed.len(),
            repeated: count(&|record| attempts_of(record) > 1),
            callbacks: evidence.callbacks.len(),
            delivered: in_state("delivered"),
            failed: in_state("failed"),
            requests: evidence.deliveries.len(),
            fired: count(&|record| ALARMS.iter().any(|trigger| record["name"] == *trigger)),
            broken: broken(evidence),
        }
    }

    /// How often a rule was broken.
    fn breaks(&self, rule: Rule) -> usize {
        self.broken.iter().filter(|broken| broken.rule == rule).count()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = |what: &str, count: u64| writeln!(f, "{what:<32}{count:>8}");
        line("seed", self.seed)?;
        line("kills", self.kills.values().sum())?;
        for (stage, kills) in &self.kills {
            line(&format!("  {stage}"), *kills)?;
        }
        for (what, count) in [
            ("acknowledged", self.acknowledged),
            ("  lost", self.breaks(Rule::NothingLost)),
            ("records", self.records),
            ("  doubled or missing parts", self.breaks(Rule::OneRecord)),
            ("  with a wrong result", self.breaks(Rule::OwnRecord)),
            ("  changed after their end", self.breaks(Rule::Final)),
            ("  with several attempts", self.repeated),
            ("  with a wrong attempt count", self.breaks(Rule::AttemptsCounted)),
            ("callbacks due", self.callbacks),
            ("  delivered", self.delivered),
            ("  failed for good", self.failed),
            ("  requests received", self.requests),
            ("  broken promises", self.breaks(Rule::Callbacks)),
            ("ticks fired", self.fired),
            ("  twice, or unaccounted for", self.breaks(Rule::OneFirePerTick)),
        ] {
            line(what, count as u64)?;
        }
        self.broken.iter().take(SHOWN).try_for_each(|broken| writeln!(f, "{broken}"))?;
        match self.broken.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            more => writeln!(f, "and {more} more"),
        }
    }
}
