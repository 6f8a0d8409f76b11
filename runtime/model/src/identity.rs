//! Who calls: identities and their keys.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::{Failure, LimitOverrides, NamespaceName, messages};

/// A subject that acts in its namespace under its limits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Identity {
    /// The name of the user or service.
    pub subject: String,
    /// The namespace that it owns.
    pub namespace: NamespaceName,
    /// The first half of the key; also the id of the namespace.
    pub uuid: String,
    /// What the operator set for this namespace in place of the system's limits.
    #[serde(default)]
    pub limits: LimitOverrides,
    /// Whether the operator blocked the namespace: none of its keys is valid, and nothing of it runs.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub blocked: bool,
}

impl Identity {
    /// `Err` if the namespace is blocked: the same as for a wrong key.
    pub fn check_not_blocked(&self) -> Result<(), Failure> {
        if self.blocked { Err(Failure::Unauthenticated(messages::AUTHENTICATION_INVALID.into())) } else { Ok(()) }
    }

    /// Whether its activations are recorded.
    pub fn keeps_activations(&self) -> bool {
        self.limits.store_activations != Some(false)
    }

    /// `Err` if the operator does not allow this kind of action in the namespace.
    pub fn check_kind(&self, kind: &str) -> Result<(), Failure> {
        match self.limits.allowed_kinds.as_deref() {
            None | Some([]) => Ok(()),
            Some(allowed) if allowed.iter().any(|allowed| allowed == kind) => Ok(()),
            Some(_) => Err(Failure::Forbidden(messages::kind_not_authorized(kind))),
        }
    }
}

/// An identity as requests, jobs and caches hold it: shared, not copied.
pub type SharedIdentity = Arc<Identity>;

/// `uuid:secret` as a client sends it. Its `Debug` form shows only the uuid.
///
/// Parsing refuses an empty uuid and a secret of another length with [`Failure::Unauthenticated`].
#[derive(Clone, PartialEq, Eq)]
pub struct AuthKey {
    /// The [`Identity::uuid`] that it claims to be.
    pub uuid: String,
    secret: String,
}

impl AuthKey {
    /// Bytes of the secret.
    pub const SECRET_LENGTH: usize = 64;

    /// A key from its two halves, which are not checked.
    pub fn new(uuid: impl Into<String>, secret: impl Into<String>) -> Self {
        AuthKey { uuid: uuid.into(), secret: secret.into() }
    }

    /// The secret half. Never log or show it.
    pub fn secret(&self) -> &str {
        &self.secret
    }

    /// `uuid:secret`, for the few places that hand a key to its owner.
    pub fn expose(&self) -> String {
        format!("{}:{}", self.uuid, self.secret)
    }

    /// The digest to store or to compare with a stored one.
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

/// SHA-256 of the secret half, which is all that the store keeps of a key.
#[derive(Clone, Debug)]
pub struct KeyDigest([u8; 32]);

impl KeyDigest {
    /// A digest that was stored.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        KeyDigest(bytes)
    }

    /// The digest to store.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Whether two digests are equal, compared in constant time.
    pub fn matches(&self, other: &KeyDigest) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}
