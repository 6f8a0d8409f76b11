//! Who calls.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::{Failure, LimitOverrides, NamespaceName, messages};

/// Who calls: a subject acting in its namespace under its limits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Identity {
    pub subject: String,
    pub namespace: NamespaceName,
    /// The user half of the key; also the namespace's own id.
    pub uuid: String,
    /// What this namespace may do beyond or below the system's limits.
    #[serde(default)]
    pub limits: LimitOverrides,
    /// The operator has shut it out: no key of it is valid, and nothing of it runs.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub blocked: bool,
}

impl Identity {
    /// Refuses a blocked one like a wrong key.
    pub fn check_not_blocked(&self) -> Result<(), Failure> {
        match self.blocked {
            true => Err(Failure::Unauthenticated(messages::AUTHENTICATION_INVALID.into())),
            false => Ok(()),
        }
    }

    /// Whether its activations are recorded.
    pub fn keeps_activations(&self) -> bool {
        self.limits.store_activations != Some(false)
    }

    /// Refuses a kind of action that the operator does not let it have.
    pub fn check_kind(&self, kind: &str) -> Result<(), Failure> {
        match self.limits.allowed_kinds.as_deref() {
            None | Some([]) => Ok(()),
            Some(allowed) if allowed.iter().any(|allowed| allowed == kind) => Ok(()),
            Some(_) => Err(Failure::Forbidden(messages::kind_not_authorized(kind))),
        }
    }
}

/// Identities travel with every request; they are shared, not copied.
pub type SharedIdentity = Arc<Identity>;

/// `uuid:key` as a client sends it. Printing it shows the uuid only.
#[derive(Clone, PartialEq, Eq)]
pub struct AuthKey {
    pub uuid: String,
    secret: String,
}

impl AuthKey {
    /// Characters of the secret half.
    pub const SECRET_LENGTH: usize = 64;

    pub fn new(uuid: impl Into<String>, secret: impl Into<String>) -> Self {
        AuthKey { uuid: uuid.into(), secret: secret.into() }
    }

    pub fn secret(&self) -> &str {
        &self.secret
    }

    /// `uuid:key`, for the few places that hand a key to its owner.
    pub fn expose(&self) -> String {
        format!("{}:{}", self.uuid, self.secret)
    }

    pub fn digest(&self) -> KeyDigest {
        KeyDigest(Sha256::digest(self.secret.as_bytes()).into())
    }
}

impl FromStr for AuthKey {
    type Err = Failure;

    fn from_str(text: &str) -> Result<Self, Failure> {
        match text.split_once(':') {
            Some((uuid, secret)) if !uuid.is_empty() && secret.len() == AuthKey::SECRET_LENGTH => {
                Ok(AuthKey::new(uuid, secret))
            }
            _ => Err(Failure::Unauthenticated(messages::AUTHENTICATION_INVALID.into())),
        }
    }
}

impl fmt::Debug for AuthKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AuthKey({}:***)", self.uuid)
    }
}

/// SHA-256 of the secret half: all that the store keeps of a key.
#[derive(Clone, Debug)]
pub struct KeyDigest([u8; 32]);

impl KeyDigest {
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        KeyDigest(bytes)
    }

    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Compares in constant time.
    pub fn matches(&self, other: &KeyDigest) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}
