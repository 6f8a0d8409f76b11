//! Web requests: no query, body or header sets what only the server may set, and later sources win.

use arbitrary::{Result, Unstructured};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use bytes::Bytes;
use serde_json::Value;
use wask::api::{RawHttp, WebRequest};

const TYPES: [&str; 10] = [
    "application/json",
    "application/json; charset=utf-8",
    "application/vnd.x+json",
    "application/x-www-form-urlencoded",
    "text/plain",
    "text/html; charset=latin1",
    "image/png",
    "application/octet-stream",
    "nonsense",
    "",
];
const RESERVED: [&str; 7] =
    ["__ow_method", "__ow_headers", "__ow_path", "__ow_user", "__ow_query", "__ow_body", "__ow_callback"];

pub fn run(input: &[u8]) {
    let _ = look(Unstructured::new(input)); // `Err`: the input is too short
}

fn look(mut choices: Unstructured) -> Result<()> {
    let method = *choices.choose(&["GET", "POST", "PUT", "PATCH", "delete"])?;
    let user = if choices.arbitrary()? { Some("guest") } else { None };
    let raw = if choices.ratio(1, 4)? { RawHttp::Yes } else { RawHttp::No };
    let kind: &'static str = choices.choose(&TYPES)?;
    let headers = headers(&mut choices, kind)?;
    let named: Vec<(String, String)> = choices.arbitrary()?;
    let query: Option<String> = choices.arbitrary()?;
    let path: String = choices.arbitrary()?;
    let body = Bytes::copy_from_slice(choices.take_rest());
    let request = WebRequest {
        method,
        headers: &headers,
        withheld: &[],
        path: &path,
        query: query.as_deref(),
        user,
        named: &named,
        body: &body,
    };
    let fixed = |key: &str| key.starts_with('!');
    let Ok(arguments) = request.arguments(raw, &fixed) else { return Ok(()) };

    let text = |key: &str| arguments.get(key).and_then(Value::as_str);
    assert_eq!(text("__ow_method"), Some(method.to_lowercase().as_str()));
    assert_eq!(text("__ow_path"), Some(path.as_str()));
    assert_eq!(text("__ow_user"), user);
    assert!(arguments.get("__ow_headers").is_some_and(Value::is_object), "{arguments:?}");
    assert!(!arguments.contains_key("__ow_callback"), "{arguments:?}");
    assert!(arguments.keys().all(|key| !fixed(key)), "{arguments:?}");
    match raw {
        RawHttp::Yes => {
            assert!(arguments.keys().all(|key| RESERVED.contains(&key.as_str())), "{arguments:?}");
            let once = text("__ow_query").unwrap_or_default();
            let again =
                WebRequest { query: Some(once), ..request }.arguments(raw, &fixed).map(|all| all["__ow_query"].clone());
            assert_eq!(again.ok(), Some(once.into()), "a normal form stays as it is");
        }
        RawHttp::No => {
            assert!(!arguments.contains_key("__ow_query"), "{arguments:?}");
            for (key, value) in &named {
                let last = named.iter().rfind(|(other, _)| other == key).map(|(_, value)| value);
                assert!(last != Some(value) || text(key) == Some(value), "{key} of {arguments:?}");
            }
            assert_eq!(arguments.contains_key("__ow_body"), is_opaque(kind, &body), "{kind}: {arguments:?}");
        }
    }
    Ok(())
}

/// Whether a body that was accepted is one argument.
fn is_opaque(kind: &str, body: &[u8]) -> bool {
    match kind {
        _ if body.is_empty() => false,
        "application/x-www-form-urlencoded" => false,
        json if json.contains("json") => !serde_json::from_slice::<Value>(body).is_ok_and(|value| value.is_object()),
        _ => true,
    }
}

fn headers(choices: &mut Unstructured, kind: &'static str) -> Result<HeaderMap> {
    let mut headers = HeaderMap::new();
    for _ in 0..choices.int_in_range(0..=3)? {
        let (name, value): (&str, &[u8]) = (choices.arbitrary()?, choices.arbitrary()?);
        let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_bytes(value)) else { continue };
        if name != "content-type" {
            headers.append(name, value);
        }
    }
    if !kind.is_empty() {
        headers.insert("content-type", HeaderValue::from_static(kind));
    }
    Ok(headers)
}
