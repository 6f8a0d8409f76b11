//! The output of `aio rt activation`.

use std::time::Duration;

use serde_json::{Value, json};
use wask_tests::{Client, NodeClients, TestServer, guest};

use crate::clients::start;

/// Invokes an action and returns the id of its activation once it is recorded, whether it succeeded or not.
async fn run(me: &Client, name: &str, args: Value) -> String {
    let id = me.invoke(name, &args).await.json()["activationId"].as_str().expect("an activationId").to_owned();
    me.ended(&id).await;
    id
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_has_a_row_per_run_firing_and_sequence_component() {
    let Some((wask, aio)) = start().await else { return };
    let me = wask.guest();
    for name in ["echo", "error", "panic"] {
        me.create_action(name, &guest(name)).await;
    }
    me.create_trigger("dawn").await;
    me.create_rule("on-dawn", "dawn", "echo").await;
    let components = json!({ "exec": { "kind": "sequence", "components": ["/_/echo"] } });
    me.put("actions/chain", &components).await.expect(200);

    let mut ids = Vec::new();
    for name in ["error", "panic"] {
        ids.push(run(&me, name, json!({})).await);
        wask.advance(Duration::from_secs(1));
    }
    let event = me.post("triggers/dawn", &json!({})).await.expect(202).json();
    ids.push(event["activationId"].as_str().unwrap().to_owned());
    let fired = me.activations_of_at_least("echo", 1).await[0]["activationId"].as_str().unwrap().to_owned();
    wask.advance(Duration::from_secs(1));
    ids.push(run(&me, "chain", json!({})).await);
    let part = me.get(&format!("activations/{}/logs", ids[3])).await.json()["logs"][0].as_str().unwrap().to_owned();

    let table = aio.table("rt activation list").await;
    let [error, panic, event, chain] = &ids[..] else { panic!("{ids:?}") };
    assert_eq!(table[0], "Datetime Status Kind Version Activation ID Start Wait Init Duration Entity");
    let mut expected = [
        format!("01/01 06:00:03 success sequence 0.0.1 ◡ {chain} warm 0 0 -- chain"),
        format!("01/01 06:00:03 success wasm:1 0.0.1 ․ {part} warm 0 0 -- echo"),
        format!("01/01 06:00:02 success trigger 0.0.1 {event} -- -- -- -- dawn"),
        format!("01/01 06:00:02 success wasm:1 0.0.1 {fired} cold 0 0 -- echo"),
        format!("01/01 06:00:01 dev error wasm:1 0.0.1 {panic} cold 0 0 -- panic"),
        format!("01/01 06:00:00 app error wasm:1 0.0.1 {error} cold 0 0 -- error"),
    ];
    let mut rows = table[1..].to_vec();
    rows.sort(); // rows with the same time have no order
    expected.sort();
    assert_eq!(rows, expected);
}

/// The clock runs, because this story is about time.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_over_its_time_limit_is_listed_as_timeout_with_its_duration() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    let Some(aio) = NodeClients::new(&me) else { return };
    me.create_action_with("sleeper", &guest("sleeper"), json!({ "limits": { "timeout": 100 } })).await;
    let id = run(&me, "sleeper", json!({ "ms": 60_000 })).await;

    let table = aio.table("rt activation list").await;

    let duration = me.ended(&id).await["duration"].clone();
    assert_eq!(table.len(), 2);
    assert!(table[1].contains(&format!(" timeout wasm:1 0.0.1 {id} cold ")), "{table:#?}");
    assert!(table[1].ends_with(&format!(" {duration}ms sleeper")), "{table:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_can_be_filtered_by_name_time_and_count() {
    let Some((wask, aio)) = start().await else { return };
    let me = wask.guest();
    for name in ["echo", "error"] {
        me.create_action(name, &guest(name)).await;
        run(&me, name, json!({ "error": "sad" })).await;
        wask.advance(Duration::from_secs(10));
        run(&me, name, json!({ "error": "sad" })).await;
    }
    let start: i64 = 1_893_477_600_000;
    let names = |list: &Value| -> Vec<String> {
        list.as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
    };

    assert_eq!(names(&aio.json("rt activation list echo --json").await), ["echo", "echo"]);
    let since = aio.json(&format!("rt activation list --json --since {}", start + 10_001)).await;
    assert_eq!(names(&since), ["error"]);
    let upto = aio.json(&format!("rt activation list --full --upto {start}")).await;
    assert_eq!(names(&upto), ["echo"]);
    assert_eq!(upto[0]["response"]["result"], json!({ "error": "sad" }), "--full has whole records");
    let second = aio.json("rt activation list --json --limit 1 --skip 3").await;
    assert_eq!(names(&second), ["echo"]);
    assert_eq!(aio.prints("rt activation list --count").await, "You have 4 activations in this namespace.\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn logs_are_printed_with_or_without_time_and_stream() {
    let Some((wask, aio)) = start().await else { return };
    let me = wask.guest();
    me.create_action("log-lines", &guest("log-lines")).await;
    let id = run(&me, "log-lines", json!({ "lines": 3 })).await;

    let bare = "line 00000\nline 00001\nline 00002\n";
    let whole = aio.prints(&format!("rt activation logs {id}")).await;
    let mut lines = whole.lines();
    assert_eq!(lines.next(), Some(format!("=== activation logs {id}").as_str()));
    for (number, stream) in ["stdout", "stderr", "stdout"].iter().enumerate() {
        let line = lines.next().unwrap();
        let told = format!("2030-01-01T06:00:00.000000000Z {stream}: line {number:05}");
        assert_eq!(line, told);
    }
    assert_eq!(lines.next(), None);
    let stripped = aio.prints(&format!("rt activation logs {id} --strip")).await;
    assert_eq!(stripped, format!("=== activation logs {id}\n{bare}"));
    assert_eq!(aio.prints("rt activation get --last --logs").await, format!("activation logs {id}\n{bare}"));
    let found = aio.prints("rt activation logs --action log-lines --strip").await;
    assert!(found.starts_with(&format!("guest/log-lines:{id}\n")), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_activation_is_printed_as_a_record_or_as_its_result() {
    let Some((wask, aio)) = start().await else { return };
    let me = wask.guest();
    me.create_action("error", &guest("error")).await;
    let id = run(&me, "error", json!({ "error": { "statusCode": 418 } })).await;

    let record = me.ended(&id).await;
    assert_eq!(aio.json(&format!("rt activation get {id}")).await, record);
    assert_eq!(aio.json("rt activation result --last").await, record["response"]);
}
