#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

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

/// Writes one line to the logs of the activation. Takes what `format!` takes.
///
/// Everything on standard error is a log. So is everything on standard output before its last line, which is the
/// result; end what you print there with a newline.
///
/// ```
/// wask_sdk::log!("{} of {} done", 3, 7);
/// ```
#[macro_export]
macro_rules! log {
    ($($message:tt)*) => { $crate::__private::log(::std::format_args!($($message)*)) };
}

/// For the code that [`macro@action`] and [`log!`] generate. Not part of the public interface.
#[doc(hidden)]
pub mod __private {
    pub use crate::answer::{Answer, DataOrData, DataOrText, JustData};
    pub use crate::host::exchange;
    pub use crate::run::{log, run};
    pub use serde::de::IgnoredAny as NoArguments;
}
