//! The output of a running `wask dev`: a line per activation that ends.

use std::sync::Arc;

use tokio::sync::broadcast;
use wask_model::{Activation, Status};

/// How many characters of an error are printed.
const LONGEST_ERROR: usize = 200;

/// Prints lines until the node stops.
pub async fn print(mut ended: broadcast::Receiver<Arc<Activation>>) {
    loop {
        match ended.recv().await {
            Ok(record) => say!("{}", line(&record)),
            Err(broadcast::error::RecvError::Lagged(missed)) => say!("          … {missed} more"),
            Err(broadcast::error::RecvError::Closed) => return,
        }
    }
}

/// Time, action, cause, outcome, duration and id; an error gets its own line.
fn line(record: &Activation) -> String {
    let time = record.end.unwrap_or(record.start).to_utc().with_timezone(&chrono::Local).format("%H:%M:%S");
    let how = if record.cause.is_some() { "rule" } else { "" };
    let took = record.duration_ms.unwrap_or_default();
    let (outcome, error) = match record.response.status {
        Status::Success => ("ok", String::new()),
        failed => (failed.as_str(), error(record)),
    };
    let name = record.name.as_str();
    format!("{time}  {name:<12} {how:<5} {outcome:<7} {took:>6} ms   {}{error}", record.id)
}

fn error(record: &Activation) -> String {
    let Some(error) = record.response.result.get("error") else { return String::new() };
    let text = error.as_str().map_or_else(|| error.to_string(), str::to_owned);
    // The text comes from a guest, and a terminal would obey its control characters.
    let shown = text.chars().take(LONGEST_ERROR).map(|c| if c.is_control() { ' ' } else { c });
    format!("\n          {}", shown.collect::<String>())
}
