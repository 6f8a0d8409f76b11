//! Finds the identity behind a `uuid:key`: the key of a namespace, or the token that an activation acts with.

use std::sync::Arc;

use wask_model::{
    AuthKey, Failure, Identity, KeyDigest, LimitOverrides, Limits, NamespaceName, SharedIdentity, Timestamp, messages,
};

use super::tokens::{TokenTimes, Tokens};
use super::{Catalog, NamespaceKey, Namespaces};
use crate::gate::rights::SYSTEM;

/// An identity in the cache, with the digests of its valid keys, the newest first.
pub(super) struct CachedIdentity {
    identity: SharedIdentity,
    keys: Vec<KeyDigest>,
}

/// Who presents a valid key.
#[derive(Clone, Debug, PartialEq)]
pub struct Login {
    pub identity: SharedIdentity,
    /// When the first run of the chain began that this token was made in; `None`: it is a key.
    pub chain_began: Option<Timestamp>,
}

impl Catalog {
    /// The identity that presents this key. The same 401 answers an unknown uuid, a wrong key and a blocked namespace.
    /// A key that an operator's command has just made is valid at once, unless it was tried a moment before.
    pub async fn authenticate(&self, key: &AuthKey, now: Timestamp) -> Result<Login, Failure> {
        if let Some(login) = self.recognize(key, now) {
            return Ok(login);
        }
        let invalid = || Failure::Unauthenticated(messages::AUTHENTICATION_INVALID.into());
        let asked = self.refused_keys.check(key, now).map_err(|()| invalid())?;
        let stored = self.look_up(&key.uuid).await?;
        let Some(login) = holder(stored.as_deref().unwrap_or(&self.nobody), key, &self.tokens, now) else {
            self.refused_keys.add(key, asked, now);
            return Err(invalid());
        };
        // Its namespace may be unblocked at any moment, so a right key is not remembered.
        if login.identity.blocked { Err(invalid()) } else { Ok(login) }
    }

    /// Like [`Catalog::authenticate`], from the cache alone. `None`: the cache has no such identity with this key.
    pub fn recognize(&self, key: &AuthKey, now: Timestamp) -> Option<Login> {
        accept(&*self.identities.get(&key.uuid)?, key, &self.tokens, now)
    }

    /// The owner of this namespace; it may be blocked.
    pub async fn owner(&self, namespace: &NamespaceName) -> Result<Option<SharedIdentity>, Failure> {
        let read = || async { Ok(self.stores.namespaces.namespace(namespace).await?.map(Arc::new)) };
        self.namespaces.find_or_read(namespace, read).await
    }

    /// Creates a namespace. `key`: `None` makes a random one.
    pub async fn create_namespace(&self, name: NamespaceName, key: Option<AuthKey>) -> anyhow::Result<NamespaceKey> {
        let made = Namespaces::new(&*self.stores.namespaces, &self.clock).create(name, key).await;
        self.refused_keys.forget_all();
        made
    }

    /// The owner of this namespace, who alone may write into it, and its limits. 401 if it does not exist or is
    /// blocked.
    pub(super) async fn writer(&self, namespace: &NamespaceName) -> Result<(SharedIdentity, Limits), Failure> {
        let gone = || Failure::Unauthenticated(messages::AUTHENTICATION_INVALID.into());
        let owner = self.owner(namespace).await?.ok_or_else(gone)?;
        owner.check_not_blocked()?;
        let limits = self.limits.for_namespace(&owner.limits);
        Ok((owner, limits))
    }

    /// A token that acts as `identity` at these times and as long as its newest key is valid. `None`: it has no valid
    /// key any more.
    pub async fn token(&self, identity: &Identity, times: TokenTimes) -> Result<Option<AuthKey>, Failure> {
        let known = match self.identities.get(&identity.uuid) {
            Some(known) => Some(known),
            None => self.look_up(&identity.uuid).await?,
        };
        let newest = known.as_ref().and_then(|known| known.keys.first());
        Ok(newest.map(|newest| self.tokens.make(&identity.uuid, newest, times)))
    }

    /// Reads the identity from the store, even if it is cached.
    async fn look_up(&self, uuid: &String) -> Result<Option<Arc<CachedIdentity>>, Failure> {
        let read = async {
            let Some((identity, keys)) = self.stores.namespaces.identity(uuid).await? else { return Ok(None) };
            let cached = Arc::new(CachedIdentity { identity: Arc::new(identity), keys });
            self.notice_owner(&cached.identity);
            Ok(Some(cached))
        };
        self.identities.read(uuid, read).await
    }

    /// A namespace with a new owner was deleted and created again since it was cached, so everything cached may be
    /// outdated.
    fn notice_owner(&self, identity: &SharedIdentity) {
        match self.namespaces.get(&identity.namespace) {
            Some(before) if before.uuid != identity.uuid => self.forget_everything(),
            Some(_) => self.namespaces.replace(&identity.namespace, identity.clone()),
            None => (),
        }
    }
}

impl CachedIdentity {
    /// What an unknown uuid is compared with, so that it takes as long as a known one. No key has its digest.
    pub(super) fn nobody() -> CachedIdentity {
        let identity = Identity {
            subject: String::new(),
            namespace: SYSTEM.parse().expect("a name"),
            uuid: String::new(),
            limits: LimitOverrides::default(),
            blocked: true,
        };
        CachedIdentity { identity: Arc::new(identity), keys: vec![KeyDigest::from_bytes([0; 32])] }
    }
}

/// Who presents the key, unless the namespace is blocked.
fn accept(cached: &CachedIdentity, key: &AuthKey, tokens: &Tokens, now: Timestamp) -> Option<Login> {
    holder(cached, key, tokens, now).filter(|login| !login.identity.blocked)
}

/// Compares every digest, so that the time says nothing about them. threats.md T25.
fn holder(cached: &CachedIdentity, key: &AuthKey, tokens: &Tokens, now: Timestamp) -> Option<Login> {
    let given = key.digest();
    let is_key = cached.keys.iter().fold(false, |found, valid| found | same(valid, &given));
    let times = if is_key { None } else { tokens.read(key, &cached.keys, now) };
    if !is_key && times.is_none() {
        return None;
    }
    Some(Login { identity: cached.identity.clone(), chain_began: times.map(|times| times.chain_began) })
}

fn same(valid: &KeyDigest, given: &KeyDigest) -> bool {
    #[cfg(test)]
    tests::COMPARED.with(|compared| compared.set(compared.get() + 1));
    valid.matches(given)
}

/// A key of a random uuid and 64 random letters and digits.
pub fn random_key() -> anyhow::Result<AuthKey> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789xy";
    let mut bytes = [0_u8; 16 + AuthKey::SECRET_LENGTH];
    getrandom::fill(&mut bytes).map_err(|e| anyhow::anyhow!("no randomness from the system: {e}"))?;
    let (uuid, secret) = bytes.split_at(16);
    let hex: String = uuid.iter().map(|b| format!("{b:02x}")).collect();
    let uuid = [&hex[0..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..32]].join("-");
    let secret = secret.iter().map(|b| char::from(ALPHABET[usize::from(b % 64)])).collect::<String>();
    Ok(AuthKey::new(uuid, secret))
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    thread_local! {
        pub static COMPARED: Cell<u64> = const { Cell::new(0) };
    }

    fn cached(keys: &[&str], blocked: bool) -> CachedIdentity {
        let identity = Identity { blocked, ..(*CachedIdentity::nobody().identity).clone() };
        let keys = keys.iter().map(|secret| AuthKey::new("u", *secret).digest()).collect();
        CachedIdentity { identity: Arc::new(identity), keys }
    }

    /// How many digests were compared to decide about this key.
    fn compared(cached: &CachedIdentity, secret: &str) -> (u64, bool) {
        let (key, tokens) = (AuthKey::new("u", secret), Tokens::of([0; 32]));
        let before = COMPARED.get();
        let accepted = accept(cached, &key, &tokens, Timestamp::from_millis(0)).is_some();
        (COMPARED.get() - before, accepted)
    }

    #[test]
    fn t25_known_and_unknown_uuids_right_and_wrong_keys_cost_the_same_comparisons() {
        assert_eq!(compared(&cached(&["a"], false), "a"), (1, true));
        assert_eq!(compared(&cached(&["a"], false), "b"), (1, false));
        assert_eq!(compared(&CachedIdentity::nobody(), "b"), (1, false));
        assert_eq!(compared(&cached(&["a"], true), "a"), (1, false));
        assert_eq!(compared(&cached(&["a", "b"], false), "a"), (2, true), "the first of two is no faster than none");
        assert_eq!(compared(&cached(&["a", "b"], false), "c"), (2, false));
    }
}
