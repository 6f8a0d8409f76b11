//! Alarms: triggers that the clock fires. The feed actions of `/whisk.system/alarms` create and change them, the ticker
//! claims the ticks that are due, and each becomes a job that fires the trigger. feeds.md §A.
//!
//! ```text
//! ticker ─claim─▶ feed::advance ─moved alarm + job, one transaction─▶ queue ─▶ fire ─▶ firing
//!                                                                               └─▶ settle: the alarm and its history
//! ```

mod feed;
mod schedule;

mod due;
mod ticker;

mod fire;
mod overlap;
mod removal;
mod settle;

mod manual;

pub use schedule::{Dialect, Pattern, Schedule, zone_named};

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;
use tokio::sync::Notify;
use wask_model::{
    Alarm, Arguments, AuthKey, Failure, FullName, Message, NamespaceName, Response, SharedIdentity, Timestamp, messages,
};
use wask_store::{AlarmStore, JobReader, StoreError};

pub use feed::{AlarmSettings, iso_date, read as feed_document};
use feed::{FeedError, FeedRequest, LifecycleEvent};
pub use manual::AlarmView;

use crate::callbacks::Callbacks;
use crate::catalog::Catalog;
use crate::clock::Clock;
use crate::firing::Firing;
use crate::gate::Shares;
use crate::invoke::builtin::Builtin;
use crate::queue::Queue;
use crate::retry::{TRIES, compare_and_swap};

/// The alarms of this node's store.
pub struct Alarms {
    store: Arc<dyn AlarmStore>,
    /// Whether the work of the last fired tick has ended.
    jobs: Arc<dyn JobReader>,
    catalog: Arc<Catalog>,
    firing: Arc<Firing>,
    queue: Queue,
    clock: Clock,
    settings: AlarmSettings,
    callbacks: Arc<Callbacks>,
    /// How many firings of each namespace run.
    shares: Shares,
    /// Wakes the ticker: an alarm may be due earlier than it thinks.
    changed: Notify,
}

/// The parts that [`Alarms`] is made of.
pub struct AlarmParts {
    pub store: Arc<dyn AlarmStore>,
    pub jobs: Arc<dyn JobReader>,
    pub catalog: Arc<Catalog>,
    pub firing: Arc<Firing>,
    pub queue: Queue,
    pub clock: Clock,
    pub callbacks: Arc<Callbacks>,
    pub settings: AlarmSettings,
}

/// Why a call of a feed failed.
enum FeedRefusal {
    /// The call was wrong; its result says why.
    Feed(FeedError),
    /// The server failed.
    Failed(Failure),
}

impl From<FeedError> for FeedRefusal {
    fn from(error: FeedError) -> Self {
        FeedRefusal::Feed(error)
    }
}

impl From<Message> for FeedRefusal {
    fn from(message: Message) -> Self {
        FeedRefusal::Feed(message.into())
    }
}

impl From<StoreError> for FeedRefusal {
    fn from(error: StoreError) -> Self {
        FeedRefusal::Failed(error.into())
    }
}

impl Alarms {
    pub fn new(parts: AlarmParts) -> Arc<Self> {
        let AlarmParts { store, jobs, catalog, firing, queue, clock, callbacks, settings } = parts;
        let (shares, changed) = (Shares::default(), Notify::new());
        Arc::new(Alarms { store, jobs, catalog, firing, queue, clock, settings, callbacks, shares, changed })
    }

    /// One call of a feed action. The parameters bound to the action tell which of the three feeds it is. feeds.md §A.1, §A.2.
    async fn call(&self, caller: &SharedIdentity, args: &Arguments) -> Result<serde_json::Value, FeedRefusal> {
        let request = FeedRequest::read(args, &caller.namespace)?;
        match request.event {
            LifecycleEvent::Create => {
                let alarm = feed::create(&request, &self.settings, self.clock.now())?;
                self.authorise(caller, &request).await?;
                self.check_count(&alarm.trigger).await?;
                self.put(alarm).await?;
            }
            LifecycleEvent::Read => {
                self.authorise(caller, &request).await?;
                return Ok(feed::read(&self.find(&request.trigger).await?));
            }
            LifecycleEvent::Update => {
                self.authorise(caller, &request).await?;
                let update = |alarm: &Alarm, now| feed::update(alarm, request.args, &self.settings, now);
                self.change(&request.trigger, update).await?;
            }
            LifecycleEvent::Pause => {
                self.authorise(caller, &request).await?;
                self.change(&request.trigger, |alarm, now| Ok(feed::pause(alarm, now))).await?;
            }
            LifecycleEvent::Unpause => {
                self.authorise(caller, &request).await?;
                self.change(&request.trigger, |alarm, now| feed::unpause(alarm, &self.settings, now)).await?;
            }
            LifecycleEvent::Delete => {
                self.authorise(caller, &request).await?;
                if !self.store.delete_alarm(&request.trigger).await? {
                    return Err(messages::alarms::not_found(&request.trigger).into());
                }
            }
        }
        Ok(feed::success())
    }

    /// Creates an alarm for the node itself, unless the trigger has one. `args` are those of CREATE.
    pub async fn ensure(&self, namespace: &NamespaceName, args: &Arguments) -> anyhow::Result<()> {
        let mut args = args.clone();
        args.insert("lifecycleEvent".to_owned(), "CREATE".into());
        let refused = |error: FeedError| anyhow::anyhow!("alarm refused: {}", error.result());
        let request = FeedRequest::read(&args, namespace).map_err(refused)?;
        if self.store.alarm(&request.trigger).await?.is_none() {
            self.put(feed::create(&request, &self.settings, self.clock.now()).map_err(refused)?).await?;
        }
        Ok(())
    }

    async fn put(&self, alarm: Alarm) -> Result<(), StoreError> {
        self.store.put_alarm(alarm).await?;
        self.changed.notify_one();
        Ok(())
    }

    /// Changes the alarm; tries again if a tick or another call changed it at the same time, so that neither is undone.
    async fn change(
        &self,
        trigger: &FullName,
        to: impl Fn(&Alarm, Timestamp) -> Result<Alarm, FeedError> + Send + Sync,
    ) -> Result<(), FeedRefusal> {
        compare_and_swap(TRIES, || async {
            let alarm = self.find(trigger).await?;
            let becomes = to(&alarm, self.clock.now())?;
            Ok::<_, FeedRefusal>(self.store.replace_alarm(&alarm, becomes).await?.then_some(()))
        })
        .await?;
        self.changed.notify_one();
        Ok(())
    }

    async fn find(&self, trigger: &FullName) -> Result<Alarm, FeedRefusal> {
        self.store.alarm(trigger).await?.ok_or_else(|| messages::alarms::not_found(trigger).into())
    }

    /// `Err` unless the caller's key may read the trigger. For DELETE the trigger may be missing, so that a leftover
    /// alarm can be removed.
    async fn authorise(&self, caller: &SharedIdentity, request: &FeedRequest<'_>) -> Result<(), FeedRefusal> {
        let denied = || FeedRefusal::from(Message::from(messages::alarms::AUTHENTICATION_FAILED));
        let key: &AuthKey = request.auth_key.as_ref().ok_or_else(denied)?;
        match self.catalog.authenticate(key, self.clock.now()).await {
            Ok(login) if login.identity.namespace == caller.namespace => (),
            Ok(_) | Err(Failure::Unauthenticated(_)) => return Err(denied()),
            Err(failure) => return Err(FeedRefusal::Failed(failure)),
        }
        match self.catalog.trigger(&request.trigger).await {
            Ok(_) => Ok(()),
            Err(Failure::NotFound(_)) if request.event == LifecycleEvent::Delete => Ok(()),
            Err(Failure::NotFound(_) | Failure::Conflict(_)) => Err(denied()),
            Err(failure) => Err(FeedRefusal::Failed(failure)),
        }
    }

    /// `Err` if the namespace has its limit of alarms and `trigger` would need another.
    async fn check_count(&self, trigger: &FullName) -> Result<(), FeedRefusal> {
        let limit = self.settings.max_per_namespace;
        let replaces = self.store.alarm(trigger).await?.is_some();
        let count = self.store.count_alarms(&trigger.namespace).await?;
        if !replaces && count >= u64::from(limit) { Err(messages::alarms::too_many(limit).into()) } else { Ok(()) }
    }
}

/// The feed actions of `/whisk.system/alarms`.
pub struct FeedAction(pub Arc<Alarms>);

#[async_trait]
impl Builtin for FeedAction {
    async fn run(&self, caller: &SharedIdentity, args: &Value) -> Response {
        let none = Arguments::default();
        match self.0.call(caller, args.as_object().unwrap_or(&none)).await {
            Ok(result) => Response::success(result),
            Err(FeedRefusal::Feed(error)) => {
                Response { status: wask_model::Status::ApplicationError, result: error.result(), size: None }
            }
            Err(FeedRefusal::Failed(failure)) => {
                tracing::warn!(cause = ?failure, "feed failed");
                Response::whisk_error(failure.to_string())
            }
        }
    }
}
