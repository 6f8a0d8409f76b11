//! Web actions: what an HTTP request looks like to an action, and what an action answers.

mod request;
mod response;

pub use request::WebRequest;
pub use response::WebResponse;
