//! What all routes share: the connections, the outermost layer, the caller, the parts of a request, and refusals.

mod accept;
mod activation_id;
pub mod answers;
pub mod body;
mod caller;
mod conditions;
mod config;
mod connections;
mod door;
mod drain_body;
mod headers;
pub mod idempotency;
pub mod json;
pub mod listing;
pub mod media;
mod params;
mod peer;
mod refused_early;
mod rejection;
mod routes;
mod segments;
mod serve;
pub mod transaction;
mod transaction_id;

pub use accept::check as check_accept;
pub use activation_id::{accepted, with_activation_id};
pub use caller::Caller;
pub use conditions::{ETag, WriteHeaders};
pub use config::HttpConfig;
pub use headers::{EXTRA_LOGGING, wants_extra_logging};
pub use params::{Params, malformed};
pub use rejection::Rejection;
pub use routes::{Routes, any, get, post};
pub use segments::Segments;
pub use serve::Server;
pub use transaction_id::TransactionId;
