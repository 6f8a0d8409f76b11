//! Platforms whose limits may be taken over together.

use serde::{Deserialize, Serialize};

/// A platform whose limits apply where none is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LimitsProfile {
    /// Adobe I/O Runtime.
    Adobe,
    /// Apache OpenWhisk as it ships.
    Openwhisk,
}

impl LimitsProfile {
    /// The limits that differ from [`Limits::default`](crate::Limits), by the names of their settings. rest.md §B.
    pub fn differences(self) -> &'static [(&'static str, u64)] {
        match self {
            LimitsProfile::Adobe => &[],
            LimitsProfile::Openwhisk => &[
                ("invocations_per_minute", 60),
                ("fires_per_minute", 60),
                ("concurrent_invocations", 30),
                ("queued_invocations", 0),
                ("action_timeout_max_ms", 300_000),
                ("action_memory_max_mb", 512),
                ("action_concurrency_max", 1),
            ],
        }
    }
}
