//! The environment variables of a guest. rest.md §3.8.

use std::time::Duration;

use wask_model::annotations::keys;
use wask_model::{Timestamp, truthy};

use super::Runner;
use crate::invoke::AdmittedInvocation;

impl Runner {
    /// `deadline`: when the run will be stopped. The API key, if the action may have one, is valid a little longer.
    pub(super) fn environment(&self, admitted: &AdmittedInvocation, deadline: Timestamp) -> Vec<(String, String)> {
        let action = &admitted.entry.action;
        let mut all = Vec::with_capacity(8 + admitted.entry.environment.len());
        all.extend(admitted.entry.environment.iter().cloned());
        let mut set = |key: &str, value: String| all.push((key.to_owned(), value));
        set("__OW_API_HOST", self.api_host.clone());
        set("__OW_NAMESPACE", admitted.identity.namespace.to_string());
        set("__OW_ACTION_NAME", format!("/{}", action.name));
        set("__OW_ACTION_VERSION", action.version.to_string());
        set("__OW_ACTIVATION_ID", admitted.id.to_string());
        set("__OW_TRANSACTION_ID", admitted.context.transaction.to_string());
        set("__OW_DEADLINE", deadline.millis().to_string());
        if action.annotations.get(keys::PROVIDE_API_KEY).is_none_or(truthy) {
            let expires = deadline.after(Duration::from_secs(60));
            set("__OW_API_KEY", self.catalog.token(&admitted.identity, expires).expose());
        }
        all
    }
}
