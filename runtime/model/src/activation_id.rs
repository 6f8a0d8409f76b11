//! The id of an activation.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Failure, Timestamp, messages};

/// Names one activation: 32 lower-case hexadecimal digits, unique across the cluster.
///
/// The first 48 bits are its creation time in milliseconds, so that new records are next to each other in the store.
/// The other 80 are random. It parses from and prints as its 32 digits; another length or digit is a
/// [`Failure::BadRequest`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ActivationId(u128);

impl ActivationId {
    /// A new id for an activation that is created `now`.
    pub fn new(now: Timestamp) -> Self {
        let millis = u128::try_from(now.millis()).unwrap_or(0) & 0xffff_ffff_ffff;
        ActivationId((millis << 80) | (fastrand::u128(..) >> 48))
    }

    /// Its 128 bits, most significant byte first: ids sort as their bytes do.
    pub fn to_bytes(self) -> [u8; 16] {
        self.0.to_be_bytes()
    }

    /// The id with these [`to_bytes`](ActivationId::to_bytes).
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        ActivationId(u128::from_be_bytes(bytes))
    }
}

impl fmt::Display for ActivationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl From<ActivationId> for String {
    fn from(id: ActivationId) -> String {
        id.to_string()
    }
}

impl TryFrom<String> for ActivationId {
    type Error = Failure;

    fn try_from(text: String) -> Result<Self, Failure> {
        text.parse()
    }
}

impl FromStr for ActivationId {
    type Err = Failure;

    fn from_str(text: &str) -> Result<Self, Failure> {
        let length = text.chars().count();
        if length != 32 {
            return Err(Failure::BadRequest(messages::activation_id_length(length)));
        }
        if !text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(Failure::BadRequest(messages::ACTIVATION_ID_ILLEGAL.into()));
        }
        Ok(ActivationId(u128::from_str_radix(text, 16).expect("32 hex digits fit 128 bits")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_printed_id_parses_back(bits: u128) {
            let id = ActivationId(bits);
            prop_assert_eq!(id.to_string().parse::<ActivationId>().unwrap(), id);
        }
    }

    #[test]
    fn a_later_id_sorts_after_an_earlier_one() {
        assert!(ActivationId::new(Timestamp::from_millis(1)) < ActivationId::new(Timestamp::from_millis(2)));
    }

    #[test]
    fn a_wrong_length_and_a_wrong_digit_get_different_messages() {
        assert_eq!("xyz".parse::<ActivationId>().unwrap_err().to_string(), "Activation id length is 3 but must be 32.");
        assert_eq!("z".repeat(32).parse::<ActivationId>().unwrap_err().to_string(), "The activation id is not valid.");
    }
}
