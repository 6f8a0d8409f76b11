//! The system's limits and the limits of an action. Numbers carry their unit in the name.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::setting::{MILLION, OutOfRange, check_ranges};
use crate::{Failure, LimitsProfile, messages};

/// The system's limits. Each is a setting below `limits.`; the defaults are those of Adobe I/O Runtime.
///
/// ```
/// use serde_json::json;
/// use wask_model::{LimitOverrides, Limits, LimitsPatch};
///
/// let system = Limits::default();
/// let namespace = LimitOverrides { action_timeout_max_ms: Some(30_000), ..LimitOverrides::default() };
/// let limits = system.for_namespace(&namespace);
///
/// let action = LimitsPatch::from_wire(&json!({ "memory": 512 }))?.apply(None, &limits)?;
/// assert_eq!((action.memory, action.timeout), (512, 30_000)); // the default of 60 s is above the namespace's limit
/// assert!(LimitsPatch::from_wire(&json!({ "timeout": 60_000 }))?.apply(None, &limits).is_err());
/// # Ok::<(), wask_model::Failure>(())
/// ```
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// The platform whose limits apply where none is set. Default `adobe`.
    pub profile: LimitsProfile,
    /// Action invocations that a namespace may make in a clock minute. 0 = unlimited. Default 6000.
    pub invocations_per_minute: u32,
    /// Trigger firings that a namespace may make in a clock minute. 0 = unlimited. Default 600.
    pub fires_per_minute: u32,
    /// Reads of the API that a namespace may make in a clock minute. 0 = unlimited. Default 6000.
    pub reads_per_minute: u32,
    /// Activations of a namespace that may run at a time. 0 = unlimited. Default 100.
    pub concurrent_invocations: u32,
    /// Further activations of a namespace that may wait for one of those to end. 0 = they are refused. Default 1000.
    pub queued_invocations: u32,
    /// The longest chain of activations in which each caused the next, including firings. Default 16.
    pub depth: u32,
    /// The most components of a sequence, or steps of a composition. Default 50.
    pub sequence_length: u32,
    /// The shortest time limit of an action, in milliseconds. Default 100.
    pub action_timeout_min_ms: u64,
    /// The longest time limit of an action, in milliseconds. Default 3 hours.
    pub action_timeout_max_ms: u64,
    /// The time limit of an action that does not set one, in milliseconds. Default one minute.
    pub action_timeout_default_ms: u64,
    /// The smallest memory limit of an action, in MB. Default 128.
    pub action_memory_min_mb: u32,
    /// The largest memory limit of an action, in MB. Default 4096.
    pub action_memory_max_mb: u32,
    /// The memory limit of an action that does not set one, in MB. Default 256.
    pub action_memory_default_mb: u32,
    /// The smallest log limit of an action, in MB. Default 0.
    pub action_logs_min_mb: u32,
    /// The largest log limit of an action, in MB. Default 10.
    pub action_logs_max_mb: u32,
    /// The log limit of an action that does not set one, in MB. Default 10.
    pub action_logs_default_mb: u32,
    /// The smallest `limits.concurrency` of an action. Default 1.
    pub action_concurrency_min: u32,
    /// The largest `limits.concurrency` of an action. Default 500.
    pub action_concurrency_max: u32,
    /// The `limits.concurrency` of an action that does not set one. Default 1.
    pub action_concurrency_default: u32,
    /// How long a web or blocking caller waits, in milliseconds. Default one minute.
    pub blocking_wait_ms: u64,
    /// Bytes of `exec.code` as posted. Default 48 MiB.
    pub code_bytes: u64,
    /// Bytes of `parameters`, and of `annotations`, of one entity. Default 1 MiB.
    pub parameters_bytes: u64,
    /// How many `parameters` one entity may have. Default 1000.
    pub parameters_entries: u64,
    /// How many `annotations` one entity may have, and how many `delAnnotations` may name. Default 1000.
    pub annotations_entries: u64,
    /// Bytes of the payload of an invocation or firing, and of the body of a web request. Default 1 MiB.
    pub payload_bytes: u64,
    /// Bytes of an action's result. Default 1 MiB.
    pub result_bytes: u64,
    /// How many bytes of an oversized result are kept in its record. Default 1 MiB.
    pub truncation_bytes: u64,
    /// Bytes of any request's body. Default 50 MiB.
    pub request_bytes: u64,
    /// Bytes of a body without its longest text, which may be code. Default 4 MiB.
    pub document_bytes: u64,
    /// How many values the JSON of a body may have, nested ones included. Default 200 000.
    pub json_nodes: u64,
    /// How many items of a list may be skipped. Default 100 000.
    pub list_skip: u64,
    /// Stored bytes that one page of a list may show; it has at least one item. Default 4 MiB.
    pub page_bytes: u64,
    /// Actions, triggers, rules and packages of a namespace together. Default 10 000.
    pub entities: u64,
    /// Bytes of the documents and the code of a namespace's entities. Default 1 GiB.
    pub entities_bytes: u64,
    /// Bytes of a namespace's callbacks that are not delivered yet. Default 256 MiB.
    pub callback_bytes: u64,
    /// Bytes of the audit that a namespace keeps; the oldest go first. Default 64 MiB.
    pub audit_bytes: u64,
    /// Host calls that one run may make. Default 10 000.
    pub host_calls: u32,
    /// Hours after the first run of a chain for which the keys of its runs are valid. Default 24.
    pub api_key_hours: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            profile: LimitsProfile::Adobe,
            invocations_per_minute: 6000,
            fires_per_minute: 600,
            reads_per_minute: 6000,
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
            parameters_entries: 1000,
            annotations_entries: 1000,
            payload_bytes: 1 << 20,
            result_bytes: 1 << 20,
            truncation_bytes: 1 << 20,
            request_bytes: 50 << 20,
            document_bytes: 4 << 20,
            json_nodes: 200_000,
            list_skip: 100_000,
            page_bytes: 4 << 20,
            entities: 10_000,
            entities_bytes: 1 << 30,
            callback_bytes: 256 << 20,
            audit_bytes: 64 << 20,
            host_calls: 10_000,
            api_key_hours: 24,
        }
    }
}

impl Limits {
    /// `Err` is the first limit outside its range. What a limit of an action may be set to, `check_defaults` says.
    pub fn check(&self) -> Result<(), OutOfRange> {
        check_ranges([
            ("blocking_wait_ms", self.blocking_wait_ms, 1..=60_000),
            ("depth", self.depth.into(), 1..=MILLION),
            ("parameters_entries", self.parameters_entries, 1..=MILLION),
            ("annotations_entries", self.annotations_entries, 1..=MILLION),
            ("document_bytes", self.document_bytes, 1..=1 << 30),
            ("json_nodes", self.json_nodes, 1..=100 * MILLION),
            ("list_skip", self.list_skip, 0..=1000 * MILLION),
            ("page_bytes", self.page_bytes, 1..=1 << 30),
            ("api_key_hours", self.api_key_hours.into(), 1..=MILLION),
        ])
    }

    /// `Err` is the first default of an action that its own bounds do not allow.
    pub fn check_defaults(&self) -> Result<(), OutOfRange> {
        let range = |least: u32, most: u32| u64::from(least)..=u64::from(most);
        check_ranges([
            (
                "action_timeout_default_ms",
                self.action_timeout_default_ms,
                self.action_timeout_min_ms..=self.action_timeout_max_ms,
            ),
            (
                "action_memory_default_mb",
                self.action_memory_default_mb.into(),
                range(self.action_memory_min_mb, self.action_memory_max_mb),
            ),
            (
                "action_logs_default_mb",
                self.action_logs_default_mb.into(),
                range(self.action_logs_min_mb, self.action_logs_max_mb),
            ),
            (
                "action_concurrency_default",
                self.action_concurrency_default.into(),
                range(self.action_concurrency_min, self.action_concurrency_max),
            ),
        ])
    }
}

/// The limits of one run of an action, as they are stored and shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActionLimits {
    /// Wall-clock time of initialization and run together, in milliseconds.
    pub timeout: u64,
    /// Memory of the guest, in MB.
    pub memory: u32,
    /// Log of the guest, in MB.
    pub logs: u32,
    /// Accepted and shown for clients that set it. Each activation has a sandbox of its own, whatever it says.
    pub concurrency: u32,
    /// Accepted and shown like `concurrency`, up to the concurrency of the namespace. `None`: not set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instances: Option<u32>,
}

/// The member `limits` of the PUT of an action: the limits that it sets.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LimitsPatch {
    timeout: Option<u64>,
    memory: Option<u32>,
    logs: Option<u32>,
    concurrency: Option<i64>,
    instances: Option<u32>,
}

impl LimitsPatch {
    /// Parses the member; null sets nothing, and unknown members are ignored. `Err` with the texts of rest.md
    /// §3.4.
    pub fn from_wire(wire: &Value) -> Result<Self, Failure> {
        let members = match wire {
            Value::Null => return Ok(LimitsPatch::default()),
            Value::Object(members) => members,
            _ => return Err(Failure::malformed(messages::LIMITS_MALFORMED)),
        };
        let number = |key: &str, name: &str, what: &str| match members.get(key) {
            Some(value) => whole_number(value, name, what),
            None => Ok(None),
        };
        let instances = number("instances", "concurrency", "instance concurrency")?;
        if instances.is_some_and(|n| n < 0) {
            return Err(Failure::malformed(messages::INSTANCES_NEGATIVE));
        }
        Ok(LimitsPatch {
            timeout: number("timeout", "time", "time")?.map(|n| u64::try_from(n).unwrap_or(0)),
            memory: number("memory", "memory", "memory")?.map(megabytes).transpose()?,
            logs: number("logs", "log", "log")?.map(megabytes).transpose()?,
            concurrency: number("concurrency", "concurrency", "intra concurrency")?,
            instances: instances.map(|n| u32::try_from(n).unwrap_or(u32::MAX)),
        })
    }

    /// The limits of an action after this patch of its `stored` ones, or of the defaults. `Err`: one is out of the
    /// ranges in `system`, which are those [of the namespace](Limits::for_namespace).
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

/// An integer, which may be written with a fraction of zero. `None`: null. `what` names the limit in a refusal of a
/// fraction, `name` in the others.
fn whole_number(value: &Value, name: &str, what: &str) -> Result<Option<i64>, Failure> {
    let number = match value {
        Value::Null => return Ok(None),
        Value::Number(number) => number,
        _ => return Err(Failure::malformed(messages::limit_malformed(name))),
    };
    let whole = |float: &f64| float.fract() == 0.0;
    let integer = number.as_i64().or_else(|| number.as_f64().filter(whole).map(|float| float as i64));
    integer.map(Some).ok_or_else(|| Failure::malformed(messages::limit_not_whole(what)))
}

/// Megabytes, at most as many as the type holds; the range is checked later.
fn megabytes(number: i64) -> Result<u32, Failure> {
    if number < 0 {
        return Err(Failure::malformed(messages::SIZE_NEGATIVE));
    }
    Ok(u32::try_from(number).unwrap_or(u32::MAX))
}

impl ActionLimits {
    /// The limits of an action that sets none.
    pub fn defaults(system: &Limits) -> Self {
        LimitsPatch::default().apply(None, system).expect("the configuration checks that defaults are in range")
    }

    /// `Err`: one is out of the ranges in `system`. Also checked when an activation starts, because the ranges may have
    /// changed since the action was stored.
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
    fn missing_limits_get_their_defaults_and_bounds_are_inclusive() {
        assert_eq!(
            apply(json!({})).unwrap(),
            ActionLimits { timeout: 60_000, memory: 256, logs: 10, concurrency: 1, instances: None }
        );
        assert!(apply(json!({"timeout": 100, "memory": 128, "logs": 0, "concurrency": 500})).is_ok());
        assert!(apply(json!({"timeout": 10_800_000, "memory": 4096, "logs": 10, "concurrency": 1})).is_ok());
    }

    #[test]
    fn a_limit_out_of_range_is_refused_with_both_numbers() {
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
    fn a_limit_that_is_not_a_whole_number_is_malformed() {
        assert!(
            apply(json!({"timeout": 1.5}))
                .unwrap_err()
                .ends_with("requirement failed: time limit must be whole number")
        );
        assert!(apply(json!({"memory": "1"})).unwrap_err().ends_with("memory limit malformed"));
        assert!(apply(json!({"logs": -1})).unwrap_err().ends_with("a negative size of an object is not allowed."));
    }
}
