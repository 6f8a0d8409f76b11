//! Every sentence that a user can read.
//!
//! Clients compare the bytes of OpenWhisk's sentences, so their wording is fixed, misspellings included. Their source
//! is the section of rest.md that each names; of alarms and callbacks, feeds.md. What a caller sent is quoted through
//! [`quoted`].

mod access;
mod actions;
mod activations;
pub mod alarms;
mod bodies;
pub mod callbacks;
mod entities;
pub mod gateway;
mod limits;
pub mod namespaces;
mod quoting;
mod requests;
pub mod retry;
mod sites;
mod throttles;
mod web;

pub use access::*;
pub use actions::*;
pub use activations::*;
pub use bodies::*;
pub use entities::*;
pub use limits::*;
pub use quoting::quoted;
pub use requests::*;
pub use sites::*;
pub use throttles::*;
pub use web::*;
