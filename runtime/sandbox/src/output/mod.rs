//! What a guest writes. Two streams are split into lines: the last line of stdout is the result, the others are logs.

mod lines;
mod logs;
mod streams;

pub(crate) use lines::{Line, Output};
pub use logs::{LogLine, LogSink, Stream};
pub(crate) use streams::{GuestOutput, GuestStream};
