//! Computes for `ms`, without a pause.

use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
struct Args {
    ms: u64,
}

#[wask_sdk::action]
fn spin(args: Args) -> Value {
    let start = Instant::now();
    let mut turns = 0_u64;
    while start.elapsed() < Duration::from_millis(args.ms) {
        turns += 1;
    }
    json!({ "spun": args.ms, "turns": turns })
}
