//! Many alarms due in the same second: how long until all have fired, and how this slows down other callers.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use wask_tests::{Client, wat};

use super::load::{self, Request, Taken};
use super::servers::{self, Process};

/// How many alarms, unless the command line gives another number.
pub const ALARMS: usize = 10_000;
/// How many requests run at a time while the alarms are created.
const TOGETHER: usize = 32;
/// How many other callers there are while the alarms fire.
const CONNECTIONS: usize = 4;
const ROUND: Duration = Duration::from_millis(250);
const PATIENCE: Duration = Duration::from_secs(120);

/// Measures alarms that each fire their own trigger, whose rule runs an action. Other callers invoke another action.
pub async fn in_the_same_second(alarms: usize) -> anyhow::Result<()> {
    let data = wask_tests::data_folder();
    let server = servers::wask(data.path(), &[("WASK_ALARMS__MAX_PER_NAMESPACE", "1000000")])?;
    let me = super::client(&server, &data)?;
    me.create_action("fired", &wat("result-then-exit-0")).await;
    me.create_action("hello", &wat("result-then-exit-0")).await;
    me.invoke("hello", &json!({})).await.expect(200);
    let due = prepare(&me, alarms).await?;

    let idle = load::run(&invoke(&server, &me), CONNECTIONS, 4 * ROUND).await?;
    tokio::time::sleep((due - chrono::Utc::now()).to_std().unwrap_or_default()).await;
    let measured = invoke_while_firing(&server, &me, alarms).await?;

    let Measured { fired, done, mut taken } = measured;
    let (requests, p50, p99) = (taken.each.len(), taken.quantile(0.5), taken.quantile(0.99));
    taken.each.sort_unstable();
    let worst = taken.each.last().copied().unwrap_or_default();
    println!("\n{alarms} alarms due in one second      all fired after {fired:.2?}, their runs ended after {done:.2?}");
    println!("invoke, before                     p50 {:>9.2?}  p99 {:>9.2?}", idle.quantile(0.5), idle.quantile(0.99));
    println!("invoke, while they fire            p50 {p50:>9.2?}  p99 {p99:>9.2?}  max {worst:.2?} of {requests}");
    Ok(())
}

fn invoke(server: &Process, me: &Client) -> Request {
    Request::post(server.address, "/api/v1/namespaces/_/actions/hello?blocking=true", &me.auth, "{}", 200)
}

/// Creates triggers and rules, then the alarms; returns the time at which all are due.
async fn prepare(me: &Client, alarms: usize) -> anyhow::Result<chrono::DateTime<chrono::Utc>> {
    let started = Instant::now();
    many(me, alarms, |me, n| async move {
        let trigger = format!("t{n}");
        me.create_trigger(&trigger).await;
        me.create_rule(&format!("r{n}"), &trigger, "fired").await;
    })
    .await?;
    let enough = Duration::from_secs(10) + 3 * started.elapsed(); // for the calls of the feed
    let due = chrono::Utc::now() + chrono::TimeDelta::from_std(enough)?;
    let date = due.timestamp_millis();
    many(me, alarms, move |me, n| async move {
        me.feed("once", "CREATE", &format!("t{n}"), json!({ "date": date })).await.expect(200);
    })
    .await?;
    println!("{alarms} triggers, rules and alarms created in {:.1?}", started.elapsed());
    Ok(due)
}

async fn many<F>(me: &Client, count: usize, make: impl Fn(Client, usize) -> F) -> anyhow::Result<()>
where
    F: Future<Output = ()> + Send + 'static,
{
    let mut running = JoinSet::new();
    for n in 0..count {
        if running.len() >= TOGETHER {
            running.join_next().await.context("one is running")??;
        }
        running.spawn(make(me.clone(), n));
    }
    while let Some(made) = running.join_next().await {
        made?;
    }
    Ok(())
}

/// Times from the due time on.
struct Measured {
    /// Until the last event was recorded.
    fired: Duration,
    /// Until the last run had ended.
    done: Duration,
    /// The requests of other callers until then.
    taken: Taken,
}

async fn invoke_while_firing(server: &Process, me: &Client, alarms: usize) -> anyhow::Result<Measured> {
    let (request, started, over) = (invoke(server, me), Instant::now(), CancellationToken::new());
    let others = tokio::spawn({
        let over = over.clone();
        async move {
            let mut taken = Taken::default();
            while !over.is_cancelled() {
                taken.each.extend(load::run(&request, CONNECTIONS, ROUND).await?.each);
            }
            anyhow::Ok(taken)
        }
    });
    let stop_others = over.drop_guard();
    let fired = until(me, "kind=trigger", alarms, started).await?;
    let done = until(me, "name=fired", alarms, started).await?;
    drop(stop_others);
    Ok(Measured { fired, done, taken: others.await?? })
}

/// Waits until there are `count` activations; returns the time since `started`.
async fn until(me: &Client, filter: &str, count: usize, started: Instant) -> anyhow::Result<Duration> {
    loop {
        let counted: Value = me.get(&format!("activations?{filter}&count=true")).await.expect(200).json();
        if counted["activations"].as_u64() >= Some(count as u64) {
            return Ok(started.elapsed());
        }
        anyhow::ensure!(started.elapsed() < PATIENCE, "{counted} of {count} with {filter} after {PATIENCE:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
