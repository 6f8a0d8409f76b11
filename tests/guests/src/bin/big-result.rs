//! Returns `{"data":"xx…"}`, a JSON text of `size` bytes (at least 11).

use std::collections::BTreeMap;

use serde::Deserialize;

#[derive(Deserialize)]
struct Args {
    size: usize,
}

#[wask_sdk::action]
fn big_result(args: Args) -> BTreeMap<&'static str, String> {
    BTreeMap::from([("data", "x".repeat(args.size.saturating_sub(r#"{"data":""}"#.len())))])
}
