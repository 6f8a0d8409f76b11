//! What an attack did to everybody else.

use std::fmt;
use std::time::Duration;

use super::{Noted, Seen};

/// What the canary saw of one attack, and what it cost the server.
pub struct Outcome {
    /// The attack.
    pub name: &'static str,
    /// What the attacker saw.
    pub noted: Noted,
    /// Before the attack.
    pub before: Seen,
    /// While it lasted.
    pub during: Seen,
    /// From 2 s after its end.
    pub after: Seen,
    /// Resident memory of the server before the attack.
    pub quiet_bytes: u64,
    /// The most resident memory that the server ever had.
    pub peak_bytes: u64,
    /// Resident memory of the server 3 s after the attack.
    pub left_bytes: u64,
    /// What the server printed to standard error.
    pub stderr: String,
}

/// What is promised to everybody else. threats.md §7.
const LEAST_SUCCESS: f64 = 0.999;
const LONGEST: Duration = Duration::from_secs(1);
const LONGEST_PING: Duration = Duration::from_millis(100);

impl Outcome {
    /// The head of the table.
    pub const HEAD: &str = "| attack | canary answered | p50 | max | ping max | after 2 s | memory before, peak, after | \
        the attacker saw |\n|---|---|---|---|---|---|---|---|";

    /// What of the promise did not hold, one sentence each.
    pub fn broken(&self) -> Vec<String> {
        let name = self.name;
        let mut broken = Vec::new();
        for (when, seen) in [("during", &self.during), ("after", &self.after)] {
            if seen.success() < LEAST_SUCCESS {
                broken.push(format!("{name}: {}/{} answered {when} it {:?}", seen.answered, seen.asked, seen.problems));
            }
            if seen.max > LONGEST {
                broken.push(format!("{name}: an answer {when} it took {:?}", seen.max));
            }
            if seen.ping_max > LONGEST_PING {
                broken.push(format!("{name}: a ping {when} it took {:?}", seen.ping_max));
            }
        }
        broken
    }
}

impl fmt::Display for Outcome {
    /// A row of the table.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Outcome { name, noted, during, after, .. } = self;
        let ms = |time: Duration| format!("{:.1} ms", time.as_secs_f64() * 1000.0);
        let mib = |bytes: u64| bytes >> 20;
        write!(
            f,
            "| {name} | {:.2} % of {} | {} | {} | {} | {}/{} | {}, {}, {} MiB | {noted} |",
            during.success() * 100.0,
            during.asked,
            ms(during.p50),
            ms(during.max),
            ms(during.ping_max),
            after.answered,
            after.asked,
            mib(self.quiet_bytes),
            mib(self.peak_bytes),
            mib(self.left_bytes),
        )
    }
}
