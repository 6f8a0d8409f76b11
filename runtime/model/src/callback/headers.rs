//! The headers that a subscription adds to its request.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::fields::{header_text, object, refused};
use crate::Failure;
use crate::messages::callbacks as says;

/// At most 32 headers of at most 8 KiB in all, in the order in which they were given. Their values are likely to be
/// secrets, so no list and no `Debug` form shows one. feeds.md §C.2.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CallbackHeaders(Vec<(String, String)>);

/// The headers that the delivery itself writes, in lower case.
const RESERVED: [&str; 7] = ["host", "content-length", "connection", "transfer-encoding", "te", "trailer", "upgrade"];
const RESERVED_PREFIXES: [&str; 3] = ["proxy-", "x-wask-", "webhook-"];

impl CallbackHeaders {
    /// How many headers there may be.
    pub const MAX_COUNT: usize = 32;
    /// How many bytes all names and values may have together.
    pub const LONGEST: usize = 8 << 10;

    /// Names and values, as they were given.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The headers with `***` for every value, as lists show them.
    pub fn hidden(&self) -> Value {
        self.0.iter().map(|(name, _)| (name.clone(), Value::from("***"))).collect::<Map<_, _>>().into()
    }

    /// The headers with their values, as a subscription prints them.
    pub(super) fn exposed(&self) -> Value {
        self.0.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect::<Map<_, _>>().into()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn read(path: &str, value: &Value) -> Result<Self, Failure> {
        let members = object(path, value)?;
        if members.len() > CallbackHeaders::MAX_COUNT {
            return Err(refused(says::too_many_headers(path, members.len(), CallbackHeaders::MAX_COUNT)));
        }
        let mut headers = Vec::with_capacity(members.len());
        let mut size = 0;
        for (name, value) in members {
            let path_of_name = format!("{path}.{name}");
            check_name(&path_of_name, name)?;
            let value = header_text(usize::MAX)(&path_of_name, value)?;
            size += name.len() + value.len();
            headers.push((name.clone(), value));
        }
        if size > CallbackHeaders::LONGEST {
            return Err(refused(says::larger_than_allowed(path, size, CallbackHeaders::LONGEST)));
        }
        Ok(CallbackHeaders(headers))
    }
}

/// `Err`: not a token of RFC 9110 §5.6.2, or a header that the delivery itself writes.
fn check_name(path: &str, name: &str) -> Result<(), Failure> {
    let is_token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    if name.is_empty() || !name.bytes().all(is_token) {
        return Err(refused(says::not_a_header(path)));
    }
    let name = name.to_ascii_lowercase();
    if RESERVED.contains(&name.as_str()) || RESERVED_PREFIXES.iter().any(|prefix| name.starts_with(prefix)) {
        return Err(refused(says::may_not_be_set(path)));
    }
    Ok(())
}

impl fmt::Debug for CallbackHeaders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.0.iter().map(|(name, _)| (name, "***"))).finish()
    }
}
