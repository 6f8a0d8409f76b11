//! Logs and returns text that is easily corrupted: several planes, both directions, control characters, line
//! separators.

use serde_json::{Value, json};

const TEXT: &str = "Grüße 世界 🦀 👩‍👩‍👧 שלום a\u{301} \u{0} \u{1b}[31m \u{2028} \u{2029} \u{feff} \" \\ \t \u{10ffff}";

#[wask_sdk::action]
fn unicode(args: Value) -> Value {
    wask_sdk::log!("{TEXT}");
    json!({ "text": TEXT, "args": args })
}
