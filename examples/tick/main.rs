//! An action for an alarm: logs and returns its arguments and the time.

use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;
use serde_json::Value;

#[derive(Serialize)]
struct Tick {
    /// Milliseconds since the epoch.
    at: u128,
    got: Value,
}

#[wask_sdk::action]
fn tick(got: Value) -> Tick {
    let at = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
    wask_sdk::log!("tick at {at} with {got}");
    Tick { at, got }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn it_returns_its_arguments_and_the_time() {
        let got = json!({ "sun": "up" });
        let tick = tick(got.clone());
        assert_eq!(tick.got, got);
        assert!(tick.at > 1_700_000_000_000);
    }
}
