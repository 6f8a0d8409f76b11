//! Signs requests as Standard Webhooks demand, so that a receiver knows that they come from here. feeds.md §C.9.
//!
//! A namespace's secret is derived from the secret of this installation and is not stored. To replace it, its
//! generation is increased.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use wask_model::{Identity, Timestamp};
use wask_store::{SecretStore, StoredCallbackSettings};

/// How long a replaced secret still signs, next to the new one.
const OVERLAP: Duration = Duration::from_secs(24 * 3600);
const PREFIX: &str = "whsec_";

/// The signing secrets of all namespaces.
pub struct Secrets {
    installation: [u8; 32],
}

/// A secret with which a receiver verifies requests.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningSecret(Vec<u8>);

impl Secrets {
    pub async fn open(secrets: &dyn SecretStore) -> anyhow::Result<Self> {
        let mut fresh = [0; 32];
        getrandom::fill(&mut fresh)?;
        Ok(Secrets { installation: secrets.secret("callback-signatures", fresh).await? })
    }

    /// The secret in use.
    pub fn current(&self, identity: &Identity, settings: &StoredCallbackSettings) -> SigningSecret {
        self.of_generation(identity, settings.generation)
    }

    /// The secrets that sign at `now`, the one in use first.
    pub fn valid(&self, identity: &Identity, settings: &StoredCallbackSettings, now: Timestamp) -> Vec<SigningSecret> {
        let overlaps = settings.rotated.is_some_and(|rotated| now < rotated.after(OVERLAP));
        let before = settings.generation.checked_sub(1).filter(|_| overlaps);
        let generations = [Some(settings.generation), before].into_iter().flatten();
        generations.map(|generation| self.of_generation(identity, generation)).collect()
    }

    fn of_generation(&self, identity: &Identity, generation: u64) -> SigningSecret {
        let mut mac = hmac(&self.installation);
        mac.update(identity.uuid.as_bytes());
        mac.update(&generation.to_be_bytes());
        SigningSecret(mac.finalize().into_bytes().to_vec())
    }
}

impl SigningSecret {
    /// As receivers configure it.
    pub fn expose(&self) -> String {
        format!("{PREFIX}{}", STANDARD.encode(&self.0))
    }

    fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> String {
        let mut mac = hmac(&self.0);
        mac.update(format!("{id}.{timestamp}.").as_bytes());
        mac.update(body);
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}

/// The value of `webhook-signature`: one signature per valid secret.
pub fn signatures(secrets: &[SigningSecret], id: &str, timestamp: i64, body: &[u8]) -> String {
    secrets.iter().map(|secret| secret.sign(id, timestamp, body)).collect::<Vec<_>>().join(" ")
}

fn hmac(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("a key may have any length")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> SigningSecret {
        SigningSecret(STANDARD.decode(text.strip_prefix(PREFIX).unwrap()).unwrap())
    }

    #[test]
    fn the_example_of_the_contract_gets_the_signature_that_the_contract_gives() {
        let body = r#"{"run_id":"0a1b2c3d4e5f60718293a4b5c6d7e8f9","activationId":"0a1b2c3d4e5f60718293a4b5c6d7e8f9","name":"guest/my-worker","object_type":"action","status":"success","statusCode":0,"correlationId":"order-42"}"#;
        let secret = secret("whsec_d2Fzay1jYWxsYmFjay1zZWNyZXQtMDAwMQ==");
        let signed = signatures(&[secret], "cb_0f0e0d0c0b0a09080706050403020100", 1_750_000_000, body.as_bytes());
        assert_eq!(signed, "v1,rALINaxuucYiHTuBpKT4MLmT3hegGrY39F17iJwypTM=");
    }

    #[test]
    fn for_a_day_after_a_replacement_both_secrets_sign() {
        let secrets = Secrets { installation: [7; 32] };
        let identity = Identity { uuid: "u".into(), ..identity() };
        let now = Timestamp::from_millis(1_000_000_000_000);
        let settings = |generation, rotated| StoredCallbackSettings { generation, rotated, ..Default::default() };
        let valid = |settings: &StoredCallbackSettings, at| secrets.valid(&identity, settings, at);

        let first = valid(&settings(0, None), now);
        assert_eq!(first.len(), 1);
        let replaced = settings(1, Some(now));
        assert_eq!(valid(&replaced, now).len(), 2);
        assert!(valid(&replaced, now)[1] == first[0] && valid(&replaced, now)[0] != first[0]);
        let last_moment = now.after(OVERLAP - Duration::from_millis(1));
        assert_eq!((valid(&replaced, last_moment).len(), valid(&replaced, now.after(OVERLAP)).len()), (2, 1));
        let other = Identity { uuid: "v".into(), ..identity.clone() };
        assert!(secrets.current(&other, &settings(0, None)) != first[0]);
        assert!(secrets.current(&identity, &settings(0, None)).expose().starts_with("whsec_"));
    }

    fn identity() -> Identity {
        Identity {
            subject: "guest".into(),
            namespace: "guest".parse().unwrap(),
            uuid: String::new(),
            limits: Default::default(),
            blocked: false,
        }
    }
}
