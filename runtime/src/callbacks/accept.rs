//! Accepts or refuses the callback that a caller asks for, before its activation is accepted. feeds.md §C.2, §C.9.

use std::time::Duration;

use wask_egress::{BadTarget, Target};
use wask_model::messages::callbacks as says;
use wask_model::{
    ActivationId, Callback, CallbackId, EffectiveSettings, Failure, FullName, Identity, Message, NamespaceName,
    NewCallback, Subscription, Timestamp,
};

use super::Callbacks;

/// `Retry-After` for a namespace at its limit of undelivered callbacks.
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
    /// Checks a subscription against the settings, the forbidden addresses and the number of undelivered callbacks
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
        let (undelivered, most) = (self.store.count_undelivered(&identity.namespace).await?, Callback::MAX_UNDELIVERED);
        if undelivered >= most {
            let message = says::too_many_undelivered(undelivered, most);
            return Err(Failure::Throttled { message, retry_after: RETRY_AFTER });
        }
        let id = CallbackId::from(ActivationId::new(self.clock.now()));
        Ok(AcceptedSubscription { id, subscription: asked, settings, site: target.site() })
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
