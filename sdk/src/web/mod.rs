//! Web actions: the HTTP request that an action gets, and the HTTP answer that it returns.

mod request;
mod response;

pub use request::WebRequest;
pub use response::WebResponse;
