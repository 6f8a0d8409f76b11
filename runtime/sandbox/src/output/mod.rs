//! What a guest writes: two streams, split into lines; the last one is the result, the others are logs.

mod lines;
mod logs;
mod streams;

pub(crate) use lines::{Line, Output};
pub use logs::{LogLine, LogSink, Stream};
pub(crate) use streams::{GuestOutput, GuestStream};
