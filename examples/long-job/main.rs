//! Works for `seconds` and logs its progress. It takes too long for a caller to wait: start it, then poll its
//! activation.

use std::thread::sleep;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

#[derive(Deserialize)]
struct Job {
    #[serde(default = "twenty")]
    seconds: u64,
    #[serde(flatten)]
    params: Map<String, Value>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JobResult {
    status_code: u16,
    body: Value,
    /// The other arguments of the job.
    #[serde(skip_serializing_if = "Map::is_empty")]
    params: Map<String, Value>,
}

#[wask_sdk::action]
fn work(job: Job) -> JobResult {
    for second in 1..=job.seconds {
        sleep(Duration::from_secs(1));
        wask_sdk::log!("{second} of {} s", job.seconds);
    }
    let payload = format!("worked for {} s", job.seconds);
    JobResult { status_code: 200, body: json!({ "payload": payload }), params: job.params }
}

fn twenty() -> u64 {
    20
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_returns_a_payload_and_its_other_arguments() {
        let job: Job = serde_json::from_value(json!({ "seconds": 0, "foo": "bar" })).unwrap();
        let done = json!({ "statusCode": 200, "body": { "payload": "worked for 0 s" }, "params": { "foo": "bar" } });
        assert_eq!(serde_json::to_value(work(job)).unwrap(), done);
    }
}
