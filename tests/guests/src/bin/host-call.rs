//! Sends a request frame, `header` as its first line and `body` as the text after it, `times` times (1). Returns
//! `{"answer":…,"times":…}`. The first refusal ends it: `{"refused":{"reason":…,"error":…},"times":…}`.

use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
struct Args {
    header: Value,
    #[serde(default)]
    body: String,
    #[serde(default = "once")]
    times: u32,
}

#[wask_sdk::action]
fn host_call(args: Args) -> Value {
    let mut answer = Value::Null;
    for done in 0..args.times {
        match wask_sdk::__private::exchange(&args.header, args.body.as_bytes()) {
            Ok(body) => answer = serde_json::from_slice(&body).unwrap_or_default(),
            Err(refused) => {
                let refused = json!({ "reason": refused.reason, "error": refused.message });
                return json!({ "refused": refused, "times": done });
            }
        }
    }
    json!({ "answer": answer, "times": args.times })
}

fn once() -> u32 {
    1
}
