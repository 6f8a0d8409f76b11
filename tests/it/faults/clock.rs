//! The system's clock is set an hour forward and back while a server runs.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;
use wask_tests::{Client, ServerProcess, annotation, eventually, guest, wat};

use super::UNLIMITED;

const HOUR: i64 = 3600;

/// A wall clock that can be set, for a process that is started with these environment variables.
struct SetClock {
    folder: TempDir,
}

impl SetClock {
    /// Builds the library that is preloaded into the process.
    fn new() -> Self {
        let clock = SetClock { folder: tempfile::tempdir().unwrap() };
        clock.set(0);
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/it/faults/jump.c");
        let built =
            Command::new("cc").args(["-shared", "-fPIC", "-O1", "-o"]).arg(clock.library()).arg(source).output();
        let built = built.expect("a C compiler: `make setup` installs one");
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        clock
    }

    fn library(&self) -> PathBuf {
        self.folder.path().join("jump.so")
    }

    fn offset(&self) -> PathBuf {
        self.folder.path().join("offset")
    }

    /// Sets the clock off by `seconds` from now on.
    fn set(&self, seconds: i64) {
        use std::os::unix::fs::FileExt as _;
        let file = std::fs::OpenOptions::new().create(true).truncate(false).write(true).open(self.offset()).unwrap();
        file.write_all_at(&seconds.to_ne_bytes(), 0).unwrap();
    }

    async fn serve(&self) -> ServerProcess {
        let (library, offset) = (self.library(), self.offset());
        let own = [("LD_PRELOAD", library.to_str().unwrap()), ("CLOCK_OFFSET", offset.to_str().unwrap())];
        ServerProcess::serve(&[&UNLIMITED[..], &own].concat()).await
    }
}

/// The activation of each tick that fired, by its due time.
async fn fired(client: &Client, trigger: &str) -> BTreeMap<i64, String> {
    let alarm = client.get(&format!("alarms/{trigger}")).await.expect(200).json();
    let ticks = alarm["history"].as_array().cloned().unwrap_or_default();
    let event = |tick: &Value| Some((tick["due"].as_i64()?, tick["activationId"].as_str()?.to_owned()));
    ticks.iter().filter_map(event).collect()
}

async fn running(client: &Client, id: &str) {
    eventually(&format!("{id} runs"), || async { (client.state(id).await == "running").then_some(()) }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alarm_neither_bursts_nor_repeats_ticks_when_the_clock_jumps() {
    let clock = SetClock::new();
    let wask = clock.serve().await;
    let me = wask.guest().await;
    me.create_action("echo", &guest("echo")).await;
    me.create_alarm("second", "* * * * * *", json!({})).await;
    me.create_rule("every", "second", "echo").await;
    me.activations_of_at_least("second", 2).await;

    clock.set(HOUR);
    let jumped = Instant::now();
    let before = me.activations_of("second").await.len();
    me.activations_of_at_least("second", before + 4).await;
    let events = me.activations_of("second").await.len();
    let most = before + usize::try_from(jumped.elapsed().as_secs()).unwrap() + 3;
    assert!(events <= most, "{events} events where {most} ticks can have been due");

    let ticks = fired(&me, "second").await;
    clock.set(0);
    // The ticks of these seconds have already fired, so there is no condition to wait for.
    tokio::time::sleep(Duration::from_secs(5)).await;
    let after = me.activations_of("second").await;
    assert!(after.len() <= events + 2, "{} events after {events}: an hour is fired again", after.len());
    let again =
        fired(&me, "second").await.into_iter().filter(|(due, event)| ticks.get(due).is_some_and(|it| it != event));
    assert_eq!(again.collect::<Vec<_>>(), [], "{ticks:?}");
    me.invoke("echo", &json!({})).await.expect(200);

    clock.set(HOUR);
    me.activations_of_at_least("second", after.len() + 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_keeps_its_time_limit_and_its_lease_when_the_clock_jumps() {
    let clock = SetClock::new();
    let wask = clock.serve().await;
    let me = wask.guest().await;
    me.create_action_with("stuck", &wat("sleep-forever"), json!({ "limits": { "timeout": 4000 } })).await;
    me.create_action_with("spin", &guest("spin"), json!({ "limits": { "timeout": 60_000 } })).await;
    me.create_action("echo", &guest("echo")).await;

    for offset in [HOUR, 0, -HOUR, 0] {
        let begun = Instant::now();
        let stuck = me.invoke_async("stuck", &json!({})).await;
        let spins = me.invoke_async("spin", &json!({ "ms": 2500 })).await;
        running(&me, &stuck).await;
        running(&me, &spins).await;
        clock.set(offset);
        let meanwhile = me.invoke_async("echo", &json!({ "offset": offset })).await;
        assert_eq!(me.ended(&meanwhile).await["response"]["result"], json!({ "offset": offset }));

        let record = me.ended(&stuck).await;
        let took = begun.elapsed();
        assert!(Duration::from_secs(4) <= took && took < Duration::from_secs(15), "{offset}: it ran for {took:?}");
        assert_eq!(annotation(&record, "timeout"), Some(json!(true)), "{record}");
        for record in [record, me.ended(&spins).await] {
            assert_eq!(annotation(&record, "attempts"), None, "{offset}: it was begun again: {record}");
        }
    }
    assert_eq!(me.activations_of("stuck").await.len() + me.activations_of("spin").await.len(), 8);
}
