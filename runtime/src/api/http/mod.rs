//! What every route shares: connections, the outermost layer, who calls, what a request says, how it is refused.

pub mod accept;
pub mod activation_id;
pub mod caller;
pub mod conditions;
pub mod drain_body;
pub mod extract;
pub mod headers;
pub mod idempotency;
pub mod media;
pub mod rejection;
pub mod routes;
pub mod serve;
pub mod transaction;
pub mod transaction_id;
