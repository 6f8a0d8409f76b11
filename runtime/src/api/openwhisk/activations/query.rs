//! The query string of a list of activations. rest.md §4.5; `contains`, `status`, `kind`, `cause` and `cursor`
//! are wask's own.

use wask_model::{Activation, Failure, Kind, NamespaceName, StatusFilter, messages};
use wask_store::{ActivationQuery, ListPosition};

use super::cursor;
use crate::api::http::{Params, Rejection, listing};
use crate::catalog::Page;

/// Characters of the longest `package/name`; a longer text cannot be in a name.
const LONGEST_TEXT: usize = 256 + 1 + 256;

/// Reads the filters and the page.
pub fn read(params: &Params, namespace: NamespaceName, page: Page) -> Result<ActivationQuery, Rejection> {
    Ok(ActivationQuery {
        name: params.filter("name", listing::name)?,
        contains: params.filter("contains", text)?,
        status: params.filter("status", status)?,
        kind: params.filter("kind", kind)?,
        cause: params.filter("cause", listing::activation)?,
        since: params.filter("since", listing::time)?,
        upto: params.filter("upto", listing::time)?,
        after: after(params, page)?,
        skip: page.skip,
        ..ActivationQuery::new(namespace, page.limit)
    })
}

fn text(value: &str) -> Result<String, String> {
    match value.chars().count() {
        length if length > LONGEST_TEXT => Err(messages::text_too_long(length, LONGEST_TEXT)),
        _ => Ok(value.to_owned()),
    }
}

fn status(value: &str) -> Result<StatusFilter, String> {
    StatusFilter::read(value).ok_or_else(|| messages::not_a_status(value))
}

/// A kind of action, by any of its names, or `trigger` for the records of firings.
fn kind(value: &str) -> Result<String, String> {
    let own = [Kind::builtin().as_str().to_owned(), Activation::KIND_OF_TRIGGERS.to_owned()];
    match Kind::resolve(value) {
        Some(kind) => Ok(kind.as_str().to_owned()),
        None if own.iter().any(|kind| kind == value) => Ok(value.to_owned()),
        None => Err(messages::not_a_kind(value, &[Kind::WASM, Kind::SEQUENCE, &own[0], &own[1]])),
    }
}

/// Reads `cursor`. It already says where the page begins, so `skip` cannot be combined with it · 400.
fn after(params: &Params, page: Page) -> Result<Option<ListPosition>, Rejection> {
    let after = params.filter("cursor", |value| cursor::read(value).ok_or_else(|| messages::not_a_cursor(value)))?;
    match after {
        Some(_) if page.skip > 0 => Err(Failure::BadRequest(messages::SKIP_WITH_CURSOR.into()).into()),
        after => Ok(after),
    }
}
