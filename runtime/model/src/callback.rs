//! Completion callbacks: what is asked for, what is stored, what is sent, and when it is sent again. Not here: whether
//! an address may be called, the request itself and its signature. Feeds contract §C.

mod id;

pub use id::CallbackId;
