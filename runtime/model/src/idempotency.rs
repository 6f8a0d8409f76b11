//! The key by which a retry of a request finds the first one's activation.
//! Source: draft-ietf-httpapi-idempotency-key-header.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::{Failure, messages};

/// Names one request: 1 to 255 printable ASCII characters, chosen by the caller, best at random.
///
/// Parsing accepts double quotes around the key, which are not part of it, and refuses another length or character with
/// [`Failure::BadRequest`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// The most characters that a key may have.
    pub const LONGEST: usize = 255;
    /// How long a key names the same request, counted from its first use.
    pub const REMEMBERED: Duration = Duration::from_secs(24 * 3600);

    /// The key without quotes.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for IdempotencyKey {
    type Err = Failure;

    fn from_str(text: &str) -> Result<Self, Failure> {
        let key = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text);
        if !(1..=IdempotencyKey::LONGEST).contains(&key.len()) {
            return Err(Failure::BadRequest(messages::idempotency_key_length(key.len())));
        }
        if !key.bytes().all(|b| (b' '..=b'~').contains(&b)) {
            return Err(Failure::BadRequest(messages::IDEMPOTENCY_KEY_ILLEGAL.into()));
        }
        Ok(IdempotencyKey(key.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_printed_key_parses_back_bare_and_quoted(key in "[!#-~][ -~]{0,253}") {
            prop_assert_eq!(key.parse::<IdempotencyKey>().unwrap().to_string(), key.clone());
            prop_assert_eq!(format!("\"{key}\"").parse::<IdempotencyKey>().unwrap().to_string(), key);
        }
    }

    #[test]
    fn an_empty_a_long_and_an_unprintable_key_are_refused() {
        for (text, length) in [("", 0), ("\"\"", 0), (&*"k".repeat(256), 256)] {
            let refused = text.parse::<IdempotencyKey>().unwrap_err().to_string();
            assert_eq!(refused, messages::idempotency_key_length(length), "{text}");
        }
        for text in ["a\tb", "schl\u{fc}ssel"] {
            assert_eq!(text.parse::<IdempotencyKey>().unwrap_err().to_string(), messages::IDEMPOTENCY_KEY_ILLEGAL);
        }
        assert!("k".repeat(255).parse::<IdempotencyKey>().is_ok());
    }
}
