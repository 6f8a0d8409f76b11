//! The environment variables of a guest. rest.md §3.8.

use std::borrow::Cow;
use std::time::Duration;

use wask_model::annotations::keys;
use wask_model::{AuthKey, Failure, Limits, Timestamp, truthy};

use super::Runner;
use crate::catalog::TokenTimes;
use crate::invoke::{AdmittedInvocation, Authority};

/// How long a key is valid after the run's deadline.
const AFTER_DEADLINE: Duration = Duration::from_secs(60);

impl Runner {
    /// `start`, `deadline`: when the run begins and when it will be stopped.
    pub(super) async fn environment(
        &self,
        admitted: &AdmittedInvocation,
        (start, deadline): (Timestamp, Timestamp),
        allowed: &Limits,
    ) -> Result<Vec<(Cow<'static, str>, String)>, Failure> {
        let action = &admitted.entry.action;
        let mut all = Vec::with_capacity(8 + admitted.entry.environment.len());
        all.extend(admitted.entry.environment.iter().map(|(key, value)| (Cow::Owned(key.clone()), value.clone())));
        let mut set = |key: &'static str, value: String| all.push((Cow::Borrowed(key), value));
        set("__OW_API_HOST", self.api_host.clone());
        set("__OW_NAMESPACE", admitted.identity.namespace.to_string());
        set("__OW_ACTION_NAME", format!("/{}", action.name));
        set("__OW_ACTION_VERSION", action.version.to_string());
        set("__OW_ACTIVATION_ID", admitted.id.to_string());
        set("__OW_TRANSACTION_ID", admitted.context.transaction.to_string());
        set("__OW_DEADLINE", deadline.millis().to_string());
        if gets_key(admitted)
            && let Some(key) = self.key(admitted, (start, deadline), allowed).await?
        {
            set("__OW_API_KEY", key.expose());
        }
        Ok(all)
    }

    /// A key that is valid a little longer than the run, but not longer than the chain that the run is part of. `None`:
    /// that is over.
    async fn key(
        &self,
        admitted: &AdmittedInvocation,
        (start, deadline): (Timestamp, Timestamp),
        allowed: &Limits,
    ) -> Result<Option<AuthKey>, Failure> {
        let chain_began = admitted.context.chain_began.unwrap_or(start);
        let chain_ends = chain_began.after(Duration::from_secs(u64::from(allowed.api_key_hours) * 3600));
        let until = deadline.after(AFTER_DEADLINE).min(chain_ends);
        if until < start {
            return Ok(None);
        }
        self.catalog.token(&admitted.identity, TokenTimes { chain_began, until }).await
    }
}

/// Whether the action may have a key. Without the annotation, which every new action gets, only an own action has one.
fn gets_key(admitted: &AdmittedInvocation) -> bool {
    match admitted.entry.action.annotations.get(keys::PROVIDE_API_KEY) {
        Some(given) => truthy(given),
        None => Authority::of(&admitted.entry, &admitted.identity) == Authority::Full,
    }
}
