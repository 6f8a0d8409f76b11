//! The settings of a namespace for its callbacks. A request overrides them, and they override the server's. feeds.md §C.8.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::fields::{Fields, object, refused, switch, whole_number};
use super::{CallbackPayload, CallbackRetry, CallbackRetryMode, Subscription};
use crate::Failure;
use crate::messages::callbacks as says;

/// The server's defaults, for what neither the request nor the namespace sets. Each is a setting below `callbacks.`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct CallbackDefaults {
    /// How the waits between attempts grow: constant, linear or squared. Default constant.
    pub retry_mode: CallbackRetryMode,
    /// The wait that the mode multiplies, in seconds, 1 to 3600. Default 60.
    pub retry_interval_seconds: u32,
    /// Attempts after the first, 0 to 20. Default 5.
    pub max_retries: u32,
    /// Whether plain http is refused in every namespace. Default false.
    pub https_only: bool,
    /// How long one attempt may take, in milliseconds, 1000 to 60000. Default 10000.
    pub timeout_ms: u32,
}

impl Default for CallbackDefaults {
    fn default() -> Self {
        CallbackDefaults {
            retry_mode: CallbackRetryMode::Constant,
            retry_interval_seconds: 60,
            max_retries: 5,
            https_only: false,
            timeout_ms: 10_000,
        }
    }
}

/// The settings of a namespace; those that are `None` are the server's.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct CallbackSettings {
    /// How the waits between attempts grow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_mode: Option<CallbackRetryMode>,
    /// The wait that the mode multiplies, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval_seconds: Option<u32>,
    /// Attempts after the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_retries: Option<u32>,
    /// Whether plain http is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub https_only: Option<bool>,
    /// The form of the body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payload: Option<CallbackPayload>,
    /// How long one attempt may take, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u32>,
}

impl CallbackSettings {
    const NAMES: [&str; 6] = ["retryMode", "intervalSeconds", "maxRetries", "httpsOnly", "payload", "timeoutMs"];
    /// The members that GET shows in addition, and no PUT can set.
    const SHOWN_ONLY: [&str; 2] = ["signingSecret", "source"];

    /// These settings, changed by the members of `wire`; null unsets one. `Err` begins with the name of the member that
    /// is wrong.
    pub fn patch(&self, wire: &Value) -> Result<CallbackSettings, Failure> {
        let members = object("callback settings", wire)?;
        if let Some(name) = CallbackSettings::SHOWN_ONLY.into_iter().find(|name| members.contains_key(*name)) {
            return Err(refused(says::may_not_be_set(name)));
        }
        let fields = Fields::new("", members, &CallbackSettings::NAMES)?;
        let mut new = self.clone();
        fields.patch("retryMode", &mut new.retry_mode, CallbackRetryMode::read)?;
        fields.patch("intervalSeconds", &mut new.interval_seconds, whole_number(CallbackRetry::INTERVAL_SECONDS))?;
        fields.patch("maxRetries", &mut new.max_retries, whole_number(CallbackRetry::MAX_RETRIES))?;
        fields.patch("httpsOnly", &mut new.https_only, switch)?;
        fields.patch("payload", &mut new.payload, CallbackPayload::read)?;
        fields.patch("timeoutMs", &mut new.timeout_ms, whole_number(Subscription::TIMEOUT_MS))?;
        Ok(new)
    }

    /// The settings that apply in the namespace.
    pub fn over(&self, server: &CallbackDefaults) -> EffectiveSettings {
        let https_only = match (self.https_only, server.https_only) {
            (Some(false) | None, true) => SourcedSetting { value: true, source: SettingSource::Server },
            (own, server) => SourcedSetting::new(own, server),
        };
        EffectiveSettings {
            retry_mode: SourcedSetting::new(self.retry_mode, server.retry_mode),
            interval_seconds: SourcedSetting::new(self.interval_seconds, server.retry_interval_seconds),
            max_retries: SourcedSetting::new(self.max_retries, server.max_retries),
            https_only,
            payload: SourcedSetting::new(self.payload.clone(), CallbackPayload::Default),
            timeout_ms: SourcedSetting::new(self.timeout_ms, server.timeout_ms),
        }
    }
}

/// The settings that apply in a namespace, and who set each.
#[derive(Clone, Debug, PartialEq)]
pub struct EffectiveSettings {
    /// See [`CallbackSettings::retry_mode`].
    pub retry_mode: SourcedSetting<CallbackRetryMode>,
    /// See [`CallbackSettings::interval_seconds`].
    pub interval_seconds: SourcedSetting<u32>,
    /// See [`CallbackSettings::max_retries`].
    pub max_retries: SourcedSetting<u32>,
    /// See [`CallbackSettings::https_only`]; true if the namespace or the server says so.
    pub https_only: SourcedSetting<bool>,
    /// See [`CallbackSettings::payload`].
    pub payload: SourcedSetting<CallbackPayload>,
    /// See [`CallbackSettings::timeout_ms`].
    pub timeout_ms: SourcedSetting<u32>,
}

/// A value and who set it.
#[derive(Clone, Debug, PartialEq)]
pub struct SourcedSetting<T> {
    /// The value.
    pub value: T,
    /// Who set it.
    pub source: SettingSource,
}

impl<T> SourcedSetting<T> {
    fn new(own: Option<T>, server: T) -> Self {
        match own {
            Some(value) => SourcedSetting { value, source: SettingSource::Namespace },
            None => SourcedSetting { value: server, source: SettingSource::Server },
        }
    }
}

/// Who set a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SettingSource {
    /// The operator, or no one: the server's default.
    Server,
    /// The namespace.
    Namespace,
}

impl EffectiveSettings {
    /// How often and when callbacks are retried.
    pub fn retry(&self) -> CallbackRetry {
        CallbackRetry {
            mode: self.retry_mode.value,
            interval_seconds: self.interval_seconds.value,
            max_retries: self.max_retries.value,
        }
    }

    /// The document of GET. `signing_secret` is kept elsewhere and shown here.
    pub fn document(&self, signing_secret: &str) -> Value {
        json!({
            "retryMode": self.retry_mode.value,
            "intervalSeconds": self.interval_seconds.value,
            "maxRetries": self.max_retries.value,
            "httpsOnly": self.https_only.value,
            "payload": self.payload.value,
            "timeoutMs": self.timeout_ms.value,
            "signingSecret": signing_secret,
            "source": {
                "retryMode": self.retry_mode.source,
                "intervalSeconds": self.interval_seconds.source,
                "maxRetries": self.max_retries.source,
                "httpsOnly": self.https_only.source,
                "payload": self.payload.source,
                "timeoutMs": self.timeout_ms.source,
            },
        })
    }
}

#[cfg(test)]
mod tests;
