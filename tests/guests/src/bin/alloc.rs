//! Allocates `mb` MiB, touches every page, and returns how much it got.

use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
struct Args {
    mb: usize,
}

#[wask_sdk::action]
fn alloc(args: Args) -> Value {
    let mut kept = Vec::new();
    for _ in 0..args.mb {
        kept.push(vec![1_u8; 1 << 20]);
    }
    json!({ "allocated": std::hint::black_box(kept).len() })
}
