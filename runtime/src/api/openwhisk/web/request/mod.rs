//! What an HTTP request contributes to the arguments of a web action, and who may send one. rest.md §8.2, §8.4,
//! rest.md §8.5.
//!
//! The parameters of package, binding and action, which the request overrides, are merged elsewhere.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode, percent_encode};
use serde_json::Value;
use subtle::ConstantTimeEq as _;
use wask_model::{Arguments, Failure, Subscription, messages};

use crate::api::http::EXTRA_LOGGING;
use crate::api::http::media::{MediaClass, MediaType};
use crate::invoke::WITHHELD;

const METHOD: &str = "__ow_method";
const HEADERS: &str = "__ow_headers";
const PATH: &str = "__ow_path";
const USER: &str = "__ow_user";
const QUERY: &str = "__ow_query";
const BODY: &str = "__ow_body";

/// Names that a web request cannot set: the server sets them, and a callback needs a key.
const RESERVED: [&str; 8] = [METHOD, HEADERS, PATH, USER, QUERY, BODY, WITHHELD, Subscription::KEY];

/// Everything but letters, digits and these is percent-encoded in a query. Spaces have already become `+`.
const QUERY_ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'!')
    .remove(b'$')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b',')
    .remove(b';')
    .remove(b':')
    .remove(b'@')
    .remove(b'/')
    .remove(b'?');

/// Whether the action has the annotation `raw-http`, and so gets query and body unparsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RawHttp {
    Yes,
    No,
}

/// One request to a web action.
#[derive(Clone, Copy, Debug)]
pub struct WebRequest<'a> {
    pub method: &'a str,
    pub headers: &'a HeaderMap,
    /// Headers that served the server and are not handed on.
    pub withheld: &'a [HeaderName],
    /// The path after the action segment, percent-encoded as received.
    pub path: &'a str,
    /// Without the question mark.
    pub query: Option<&'a str>,
    /// The caller's namespace, if the request had valid credentials.
    pub user: Option<&'a str>,
    /// The path parameters of a gateway route. Neither query nor body can override them.
    pub named: &'a [(String, String)],
    pub body: &'a Bytes,
}

impl WebRequest<'_> {
    /// The arguments that come from the request: the context, overridden by the query, overridden by the body.
    ///
    /// `fixed` says which parameters of the action cannot be overridden (annotation `final`). `Err` if the body does
    /// not match its type, or if a name is reserved or fixed; a raw action has neither restriction.
    pub fn arguments(&self, raw: RawHttp, fixed: &dyn Fn(&str) -> bool) -> Result<Arguments, Failure> {
        let mut arguments = self.context();
        match raw {
            RawHttp::Yes => {
                arguments.insert(QUERY.into(), normalised(self.query.unwrap_or_default()).into());
                arguments.insert(BODY.into(), self.raw_body().into());
            }
            RawHttp::No => {
                let body = self.body()?;
                let query = form_urlencoded::parse(self.query.unwrap_or_default().as_bytes());
                let query = query.map(|(key, value)| (key.into_owned(), Value::from(value)));
                add_allowed(&mut arguments, query, fixed)?;
                match body {
                    Body::None => (),
                    Body::Members(members) => add_allowed(&mut arguments, members, fixed)?,
                    Body::Opaque(value) => {
                        arguments.insert(BODY.into(), value);
                    }
                }
                let named = self.named.iter().map(|(key, value)| (key.clone(), value.as_str().into()));
                add_allowed(&mut arguments, named, fixed)?;
            }
        }
        Ok(arguments)
    }

    fn context(&self) -> Arguments {
        let mut headers = Arguments::new();
        for (name, value) in
            self.headers.iter().filter(|(name, _)| **name != EXTRA_LOGGING && !self.withheld.contains(name))
        {
            headers.insert(name.as_str().into(), text(value.as_bytes())); // of repeated ones the last value
        }
        let mut context = Arguments::new();
        context.insert(METHOD.into(), self.method.to_lowercase().into());
        context.insert(HEADERS.into(), headers.into());
        context.insert(PATH.into(), self.path.into());
        if let Some(user) = self.user {
            context.insert(USER.into(), user.into());
        }
        context
    }

    /// `None` if the content type is missing or malformed.
    fn media(&self) -> Option<MediaType> {
        MediaType::parse(self.headers.get(CONTENT_TYPE)?)
    }

    fn body(&self) -> Result<Body, Failure> {
        if self.body.is_empty() {
            return Ok(Body::None);
        }
        match self.media().map_or(MediaClass::Binary, |media| media.class()) {
            MediaClass::Json => match serde_json::from_slice(self.body) {
                Ok(Value::Object(members)) => Ok(Body::Members(members)),
                Ok(other) => Ok(Body::Opaque(other)),
                Err(cause) => Err(Failure::malformed(cause.to_string())),
            },
            MediaClass::Form => Ok(Body::Members(form(self.body)?)),
            MediaClass::Text => Ok(Body::Opaque(text(self.body))),
            MediaClass::Binary => Ok(Body::Opaque(STANDARD.encode(self.body).into())),
        }
    }

    fn raw_body(&self) -> String {
        let media = self.media();
        let base64 = match media.as_ref().map_or(MediaClass::Binary, MediaType::class) {
            MediaClass::Json => media.is_some_and(|media| media.essence() == MediaType::JSON),
            MediaClass::Form | MediaClass::Text => false,
            MediaClass::Binary => true,
        };
        if base64 { STANDARD.encode(self.body) } else { String::from_utf8_lossy(self.body).into_owned() }
    }
}

enum Body {
    None,
    /// Each member is an argument.
    Members(Arguments),
    /// The whole is one argument.
    Opaque(Value),
}

fn text(bytes: &[u8]) -> Value {
    String::from_utf8_lossy(bytes).into()
}

/// Refuses names that are reserved by the server or fixed by the action's author.
fn add_allowed(
    arguments: &mut Arguments,
    given: impl IntoIterator<Item = (String, Value)>,
    fixed: &dyn Fn(&str) -> bool,
) -> Result<(), Failure> {
    for (key, value) in given {
        if RESERVED.contains(&key.as_str()) || fixed(&key) {
            return Err(Failure::BadRequest(messages::PARAMETERS_NOT_ALLOWED.into()));
        }
        arguments.insert(key, value);
    }
    Ok(())
}

/// The fields of a form; the last value of a repeated field wins.
fn form(body: &[u8]) -> Result<Arguments, Failure> {
    let mut escapes = body.iter().enumerate().filter(|(_, b)| **b == b'%');
    let broken = escapes.find(|(at, _)| {
        let digits = body.get(at + 1..at + 3);
        !digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    });
    if let Some((at, _)) = broken {
        return Err(Failure::malformed(messages::form_escape_illegal(at)));
    }
    Ok(form_urlencoded::parse(body).map(|(key, value)| (key.into_owned(), value.into())).collect())
}

/// The query in its normal form: percent-encoded only where needed, `+` for a space, without empty pairs.
fn normalised(query: &str) -> String {
    let pair = |pair: &str| match pair.split_once('=') {
        Some((key, value)) => format!("{}={}", encoded(key), encoded(value)),
        None => encoded(pair),
    };
    query.split('&').filter(|text| !text.is_empty()).map(pair).collect::<Vec<_>>().join("&")
}

fn encoded(text: &str) -> String {
    let spaced = text.replace('+', " ");
    let bytes: Cow<[u8]> = percent_decode(spaced.as_bytes()).into();
    bytes
        .split(|b| *b == b' ')
        .map(|word| percent_encode(word, QUERY_ENCODED).to_string())
        .collect::<Vec<_>>()
        .join("+")
}

/// Whether the annotation `require-whisk-auth` admits the request. `true` requires valid credentials of any namespace,
/// a string or number a header `X-Require-Whisk-Auth` that equals it. Without the annotation, and with `false`, every
/// request is admitted; with any other value, none.
pub fn require_whisk_auth(annotation: Option<&Value>, header: Option<&str>, has_identity: bool) -> bool {
    let secret: Cow<str> = match annotation {
        None | Some(Value::Bool(false)) => return true,
        Some(Value::Bool(true)) => return has_identity,
        Some(Value::String(secret)) => secret.as_str().into(),
        Some(Value::Number(number)) => number.to_string().into(),
        Some(Value::Null | Value::Array(_) | Value::Object(_)) => return false,
    };
    header.is_some_and(|given| given.as_bytes().ct_eq(secret.as_bytes()).into())
}

#[cfg(test)]
mod tests;
