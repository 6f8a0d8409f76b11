#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

mod activation;
mod activation_id;
mod alarm;
pub mod annotations;
mod audit;
mod callback;
mod entity;
mod exec;
mod failure;
mod gateway;
mod idempotency;
mod identity;
mod keyed;
mod limits;
mod limits_profile;
pub mod messages;
mod name;
mod overrides;
mod parameters;
mod patch;
mod record;
mod retry;
pub mod setting;
mod time;
mod version;
mod weight;

pub use activation::{Activation, Response, Status, StatusFilter};
pub use activation_id::ActivationId;
pub use alarm::{
    Alarm, AlarmSchedule, AlarmStatus, CatchUp, DeleteAfterFire, DisabledKind, DisabledReason, Overlap, PastTick,
    TickEnd, TickOrigin,
};
pub use annotations::{Annotations, truthy};
pub use audit::{AuditRecord, ChangeKind};
pub use callback::{
    AttemptError, Callback, CallbackAttempt, CallbackCarrier, CallbackDefaults, CallbackEnd, CallbackHeaders,
    CallbackId, CallbackMethod, CallbackPayload, CallbackRetry, CallbackRetryMode, CallbackRetryPatch,
    CallbackSettings, CallbackState, EffectiveSettings, NewCallback, Notice, SettingSource, SourcedSetting,
    Subscription, Template,
};
pub use entity::{Action, Binding, Collection, Entity, Package, Rule, RuleLink, RuleStatus, Trigger};
pub use exec::{CodeRef, Exec, Kind, looks_like_base64};
pub use failure::{Failure, Message};
pub use gateway::{Api, ApiName, BasePath, PathPattern, ResponseType, Route, RouteSecret, Segment, Verb};
pub use idempotency::IdempotencyKey;
pub use identity::{AuthKey, Identity, KeyDigest, SharedIdentity};
pub use limits::{ActionLimits, Limits, LimitsPatch};
pub use limits_profile::LimitsProfile;
pub use name::{EntityName, FullName, NamespaceName};
pub use overrides::LimitOverrides;
pub use parameters::{Arguments, Parameter, Parameters};
pub use patch::{CommonPatch, Head};
pub use record::{WireRecord, WireResponse};
pub use retry::{Backoff, RetryPolicy};
pub use time::Timestamp;
pub use version::Version;
pub use weight::{Weight, weight_of_json};
