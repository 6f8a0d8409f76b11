//! Returns `{"data":"xx…"}`, `size` bytes of JSON in all (11 at least).

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
