//! Sleeps in slices of 20 ms until the wall clock has moved by `ms`, and logs when it starts and ends.

use std::thread::sleep;
use std::time::{Duration, SystemTime};

use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
struct Args {
    ms: u64,
}

#[wask_sdk::action]
fn sleeper(args: Args) -> Value {
    let start = SystemTime::now();
    wask_sdk::log!("start"); // a story that reads this line may move the clock
    let passed = || start.elapsed().unwrap_or_default();
    while passed() < Duration::from_millis(args.ms) {
        sleep(Duration::from_millis(20));
    }
    wask_sdk::log!("end");
    json!({ "slept": args.ms })
}
