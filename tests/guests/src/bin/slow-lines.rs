//! Writes `lines` numbered lines to stderr, and sleeps `ms` after each.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
struct Args {
    lines: u64,
    ms: u64,
}

#[wask_sdk::action]
fn slow_lines(args: Args) -> Value {
    for n in 0..args.lines {
        eprintln!("line {n}");
        std::thread::sleep(Duration::from_millis(args.ms));
    }
    json!({ "lines": args.lines })
}
