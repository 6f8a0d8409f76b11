//! `/activations/{id}/status`: the state of an activation, and waiting for its end. feeds.md §B.2.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use serde_json::Value;
use wask_model::{ActivationId, Failure, NamespaceName, messages};
use wask_store::KnownCallback;

use super::document;
use crate::api::App;
use crate::api::http::{Caller, Params, Rejection, Segments};

/// `GET activations/{id}/status`: the state of any activation · 400 · 404 unknown. With `wait=30s` the response comes
/// when the activation has ended, or after that time.
pub async fn status(
    State(app): State<App>,
    caller: Caller,
    path: Segments,
    params: Params,
) -> Result<Json<Value>, Rejection> {
    let (namespace, id) = path.own_activation(&caller)?;
    let longest = Duration::from_millis(app.limits.blocking_wait_ms);
    if let Some(wait) = params.filter("wait", |text| wait(text, longest))?
        && app.invoker.unended(&namespace, id).await?.is_some()
    {
        app.invoker.wait_for_end(&namespace, id, wait).await?;
    }
    Ok(Json(read(&app, &namespace, id).await?))
}

/// The status document of an activation · 404 unknown.
pub async fn read(app: &App, namespace: &NamespaceName, id: ActivationId) -> Result<Value, Failure> {
    let callbacks = app.callbacks.of(namespace, id).await?;
    if let Some(unended) = app.invoker.unended(namespace, id).await? {
        return Ok(document::unended(id, &unended, &callbacks));
    }
    let record = app.invoker.records().get(namespace, id).await?.ok_or_else(Failure::not_found)?;
    let callbacks = refreshed(app, namespace, id, callbacks).await?;
    Ok(document::ended(&record, &callbacks))
}

/// Reads the callbacks again: the activation may have ended since, and its callbacks become pending.
async fn refreshed(
    app: &App,
    namespace: &NamespaceName,
    id: ActivationId,
    known: Vec<KnownCallback>,
) -> Result<Vec<KnownCallback>, Failure> {
    if known.is_empty() { Ok(known) } else { app.callbacks.of(namespace, id).await }
}

/// Reads `30s`, `500ms`, `1m`, or a number of seconds, up to `longest`.
fn wait(text: &str, longest: Duration) -> Result<Duration, String> {
    let read = text.parse().map(Duration::from_secs).or_else(|_| humantime::parse_duration(text));
    let refused = || messages::not_a_wait(text, &humantime::format_duration(longest).to_string());
    read.ok().filter(|wait| *wait <= longest).ok_or_else(refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_a_time_up_to_the_limit() {
        let minute = Duration::from_secs(60);
        for (text, ms) in [("30s", 30_000), ("500ms", 500), ("1m", 60_000), ("30", 30_000), ("0", 0)] {
            assert_eq!(wait(text, minute), Ok(Duration::from_millis(ms)), "{text}");
        }
        for text in ["61s", "-1", "soon", "1.5", ""] {
            let refused = wait(text, minute).unwrap_err();
            assert_eq!(
                refused,
                format!("The value '{text}' is not a time to wait. Use a time such as 30s, 500ms or 1m, at most 1m.")
            );
        }
    }
}
