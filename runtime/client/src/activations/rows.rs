//! The columns of `wask activation list`.

use serde_json::Value;

use crate::entities::annotation;
use crate::screen::time_of;

pub const COLUMNS: [&str; 7] = ["Datetime", "Activation ID", "Kind", "Start", "Duration", "Status", "Entity"];

/// The text for each `statusCode`.
const STATUS: [&str; 4] = ["success", "application error", "developer error", "internal error"];

pub fn of(list: &Value) -> Vec<Vec<String>> {
    list.as_array().into_iter().flatten().map(row).collect()
}

/// A firing has neither a kind nor a duration.
fn row(record: &Value) -> Vec<String> {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
    let kind = text(annotation(record, "kind"));
    let is_trigger = kind.is_empty() && record.get("duration").is_none();
    let start = if annotation(record, "initTime").is_some() { "cold" } else { "warm" };
    let status = record["statusCode"].as_u64().and_then(|code| STATUS.get(code as usize).copied());
    let path = match annotation(record, "path") {
        Some(path) => text(Some(path)),
        None => format!("{}/{}", text(record.get("namespace")), text(record.get("name"))),
    };
    vec![
        time_of(record["start"].as_i64().unwrap_or_default()),
        text(record.get("activationId")),
        if is_trigger { "trigger".to_owned() } else { kind },
        if is_trigger { String::new() } else { start.to_owned() },
        record["duration"].as_u64().map(duration).unwrap_or_default(),
        status.unwrap_or(STATUS[0]).to_owned(),
        format!("{path}:{}", text(record.get("version"))),
    ]
}

fn duration(ms: u64) -> String {
    match ms {
        0..1_000 => format!("{ms}ms"),
        1_000..60_000 => format!("{}.{:03}s", ms / 1_000, ms % 1_000),
        _ => format!("{}m{}s", ms / 60_000, ms % 60_000 / 1_000),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_row_shows_the_action_and_its_outcome() {
        let record = json!({
            "activationId": "i", "namespace": "guest", "name": "a", "version": "0.0.2", "start": 0, "duration": 1250,
            "statusCode": 2,
            "annotations": [
                { "key": "path", "value": "guest/p/a" }, { "key": "kind", "value": "wasm:1" },
                { "key": "initTime", "value": 3 },
            ],
        });
        assert_eq!(row(&record)[1..], ["i", "wasm:1", "cold", "1.250s", "developer error", "guest/p/a:0.0.2"]);
        let fired =
            json!({ "activationId": "i", "namespace": "guest", "name": "t", "version": "0.0.1", "annotations": [] });
        assert_eq!(row(&fired)[1..], ["i", "trigger", "", "", "success", "guest/t:0.0.1"]);
    }
}
