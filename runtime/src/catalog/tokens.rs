//! Tokens: what a running action gets in place of a key, because the store has only the digests of keys. guest.md §2.1.
//!
//! A token is not stored. It says until when it works and when the chain of runs began that it was made in, and its MAC
//! covers the digest of one of the namespace's keys: it ends with that key.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;
use wask_model::{AuthKey, KeyDigest, Timestamp};
use wask_store::SecretStore;

/// The first characters of a token.
const MARK: &str = "t.";
/// Each of the two times, as base64 of 48 bits of milliseconds.
const TIME: usize = 8;

/// When a token works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenTimes {
    /// When the first run of the chain began.
    pub chain_began: Timestamp,
    /// The last moment at which it works.
    pub until: Timestamp,
}

/// Makes and checks tokens.
pub(super) struct Tokens([u8; 32]);

impl Tokens {
    pub async fn open(secrets: &dyn SecretStore) -> anyhow::Result<Tokens> {
        let mut fresh = [0; 32];
        getrandom::fill(&mut fresh).map_err(|e| anyhow::anyhow!("no randomness from the system: {e}"))?;
        Ok(Tokens(secrets.secret("activation-token", fresh).await?))
    }

    #[cfg(test)]
    pub fn of(secret: [u8; 32]) -> Tokens {
        Tokens(secret)
    }

    /// A token of the namespace with this uuid, which ends with this key.
    pub fn make(&self, uuid: &str, key: &KeyDigest, times: TokenTimes) -> AuthKey {
        let times = format!("{}{}", written(times.chain_began), written(times.until));
        let mac = URL_SAFE_NO_PAD.encode(self.mac(uuid, key, &times));
        let token = format!("{MARK}{times}{mac}");
        let padding = "0".repeat(AuthKey::SECRET_LENGTH - token.len());
        AuthKey::new(uuid, token + &padding)
    }

    /// The times of a token that works now and whose key is among these.
    pub fn read(&self, token: &AuthKey, keys: &[KeyDigest], now: Timestamp) -> Option<TokenTimes> {
        let (times, rest) = token.secret().strip_prefix(MARK)?.split_at_checked(2 * TIME)?;
        let (began, until) = times.split_at_checked(TIME)?;
        let read = TokenTimes { chain_began: time(began)?, until: time(until)? };
        let genuine = keys.iter().fold(false, |genuine, key| {
            let expected = URL_SAFE_NO_PAD.encode(self.mac(&token.uuid, key, times));
            let given = rest.as_bytes().get(..expected.len()).unwrap_or_default();
            genuine | bool::from(given.ct_eq(expected.as_bytes()))
        });
        (genuine && now <= read.until).then_some(read)
    }

    fn mac(&self, uuid: &str, key: &KeyDigest, times: &str) -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes keys of any length");
        mac.update(key.as_bytes());
        mac.update(times.as_bytes());
        mac.update(uuid.as_bytes());
        mac.finalize().into_bytes().into()
    }
}

fn written(time: Timestamp) -> String {
    URL_SAFE_NO_PAD.encode(&time.millis().to_be_bytes()[2..])
}

fn time(text: &str) -> Option<Timestamp> {
    let bytes: [u8; 6] = URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?;
    let ms = bytes.iter().fold(0, |ms, byte| ms << 8 | i64::from(*byte));
    Some(Timestamp::from_millis(ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(1_900_000_000_000 + ms)
    }

    fn key(secret: &str) -> KeyDigest {
        AuthKey::new("u", secret).digest()
    }

    #[test]
    fn a_token_works_until_its_end_and_only_with_its_own_key_and_uuid() {
        let tokens = Tokens([7; 32]);
        let times = TokenTimes { chain_began: at(0), until: at(1000) };
        let token = tokens.make("u", &key("new"), times);

        assert_eq!(token.secret().len(), AuthKey::SECRET_LENGTH);
        assert_eq!(tokens.read(&token, &[key("old"), key("new")], at(1000)), Some(times));
        assert_eq!(tokens.read(&token, &[key("new")], at(1001)), None, "too late");
        assert_eq!(tokens.read(&token, &[key("newer")], at(1000)), None, "its key was revoked");
        assert_eq!(Tokens([8; 32]).read(&token, &[key("new")], at(1000)), None, "another installation's");
        let other = AuthKey::new("v", token.secret());
        assert_eq!(tokens.read(&other, &[key("new")], at(1000)), None, "another namespace's");
    }

    #[test]
    fn a_token_cannot_be_changed() {
        let tokens = Tokens([7; 32]);
        let token = tokens.make("u", &key("k"), TokenTimes { chain_began: at(0), until: at(1000) });
        for position in 0..2 + 2 * TIME + 43 {
            let mut secret = token.secret().to_owned().into_bytes();
            secret[position] = if secret[position] == b'A' { b'B' } else { b'A' };
            let changed = AuthKey::new("u", String::from_utf8(secret).unwrap());
            assert_eq!(tokens.read(&changed, &[key("k")], at(0)), None, "position {position}");
        }
    }
}
