//! What makes two requests with one key the same request.

use sha2::{Digest as _, Sha256};
use wask_model::{IdempotencyKey, NamespaceName};
use wask_store::{KeyedActivation, RequestKey};

/// Where a request comes in. Keys of one door are unknown at the other, and each door has its own limit: anyone may call
/// a web action, and must not be able to use up the keys of the namespace's own clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    Api,
    Web,
}

/// A request by its key and a digest of everything that a retry must repeat.
pub struct KeyedRequest {
    key: IdempotencyKey,
    door: Door,
    stored: RequestKey,
}

impl KeyedRequest {
    /// `parts`: what a retry must repeat, such as the method, the target and the content.
    pub fn new(namespace: NamespaceName, key: IdempotencyKey, door: Door, parts: &[&[u8]]) -> Self {
        let mut digest = Sha256::new();
        for part in parts {
            digest.update((part.len() as u64).to_be_bytes()); // so that no part runs into the next
            digest.update(part);
        }
        let prefix = match door {
            Door::Api => "api",
            Door::Web => "web",
        };
        let stored = RequestKey { namespace, key: format!("{prefix}/{key}"), digest: digest.finalize().into() };
        KeyedRequest { key, door, stored }
    }

    pub fn key(&self) -> &str {
        self.key.as_str()
    }

    pub fn door(&self) -> Door {
        self.door
    }

    pub fn namespace(&self) -> &NamespaceName {
        &self.stored.namespace
    }

    pub fn stored_key(&self) -> &str {
        &self.stored.key
    }

    pub fn to_stored(&self) -> RequestKey {
        self.stored.clone()
    }

    pub fn is(&self, begun: &KeyedActivation) -> bool {
        self.stored.digest == begun.digest
    }
}
