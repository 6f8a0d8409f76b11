//! Words and rules of the domain: names, entities, limits, activations, and every sentence a user can read.
//!
//! No I/O, no async, no HTTP, no clock: whoever needs the time is handed a [`Timestamp`].

mod activation;
mod activation_id;
mod alarm;
pub mod annotations;
mod api;
mod audit;
mod callback;
mod entity;
mod exec;
mod failure;
mod idempotency;
mod identity;
mod limits;
pub mod messages;
mod name;
mod overrides;
mod parameters;
mod patch;
mod record;
mod retry;
mod time;
mod version;

pub use activation::{Activation, Response, Status, StatusFilter};
pub use activation_id::ActivationId;
pub use alarm::{
    Alarm, AlarmSchedule, AlarmStatus, CatchUp, DeleteAfterFire, Disabled, DisabledKind, Overlap, PastTick, TickEnd,
    TickOrigin,
};
pub use annotations::{Annotations, truthy};
pub use api::{Api, ApiName, BasePath, PathPattern, ResponseType, Route, RouteSecret, Segment, Verb};
pub use audit::{AuditRecord, Became};
pub use callback::{
    AttemptError, Callback, CallbackAttempt, CallbackCarrier, CallbackDefaults, CallbackEnd, CallbackHeaders,
    CallbackId, CallbackMethod, CallbackPayload, CallbackSettings, CallbackState, EffectiveSettings, NewCallback,
    Notice, Retry, RetryMode, RetryPatch, SettingSource, Sourced, Subscription, Template,
};
pub use entity::{Action, Binding, Collection, Entity, Package, Rule, RuleLink, RuleStatus, Trigger};
pub use exec::{CodeRef, Exec, Kind, looks_like_base64};
pub use failure::{Failure, Message};
pub use idempotency::IdempotencyKey;
pub use identity::{AuthKey, Identity, KeyDigest, SharedIdentity};
pub use limits::{ActionLimits, Limits, LimitsPatch, LimitsProfile};
pub use name::{EntityName, FullName, NamespaceName};
pub use overrides::LimitOverrides;
pub use parameters::{Arguments, Parameter, Parameters};
pub use patch::{CommonPatch, Head};
pub use record::{WireRecord, WireResponse};
pub use retry::{Backoff, RetryPolicy};
pub use time::Timestamp;
pub use version::Version;
