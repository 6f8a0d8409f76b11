//! `wask dlq …`.

use serde_json::json;
use wask_tests::{Client, TestServer, eventually, guest};

use super::Shell;

/// Creates an action that fails and has two attempts.
async fn create_failing(me: &Client, name: &str) {
    let retry = json!([{ "key": "retry", "value": { "attempts": 2, "delayMs": 0 } }]);
    me.create_action_with(name, &guest("error"), json!({ "annotations": retry })).await;
}

/// Waits for this many dead letters.
async fn letters(me: &Client, count: usize) {
    eventually(&format!("there are {count} dead letters"), || async {
        let list = me.get("dead-letters").await.expect(200).json();
        (list.as_array().unwrap().len() == count).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_can_be_printed_redriven_and_purged() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    create_failing(&me, "bad").await;
    let shell = Shell::new(&wask, &me);
    assert_eq!(shell.ok(&["dlq", "list"]).await.out.lines().count(), 1);
    let id = me.invoke_async("bad", &json!({ "error": "no luck" })).await;
    letters(&me, 1).await;

    let list = shell.ok(&["dlq", "list"]).await;
    assert!(list.out.starts_with("Died "), "{}", list.out);
    let row = list.out.lines().nth(1).unwrap();
    for part in [&id, "  2  ", "guest/bad", "all 2 attempts of its retry policy failed"] {
        assert!(row.contains(part), "{part} is not in {row}");
    }
    let letter = shell.ok(&["dlq", "get", &id]).await.json();
    assert_eq!(letter["arguments"], json!({ "error": "no luck" }));

    me.create_action_with("bad", &guest("echo"), json!({ "annotations": [] })).await;
    let redriven = shell.ok(&["dlq", "redrive", &id]).await.out;
    let again = redriven.trim_end().rsplit(' ').next().unwrap();
    assert_eq!(redriven, format!("ok: redrove dead letter {id} with id {again}\n"));
    me.ended(again).await;
    for verb in ["get", "redrive", "purge"] {
        let gone = shell.run(&["dlq", verb, &id]).await.expect(148);
        let text = format!("error: Unable to {verb} dead letter '{id}': The requested resource does not exist.");
        assert_eq!(gone.error(), text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_dead_letters_of_an_action_can_be_redriven_or_purged_at_once() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    for (action, times) in [("bad", 3), ("worse", 2)] {
        create_failing(&me, action).await;
        for _ in 0..times {
            me.invoke_async(action, &json!({ "error": action })).await;
        }
    }
    letters(&me, 5).await;
    let shell = Shell::new(&wask, &me);

    assert_eq!(shell.ok(&["dlq", "list", "--name", "worse", "-o", "json"]).await.json().as_array().unwrap().len(), 2);
    assert_eq!(shell.ok(&["dlq", "purge", "--all", "--name", "other"]).await.out, "ok: purged 0 dead letters\n");
    let redriven = shell.ok(&["dlq", "redrive", "--all", "--name", "/guest/bad", "-o", "json"]).await.json();
    let ids = redriven["activationIds"].as_array().unwrap();
    assert_eq!(ids.len(), 3, "each once, although it fails again");
    for id in ids {
        me.ended(id.as_str().unwrap()).await;
    }
    letters(&me, 5).await;

    let id = shell.ok(&["dlq", "list", "-o", "json", "-l", "1"]).await.json()[0]["activationId"].clone();
    let id = id.as_str().unwrap();
    assert_eq!(shell.ok(&["dlq", "purge", id]).await.out, format!("ok: purged dead letter {id}\n"));
    assert_eq!(shell.ok(&["dlq", "purge", "--all"]).await.out, "ok: purged 4 dead letters\n");
    letters(&me, 0).await;
    assert_eq!(shell.ok(&["dlq", "redrive", "--all"]).await.out, "ok: redrove 0 dead letters\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn purge_without_an_id_or_all_deletes_nothing() {
    let shell = Shell::without_properties();
    for arguments in
        [&["dlq", "purge"][..], &["dlq", "redrive"], &["dlq", "purge", "--name", "a"], &["dlq", "purge", "x", "--all"]]
    {
        shell.run(arguments).await.expect(2);
    }
}
