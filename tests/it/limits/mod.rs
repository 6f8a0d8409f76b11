//! Every limit of a run, hit by a guest that wants more, and what its author then reads.

mod crowd;
mod disk;
mod isolation;
mod memory;
mod output;
mod places;
mod throttles;
mod time;

use serde_json::{Value, json};
use wask_tests::{Answer, Client, wat};

/// What a caller and the author of an action see of one run.
struct Run {
    answer: Answer,
    /// The record, with its logs.
    record: Value,
}

impl Run {
    fn status(&self) -> &str {
        self.record["response"]["status"].as_str().unwrap_or_default()
    }

    /// The error that the author reads in place of a result.
    fn error(&self) -> &str {
        self.record["response"]["result"]["error"].as_str().unwrap_or_default()
    }

    fn result(&self) -> &Value {
        &self.record["response"]["result"]
    }

    fn duration_ms(&self) -> u64 {
        self.record["duration"].as_u64().expect("a duration")
    }

    /// The log lines without timestamps.
    fn logs(&self) -> Vec<String> {
        logs_of(&self.record)
    }
}

/// The log lines of a record without timestamps.
fn logs_of(record: &Value) -> Vec<String> {
    let lines = record["logs"].as_array().expect("logs").iter();
    lines.map(|line| line.as_str().and_then(|line| line.get(31..)).expect("a time and a text").to_owned()).collect()
}

/// Deploys a text module under its own name and runs it to its end.
async fn run_wat(me: &Client, name: &str, limits: Value) -> Run {
    run(me, name, &wat(name), limits, json!({})).await
}

/// Deploys `code` and runs it to its end.
async fn run(me: &Client, name: &str, code: &str, limits: Value, args: Value) -> Run {
    me.create_action_with(name, code, json!({ "limits": limits })).await;
    invoke(me, name, args).await
}

async fn invoke(me: &Client, name: &str, args: Value) -> Run {
    let answer = me.invoke(name, &args).await;
    let id = answer.header("x-openwhisk-activation-id").unwrap_or_else(|| panic!("{name}: {}", answer.text()));
    let record = me.ended(id).await;
    Run { answer, record }
}
