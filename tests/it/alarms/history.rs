//! The routes `/namespaces/{ns}/alarms`: an owner's view of an alarm, and running, pausing and resuming it.

use std::time::Duration;

use serde_json::{Value, json};
use wask_tests::{Client, TestServer, eventually, guest};

use super::{MINUTE, START, T0, events_of, last_fire, started};

const SECOND: Duration = Duration::from_secs(1);

/// Creates a trigger with an alarm, and a rule.
async fn alarm_with_rule(client: &Client, trigger: &str, given: Value) {
    client.create_action("greet", &guest("echo")).await;
    client.create_trigger(trigger).await;
    client.create_rule(&format!("on-{trigger}"), trigger, "greet").await;
    client.alarm("CREATE", trigger, given).await.expect(200);
}

async fn look(client: &Client, trigger: &str) -> Value {
    client.get(&format!("alarms/{trigger}")).await.expect(200).json()
}

/// The history, latest first, as soon as it has `count` ticks.
async fn history(client: &Client, trigger: &str, count: usize) -> Vec<Value> {
    eventually(&format!("{trigger} tells of {count} ticks"), || async {
        let history = look(client, trigger).await["history"].as_array().cloned().unwrap_or_default();
        (count <= history.len()).then_some(history)
    })
    .await
}

/// The due time in milliseconds after [`T0`], the outcome and the lateness of each tick.
fn told(history: &[Value]) -> Vec<(i64, &str, i64)> {
    let number = |tick: &Value, key: &str| tick[key].as_i64().expect("a number");
    history
        .iter()
        .map(|tick| (number(tick, "due") - T0, tick["outcome"].as_str().unwrap(), number(tick, "lateness")))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alarm_shows_its_next_ticks_and_how_the_last_ones_ended() {
    let wask = started().await;
    let me = wask.guest();
    alarm_with_rule(&me, "dawn", json!({ "cron": "* * * * *" })).await;
    let minutes = |from: i64| (from..from + 5).map(|n| json!(T0 + n * 60_000)).collect::<Vec<_>>();
    assert_eq!(look(&me, "dawn").await["nextFires"], json!(minutes(1)));

    wask.advance(MINUTE);
    history(&me, "dawn", 1).await;
    wask.advance(3 * MINUTE + 5 * SECOND);

    let told_of = history(&me, "dawn", 4).await;
    let late = [(240_000, "missed", 5_000), (180_000, "missed", 65_000)];
    assert_eq!(told(&told_of), [late[0], late[1], (120_000, "fired", 125_000), (60_000, "fired", 0)]);
    let events = me.activations_of_at_least("dawn", 2).await;
    assert_eq!(
        told_of[3],
        json!({ "due": T0 + 60_000, "at": T0 + 60_000, "lateness": 0, "outcome": "fired", "origin": "clock",
            "activationId": events[1]["activationId"] })
    );
    assert_eq!(told_of[0]["reason"], "the server got to it too late");
    let seen = look(&me, "dawn").await;
    assert_eq!((&seen["config"]["cron"], &seen["status"]["active"]), (&json!("* * * * *"), &json!(true)));
    assert_eq!(seen["nextFires"], json!(minutes(5)));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_history_says_why_a_tick_was_refused() {
    let wask = started().await;
    let me = wask.guest();
    me.create_alarm("dawn", "* * * * *", json!({})).await;
    me.delete("triggers/dawn").await.expect(200);

    wask.advance(MINUTE);

    let tick = history(&me, "dawn", 1).await.remove(0);
    assert_eq!(
        (&tick["outcome"], &tick["reason"]),
        (&json!("failed"), &json!("The requested resource does not exist."))
    );
    let seen = look(&me, "dawn").await;
    assert_eq!((&seen["status"]["reason"]["statusCode"], &seen["nextFires"]), (&json!(404), &json!([])));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_history_has_at_most_the_operators_number_of_ticks() {
    let wask = TestServer::builder().clock_by_hand(START).configure(|c| c.alarms.history_ticks = 3).start().await;
    let me = wask.guest();
    me.create_alarm("dawn", "* * * * *", json!({})).await;

    for tick in 1..=5 {
        wask.advance(MINUTE);
        eventually("the tick is in the history", || async {
            (look(&me, "dawn").await["history"][0]["due"] == T0 + tick * 60_000).then_some(())
        })
        .await;
    }

    let history = history(&me, "dawn", 3).await;
    assert_eq!(told(&history), [(300_000, "fired", 0), (240_000, "fired", 0), (180_000, "fired", 0)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn old_ticks_disappear_from_the_history() {
    let wask = TestServer::builder().clock_by_hand(START).configure(|c| c.alarms.history_days = 1).start().await;
    let me = wask.guest();
    alarm_with_rule(&me, "dawn", json!({ "cron": "0 6 1 1 *" })).await;
    wask.advance(MINUTE);
    history(&me, "dawn", 1).await;

    wask.advance(Duration::from_secs(25 * 3600));

    eventually("the tick is forgotten", || async {
        wask.advance(MINUTE); // retention looks once a minute, and may have been at work when the clock moved
        (look(&me, "dawn").await["history"] == json!([])).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alarm_catches_up_on_missed_ticks_by_its_policy() {
    for (policy, starts, missed) in [
        ("none", vec![10_000], vec![20_000, 30_000, 40_000]),
        ("last", vec![10_000, 45_000], vec![20_000, 30_000]),
        ("all", vec![10_000, 45_000, 45_000, 45_000], vec![]),
    ] {
        let wask = started().await;
        let me = wask.guest();
        alarm_with_rule(&me, "dawn", json!({ "cron": "*/10 * * * * *", "catchUp": policy })).await;
        wask.advance(10 * SECOND);
        history(&me, "dawn", 1).await;

        let wask = wask.restart_after(35 * SECOND).await; // :20, :30 and :40 are missed

        let me = wask.guest();
        let told_of = history(&me, "dawn", 4).await;
        assert_eq!(events_of(&me, "dawn", starts.len()).await, starts, "{policy}");
        let not_fired: Vec<i64> = told(&told_of).iter().rev().filter(|t| t.1 == "missed").map(|t| t.0).collect();
        assert_eq!(not_fired, missed, "{policy}");
        let reasons: Vec<_> = told_of.iter().filter_map(|tick| tick["reason"].as_str()).collect();
        assert!(reasons.iter().all(|why| *why == "no server was running when it was due"), "{reasons:?}");
        assert_eq!(look(&me, "dawn").await["status"]["nextFire"], T0 + 50_000, "{policy}");
    }
}

/// Creates an alarm for every minute whose action sleeps for 150 s. Returns when its first run has begun.
async fn slow_alarm(wask: &TestServer, me: &Client, overlap: &str) {
    me.create_action_with("slow", &guest("sleeper"), json!({ "limits": { "timeout": 600_000 } })).await;
    me.create_trigger("dawn").await;
    me.create_rule("on-dawn", "dawn", "slow").await;
    let given = json!({ "cron": "* * * * *", "overlap": overlap, "trigger_payload": { "ms": 150_000 } });
    me.alarm("CREATE", "dawn", given).await.expect(200);
    wask.advance(MINUTE);
    history(me, "dawn", 1).await;
}

/// The starts of the first two firings, oldest first, and the end of the first run.
async fn second_event(wask: &TestServer, me: &Client) -> (Vec<i64>, i64) {
    eventually("the next tick is fired", || async {
        wask.advance(5 * SECOND);
        (2 <= me.activations_of("dawn").await.len()).then_some(())
    })
    .await;
    let first = me.activations_of_at_least("slow", 1).await.pop().expect("the first run");
    (events_of(me, "dawn", 2).await, first["end"].as_i64().expect("a time") - T0)
}

#[tokio::test(flavor = "multi_thread")]
async fn overlap_skip_skips_a_tick_while_the_previous_run_goes_on() {
    let wask = started().await;
    let me = wask.guest();
    slow_alarm(&wask, &me, "skip").await;

    wask.advance(MINUTE);

    let skipped = history(&me, "dawn", 2).await;
    assert_eq!(told(&skipped)[0], (120_000, "skipped", 0));
    assert_eq!(skipped[0]["reason"], "what the previous tick had started was still queued or running");
    let (events, ended) = second_event(&wask, &me).await;
    assert!(ended <= events[1], "{events:?} {ended}");
    assert_eq!(look(&me, "dawn").await["config"]["overlap"], "skip");
}

#[tokio::test(flavor = "multi_thread")]
async fn overlap_queue_one_lets_one_tick_wait_for_the_previous_run() {
    let wask = started().await;
    let me = wask.guest();
    slow_alarm(&wask, &me, "queue-one").await;

    wask.advance(MINUTE);
    last_fire(&me, "dawn", T0 + 120_000).await;
    wask.advance(MINUTE);

    let skipped = history(&me, "dawn", 2).await;
    assert_eq!(told(&skipped)[0], (180_000, "skipped", 0));
    assert_eq!(skipped[0]["reason"], "another tick was already waiting");
    assert_eq!(events_of(&me, "dawn", 1).await.len(), 1);
    let (events, ended) = second_event(&wask, &me).await;
    assert!(ended <= events[1], "{events:?} {ended}");
    let waited = eventually("the tick that waited is in the history", || async {
        let all = history(&me, "dawn", 3).await;
        all.into_iter().find(|tick| tick["due"] == T0 + 120_000)
    })
    .await;
    assert_eq!(waited["outcome"], "fired");
    assert_eq!(waited["lateness"].as_i64().unwrap(), events[1] - 120_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_drops_a_waiting_tick() {
    let wask = started().await;
    let me = wask.guest();
    slow_alarm(&wask, &me, "queue-one").await;
    wask.advance(MINUTE);
    last_fire(&me, "dawn", T0 + 120_000).await;

    me.post("alarms/dawn/pause", &json!({})).await.expect(200);

    let given_up = eventually("the tick is dropped", || async {
        wask.advance(SECOND);
        history(&me, "dawn", 1).await.into_iter().find(|tick| tick["due"] == T0 + 120_000)
    })
    .await;
    assert_eq!((&given_up["outcome"], given_up.get("activationId")), (&json!("skipped"), None));
    assert_eq!(given_up["reason"], "its alarm was paused or replaced while it waited");
    assert_eq!(me.activations_of("dawn").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_can_run_an_alarm_even_while_it_is_paused() {
    let wask = started().await;
    let me = wask.guest();
    alarm_with_rule(&me, "dawn", json!({ "cron": "0 0 1 1 *", "trigger_payload": { "n": 7 }, "maxTriggers": 1 })).await;
    let next = look(&me, "dawn").await["nextFires"].clone();
    assert_eq!(next.as_array().map(Vec::len), Some(1), "one fire is left");

    let paused = me.post("alarms/dawn/pause", &json!({})).await.expect(200).json();
    assert_eq!((&paused["status"]["reason"]["kind"], &paused["nextFires"]), (&json!("USER"), &json!([])));
    let run = me.post("alarms/dawn/run", &json!({})).await.expect(202).json();
    let id = run["activationId"].as_str().expect("an id");

    let event = me.ended(id).await;
    assert_eq!((&event["name"], &event["response"]["result"]), (&json!("dawn"), &json!({ "n": 7 })));
    assert_eq!(me.activations_of_at_least("greet", 1).await[0]["cause"], id);
    let resumed = me.post("alarms/dawn/resume", &json!({})).await.expect(200).json();
    assert_eq!((&resumed["nextFires"], &resumed["status"]["lastFire"]), (&next, &json!(null)), "untouched");
    let by_hand =
        json!({ "due": T0, "at": T0, "lateness": 0, "outcome": "fired", "origin": "hand", "activationId": id });
    assert_eq!(resumed["history"], json!([by_hand]));
}

#[tokio::test(flavor = "multi_thread")]
async fn running_an_alarm_answers_like_firing_its_trigger() {
    let wask = TestServer::builder().clock_by_hand(START).configure(|c| c.limits.fires_per_minute = 1).start().await;
    let me = wask.guest();
    me.create_alarm("dawn", "* * * * *", json!({})).await;
    me.post("alarms/nowhere/run", &json!({})).await.expect(404);

    me.post("alarms/dawn/run", &json!({})).await.expect(204); // no rule
    me.post("alarms/dawn/run", &json!({})).await.expect(429);

    me.post("alarms/dawn/pause", &json!({})).await.expect(200); // its own ticks would also count
    wask.advance(2 * MINUTE);
    me.delete("triggers/dawn").await.expect(200);
    me.post("alarms/dawn/run", &json!({})).await.expect(404);
    let failed = history(&me, "dawn", 1).await.into_iter().find(|tick| tick["outcome"] == "failed");
    assert_eq!(failed.unwrap()["reason"], "The requested resource does not exist.");
}

#[tokio::test(flavor = "multi_thread")]
async fn alarms_are_listed_by_trigger_in_pages() {
    let wask = started().await;
    let me = wask.guest();
    for trigger in ["noon", "dawn", "dusk"] {
        me.create_alarm(trigger, "* * * * *", json!({})).await;
    }
    let other = wask.other("somebody").await;
    other.create_alarm("theirs", "* * * * *", json!({})).await;

    let names = |list: Value| -> Vec<Value> {
        list.as_array().unwrap().iter().map(|alarm| alarm["config"]["name"].clone()).collect()
    };
    assert_eq!(names(me.get("alarms").await.expect(200).json()), ["dawn", "dusk", "noon"]);
    assert_eq!(names(me.get("alarms/?limit=1&skip=1").await.expect(200).json()), ["dusk"]);
    assert_eq!(me.get("alarms?count=true&skip=1").await.expect(200).json(), json!({ "alarms": 2 }));
    me.get("alarms?limit=201").await.expect(400);
    for path in ["alarms/nothing", "alarms/theirs"] {
        me.get(path).await.expect(404);
    }
    for call in ["pause", "resume"] {
        me.post(&format!("alarms/nothing/{call}"), &json!({})).await.expect(404);
    }
}
