//! The query string of a list of activations. REST contract §4.5; `contains`, `status`, `kind`, `cause` and `cursor` are
//! wask's own.

use wask_model::{
    Activation, ActivationId, EntityName, Failure, Kind, NamespaceName, StatusFilter, Timestamp, messages,
};
use wask_store::{ActivationQuery, Place};

use super::cursor;
use crate::api::http::extract::{Params, malformed};
use crate::api::http::rejection::Rejection;
use crate::catalog::Page;

/// Characters of a full `package/name`: longer text is in none.
const LONGEST_TEXT: usize = 256 + 1 + 256;

/// What the list is to show: one page of what all filters let through.
pub fn read(params: &Params, namespace: NamespaceName, page: Page) -> Result<ActivationQuery, Rejection> {
    Ok(ActivationQuery {
        name: filter(params, "name", name)?,
        contains: filter(params, "contains", text)?,
        status: filter(params, "status", status)?,
        kind: filter(params, "kind", kind)?,
        cause: filter(params, "cause", cause)?,
        since: filter(params, "since", time)?,
        upto: filter(params, "upto", time)?,
        after: after(params, page)?,
        skip: page.skip,
        ..ActivationQuery::of(namespace, page.limit)
    })
}

/// Reads a parameter if it is there; the refusal names it and says what is wrong with its value.
pub fn filter<T>(
    params: &Params,
    key: &str,
    read: impl FnOnce(&str) -> Result<T, String>,
) -> Result<Option<T>, Rejection> {
    let value = params.get(key).map(read).transpose();
    value.map_err(|detail| malformed(key, &detail))
}

/// `name` or `package/name`.
pub fn name(value: &str) -> Result<String, String> {
    let legal = |segment: &str| segment.parse::<EntityName>().is_ok();
    let segments: Vec<&str> = value.split('/').collect();
    if segments.len() <= 2 && segments.iter().all(|segment| legal(segment)) {
        return Ok(value.to_owned());
    }
    Err(messages::activation_name_filter(value).into_owned())
}

fn text(value: &str) -> Result<String, String> {
    match value.chars().count() {
        length if LONGEST_TEXT < length => Err(messages::text_too_long(length, LONGEST_TEXT)),
        _ => Ok(value.to_owned()),
    }
}

fn status(value: &str) -> Result<StatusFilter, String> {
    StatusFilter::read(value).ok_or_else(|| messages::not_a_status(value))
}

/// A kind of actions, under any of its names, or `trigger` for the records of firings.
fn kind(value: &str) -> Result<String, String> {
    let own = [Kind::builtin().as_str().to_owned(), Activation::KIND_OF_TRIGGERS.to_owned()];
    match Kind::resolve(value) {
        Some(kind) => Ok(kind.as_str().to_owned()),
        None if own.iter().any(|kind| kind == value) => Ok(value.to_owned()),
        None => Err(messages::not_a_kind(value, &[Kind::WASM, Kind::SEQUENCE, &own[0], &own[1]])),
    }
}

fn cause(value: &str) -> Result<ActivationId, String> {
    value.parse().map_err(|refused: Failure| refused.to_string())
}

pub fn time(value: &str) -> Result<Timestamp, String> {
    let millis = value.parse().map_err(|_| messages::not_epoch(value).into_owned())?;
    Ok(Timestamp::from_millis(millis))
}

/// A place says where the page begins; counting from there would say it twice.
fn after(params: &Params, page: Page) -> Result<Option<Place>, Rejection> {
    let after = filter(params, "cursor", |value| cursor::read(value).ok_or_else(|| messages::not_a_cursor(value)))?;
    match after {
        Some(_) if 0 < page.skip => Err(Failure::BadRequest(messages::SKIP_WITH_CURSOR.into()).into()),
        after => Ok(after),
    }
}
