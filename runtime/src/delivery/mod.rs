//! Sends one signed request to a URL that a client has named, and reads what it led to. feeds.md §C.4, §C.9.
//!
//! Whether a URL may be called is decided by `wask-egress`, for every attempt again. When the next attempt is due is a
//! rule of the model, and what is stored of an attempt is up to the caller.

mod attempt;
mod request;
mod signature;

pub use attempt::{AttemptOutcome, Delivery, NewAttempt};
pub use request::DeliveryRequest;
pub use signature::{Secrets, SigningSecret};
