//! Request bodies: read up to a limit, counted while they arrive, and charged to the memory for requests.

use std::ops::{Deref, DerefMut};
use std::time::Duration;

use axum::body::{Body, HttpBody as _};
use axum::extract::Request;
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use bytes::Bytes;
use futures_util::StreamExt as _;
use serde_json::{Map, Value};
use wask_model::{Arguments, Failure, NamespaceName, messages};

use super::drain_body::Stalled;
use super::json::JsonCount;
use super::media::{MediaClass, MediaType};
use super::rejection::Rejection;
use crate::api::App;
use crate::memory::Charge;

/// What is smaller is not charged: the number of connections bounds it.
const SMALL: u64 = 16 << 10;
/// How long a body waits for memory.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// What was read, and what it holds of the memory for requests.
#[derive(Debug, Default)]
pub struct Held<T> {
    value: T,
    room: Room,
}

/// Memory for requests; given back when dropped.
#[derive(Debug, Default)]
pub struct Room(Vec<Charge>);

impl<T> Held<T> {
    /// The value alone, and the room that it takes as long as it lives.
    pub fn apart(self) -> (T, Room) {
        (self.value, self.room)
    }
}

impl<T> Deref for Held<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> DerefMut for Held<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

impl Room {
    /// Takes `bytes` in addition, and waits for them if there is no room.
    async fn grow(&mut self, app: &App, namespace: &NamespaceName, bytes: u64) -> Result<(), Failure> {
        if self.0.last_mut().is_some_and(|charge| charge.grow(bytes).is_ok()) {
            return Ok(());
        }
        let (part, deadline) = (app.budget.requests(), app.clock.sleep(LONGEST_WAIT));
        // Boxed: small bodies need no room.
        let charge = Box::pin(part.charge_when_free(namespace.as_str(), bytes, deadline)).await;
        self.0.push(charge.map_err(|no_room| Failure::Unavailable(no_room.message()))?);
        Ok(())
    }

    /// Gives back what is beyond `bytes`.
    fn shrink_to(&mut self, mut bytes: u64) {
        for charge in &mut self.0 {
            charge.shrink_to(bytes);
            bytes -= charge.amount();
        }
    }
}

/// Reads a body of at most `limit` bytes for a namespace; `what` names it in the refusal. Content-Length is checked
/// first, so that a body that is too large need not be sent; otherwise the bytes are counted as they arrive.
pub async fn read(
    app: &App,
    namespace: &NamespaceName,
    (headers, body): (&HeaderMap, Body),
    (what, limit): (&str, u64),
) -> Result<Held<Bytes>, Rejection> {
    read_counted(app, namespace, (headers, body), (what, limit), &mut None).await
}

async fn read_counted(
    app: &App,
    namespace: &NamespaceName,
    (headers, body): (&HeaderMap, Body),
    (what, limit): (&str, u64),
    count: &mut Option<JsonCount>,
) -> Result<Held<Bytes>, Rejection> {
    if headers.get(CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity") {
        return Err(Rejection::Http(StatusCode::UNSUPPORTED_MEDIA_TYPE, messages::ENCODING_UNSUPPORTED.into()));
    }
    let too_large = |size| Failure::TooLarge(messages::larger_than_allowed(what, size, limit));
    let announced = content_length(headers);
    if let Some(size) = announced.filter(|size| *size > limit) {
        return Err(too_large(size).into());
    }
    let mut read = Vec::with_capacity(usize::try_from(announced.unwrap_or(0).min(SMALL)).unwrap_or(0));
    let mut room = Room::default();
    let mut stream = body.into_data_stream();
    while let Some(part) = stream.next().await {
        let part = part.map_err(|cut| stall(&cut).unwrap_or_else(|| unreadable(&cut)))?;
        let size = (read.len() + part.len()) as u64;
        if size > limit {
            return Err(too_large(limit + 1).into());
        }
        if let Some(count) = count {
            count.add(&part);
            count.check(&app.limits)?;
        }
        if size > SMALL {
            room.grow(app, namespace, part.len() as u64).await?;
        }
        read.extend_from_slice(&part);
    }
    Ok(Held { value: read.into(), room })
}

fn unreadable(cut: &axum::Error) -> Rejection {
    Failure::BadRequest(messages::body_unreadable(&cut.to_string())).into()
}

/// The refusal, if the body ended because its peer sent too little.
fn stall(cut: &axum::Error) -> Option<Rejection> {
    let mut causes = std::iter::successors(Some(cut as &dyn std::error::Error), |cause| cause.source());
    let stalled = causes.find_map(|cause| cause.downcast_ref::<Stalled>())?;
    let message = messages::body_stalled(stalled.0.as_millis());
    Some(Rejection::Http(StatusCode::REQUEST_TIMEOUT, message))
}

/// The room for the values in a body that has been read, if its type is JSON or a form · 413.
pub async fn room_for_values(
    app: &App,
    namespace: &NamespaceName,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Room, Rejection> {
    let (mut room, mut count) = (Room::default(), JsonCount::default());
    match headers.get(CONTENT_TYPE).and_then(MediaType::parse).map(|media| media.class()) {
        Some(MediaClass::Json) => count.add(body),
        Some(MediaClass::Form) => count.add_form(body),
        _ => return Ok(room),
    }
    count.check(&app.limits)?;
    if count.parsed_bytes() > SMALL {
        room.grow(app, namespace, count.parsed_bytes()).await?;
    }
    Ok(room)
}

pub fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Reads a body and parses its JSON. `None`: the body is empty.
async fn json(
    app: &App,
    namespace: &NamespaceName,
    request: Request<Body>,
    limit: u64,
) -> Result<Option<Held<Map<String, Value>>>, Rejection> {
    let (head, body) = request.into_parts();
    let typed = check_json(&head.headers);
    let mut count = Some(JsonCount::default());
    let body = read_counted(app, namespace, (&head.headers, body), ("Request", limit), &mut count).await?;
    if body.is_empty() {
        return Ok(None);
    }
    typed?;
    let (bytes, mut room) = body.apart();
    let parsed = count.as_ref().map_or(0, JsonCount::parsed_bytes);
    if parsed > SMALL {
        room.grow(app, namespace, parsed).await?;
    }
    let document = app.documents.parse(namespace.as_str(), bytes).await?;
    room.shrink_to(parsed);
    match document {
        Value::Object(value) => Ok(Some(Held { value, room })),
        _ => Err(Failure::malformed(messages::OBJECT_EXPECTED).into()),
    }
}

/// The JSON document of a PUT, or of a POST that needs one.
pub async fn document(
    app: &App,
    namespace: &NamespaceName,
    request: Request<Body>,
    limit: u64,
) -> Result<Held<Value>, Rejection> {
    let missing = || Rejection::from(Failure::BadRequest(messages::BODY_EXPECTED.into()));
    if request.body().is_end_stream() {
        return Err(missing()); // whatever its content type
    }
    check_json(request.headers())?;
    let limit = limit.min(app.limits.request_bytes);
    let (members, room) = json(app, namespace, request, limit).await?.ok_or_else(missing)?.apart();
    Ok(Held { value: Value::Object(members), room })
}

/// The payload of an invocation or a firing: a JSON object. A missing body counts as an empty object, whatever its
/// content type.
pub async fn payload(
    app: &App,
    namespace: &NamespaceName,
    request: Request<Body>,
    limit: u64,
) -> Result<Held<Arguments>, Rejection> {
    Ok(optional_payload(app, namespace, request, limit).await?.unwrap_or_default())
}

/// Like [`payload`], where a missing body differs from an empty object.
pub async fn optional_payload(
    app: &App,
    namespace: &NamespaceName,
    request: Request<Body>,
    limit: u64,
) -> Result<Option<Held<Arguments>>, Rejection> {
    json(app, namespace, request, limit).await
}

fn check_json(headers: &HeaderMap) -> Result<(), Rejection> {
    let given = headers.get(CONTENT_TYPE).map(|value| value.to_str().unwrap_or_default());
    let essence = given.unwrap_or("application/octet-stream").split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    Err(Rejection::Http(StatusCode::UNSUPPORTED_MEDIA_TYPE, messages::content_type(essence)))
}
