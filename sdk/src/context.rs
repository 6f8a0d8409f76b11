//! Facts about the running activation, from the `__OW_*` variables.

use std::env;
use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Facts about the running activation. Outside of wask, texts are empty and options are `None`.
#[derive(Clone, Default)]
pub struct Context {
    /// URL of the API host.
    pub api_host: String,
    /// `uuid:key` of the invoking identity. `None` unless the action's annotation `provide-api-key` is true.
    pub api_key: Option<String>,
    /// Namespace of the invoking identity.
    pub namespace: String,
    /// Full name of this action, `/namespace[/package]/name`.
    pub action_name: String,
    /// Version of this action, such as `0.0.3`.
    pub action_version: String,
    /// Id of this activation: 32 lower-case hexadecimal digits.
    pub activation_id: String,
    /// The `X-Request-ID` of the HTTP request that led to this activation.
    pub transaction_id: String,
    /// When the activation will be ended, to the millisecond.
    pub deadline: Option<SystemTime>,
}

/// The facts about this activation.
pub fn context() -> Context {
    #[cfg(not(target_family = "wasm"))]
    if let Some(double) = crate::testing::context_double() {
        return double;
    }
    Context {
        api_host: text("__OW_API_HOST"),
        api_key: env::var("__OW_API_KEY").ok(),
        namespace: text("__OW_NAMESPACE"),
        action_name: text("__OW_ACTION_NAME"),
        action_version: text("__OW_ACTION_VERSION"),
        activation_id: text("__OW_ACTIVATION_ID"),
        transaction_id: text("__OW_TRANSACTION_ID"),
        deadline: text("__OW_DEADLINE").parse().ok().and_then(since_epoch),
    }
}

/// How long this activation may still run. Zero after its deadline, `Duration::MAX` if it has none.
pub fn time_left() -> Duration {
    match context().deadline {
        Some(deadline) => deadline.duration_since(SystemTime::now()).unwrap_or(Duration::ZERO),
        None => Duration::MAX,
    }
}

fn text(name: &str) -> String {
    env::var(name).unwrap_or_default()
}

fn since_epoch(ms: u64) -> Option<SystemTime> {
    UNIX_EPOCH.checked_add(Duration::from_millis(ms))
}

/// Omits the key, because what is printed ends up in logs.
impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("Context")
            .field("api_host", &self.api_host)
            .field("namespace", &self.namespace)
            .field("action_name", &self.action_name)
            .field("action_version", &self.action_version)
            .field("activation_id", &self.activation_id)
            .field("transaction_id", &self.transaction_id)
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}
