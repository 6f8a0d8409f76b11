//! What an action may ask of its host: invoke an action, fire a trigger. Both act in the namespace of the running
//! action.

mod error;
mod frame;
#[cfg(target_family = "wasm")]
mod imports;

use std::fmt::{self, Display};
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use error::{HostError, Reason};
use frame::Request;
pub use frame::exchange;

/// Invokes an action without waiting for it. `Ok` means that the activation is stored and will run.
///
/// `name` is `name`, `package/name` or `/namespace/package/name`. `params` is any value that serializes to an object.
pub fn invoke<P: Serialize + ?Sized>(name: &str, params: &P) -> Result<ActivationId, HostError> {
    Invocation::of(name).start(params)
}

/// Fires a trigger and returns the id of the firing. `None`: the trigger has no active rule, so nothing was started or
/// recorded.
pub fn fire<P: Serialize + ?Sized>(trigger: &str, payload: &P) -> Result<Option<ActivationId>, HostError> {
    let fired: FireAnswer = Request::fire(trigger).send(payload)?;
    Ok(fired.activation_id)
}

/// An invocation of another action. Say how to invoke it, then call [`start`](Self::start), [`result`](Self::result) or
/// [`record`](Self::record).
///
/// ```no_run
/// use std::time::Duration;
/// use serde_json::{Value, json};
/// use wask_sdk::{HostError, Invocation};
///
/// fn total() -> Result<Value, HostError> {
///     Invocation::of("sum").wait_at_most(Duration::from_secs(5)).result(&json!({ "numbers": [1, 2] }))
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Invocation {
    name: String,
    wait: Option<Duration>,
}

impl Invocation {
    /// An invocation of `name`: `name`, `package/name` or `/namespace/package/name`.
    pub fn of(name: &str) -> Invocation {
        Invocation { name: name.into(), wait: None }
    }

    /// How long `result` and `record` wait. The host's default, and its limit, is 60 s.
    pub fn wait_at_most(mut self, wait: Duration) -> Invocation {
        self.wait = Some(wait);
        self
    }

    /// Invokes the action without waiting for it.
    pub fn start<P: Serialize + ?Sized>(&self, params: &P) -> Result<ActivationId, HostError> {
        let started: StartAnswer = Request::start(&self.name).send(params)?;
        Ok(started.activation_id)
    }

    /// Invokes the action, waits for it and returns its result. `Err` is [`Reason::ActionFailed`] if the action ended
    /// with an error, and [`Reason::StillRunning`] if it is still running after the wait; it then goes on.
    pub fn result<T: DeserializeOwned>(&self, params: &impl Serialize) -> Result<T, HostError> {
        let record = self.record(params)?;
        let Some(response) = record.get("response") else {
            return Err(HostError::still_running(&record));
        };
        let result = response.get("result").cloned().unwrap_or_default();
        if response.get("success") != Some(&Value::Bool(true)) {
            return Err(HostError::action_failed(&self.name, &result));
        }
        serde_json::from_value(result).map_err(HostError::unexpected_answer)
    }

    /// Invokes the action, waits for it and returns its activation record, even if it failed. If the action is still
    /// running after the wait, the record has only the member `activationId`.
    pub fn record<P: Serialize + ?Sized>(&self, params: &P) -> Result<Value, HostError> {
        Request::wait(&self.name, self.wait).send(params)
    }
}

/// Names one activation.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ActivationId(String);

impl ActivationId {
    /// 32 lower-case hexadecimal digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Display for ActivationId {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The answer to `actions.invoke` without waiting.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct StartAnswer {
    activation_id: ActivationId,
}

/// The answer to `triggers.fire`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FireAnswer {
    activation_id: Option<ActivationId>,
}
