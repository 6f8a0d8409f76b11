//! Accepts or refuses the callback that a caller asks for, before its activation is accepted. feeds.md §C.2, §C.9.

use std::time::Duration;

use tracing::warn;
use wask_egress::{BadTarget, Target};
use wask_model::messages::callbacks as says;
use wask_model::{
    ActivationId, Callback, CallbackId, EffectiveSettings, Failure, FullName, Identity, LimitOverrides, Message,
    NamespaceName, NewCallback, Notice, Subscription, Timestamp,
};
use wask_store::Undelivered;

use super::Callbacks;

/// `Retry-After` for a namespace at a limit of undelivered callbacks.
const RETRY_AFTER: Duration = Duration::from_secs(60);

/// A subscription that was accepted, with the settings that apply to it.
#[derive(Clone, Debug)]
pub struct AcceptedSubscription {
    /// The id of the callback that it leads to.
    pub id: CallbackId,
    subscription: Subscription,
    settings: EffectiveSettings,
    /// Host and port of the receiver.
    pub site: String,
}

/// The activation that a callback reports.
pub struct ReportedActivation {
    pub activation: ActivationId,
    pub cause: Option<ActivationId>,
    pub name: FullName,
    pub namespace: NamespaceName,
}

impl AcceptedSubscription {
    /// The same subscription for another activation, whose callback has an id of its own.
    pub fn another(&self, now: Timestamp) -> AcceptedSubscription {
        AcceptedSubscription { id: CallbackId::from(ActivationId::new(now)), ..self.clone() }
    }

    /// The callback for one activation.
    pub fn callback(&self, reported: ReportedActivation, now: Timestamp) -> Callback {
        let (id, ReportedActivation { activation, cause, name, namespace }) = (self.id, reported);
        Callback::new(
            self.subscription.clone(),
            &self.settings,
            NewCallback { id, namespace, activation, cause, name, now },
        )
    }
}

impl Callbacks {
    /// Checks a subscription against the settings, the forbidden addresses and the bounds of undelivered callbacks
    /// · 400 · 429.
    pub async fn accept(&self, identity: &Identity, asked: Subscription) -> Result<AcceptedSubscription, Failure> {
        let refused = |message: Message| Failure::BadRequest(message);
        let target = Target::parse(asked.url()).map_err(|bad| refused(text_of(&bad)))?;
        let own = self.store.callback_settings(&identity.namespace).await?;
        let settings = own.settings.over(&self.config.defaults());
        if settings.https_only.value && !target.is_https() {
            return Err(refused(says::URL_NOT_HTTPS.into()));
        }
        self.delivery.egress().check_literal(&target).map_err(|_| refused(says::URL_FORBIDDEN.into()))?;
        let size = serde_json::to_string(&asked).expect("a subscription always serializes").len();
        self.check_room(identity, size as u64).await?;
        let id = CallbackId::from(ActivationId::new(self.clock.now()));
        Ok(AcceptedSubscription { id, subscription: asked, settings, site: target.site() })
    }

    /// Checks that the namespace may have one more undelivered callback, of `size` bytes · 429. What it will report is
    /// counted when that is known.
    pub(super) async fn check_room(&self, identity: &Identity, size: u64) -> Result<(), Failure> {
        let Undelivered { callbacks, bytes } = self.store.undelivered(&identity.namespace).await?;
        let (most, most_bytes) = (Callback::MAX_UNDELIVERED, self.limits.callback_bytes(&identity.limits));
        let asked = bytes.saturating_add(size);
        let message = if callbacks >= most {
            says::too_many_undelivered(callbacks, most)
        } else if asked > most_bytes {
            says::undelivered_too_large(asked, most_bytes)
        } else {
            return Ok(());
        };
        Err(Failure::Throttled { message, retry_after: RETRY_AFTER })
    }

    /// What a callback will tell, as its job stores it: only the outcome, if the rest does not fit into the namespace's
    /// bound. The bound counts at acceptance, too, but how much there is to tell is known only at the end.
    pub async fn job_payload(&self, namespace: &NamespaceName, own: &LimitOverrides, mut notice: Notice) -> String {
        let text = |notice: &Notice| serde_json::to_string(notice).expect("a notice always serializes");
        let whole = text(&notice);
        match self.store.undelivered(namespace).await {
            Ok(held) if self.limits.callback_bytes(own) < held.bytes.saturating_add(whole.len() as u64) => {
                notice.shorten();
                text(&notice)
            }
            Ok(_) => whole,
            Err(cause) => {
                warn!(%cause, %namespace, "cannot ask for the room of a callback, it will tell everything");
                whole
            }
        }
    }

    /// Like `accept`, if a callback was requested.
    pub async fn accept_any(
        &self,
        identity: &Identity,
        asked: Option<Subscription>,
    ) -> Result<Option<AcceptedSubscription>, Failure> {
        match asked {
            None => Ok(None),
            Some(asked) => self.accept(identity, asked).await.map(Some),
        }
    }
}

fn text_of(bad: &BadTarget) -> Message {
    match bad {
        BadTarget::TooLong { length, limit } => says::url_too_long(*length, *limit),
        BadTarget::NotAbsolute | BadTarget::Illegal => says::URL_NOT_ABSOLUTE.into(),
        BadTarget::UserInfo => says::URL_USER_INFO.into(),
        BadTarget::Fragment => says::URL_FRAGMENT.into(),
        BadTarget::Port(port) => says::url_port(*port),
    }
}
