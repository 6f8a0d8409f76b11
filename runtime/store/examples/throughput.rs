//! Measures how much the SQLite store writes per second: `cargo run --release -p wask-store --example throughput`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use wask_model::{Activation, ActivationId, Annotations, Response, Timestamp, Version};
use wask_store::sqlite::{SqliteConfig, SqliteStore};
use wask_store::{ActivationStore as _, JobStore as _, Lane, NewJob};

const SPAN: Duration = Duration::from_secs(5);

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let dir = tempfile::tempdir_in(std::env::args().nth(1).unwrap_or(".".into()))?;
    let store = Arc::new(SqliteStore::open(&dir.path().join("wask.db"), &SqliteConfig::default())?);
    for submitters in [1, 64, 256] {
        let commits = store.commits();
        let rate =
            rate(submitters, &store, |store, n| async move { Ok(store.enqueue(None, vec![job(n)]).await?) }).await?;
        let commits = (store.commits() - commits) as f64 / SPAN.as_secs_f64();
        println!("enqueue, {submitters} submitters: {rate:.0}/s in {commits:.0} commits/s");
    }
    for submitters in [1, 4] {
        let batch = |store: Arc<SqliteStore>, n: u64| async move {
            let records: Vec<Arc<Activation>> = (0..256).map(|i| Arc::new(record(n * 256 + i))).collect();
            Ok(store.record(&records).await?)
        };
        let rate = rate(submitters, &store, batch).await? * 256.0;
        println!("record, batches of 256, {submitters} submitters: {rate:.0} rows/s");
    }
    store.close().await;
    Ok(())
}

/// Operations per second of this many submitters, each of which waits for its own.
async fn rate<F: Future<Output = anyhow::Result<()>> + Send + 'static>(
    submitters: u64,
    store: &Arc<SqliteStore>,
    operation: impl Fn(Arc<SqliteStore>, u64) -> F + Copy + Send + 'static,
) -> anyhow::Result<f64> {
    let begun = Instant::now();
    let submit = |submitter: u64, store: Arc<SqliteStore>| async move {
        let mut done = 0;
        while begun.elapsed() < SPAN {
            operation(store.clone(), (done << 16) + submitter).await?;
            done += 1;
        }
        anyhow::Ok(done)
    };
    let tasks: Vec<_> = (0..submitters).map(|submitter| tokio::spawn(submit(submitter, store.clone()))).collect();
    let mut done = 0;
    for task in tasks {
        done += task.await??;
    }
    Ok(done as f64 / begun.elapsed().as_secs_f64())
}

fn now() -> Timestamp {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(now.as_millis() as i64)
}

fn job(n: u64) -> NewJob {
    let payload = json!({ "action": "guest/hello", "revision": 1, "args": { "name": n }, "subject": "guest" });
    NewJob {
        id: ActivationId::new(now()),
        lane: Lane::Invoke,
        namespace: "guest".parse().expect("a name"),
        share: "guest".into(),
        name: "guest/hello".into(),
        cause: None,
        payload: payload.to_string(),
        due: now(),
        claimed: None,
        callback: None,
    }
}

fn record(n: u64) -> Activation {
    Activation {
        id: ActivationId::new(now()),
        namespace: "guest".parse().expect("a name"),
        name: "hello".parse().expect("a name"),
        version: Version::FIRST,
        subject: "guest".into(),
        start: now(),
        end: Some(now()),
        duration_ms: Some(3),
        cause: None,
        response: Response::success(json!({ "payload": format!("Hello, {n}!") })),
        logs: vec!["2030-01-01T00:00:00.000000000Z stdout: hello".into()],
        annotations: Annotations::default()
            .with("path", "guest/hello")
            .with("waitTime", 1)
            .with("kind", "wasm:1")
            .with("timeout", false)
            .with("limits", json!({ "concurrency": 1, "logs": 10, "memory": 256, "timeout": 60_000 })),
        input: None,
    }
}
