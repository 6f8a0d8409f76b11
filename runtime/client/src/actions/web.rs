//! `--web` and `--web-secure`: the annotations of a web action, and its URL.

use std::str::FromStr;

use serde_json::{Map, Value, json};

use crate::entities::annotation;
use crate::failure::Failure;
use crate::http::Server;
use crate::names::segment;

const EXPORT: &str = "web-export";
const RAW: &str = "raw-http";
const FINAL: &str = "final";
/// The annotation with the secret that callers must send.
pub const SECURE: &str = "require-whisk-auth";
/// The largest random secret: the largest integer that JavaScript represents exactly.
const LARGEST_SECRET: u64 = (1 << 53) - 1;

/// The argument of `--web`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Web {
    Yes,
    Raw,
    No,
}

impl FromStr for Web {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.to_ascii_lowercase().as_str() {
            "yes" | "true" => Ok(Web::Yes),
            "raw" => Ok(Web::Raw),
            "no" | "false" => Ok(Web::No),
            _ => Err(format!(
                "Invalid argument '{text}' for --web flag. Valid input consist of 'yes', 'true', 'raw', 'false', or 'no'."
            )),
        }
    }
}

impl Web {
    /// The annotations of this mode.
    pub fn annotations(self) -> [(String, Value); 3] {
        let pairs = [(EXPORT, self != Web::No), (RAW, self == Web::Raw), (FINAL, self != Web::No)];
        pairs.map(|(key, value)| (key.to_owned(), value.into()))
    }
}

/// The argument of `--web-secure`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WebSecret {
    Secret(String),
    Random,
    Off,
}

impl FromStr for WebSecret {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text.to_ascii_lowercase().as_str() {
            "true" => WebSecret::Random,
            "false" => WebSecret::Off,
            _ => WebSecret::Secret(text.to_owned()),
        })
    }
}

/// The annotations for a PUT; `None` if the flags do not change any.
///
/// Annotations from the command line replace the existing ones, except those that `--web` and `--web-secure` set.
pub fn annotations(
    given: Option<Map<String, Value>>,
    web: Option<Web>,
    secure: Option<&WebSecret>,
    existing: Option<&Map<String, Value>>,
) -> Result<Option<Map<String, Value>>, Failure> {
    if web.is_none() && secure.is_none() {
        return Ok(given);
    }
    let of_flags = |existing: &Map<String, Value>| -> Map<String, Value> {
        let kept = existing.iter().filter(|(key, _)| [EXPORT, RAW, FINAL, SECURE].contains(&key.as_str()));
        kept.map(|(key, value)| (key.clone(), value.clone())).collect()
    };
    let mut all = match (given, existing) {
        (None, existing) => existing.cloned().unwrap_or_default(),
        (Some(given), None) => given,
        (Some(given), Some(existing)) => of_flags(existing).into_iter().chain(given).collect(),
    };
    if let Some(web) = web {
        all.extend(web.annotations());
    }
    match secure {
        None => (),
        Some(_) if !is_true(all.get(EXPORT)) => {
            return Err(Failure::usage("The --web-secure option is only valid when the --web option is enabled."));
        }
        Some(WebSecret::Off) => {
            all.shift_remove(SECURE);
        }
        Some(WebSecret::Random) if all.get(SECURE).is_some_and(Value::is_number) => (), // keep it, because callers use it
        Some(WebSecret::Random) => {
            all.insert(SECURE.to_owned(), json!(random()?));
        }
        Some(WebSecret::Secret(secret)) => {
            all.insert(SECURE.to_owned(), json!(secret));
        }
    }
    Ok(Some(all))
}

fn is_true(value: Option<&Value>) -> bool {
    value.is_some_and(|value| *value == true)
}

fn random() -> Result<u64, Failure> {
    let number = getrandom::u64().map_err(|cause| Failure::general(format!("cannot generate a secret: {cause}")))?;
    Ok(number & LARGEST_SECRET)
}

pub fn is_web_action(document: &Value) -> bool {
    is_true(annotation(document, EXPORT))
}

/// The URL of an action.
pub fn url(server: &Server, document: &Value) -> String {
    let owner = document["namespace"].as_str().unwrap_or_default();
    let name = segment(document["name"].as_str().unwrap_or_default());
    let (namespace, package) = owner.split_once('/').map_or((owner, None), |(owner, package)| (owner, Some(package)));
    let (api, namespace) = (format!("{}/api/{}", server.base(), server.version()), segment(namespace));
    match (is_web_action(document), package.map(segment)) {
        (true, package) => format!("{api}/web/{namespace}/{}/{name}", package.as_deref().unwrap_or("default")),
        (false, Some(package)) => format!("{api}/namespaces/{namespace}/actions/{package}/{name}"),
        (false, None) => format!("{api}/namespaces/{namespace}/actions/{name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(value: Value) -> Map<String, Value> {
        value.as_object().expect("an object").clone()
    }

    #[test]
    fn flags_change_only_their_own_annotations() {
        let web = json!({ "web-export": true, "raw-http": false, "final": true });
        let secured =
            json!({ "web-export": true, "raw-http": false, "final": true, "require-whisk-auth": "s", "d": 1 });
        let off = json!({ "web-export": false, "raw-http": false, "final": false });
        for (given, flag, secure, existing, expected) in [
            (None, Some(Web::Yes), None, None, web.clone()),
            (None, Some(Web::No), None, None, off),
            (Some(json!({ "d": 2 })), None, None, Some(secured.clone()), json!({ "d": 2 })),
            (None, None, Some(WebSecret::Off), Some(secured.clone()), {
                let mut without = secured.clone();
                without.as_object_mut().expect("an object").shift_remove("require-whisk-auth");
                without
            }),
            (Some(json!({ "e": 3 })), Some(Web::Yes), None, Some(secured.clone()), {
                let mut carried = web.clone();
                carried["require-whisk-auth"] = json!("s");
                carried["e"] = json!(3);
                carried
            }),
        ] {
            let existing = existing.map(object);
            let all = annotations(given.map(object), flag, secure.as_ref(), existing.as_ref()).expect("annotations");
            assert_eq!(Value::Object(all.expect("some")), expected);
        }
        assert!(annotations(None, None, Some(&WebSecret::Random), None).is_err(), "a secret needs a web action");
        let random = annotations(None, Some(Web::Raw), Some(&WebSecret::Random), None).expect("annotations");
        assert!(random.expect("some")["require-whisk-auth"].is_u64());
    }
}
