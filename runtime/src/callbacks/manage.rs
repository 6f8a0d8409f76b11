//! What an owner does with callbacks: list, resend, cancel, and change their settings. feeds.md §C.8.

use serde_json::Value;
use tracing::warn;
use wask_egress::Target;
use wask_model::messages::callbacks as says;
use wask_model::{ActivationId, CallbackId, EffectiveSettings, Failure, Identity, NamespaceName};
use wask_store::{CallbackCancelOutcome, CallbackQuery, KnownCallback, Lane, ListPage, NewJob, StoredCallbackSettings};

use super::Callbacks;
use crate::delivery::SigningSecret;
use crate::retry::{self, TRIES};

/// How many deferred callbacks a stopping node logs.
const DEFERRED: u32 = 1000;

/// The settings that apply in a namespace, with the secret for its receivers.
pub struct SettingsView {
    pub settings: EffectiveSettings,
    pub secret: SigningSecret,
}

impl Callbacks {
    pub async fn list(&self, query: &CallbackQuery) -> Result<ListPage<KnownCallback>, Failure> {
        Ok(self.store.callbacks(query).await?)
    }

    pub async fn count(&self, query: &CallbackQuery) -> Result<u64, Failure> {
        Ok(self.store.count_callbacks(query).await?)
    }

    pub async fn get(&self, namespace: &NamespaceName, id: CallbackId) -> Result<KnownCallback, Failure> {
        self.store.callback(namespace, id).await?.ok_or_else(Failure::not_found)
    }

    /// The callbacks of one activation, newest first.
    pub async fn of(&self, namespace: &NamespaceName, activation: ActivationId) -> Result<Vec<KnownCallback>, Failure> {
        let query = CallbackQuery { activation: Some(activation), ..CallbackQuery::new(namespace.clone(), 200) };
        Ok(self.list(&query).await?.items)
    }

    /// Sends an ended callback again, now and with all its retries · 404 · 409 it has not ended, or was
    /// cancelled · 429.
    pub async fn resend(&self, identity: &Identity, id: CallbackId) -> Result<KnownCallback, Failure> {
        let namespace = &identity.namespace;
        let was = self.get(namespace, id).await?.callback;
        let now = self.clock.now();
        let mut becomes = was.clone();
        becomes.restart(now)?;
        let nothing_to_tell = || Failure::Conflict(says::NOT_RETRIABLE.into());
        let payload = self.store.notice(namespace, id).await?.ok_or_else(nothing_to_tell)?;
        let document = serde_json::to_string(&becomes).map_err(anyhow::Error::from)?;
        self.check_room(identity, (payload.len() + document.len()) as u64).await?;
        let job = NewJob {
            id: id.as_activation_id(),
            lane: Lane::Callback,
            namespace: namespace.clone(),
            share: Target::parse(&was.url).map(|target| target.site()).unwrap_or_default(),
            name: was.name.to_string(),
            cause: None,
            payload,
            due: now,
            claimed: None,
            callback: None,
        };
        if !self.store.restart_callback(&was, becomes, job).await? {
            return Err(nothing_to_tell());
        }
        self.queue.wake(Lane::Callback);
        self.get(namespace, id).await
    }

    /// Cancels a callback · 404 · 409 it has ended.
    pub async fn cancel(&self, namespace: &NamespaceName, id: CallbackId) -> Result<KnownCallback, Failure> {
        match self.store.cancel_callback(namespace, id, self.clock.now()).await? {
            CallbackCancelOutcome::Done => self.get(namespace, id).await,
            CallbackCancelOutcome::Over => Err(Failure::Conflict(says::NOT_CANCELLABLE.into())),
            CallbackCancelOutcome::Unknown => Err(Failure::not_found()),
        }
    }

    pub async fn settings(&self, identity: &Identity) -> Result<SettingsView, Failure> {
        let stored = self.store.callback_settings(&identity.namespace).await?;
        Ok(self.view(identity, &stored))
    }

    /// Changes the given keys; null resets one · 400.
    pub async fn change_settings(&self, identity: &Identity, patch: &Value) -> Result<SettingsView, Failure> {
        self.replace_settings(identity, |stored| {
            Ok(StoredCallbackSettings { settings: stored.settings.patch(patch)?, ..stored.clone() })
        })
        .await
    }

    /// Replaces the signing secret. The old one signs too for another day.
    pub async fn rotate(&self, identity: &Identity) -> Result<SettingsView, Failure> {
        let now = self.clock.now();
        self.replace_settings(identity, |stored| {
            let (generation, rotated) = (stored.generation + 1, Some(now));
            Ok(StoredCallbackSettings { generation, rotated, ..stored.clone() })
        })
        .await
    }

    async fn replace_settings(
        &self,
        identity: &Identity,
        change: impl Fn(&StoredCallbackSettings) -> Result<StoredCallbackSettings, Failure> + Send + Sync,
    ) -> Result<SettingsView, Failure> {
        retry::compare_and_swap(TRIES, || async {
            let was = self.store.callback_settings(&identity.namespace).await?;
            let becomes = change(&was)?;
            let swapped = self.store.replace_callback_settings(&identity.namespace, &was, becomes.clone()).await?;
            Ok(swapped.then(|| self.view(identity, &becomes)))
        })
        .await
    }

    /// Logs the callbacks that are due after the node has stopped.
    pub async fn log_deferred(&self) {
        let due = match self.jobs.due_jobs(Lane::Callback, DEFERRED).await {
            Ok(due) => due,
            Err(cause) => return warn!(%cause, "cannot list the deferred callbacks"),
        };
        for (id, due) in due {
            let id = CallbackId::from(id);
            warn!(callback_id = %id, next_attempt_at = %due, "callback is deferred until the next start");
        }
    }

    fn view(&self, identity: &Identity, stored: &StoredCallbackSettings) -> SettingsView {
        let settings = stored.settings.over(&self.config.defaults());
        SettingsView { settings, secret: self.secrets.current(identity, stored) }
    }
}

impl SettingsView {
    pub fn document(&self) -> Value {
        self.settings.document(&self.secret.expose())
    }
}
