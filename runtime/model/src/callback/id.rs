//! The id of a callback.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{ActivationId, Failure, messages};

/// Names one callback in all its attempts: `cb_` and 32 lower-case hexadecimal digits. Parsing refuses anything else
/// with [`Failure::BadRequest`].
///
/// Its bits are those of an [`ActivationId`], so that a store which keys jobs by activation ids can key callbacks, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CallbackId(ActivationId);

impl CallbackId {
    const PREFIX: &'static str = "cb_";

    /// The activation id with the same bits.
    pub fn as_activation_id(self) -> ActivationId {
        self.0
    }
}

impl From<ActivationId> for CallbackId {
    fn from(id: ActivationId) -> Self {
        CallbackId(id)
    }
}

impl From<CallbackId> for ActivationId {
    fn from(id: CallbackId) -> Self {
        id.0
    }
}

impl fmt::Display for CallbackId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", CallbackId::PREFIX, self.0)
    }
}

impl From<CallbackId> for String {
    fn from(id: CallbackId) -> String {
        id.to_string()
    }
}

impl TryFrom<String> for CallbackId {
    type Error = Failure;

    fn try_from(text: String) -> Result<Self, Failure> {
        text.parse()
    }
}

impl FromStr for CallbackId {
    type Err = Failure;

    fn from_str(text: &str) -> Result<Self, Failure> {
        let digits = text.strip_prefix(CallbackId::PREFIX).and_then(|digits| digits.parse().ok());
        digits.map(CallbackId).ok_or_else(|| Failure::BadRequest(messages::callbacks::ID_MALFORMED.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_printed_id_parses_back(bits: [u8; 16]) {
            let id = CallbackId::from(ActivationId::from_bytes(bits));
            prop_assert_eq!(id.to_string().parse::<CallbackId>().unwrap(), id);
            prop_assert_eq!(CallbackId::from(id.as_activation_id()), id);
            let stored = serde_json::to_string(&id).unwrap();
            prop_assert_eq!(&stored, &format!("\"{id}\""));
            prop_assert_eq!(serde_json::from_str::<CallbackId>(&stored).unwrap(), id);
        }
    }

    #[test]
    fn another_prefix_length_or_digit_is_refused() {
        let digits = "0f0e0d0c0b0a09080706050403020100";
        for wrong in [digits, "", "cb_", "cb_0f", &format!("CB_{digits}"), &format!("cb_{}", digits.to_uppercase())] {
            let refused = wrong.parse::<CallbackId>().unwrap_err();
            assert_eq!(refused.to_string(), messages::callbacks::ID_MALFORMED, "{wrong}");
        }
        assert_eq!(format!("cb_{digits}").parse::<CallbackId>().unwrap().to_string(), format!("cb_{digits}"));
    }
}
