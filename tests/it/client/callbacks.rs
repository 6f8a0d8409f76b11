//! `wask callback …`.

use serde_json::{Value, json};
use wask_tests::{Client, Receiver, Reply, TestServer, eventually, guest};

use super::Shell;

/// Waits until the only callback is in this state.
async fn in_state(me: &Client, state: &str) -> Value {
    eventually(&format!("the callback is {state}"), || async {
        let found = me.get(&format!("callbacks?state={state}")).await.expect(200).json();
        found.get(0).cloned()
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_callback_is_listed_and_can_be_retried() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    me.create_action("echo", &guest("echo")).await;
    let (shell, receiver) = (Shell::new(&wask, &me), Receiver::start().await);
    receiver.next([Reply::Full(500, vec![], "busy".to_owned())]);

    let settings = shell.ok(&["callback", "settings", "--set", "maxRetries=0", "--set", "payload=result"]).await;
    assert_eq!(settings.err, "ok: updated the settings of callbacks\n");
    let url = receiver.url("/done?order=42");
    shell.ok(&["action", "invoke", "echo", "-p", "n", "1", "-p", "__ow_callback", &url]).await;
    let failed = in_state(&me, "failed").await;
    let id = failed["id"].as_str().unwrap();

    let list = shell.ok(&["callback", "list"]).await;
    assert!(list.out.starts_with("Created "), "{}", list.out);
    for part in [id, "failed", "guest/echo", &url] {
        assert!(list.out.lines().nth(1).unwrap().contains(part), "{part} is not in {}", list.out);
    }
    let shown = shell.ok(&["callback", "get", id]).await.json();
    assert_eq!(shown["attempts"][0]["responseBody"], "busy");
    let cause = failed["activationId"].as_str().unwrap();
    for (filter, count) in [
        (["--state", "failed"], 1),
        (["--state", "delivered"], 0),
        (["--activation", cause], 1),
        (["--cause", cause], 0),
        (["--name", "echo"], 1),
        (["--name", "/guest/other"], 0),
        (["--correlation-id", "order-42"], 0),
    ] {
        let list = shell.ok(&[&["callback", "list", "-o", "json"], &filter[..]].concat()).await.json();
        assert_eq!(list.as_array().unwrap().len(), count, "{filter:?}");
    }

    assert_eq!(shell.ok(&["callback", "retry", id]).await.out, format!("ok: retried callback {id}\n"));
    in_state(&me, "delivered").await;
    let received = receiver.received();
    assert_eq!(received.len(), 2);
    assert_eq!((received[1].target.as_str(), &received[1].json()["result"]), ("/done?order=42", &json!({ "n": 1 })));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callback_can_be_cancelled_only_once() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    me.create_action("sleeper", &guest("sleeper")).await;
    let (shell, receiver) = (Shell::new(&wask, &me), Receiver::start().await);
    let activation = me.invoke_async("sleeper", &json!({ "ms": 300, "__ow_callback": receiver.url("/done") })).await;
    let waiting = me.get("callbacks").await.expect(200).json();
    let id = waiting[0]["id"].as_str().unwrap();

    assert_eq!(shell.ok(&["callback", "cancel", id]).await.out, format!("ok: cancelled callback {id}\n"));
    let over = shell.run(&["callback", "cancel", id]).await.expect(153);
    assert!(
        over.error().starts_with(&format!("error: Unable to cancel callback '{id}': The callback has already ended"))
    );
    let retry = shell.run(&["callback", "retry", id]).await.expect(153);
    assert!(retry.error().starts_with(&format!("error: Unable to retry callback '{id}': Only a callback")));
    me.ended(&activation).await;
    assert_eq!(me.get(&format!("callbacks/{id}")).await.expect(200).json()["state"], "cancelled");
    assert!(receiver.received().is_empty());
    let unknown = shell.run(&["callback", "get", "cb_0123456789abcdef0123456789abcdef"]).await.expect(148);
    assert!(unknown.error().ends_with("The requested resource does not exist."), "{}", unknown.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn callback_settings_can_be_set_and_unset_and_the_secret_rotated() {
    let wask = TestServer::start().await;
    let shell = Shell::new(&wask, &wask.guest());
    let before = shell.ok(&["callback", "settings"]).await.json();
    assert_eq!((&before["retryMode"], &before["source"]["retryMode"]), (&json!("constant"), &json!("server")));

    let set = ["--set", "retryMode=squared", "--set", "intervalSeconds=30", "--set", r#"payload={"id":"&$RUNID#"}"#];
    let own = shell.ok(&[&["callback", "settings"], &set[..]].concat()).await.json();
    assert_eq!((&own["retryMode"], &own["intervalSeconds"]), (&json!("squared"), &json!(30)));
    assert_eq!((&own["payload"], &own["source"]["payload"]), (&json!({ "id": "&$RUNID#" }), &json!("namespace")));
    let taken_back = ["--unset", "retryMode", "--unset", "payload", "--set", "intervalSeconds=31"];
    let own = shell.ok(&[&["callback", "settings"], &taken_back[..]].concat()).await.json();
    assert_eq!((&own["source"]["retryMode"], &own["payload"]), (&json!("server"), &json!("default")));
    assert_eq!(own["intervalSeconds"], 31);

    let rotated = shell.ok(&["callback", "rotate"]).await.json();
    assert!(rotated["signingSecret"].as_str().unwrap().starts_with("whsec_"));
    assert_ne!(rotated["signingSecret"], before["signingSecret"]);
    let wrong = shell.run(&["callback", "settings", "--set", "maxRetries=21"]).await.expect(144);
    assert_eq!(
        wrong.error(),
        "error: Unable to update the settings of callbacks: maxRetries must be an integer between 0 and 20"
    );
    shell.run(&["callback", "settings", "--set", "maxRetries"]).await.expect(2);
}
