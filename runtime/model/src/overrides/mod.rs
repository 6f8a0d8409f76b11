//! The limits that an operator sets for one namespace, and the limits that result.

use serde::{Deserialize, Serialize};

use crate::{Failure, Kind, Limits, messages};

/// The limits that an operator set for one namespace; those that are `None` are the system's. The names are those of
/// the system's settings, where there is one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LimitOverrides {
    /// See [`Limits::invocations_per_minute`], but 0 refuses all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invocations_per_minute: Option<u64>,
    /// See [`Limits::fires_per_minute`], but 0 refuses all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fires_per_minute: Option<u64>,
    /// See [`Limits::reads_per_minute`], but 0 refuses all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reads_per_minute: Option<u64>,
    /// See [`Limits::concurrent_invocations`], but 0 refuses all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub concurrent_invocations: Option<u64>,
    /// See [`Limits::queued_invocations`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queued_invocations: Option<u64>,
    /// See [`Limits::action_timeout_min_ms`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action_timeout_min_ms: Option<u64>,
    /// See [`Limits::action_timeout_max_ms`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action_timeout_max_ms: Option<u64>,
    /// See [`Limits::action_memory_min_mb`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action_memory_min_mb: Option<u64>,
    /// See [`Limits::action_memory_max_mb`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action_memory_max_mb: Option<u64>,
    /// See [`Limits::action_logs_min_mb`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action_logs_min_mb: Option<u64>,
    /// See [`Limits::action_logs_max_mb`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action_logs_max_mb: Option<u64>,
    /// See [`Limits::action_concurrency_min`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action_concurrency_min: Option<u64>,
    /// See [`Limits::action_concurrency_max`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action_concurrency_max: Option<u64>,
    /// See [`Limits::parameters_bytes`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameters_bytes: Option<u64>,
    /// See [`Limits::payload_bytes`] and [`Limits::result_bytes`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payload_bytes: Option<u64>,
    /// See [`Limits::truncation_bytes`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub truncation_bytes: Option<u64>,
    /// See [`Limits::entities`]; may be more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entities: Option<u64>,
    /// See [`Limits::entities_bytes`]; may be more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entities_bytes: Option<u64>,
    /// See [`Limits::callback_bytes`]; may be more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub callback_bytes: Option<u64>,
    /// See [`Limits::audit_bytes`]; may be more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audit_bytes: Option<u64>,
    /// Bytes of records that are kept, in place of the setting `activations.retention_bytes`; may be more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record_bytes: Option<u64>,
    /// Bytes of dead letters that are kept, in place of the setting `queue.dead_letter_bytes`; may be more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dead_letter_bytes: Option<u64>,
    /// Bytes of ended callbacks that are kept, in place of the setting `callbacks.retention_bytes`; may be more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_callback_bytes: Option<u64>,
    /// The kinds of action that may be deployed. `None` or empty: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed_kinds: Option<Vec<String>>,
    /// Whether activations are recorded. `None`: they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub store_activations: Option<bool>,
}

const ALLOWED_KINDS: &str = "allowed_kinds";
const STORE_ACTIVATIONS: &str = "store_activations";
/// The greatest value of a quota.
const MOST_ON_DISK: u64 = i64::MAX.unsigned_abs();

impl LimitOverrides {
    /// The name of every limit that can be set.
    pub const NAMES: [&str; 25] = [
        "invocations_per_minute",
        "fires_per_minute",
        "reads_per_minute",
        "concurrent_invocations",
        "queued_invocations",
        "action_timeout_min_ms",
        "action_timeout_max_ms",
        "action_memory_min_mb",
        "action_memory_max_mb",
        "action_logs_min_mb",
        "action_logs_max_mb",
        "action_concurrency_min",
        "action_concurrency_max",
        "parameters_bytes",
        "payload_bytes",
        "truncation_bytes",
        "entities",
        "entities_bytes",
        "callback_bytes",
        "audit_bytes",
        "record_bytes",
        "dead_letter_bytes",
        "ended_callback_bytes",
        ALLOWED_KINDS,
        STORE_ACTIVATIONS,
    ];

    /// Sets the limit `name` to the value in `text`. `Err` names the limit, its value and what it may be.
    pub fn set(&mut self, name: &str, text: &str, system: &Limits) -> Result<(), Failure> {
        match name {
            ALLOWED_KINDS => self.allowed_kinds = Some(kinds(text)?),
            STORE_ACTIVATIONS => {
                let invalid = |_| invalid(name, text, messages::namespaces::TRUE_OR_FALSE);
                self.store_activations = Some(text.parse().map_err(invalid)?);
            }
            _ => {
                let (number, least, most) = self.number(name, system).ok_or_else(|| unknown(name))?;
                *number = Some(within(name, text, least, most)?);
            }
        }
        Ok(())
    }

    /// Takes the limit `name` back, so that the system's applies. `Err`: there is no such limit.
    pub fn unset(&mut self, name: &str) -> Result<(), Failure> {
        match name {
            ALLOWED_KINDS => self.allowed_kinds = None,
            STORE_ACTIVATIONS => self.store_activations = None,
            _ => *self.number(name, &Limits::default()).ok_or_else(|| unknown(name))?.0 = None,
        }
        Ok(())
    }

    /// `Err`: a minimum is above its maximum. [`set`](LimitOverrides::set) sees one limit at a time and cannot check
    /// that.
    pub fn check(&self) -> Result<(), Failure> {
        for (range, least, most) in [
            ("action_timeout_*_ms", self.action_timeout_min_ms, self.action_timeout_max_ms),
            ("action_memory_*_mb", self.action_memory_min_mb, self.action_memory_max_mb),
            ("action_logs_*_mb", self.action_logs_min_mb, self.action_logs_max_mb),
            ("action_concurrency_*", self.action_concurrency_min, self.action_concurrency_max),
        ] {
            if let (Some(least), Some(most)) = (least, most)
                && most < least
            {
                let (lower, upper) = (range.replace('*', "min"), range.replace('*', "max"));
                let allowed = messages::namespaces::at_most(&upper, most);
                return Err(invalid(&lower, &least.to_string(), &allowed));
            }
        }
        Ok(())
    }

    /// The limit `name`, its least and its greatest value. `None`: there is no such number.
    fn number(&mut self, name: &str, system: &Limits) -> Option<(&mut Option<u64>, u64, u64)> {
        let throttle = u64::from(u32::MAX);
        let (time_min, time_max) = (system.action_timeout_min_ms, system.action_timeout_max_ms);
        let (memory_min, memory_max) = (system.action_memory_min_mb.into(), system.action_memory_max_mb.into());
        let (logs_min, logs_max) = (system.action_logs_min_mb.into(), system.action_logs_max_mb.into());
        let (parallel_min, parallel_max) = (system.action_concurrency_min.into(), system.action_concurrency_max.into());
        Some(match name {
            "invocations_per_minute" => (&mut self.invocations_per_minute, 0, throttle),
            "fires_per_minute" => (&mut self.fires_per_minute, 0, throttle),
            "reads_per_minute" => (&mut self.reads_per_minute, 0, throttle),
            "concurrent_invocations" => (&mut self.concurrent_invocations, 0, throttle),
            "queued_invocations" => (&mut self.queued_invocations, 0, throttle),
            "action_timeout_min_ms" => (&mut self.action_timeout_min_ms, time_min, time_max),
            "action_timeout_max_ms" => (&mut self.action_timeout_max_ms, time_min, time_max),
            "action_memory_min_mb" => (&mut self.action_memory_min_mb, memory_min, memory_max),
            "action_memory_max_mb" => (&mut self.action_memory_max_mb, memory_min, memory_max),
            "action_logs_min_mb" => (&mut self.action_logs_min_mb, logs_min, logs_max),
            "action_logs_max_mb" => (&mut self.action_logs_max_mb, logs_min, logs_max),
            "action_concurrency_min" => (&mut self.action_concurrency_min, parallel_min, parallel_max),
            "action_concurrency_max" => (&mut self.action_concurrency_max, parallel_min, parallel_max),
            "parameters_bytes" => (&mut self.parameters_bytes, 0, system.parameters_bytes),
            "payload_bytes" => (&mut self.payload_bytes, 0, system.payload_bytes),
            "truncation_bytes" => (&mut self.truncation_bytes, 0, system.truncation_bytes),
            "entities" => (&mut self.entities, 0, MOST_ON_DISK),
            "entities_bytes" => (&mut self.entities_bytes, 0, MOST_ON_DISK),
            "callback_bytes" => (&mut self.callback_bytes, 0, MOST_ON_DISK),
            "audit_bytes" => (&mut self.audit_bytes, 0, MOST_ON_DISK),
            "record_bytes" => (&mut self.record_bytes, 0, MOST_ON_DISK),
            "dead_letter_bytes" => (&mut self.dead_letter_bytes, 0, MOST_ON_DISK),
            "ended_callback_bytes" => (&mut self.ended_callback_bytes, 0, MOST_ON_DISK),
            _ => return None,
        })
    }
}

fn unknown(name: &str) -> Failure {
    Failure::BadRequest(messages::namespaces::limit_unknown(name, &LimitOverrides::NAMES))
}

fn invalid(name: &str, text: &str, allowed: &str) -> Failure {
    Failure::BadRequest(messages::namespaces::limit_invalid(name, text, allowed))
}

fn within(name: &str, text: &str, least: u64, most: u64) -> Result<u64, Failure> {
    let number = text.replace('_', "").parse().ok().filter(|number| (least..=most).contains(number));
    number.ok_or_else(|| invalid(name, text, &messages::namespaces::whole_number(least, most)))
}

/// Parses kinds that are separated by commas.
fn kinds(text: &str) -> Result<Vec<String>, Failure> {
    let invalid = || invalid(ALLOWED_KINDS, text, &messages::namespaces::list_of(&[Kind::WASM, Kind::SEQUENCE]));
    text.split(',').map(|kind| Ok(Kind::resolve(kind).ok_or_else(invalid)?.to_string())).collect()
}

impl Limits {
    /// The limits of a namespace: its own values, capped by the system's ranges. The throttles stay the system's,
    /// because their 0 means something else there; each has a method of its own.
    pub fn for_namespace(&self, own: &LimitOverrides) -> Limits {
        let mut limits = self.clone();
        narrow(
            (&mut limits.action_timeout_min_ms, own.action_timeout_min_ms),
            (&mut limits.action_timeout_max_ms, own.action_timeout_max_ms),
            &mut limits.action_timeout_default_ms,
        );
        narrow(
            (&mut limits.action_memory_min_mb, own.action_memory_min_mb),
            (&mut limits.action_memory_max_mb, own.action_memory_max_mb),
            &mut limits.action_memory_default_mb,
        );
        narrow(
            (&mut limits.action_logs_min_mb, own.action_logs_min_mb),
            (&mut limits.action_logs_max_mb, own.action_logs_max_mb),
            &mut limits.action_logs_default_mb,
        );
        narrow(
            (&mut limits.action_concurrency_min, own.action_concurrency_min),
            (&mut limits.action_concurrency_max, own.action_concurrency_max),
            &mut limits.action_concurrency_default,
        );
        cap(&mut limits.parameters_bytes, own.parameters_bytes);
        limits.payload_bytes = self.payload_bytes(own);
        cap(&mut limits.result_bytes, own.payload_bytes);
        cap(&mut limits.truncation_bytes, own.truncation_bytes);
        limits.entities = own.entities.unwrap_or(self.entities);
        limits.entities_bytes = own.entities_bytes.unwrap_or(self.entities_bytes);
        limits.callback_bytes = self.callback_bytes(own);
        limits.audit_bytes = own.audit_bytes.unwrap_or(self.audit_bytes);
        limits
    }

    /// [`for_namespace`](Limits::for_namespace) for the payload alone, which every request needs.
    pub fn payload_bytes(&self, own: &LimitOverrides) -> u64 {
        let mut bytes = self.payload_bytes;
        cap(&mut bytes, own.payload_bytes);
        bytes
    }

    /// [`for_namespace`](Limits::for_namespace) for the undelivered callbacks alone, which every request for one needs.
    pub fn callback_bytes(&self, own: &LimitOverrides) -> u64 {
        own.callback_bytes.unwrap_or(self.callback_bytes)
    }

    /// Invocations that the namespace may make in a clock minute. `None`: unlimited.
    pub fn invocations_per_minute(&self, own: &LimitOverrides) -> Option<u32> {
        throttle_of(self.invocations_per_minute, own.invocations_per_minute)
    }

    /// Firings that the namespace may make in a clock minute. `None`: unlimited.
    pub fn fires_per_minute(&self, own: &LimitOverrides) -> Option<u32> {
        throttle_of(self.fires_per_minute, own.fires_per_minute)
    }

    /// Reads that the namespace may make in a clock minute. `None`: unlimited.
    pub fn reads_per_minute(&self, own: &LimitOverrides) -> Option<u32> {
        throttle_of(self.reads_per_minute, own.reads_per_minute)
    }

    /// Activations of the namespace that may run at a time. `None`: unlimited.
    pub fn concurrent_invocations(&self, own: &LimitOverrides) -> Option<u32> {
        throttle_of(self.concurrent_invocations, own.concurrent_invocations)
    }

    /// Further activations of the namespace that may wait.
    pub fn queued_invocations(&self, own: &LimitOverrides) -> u32 {
        own.queued_invocations.map_or(self.queued_invocations, |own| u32::try_from(own).unwrap_or(u32::MAX))
    }
}

/// A throttle: 0 is unlimited for the system and refuses all for a namespace. `None`: unlimited.
fn throttle_of(system: u32, own: Option<u64>) -> Option<u32> {
    match own {
        Some(own) => Some(u32::try_from(own).unwrap_or(u32::MAX)),
        None => (system != 0).then_some(system),
    }
}

/// Replaces the system's range by the namespace's, as far as it lies within. A default outside moves to the nearest
/// end.
fn narrow<T>(least: (&mut T, Option<u64>), most: (&mut T, Option<u64>), default: &mut T)
where
    T: Copy + Ord + TryFrom<u64>,
{
    let own = |number: Option<u64>, otherwise: T, most: T| match number {
        Some(number) => T::try_from(number).unwrap_or(most),
        None => otherwise,
    };
    let (lowest, highest) = (*least.0, *most.0);
    *least.0 = own(least.1, lowest, highest).clamp(lowest, highest);
    *most.0 = own(most.1, highest, highest).clamp(*least.0, highest);
    *default = (*default).clamp(*least.0, *most.0);
}

fn cap(size: &mut u64, own: Option<u64>) {
    *size = own.map_or(*size, |own| own.min(*size));
}

#[cfg(test)]
mod tests;
