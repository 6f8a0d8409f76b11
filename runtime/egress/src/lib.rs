//! Sends one HTTP request to a host that somebody else named, and keeps it away from where it must not go. The only
//! place that opens outbound connections and that knows TLS, names and ranges of addresses. It knows nothing of wask:
//! what is sent, how often, and what an answer means is decided elsewhere.
//!
//! A request's way: [`Target::parse`] → [`Egress::check_literal`] (both when it is taken) → [`Egress::send`] (look up →
//! vet → dial → exchange, at every attempt).

mod egress;

mod outgoing;
mod target;

mod addresses;
mod policy;
mod resolve;

mod dial;
mod exchange;
mod tls;

mod answer;
mod config;
mod error;

pub use answer::Answer;
pub use config::{BadRange, EgressConfig};
pub use egress::Egress;
pub use error::SendError;
pub use outgoing::{Bounds, OutgoingRequest};
pub use policy::{ForbiddenAddress, Objection};
pub use resolve::{Resolve, SystemResolver};
pub use target::{BadTarget, Target};
pub use tls::BadRoots;
