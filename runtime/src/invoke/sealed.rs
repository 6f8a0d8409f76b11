//! Secrets among the arguments of an activation: the headers `Authorization` and `Cookie` of a web request, and the key
//! that a feed gets. Nothing that lasts has them in a readable form. threats.md T24.
//!
//! A job carries them sealed, with a key that every process makes for itself and that is only in its memory. So the
//! process that accepted an activation runs it with them, a later one without. Inputs that are kept for reruns, dead
//! letters and callbacks do not have them at all. Whatever lacks some has their names in `__ow_withheld`.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use wask_model::Arguments;

/// The argument that names what is missing.
pub const WITHHELD: &str = "__ow_withheld";

const AUTH_KEY: &str = "authKey";
const HEADERS: &str = "__ow_headers";
const SECRET_HEADERS: [&str; 2] = ["authorization", "cookie"];

/// `None`: the system has no randomness, so nothing is sealed, and the secrets are gone.
static KEY: LazyLock<Option<LessSafeKey>> = LazyLock::new(|| {
    let mut key = [0; 32];
    getrandom::fill(&mut key).ok()?;
    Some(LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, &key).ok()?))
});

/// Secrets as a job carries them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Sealed {
    names: Vec<String>,
    /// Base64 of the nonce and the sealed [`Secrets`].
    content: Option<String>,
}

#[derive(Default, Serialize, Deserialize)]
struct Secrets {
    #[serde(default, skip_serializing_if = "Arguments::is_empty")]
    arguments: Arguments,
    #[serde(default, skip_serializing_if = "Arguments::is_empty")]
    headers: Arguments,
}

impl Sealed {
    /// Takes the secrets out of the arguments. `None`: there are none.
    pub fn take(args: &mut Value) -> Option<Sealed> {
        if !has_secrets(args) {
            return None;
        }
        let secrets = Secrets::take(args.as_object_mut()?);
        Some(Sealed { names: secrets.names(), content: secrets.seal() })
    }

    /// Puts the secrets back, or their names if another process sealed them.
    pub fn put_back(self, args: &mut Value) {
        let Some(args) = args.as_object_mut() else { return };
        match self.content.as_deref().and_then(Secrets::open) {
            Some(secrets) => secrets.put_back(args),
            None => name_missing(args, self.names),
        }
    }
}

/// Whether these arguments have something that must not be stored.
pub fn has_secrets(args: &Value) -> bool {
    let Some(args) = args.as_object() else { return false };
    let headers = args.get(HEADERS).and_then(Value::as_object);
    args.contains_key(AUTH_KEY)
        || headers.is_some_and(|headers| SECRET_HEADERS.iter().any(|secret| headers.contains_key(*secret)))
}

/// Removes the secrets and leaves their names.
pub fn withhold(args: &mut Arguments) {
    let names = Secrets::take(args).names();
    if !names.is_empty() {
        name_missing(args, names);
    }
}

fn name_missing(args: &mut Arguments, names: Vec<String>) {
    args.insert(WITHHELD.into(), names.into());
}

impl Secrets {
    fn take(args: &mut Arguments) -> Secrets {
        let mut secrets = Secrets::default();
        secrets.arguments.extend(args.shift_remove_entry(AUTH_KEY));
        if let Some(Value::Object(headers)) = args.get_mut(HEADERS) {
            secrets.headers.extend(SECRET_HEADERS.iter().filter_map(|name| headers.shift_remove_entry(*name)));
        }
        secrets
    }

    fn names(&self) -> Vec<String> {
        self.arguments.keys().chain(self.headers.keys()).cloned().collect()
    }

    fn put_back(self, args: &mut Arguments) {
        args.extend(self.arguments);
        if let Some(Value::Object(headers)) = args.get_mut(HEADERS) {
            headers.extend(self.headers);
        }
    }

    fn seal(&self) -> Option<String> {
        let mut nonce = [0; NONCE_LEN];
        getrandom::fill(&mut nonce).ok()?;
        let mut content = serde_json::to_vec(self).ok()?;
        let unique = Nonce::assume_unique_for_key(nonce); // random: no process seals so much that two are equal
        KEY.as_ref()?.seal_in_place_append_tag(unique, Aad::empty(), &mut content).ok()?;
        Some(STANDARD_NO_PAD.encode([&nonce[..], &content].concat()))
    }

    fn open(sealed: &str) -> Option<Secrets> {
        let bytes = STANDARD_NO_PAD.decode(sealed).ok()?;
        let (nonce, content) = bytes.split_first_chunk::<NONCE_LEN>()?;
        let mut content = content.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let opened = KEY.as_ref()?.open_in_place(nonce, Aad::empty(), &mut content).ok()?;
        serde_json::from_slice(opened).ok()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn asked() -> Value {
        json!({
            "authKey": "uuid:key", "n": 1,
            "__ow_headers": { "accept": "*/*", "authorization": "Bearer x", "cookie": "a=b" },
        })
    }

    #[test]
    fn a_job_shows_no_secret_and_its_own_process_reads_them() {
        let mut stored = asked();
        let sealed = Sealed::take(&mut stored).unwrap();
        assert_eq!(stored, json!({ "n": 1, "__ow_headers": { "accept": "*/*" } }));
        let written = serde_json::to_string(&sealed).unwrap();
        for secret in ["uuid:key", "Bearer x", "a=b"] {
            assert!(!written.contains(secret), "{written}");
        }

        let read: Sealed = serde_json::from_str(&written).unwrap();
        read.put_back(&mut stored);
        assert_eq!(stored, asked());
    }

    #[test]
    fn what_another_process_sealed_is_named() {
        let mut stored = asked();
        let mut sealed = Sealed::take(&mut stored).unwrap();
        sealed.content = sealed.content.map(|content| content.replace('A', "B").replace('a', "A"));
        sealed.put_back(&mut stored);
        let names = ["authKey", "authorization", "cookie"];
        assert_eq!(stored, json!({ "n": 1, "__ow_headers": { "accept": "*/*" }, "__ow_withheld": names }));
    }

    #[test]
    fn arguments_without_secrets_are_left_alone() {
        for mut args in [json!({ "n": 1 }), json!([1]), json!({ "__ow_headers": "text" })] {
            let before = args.clone();
            assert!(Sealed::take(&mut args).is_none());
            assert_eq!(args, before);
        }
    }
}
