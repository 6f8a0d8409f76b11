//! Versions of entities.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Failure, messages};

/// The version of an entity: `0.0.1` at creation, one patch more with each update.
///
/// Parsing is lenient: missing parts are 0, and parts after the third are ignored. `0.0.0` and anything but digits are
/// refused with [`Failure::BadRequest`]. rest.md §2.3.
///
/// ```
/// use wask_model::Version;
///
/// assert_eq!("1.2".parse::<Version>()?.next().to_string(), "1.2.1");
/// assert_eq!("1.2.3.4".parse::<Version>()?.to_string(), "1.2.3");
/// assert!("0.0.0".parse::<Version>().is_err());
/// # Ok::<(), wask_model::Failure>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Version {
    major: u32,
    minor: u32,
    patch: u32,
}

impl Version {
    /// The version of an entity that was just created.
    pub const FIRST: Version = Version { major: 0, minor: 0, patch: 1 };

    /// The version after an update: one patch more.
    #[must_use]
    pub fn next(self) -> Self {
        Version { patch: self.patch.saturating_add(1), ..self }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

impl From<Version> for String {
    fn from(version: Version) -> String {
        version.to_string()
    }
}

impl TryFrom<String> for Version {
    type Error = Failure;

    fn try_from(text: String) -> Result<Self, Failure> {
        text.parse()
    }
}

impl FromStr for Version {
    type Err = Failure;

    fn from_str(text: &str) -> Result<Self, Failure> {
        let malformed = || Failure::malformed(messages::VERSION_MALFORMED);
        let mut parts = [0_u32; 3];
        for (i, part) in text.split('.').enumerate() {
            let number = part.parse::<u32>().ok().filter(|_| part.bytes().all(|b| b.is_ascii_digit()));
            let number = number.ok_or_else(malformed)?;
            if let Some(kept) = parts.get_mut(i) {
                *kept = number;
            }
        }
        let [major, minor, patch] = parts;
        if parts == [0, 0, 0] { Err(malformed()) } else { Ok(Version { major, minor, patch }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_parses_leniently_and_prints_in_full() {
        for (text, printed) in [("1", "1.0.0"), ("0.0.1", "0.0.1"), ("01.2", "1.2.0"), ("1.2.3.4", "1.2.3")] {
            assert_eq!(text.parse::<Version>().unwrap().to_string(), printed);
        }
        for text in ["", "0.0.0", "-1", "a", "1..2", "+1"] {
            assert!(text.parse::<Version>().is_err(), "{text}");
        }
    }
}
