//! Finds the identity behind a `uuid:key`: the key of a namespace, or the token that an activation acts with.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;
use wask_model::{AuthKey, Failure, Identity, KeyDigest, Limits, NamespaceName, SharedIdentity, Timestamp, messages};
use wask_store::SecretStore;

use super::{Catalog, NamespaceKey, Namespaces};

/// The first characters of a token that is used in place of a key.
const TOKEN_MARK: &str = "t.";

/// An identity in the cache, with the digests of its valid keys.
pub(super) struct CachedIdentity {
    identity: SharedIdentity,
    keys: Vec<KeyDigest>,
}

impl Catalog {
    /// The identity that presents this key. The same 401 answers an unknown uuid, a wrong key and a blocked namespace.
    /// A key that an operator's command has just made is valid at once.
    pub async fn authenticate(&self, key: &AuthKey, now: Timestamp) -> Result<SharedIdentity, Failure> {
        if let Some(identity) = self.recognize(key, now) {
            return Ok(identity);
        }
        let stored = self.look_up(key).await?;
        let accepted = stored.and_then(|cached| self.accept(&cached, key, now));
        accepted.ok_or_else(|| Failure::Unauthenticated(messages::AUTHENTICATION_INVALID.into()))
    }

    /// Like [`Catalog::authenticate`], from the cache alone. `None`: the cache has no such identity with this key.
    pub fn recognize(&self, key: &AuthKey, now: Timestamp) -> Option<SharedIdentity> {
        self.accept(&*self.identities.get(&key.uuid)?, key, now)
    }

    fn accept(&self, cached: &CachedIdentity, key: &AuthKey, now: Timestamp) -> Option<SharedIdentity> {
        let given = key.digest();
        let valid = cached.keys.iter().any(|valid| valid.matches(&given)) || self.is_token(key, now);
        (valid && !cached.identity.blocked).then(|| cached.identity.clone())
    }

    /// The owner of this namespace; it may be blocked.
    pub async fn owner(&self, namespace: &NamespaceName) -> Result<Option<SharedIdentity>, Failure> {
        let read = async { Ok(self.stores.namespaces.namespace(namespace).await?.map(Arc::new)) };
        self.namespaces.find_or_read(namespace, read).await
    }

    /// Creates a namespace. `key`: `None` makes a random one.
    pub async fn create_namespace(&self, name: NamespaceName, key: Option<AuthKey>) -> anyhow::Result<NamespaceKey> {
        Namespaces::new(&*self.stores.namespaces, &self.clock).create(name, key).await
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

    /// A token that acts as `identity` until `expires`. A running action gets it in place of a key, because the store
    /// has only the digests of keys. It is not stored.
    pub fn token(&self, identity: &Identity, expires: Timestamp) -> AuthKey {
        let until = format!("{:011x}", expires.millis());
        let mac = URL_SAFE_NO_PAD.encode(self.token_mac(&identity.uuid, &until));
        // 2 + 11 + 43 characters, padded to the length of every key
        let secret = format!("{TOKEN_MARK}{until}{mac}{}", "0".repeat(AuthKey::SECRET_LENGTH - 56));
        AuthKey::new(identity.uuid.clone(), secret)
    }

    fn is_token(&self, key: &AuthKey, now: Timestamp) -> bool {
        let Some((until, rest)) = key.secret().strip_prefix(TOKEN_MARK).and_then(|t| t.split_at_checked(11)) else {
            return false;
        };
        let Ok(expires) = i64::from_str_radix(until, 16) else { return false };
        let expected = URL_SAFE_NO_PAD.encode(self.token_mac(&key.uuid, until));
        let given = rest.as_bytes().get(..expected.len()).unwrap_or_default();
        now <= Timestamp::from_millis(expires) && bool::from(given.ct_eq(expected.as_bytes()))
    }

    fn token_mac(&self, uuid: &str, until: &str) -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.token_secret).expect("HMAC takes keys of any length");
        mac.update(uuid.as_bytes());
        mac.update(b"|");
        mac.update(until.as_bytes());
        mac.finalize().into_bytes().into()
    }

    /// Reads the identity from the store, even if it is cached.
    async fn look_up(&self, key: &AuthKey) -> Result<Option<Arc<CachedIdentity>>, Failure> {
        let read = async {
            let Some((identity, keys)) = self.stores.namespaces.identity(&key.uuid).await? else { return Ok(None) };
            let cached = Arc::new(CachedIdentity { identity: Arc::new(identity), keys });
            self.notice_owner(&cached.identity);
            Ok(Some(cached))
        };
        self.identities.read(&key.uuid, read).await
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

pub(super) async fn token_secret(secrets: &dyn SecretStore) -> anyhow::Result<[u8; 32]> {
    let mut fresh = [0; 32];
    getrandom::fill(&mut fresh).map_err(|e| anyhow::anyhow!("no randomness from the system: {e}"))?;
    Ok(secrets.secret("activation-token", fresh).await?)
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
