#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

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
