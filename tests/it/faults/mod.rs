//! Faults below the server: its disk, its database, its clock, its descriptors, its own defects. threats.md F12 to F17,
//! F25, F28, F30, F33.

mod clock;
mod descriptors;
mod device;
mod disk;
mod lock;
mod nearly_full;
mod panic;

use serde_json::{Value, json};
use wask_tests::{Answer, Client};

/// The settings of every server here: nothing is throttled.
const UNLIMITED: [(&str, &str); 3] = [
    ("WASK_LIMITS__INVOCATIONS_PER_MINUTE", "0"),
    ("WASK_LIMITS__FIRES_PER_MINUTE", "0"),
    ("WASK_LIMITS__CONCURRENT_INVOCATIONS", "0"),
];

/// Invokes the echo, non-blocking. `Ok` is the accepted id, `Err` a refusal.
async fn try_invoke(client: &Client, args: &Value) -> Result<String, Answer> {
    let answer = client.post("actions/echo", args).await;
    match answer.status.as_u16() {
        202 => Ok(answer.json()["activationId"].as_str().expect("an activationId").to_owned()),
        _ => Err(answer),
    }
}

/// Checks a complete refusal: status, sentence, the request's code, and `Retry-After`.
fn assert_unavailable(refused: &Answer, says: &str) {
    assert_eq!(refused.status, 503, "{}", refused.text());
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert_eq!(refused.error(), says);
    assert!(refused.json()["code"].is_string(), "{}", refused.text());
}

/// Checks that every accepted activation has succeeded with exactly one record, and that there are no other records.
async fn assert_kept(client: &Client, promised: &[String]) {
    for id in promised {
        assert_eq!(client.ended(id).await["response"]["status"], "success");
    }
    let count = client.get("activations?name=echo&count=true").await.expect(200).json()["activations"].clone();
    assert_eq!(count, json!(promised.len()));
}
