//! What an action author sees: the [`macro@action`] attribute, what an action may ask of its host, and doubles for
//! tests.
//!
//! An action is a plain function. It takes nothing, or one value that implements `Deserialize` (a struct of your own,
//! `serde_json::Value`, or a [`WebRequest`]), and returns one that implements `Serialize`, or a `Result`:
//!
//! ```
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Deserialize)]
//! struct Person { name: String }
//!
//! #[derive(Serialize)]
//! struct Greeting { greeting: String }
//!
//! #[wask_sdk::action]
//! fn greet(person: Person) -> Greeting {
//!     Greeting { greeting: format!("Hello, {}!", person.name) }
//! }
//! ```
//!
//! # Errors
//!
//! `Err` makes the activation an *application error*, with the result `{"error": …}`. What stands there follows from
//! the error's type: a type that implements `Serialize` (your own, `String`, `&str`, [`WebResponse`]) is written as
//! JSON, any other that implements `Display` (`std::io::Error`, `Box<dyn Error>`) as its text. [`Failure`] takes text
//! and all standard errors through `?`.
//!
//! Arguments that do not fit are an application error too, naming the argument. A panic ends the activation as a
//! developer error with the message in its logs.
//!
//! # Output
//!
//! The result is the last line of standard output; lines before it, and all of standard error, are logs. End what you
//! print with a newline, or use [`log!`].

mod answer;
mod arguments;
mod base64;
mod context;
mod failure;
mod host;
mod run;
#[cfg(not(target_family = "wasm"))]
pub mod testing;
mod web;

pub use context::{Context, context, time_left};
pub use failure::Failure;
pub use host::{ActivationId, HostError, Invocation, Reason, fire, invoke};
pub use wask_sdk_macros::action;
pub use web::{WebRequest, WebResponse};

/// Writes one line to the activation's logs. Takes what `format!` takes.
///
/// ```
/// wask_sdk::log!("{} of {} done", 3, 7);
/// ```
#[macro_export]
macro_rules! log {
    ($($message:tt)*) => { $crate::__private::log(::std::format_args!($($message)*)) };
}

/// For the code that [`macro@action`] and [`log!`] write; no part of the public interface.
#[doc(hidden)]
pub mod __private {
    pub use crate::answer::{Answer, DataOrData, DataOrText, JustData};
    pub use crate::host::exchange;
    pub use crate::run::{log, run};
    pub use serde::de::IgnoredAny as NoArguments;
}
