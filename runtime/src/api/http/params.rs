//! The parameters of a query string.

use std::collections::HashMap;

use axum::extract::FromRequestParts;
use axum::http::Uri;
use axum::http::request::Parts;
use wask_model::{Failure, Limits, messages};

use super::rejection::Rejection;
use crate::api::App;
use crate::catalog::{Overwrite, Page};

/// The query string, decoded. The last of equal keys wins; unknown keys are ignored.
pub struct Params {
    given: HashMap<String, String>,
    uri: Uri,
}

impl FromRequestParts<App> for Params {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _app: &App) -> Result<Self, Rejection> {
        let query = parts.uri.query().unwrap_or_default();
        let given = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        Ok(Params { given, uri: parts.uri.clone() })
    }
}

impl Params {
    /// The target of the request.
    pub fn uri(&self) -> &Uri {
        &self.uri
    }

    /// The parameter's text; an empty one counts as absent.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.given.get(key).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// A Boolean. rest.md §1.6.
    pub fn flag(&self, key: &str, default: bool) -> Result<bool, Rejection> {
        let Some(text) = self.get(key) else { return Ok(default) };
        match text.to_lowercase().as_str() {
            "true" | "yes" | "on" | "1" => Ok(true),
            "false" | "no" | "off" | "0" => Ok(false),
            _ => Err(malformed(key, &messages::not_a_boolean(text))),
        }
    }

    /// A parameter, parsed by `read`. A refusal names the parameter and says what is wrong with its value.
    pub fn filter<T>(&self, key: &str, read: impl FnOnce(&str) -> Result<T, String>) -> Result<Option<T>, Rejection> {
        self.get(key).map(read).transpose().map_err(|detail| malformed(key, &detail))
    }

    pub fn overwrite(&self) -> Result<Overwrite, Rejection> {
        self.flag("overwrite", false).map(|yes| if yes { Overwrite::Yes } else { Overwrite::No })
    }

    /// `limit` and `skip`; a limit of 0 means the maximum. rest.md §2.1.
    pub fn page(&self, collection: &str, limits: &Limits) -> Result<Page, Rejection> {
        let number = |key: &str| -> Result<Option<i64>, Rejection> {
            let Some(text) = self.get(key) else { return Ok(None) };
            text.parse().map(Some).map_err(|_| malformed(key, &messages::not_an_integer(text, collection)))
        };
        let limit = match number("limit")? {
            None => 30,
            Some(0) => 200,
            Some(n) if (1..=200).contains(&n) => n,
            Some(n) => return Err(malformed("limit", &messages::out_of_range(n, collection))),
        };
        let skip = match number("skip")? {
            Some(n) if n < 0 => return Err(malformed("skip", &messages::below_zero(n, collection))),
            n => n.unwrap_or(0).unsigned_abs(),
        };
        if skip > limits.list_skip {
            return Err(malformed("skip", &messages::skips_too_much(skip, limits.list_skip, collection)));
        }
        Ok(Page { skip, limit: limit.unsigned_abs() })
    }
}

pub fn malformed(parameter: &str, detail: &str) -> Rejection {
    Failure::BadRequest(messages::query_malformed(parameter, detail)).into()
}
