//! Logs `lines` lines of `width` bytes (at least 10), even ones on standard output, odd ones on standard error.

use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
struct Args {
    lines: usize,
    #[serde(default)]
    width: usize,
}

#[wask_sdk::action]
fn log_lines(args: Args) -> Value {
    for number in 0..args.lines {
        let line = format!("{:.<width$}", format!("line {number:05}"), width = args.width);
        if number % 2 == 0 { println!("{line}") } else { eprintln!("{line}") }
    }
    json!({ "lines": args.lines })
}
