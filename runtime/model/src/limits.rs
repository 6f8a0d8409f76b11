//! Limits: the system's, a namespace's, an action's. Numbers carry their unit in the name.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Failure, messages};

/// The system's limits; the defaults are those of Adobe I/O Runtime. Every one is a setting below `limits.`.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Whose defaults hold where a limit is not set.
    pub profile: LimitsProfile,
    /// Action invocations a namespace may make in a clock minute. 0 = unlimited.
    pub invocations_per_minute: u32,
    /// Trigger fires a namespace may make in a clock minute. 0 = unlimited.
    pub fires_per_minute: u32,
    /// Activations of a namespace that may run at a time. 0 = unlimited.
    pub concurrent_invocations: u32,
    /// Activations of a namespace that may wait beside those until one of them has ended. 0 = none waits, all are refused.
    pub queued_invocations: u32,
    /// How many activations may have led to one another, events of triggers among them.
    pub depth: u32,
    /// Components of a sequence.
    pub sequence_length: u32,
    pub action_timeout_min_ms: u64,
    pub action_timeout_max_ms: u64,
    pub action_timeout_default_ms: u64,
    pub action_memory_min_mb: u32,
    pub action_memory_max_mb: u32,
    pub action_memory_default_mb: u32,
    pub action_logs_min_mb: u32,
    pub action_logs_max_mb: u32,
    pub action_logs_default_mb: u32,
    pub action_concurrency_min: u32,
    pub action_concurrency_max: u32,
    pub action_concurrency_default: u32,
    /// How long a web or blocking caller waits.
    pub blocking_wait_ms: u64,
    /// Bytes of `exec.code` as posted.
    pub code_bytes: u64,
    /// Bytes of `parameters`, and of `annotations`, of one entity.
    pub parameters_bytes: u64,
    /// Bytes of an invoke or fire payload, and of a web request's body.
    pub payload_bytes: u64,
    /// Bytes of an action's result.
    pub result_bytes: u64,
    /// Bytes of a result that was too large which its record quotes.
    pub truncation_bytes: u64,
    /// Bytes of any request body.
    pub request_bytes: u64,
    /// Calls of one run to the services of the host.
    pub host_calls: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            profile: LimitsProfile::Adobe,
            invocations_per_minute: 6000,
            fires_per_minute: 600,
            concurrent_invocations: 100,
            queued_invocations: 1000,
            depth: 16,
            sequence_length: 50,
            action_timeout_min_ms: 100,
            action_timeout_max_ms: 10_800_000,
            action_timeout_default_ms: 60_000,
            action_memory_min_mb: 128,
            action_memory_max_mb: 4096,
            action_memory_default_mb: 256,
            action_logs_min_mb: 0,
            action_logs_max_mb: 10,
            action_logs_default_mb: 10,
            action_concurrency_min: 1,
            action_concurrency_max: 500,
            action_concurrency_default: 1,
            blocking_wait_ms: 60_000,
            code_bytes: 48 << 20,
            parameters_bytes: 1 << 20,
            payload_bytes: 1 << 20,
            result_bytes: 1 << 20,
            truncation_bytes: 1 << 20,
            request_bytes: 50 << 20,
            host_calls: 10_000,
        }
    }
}

/// A platform whose limits are taken where none is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LimitsProfile {
    /// Adobe I/O Runtime.
    Adobe,
    /// Apache OpenWhisk as it is shipped.
    Openwhisk,
}

impl LimitsProfile {
    /// The limits that differ from [`Limits::default`]. REST contract, appendix B.
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

/// The limits of one action, as stored and as the wire shows them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActionLimits {
    /// Wall clock, ms.
    pub timeout: u64,
    /// MB.
    pub memory: u32,
    /// MB.
    pub logs: u32,
    /// Accepted and shown for clients that set it; every activation has a sandbox of its own.
    pub concurrency: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instances: Option<u32>,
}

/// `limits` of an action PUT: members that were given.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LimitsPatch {
    timeout: Option<u64>,
    memory: Option<u32>,
    logs: Option<u32>,
    concurrency: Option<i64>,
    instances: Option<u32>,
}

impl LimitsPatch {
    /// Reads the wire form; the texts are those of REST contract §3.4. Unknown members are ignored.
    pub fn from_wire(wire: &Value) -> Result<Self, Failure> {
        let members = match wire {
            Value::Null => return Ok(LimitsPatch::default()),
            Value::Object(members) => members,
            _ => return Err(Failure::malformed(messages::LIMITS_MALFORMED)),
        };
        let whole = |key: &str, what: &str, malformed: &'static str| match members.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Number(n)) => {
                match n.as_i64().or_else(|| n.as_f64().filter(|f| f.fract() == 0.0).map(|f| f as i64)) {
                    Some(n) => Ok(Some(n)),
                    None => Err(Failure::malformed(messages::limit_not_whole(what))),
                }
            }
            Some(_) => Err(Failure::malformed(malformed)),
        };
        let size = |value: Option<i64>| match value {
            Some(n) => u32::try_from(n).map(Some).or_else(|_| match n < 0 {
                true => Err(Failure::malformed(messages::SIZE_NEGATIVE)),
                false => Ok(Some(u32::MAX)),
            }),
            None => Ok(None),
        };
        let instances = whole("instances", "instance concurrency", "concurrency limit malformed")?;
        if instances.is_some_and(|n| n < 0) {
            return Err(Failure::malformed(messages::INSTANCES_NEGATIVE));
        }
        Ok(LimitsPatch {
            timeout: whole("timeout", "time", "time limit malformed")?.map(|n| u64::try_from(n).unwrap_or(0)),
            memory: size(whole("memory", "memory", "memory limit malformed")?)?,
            logs: size(whole("logs", "log", "log limit malformed")?)?,
            concurrency: whole("concurrency", "intra concurrency", "concurrency limit malformed")?,
            instances: instances.map(|n| u32::try_from(n).unwrap_or(u32::MAX)),
        })
    }

    /// Lays the given members over `stored` (or the defaults), then checks every range of `system`, which for a namespace
    /// with ranges of its own is [`Limits::for_namespace`].
    pub fn apply(&self, stored: Option<&ActionLimits>, system: &Limits) -> Result<ActionLimits, Failure> {
        let concurrency = match self.concurrency {
            Some(n) if n < i64::from(system.action_concurrency_min) => {
                return Err(Failure::BadRequest(messages::concurrency_below(n, system.action_concurrency_min)));
            }
            Some(n) => Some(u32::try_from(n).unwrap_or(u32::MAX)),
            None => None,
        };
        let limits = ActionLimits {
            timeout: self.timeout.or(stored.map(|s| s.timeout)).unwrap_or(system.action_timeout_default_ms),
            memory: self.memory.or(stored.map(|s| s.memory)).unwrap_or(system.action_memory_default_mb),
            logs: self.logs.or(stored.map(|s| s.logs)).unwrap_or(system.action_logs_default_mb),
            concurrency: concurrency.or(stored.map(|s| s.concurrency)).unwrap_or(system.action_concurrency_default),
            instances: self.instances.or(stored.and_then(|s| s.instances)),
        };
        limits.check(system)?;
        Ok(limits)
    }
}

impl ActionLimits {
    pub fn defaults(system: &Limits) -> Self {
        LimitsPatch::default().apply(None, system).expect("the configuration checks that defaults are in range")
    }

    /// Checks every range; also asked when an activation starts, because the ranges may have changed since.
    pub fn check(&self, system: &Limits) -> Result<(), Failure> {
        let refuse = |message| Err(Failure::BadRequest(message));
        if self.timeout > system.action_timeout_max_ms {
            return refuse(messages::timeout_above(self.timeout, system.action_timeout_max_ms));
        }
        if self.timeout < system.action_timeout_min_ms {
            return refuse(messages::timeout_below(self.timeout, system.action_timeout_min_ms));
        }
        if self.memory > system.action_memory_max_mb {
            return refuse(messages::memory_above(self.memory, system.action_memory_max_mb));
        }
        if self.memory < system.action_memory_min_mb {
            return refuse(messages::memory_below(self.memory, system.action_memory_min_mb));
        }
        if self.logs > system.action_logs_max_mb {
            return refuse(messages::logs_above(self.logs, system.action_logs_max_mb));
        }
        if self.logs < system.action_logs_min_mb {
            return refuse(messages::logs_below(self.logs, system.action_logs_min_mb));
        }
        if self.concurrency < system.action_concurrency_min {
            return refuse(messages::concurrency_below(self.concurrency.into(), system.action_concurrency_min));
        }
        if self.concurrency > system.action_concurrency_max {
            return refuse(messages::concurrency_above(self.concurrency, system.action_concurrency_max));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn apply(wire: Value) -> Result<ActionLimits, String> {
        LimitsPatch::from_wire(&wire).and_then(|p| p.apply(None, &Limits::default())).map_err(|f| f.to_string())
    }

    #[test]
    fn missing_members_default_and_bounds_are_inside() {
        assert_eq!(
            apply(json!({})).unwrap(),
            ActionLimits { timeout: 60_000, memory: 256, logs: 10, concurrency: 1, instances: None }
        );
        assert!(apply(json!({"timeout": 100, "memory": 128, "logs": 0, "concurrency": 500})).is_ok());
        assert!(apply(json!({"timeout": 10_800_000, "memory": 4096, "logs": 10, "concurrency": 1})).is_ok());
    }

    #[test]
    fn every_range_has_its_sentence() {
        for (wire, sentence) in [
            (
                json!({"timeout": 10_800_001}),
                "duration 10800001 milliseconds exceeds allowed threshold of 10800000 milliseconds",
            ),
            (json!({"timeout": 99}), "duration 99 milliseconds below allowed threshold of 100 milliseconds"),
            (json!({"memory": 4097}), "memory size 4097 MB exceeds allowed threshold of 4096 MB"),
            (json!({"memory": 127}), "memory size 127 MB below allowed threshold of 128 MB"),
            (json!({"logs": 11}), "log size 11 MB exceeds allowed threshold of 10 MB"),
            (json!({"concurrency": 501}), "concurrency 501 exceeds allowed threshold of 500"),
            (json!({"concurrency": 0}), "concurrency 0 below allowed threshold of 1"),
        ] {
            assert_eq!(apply(wire).unwrap_err(), sentence);
        }
    }

    #[test]
    fn what_is_no_whole_number_is_malformed() {
        assert!(
            apply(json!({"timeout": 1.5}))
                .unwrap_err()
                .ends_with("requirement failed: time limit must be whole number")
        );
        assert!(apply(json!({"memory": "1"})).unwrap_err().ends_with("memory limit malformed"));
        assert!(apply(json!({"logs": -1})).unwrap_err().ends_with("a negative size of an object is not allowed."));
    }
}
