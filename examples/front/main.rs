//! A web action that starts a long job: it passes its arguments to the worker and returns the activation id.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use wask_sdk::{ActivationId, HostError, invoke};

#[derive(Deserialize)]
struct Start {
    #[serde(default = "my_worker")]
    worker: String,
    #[serde(flatten)]
    params: Map<String, Value>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct StartedJob {
    activation_id: ActivationId,
}

#[wask_sdk::action]
fn front(mut start: Start) -> Result<StartedJob, HostError> {
    start.params.retain(|name, _| !name.starts_with("__ow_")); // the worker does not get the HTTP request
    let activation_id = invoke(&start.worker, &start.params)?;
    Ok(StartedJob { activation_id })
}

fn my_worker() -> String {
    "my-worker".into()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_worker_gets_the_arguments_but_not_the_request() {
        wask_sdk::testing::on_invoke(|name, params| {
            assert_eq!((name, params), ("my-worker", json!({ "foo": "bar" })));
            Ok(json!({}))
        });
        let start = serde_json::from_value(json!({ "foo": "bar", "__ow_method": "get" })).unwrap();
        assert_eq!(front(start).unwrap().activation_id.as_str().len(), 32);
    }
}
