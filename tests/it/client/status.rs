//! `wask activation status|cancel|rerun|input`, and `wask task list`.

use serde_json::{Value, json};
use wask_tests::{TestServer, annotation, eventually, guest};

use super::Shell;

#[tokio::test(flavor = "multi_thread")]
async fn status_waits_for_an_activation_and_cancel_ends_it() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    me.create_action("sleeper", &guest("sleeper")).await;
    let shell = Shell::new(&wask, &me);
    let id = me.invoke_async("sleeper", &json!({ "ms": 60_000 })).await;
    eventually("it runs", || async { (me.state(&id).await == "running").then_some(()) }).await;

    let status = shell.ok(&["activation", "status", &id]).await;
    assert_eq!(status.json()["state"], "running");
    assert_eq!(status.err, format!("ok: activation {id} is running\n"));
    let waited = shell.run(&["activation", "status", &id, "--wait", "50ms"]).await.expect(202);
    assert_eq!(waited.json()["state"], "running");

    let cancelled = shell.ok(&["activation", "cancel", &id]).await;
    assert_eq!(cancelled.out, format!("ok: cancelled activation {id}\n"));
    let ended = shell.ok(&["activation", "status", &id, "--wait", "30s", "-o", "json"]).await;
    assert_eq!((&ended.json()["state"], ended.err.as_str()), (&json!("ended"), ""));
    assert_eq!(shell.ok(&["activation", "status", &id, "status"]).await.json(), "application error");
    let again = shell.run(&["activation", "cancel", &id]).await.expect(153);
    let text = format!("error: Unable to cancel activation '{id}': The activation has already ended.");
    assert_eq!(again.error(), text);
    let wrong = shell.run(&["activation", "status", &id, "--wait", "soon"]).await.expect(144);
    assert!(wrong.error().contains("The value 'soon' is not a time to wait"), "{}", wrong.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn rerun_takes_the_stored_input_and_overrides_parts_of_it() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    let parameters = json!({ "parameters": [{ "key": "default", "value": true }] });
    me.create_action_with("echo", &guest("echo"), parameters).await;
    let shell = Shell::new(&wask, &me);
    let id = me.invoke_async("echo", &json!({ "a": 1, "b": "x" })).await;
    me.ended(&id).await;

    assert_eq!(shell.ok(&["activation", "input", &id]).await.json(), json!({ "a": 1, "b": "x" }));
    let again = shell.ok(&["activation", "rerun", &id]).await;
    let begun = again.out.trim_end().rsplit(' ').next().unwrap().to_owned();
    assert_eq!(again.out, format!("ok: reran activation {id} with id {begun}\n"));
    let record = me.ended(&begun).await;
    assert_eq!(record["response"]["result"], json!({ "default": true, "a": 1, "b": "x" }));

    shell.put("more.json", r#"{ "b": "from a file", "c": 3 }"#);
    let rerun = ["activation", "rerun", &id, "-o", "json", "-p", "a", "2", "-P", "more.json"];
    let changed = shell.ok(&rerun).await.json();
    let record = me.ended(changed["activationId"].as_str().unwrap()).await;
    assert_eq!(record["response"]["result"], json!({ "default": true, "a": 2, "b": "from a file", "c": 3 }));
    assert_eq!(annotation(&record, "rerunOf"), Some(json!(id)));

    let blocking = me.invoke("echo", &json!({ "a": 1 })).await.expect(200).json();
    let kept = me.ended(blocking["activationId"].as_str().unwrap()).await["activationId"].clone();
    let refused = shell.run(&["activation", "rerun", kept.as_str().unwrap()]).await.expect(153);
    assert!(refused.error().contains("activations.keep_input"), "{}", refused.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_firing_can_be_rerun_while_a_rule_is_active() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    me.create_action("echo", &guest("echo")).await;
    me.create_trigger("go").await;
    me.create_rule("r", "go", "echo").await;
    let shell = Shell::new(&wask, &me);
    let fired = me.post("triggers/go", &json!({ "n": 1 })).await.expect(202).json();
    let id = fired["activationId"].as_str().unwrap();
    me.ended(id).await;

    shell.ok(&["activation", "rerun", id, "-p", "n", "2"]).await;
    let ran = me.activations_of_at_least("echo", 2).await;
    let results: Vec<&Value> = ran.iter().map(|record| &record["response"]["result"]["n"]).collect();
    assert!(results.contains(&&json!(1)) && results.contains(&&json!(2)), "{results:?}");
    shell.ok(&["rule", "disable", "r"]).await;
    let nobody = shell.ok(&["activation", "rerun", id]).await;
    assert_eq!(nobody.error(), format!("activation {id} was not rerun because its trigger has no active rule"));
}

#[tokio::test(flavor = "multi_thread")]
async fn task_list_contains_tasks_of_every_kind() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    me.create_action("sleeper", &guest("sleeper")).await;
    let shell = Shell::new(&wask, &me);
    let subscribed = json!({ "ms": 60_000, "__ow_callback": "http://127.0.0.1:9999/done" });
    let id = me.invoke_async("sleeper", &subscribed).await;
    eventually("it runs", || async { (me.state(&id).await == "running").then_some(()) }).await;

    let all = shell.ok(&["task", "list"]).await;
    assert!(all.out.starts_with("Type  ID "), "{}", all.out);
    assert_eq!(all.out.lines().count(), 3, "{}", all.out);
    let callbacks = shell.ok(&["task", "list", "--type", "CBCK"]).await;
    let row = callbacks.out.lines().nth(1).unwrap();
    for part in ["CBCK  cb_", "waiting", &id, "guest/sleeper"] {
        assert!(row.contains(part), "{part} is not in {row}");
    }
    let rows = shell.ok(&["task", "list", "-t", "ACTN", "-o", "json"]).await.json();
    assert_eq!((&rows[0]["id"], &rows[0]["state"]), (&json!(id), &json!("running")));
    let wrong = shell.run(&["task", "list", "--type", "ALL"]).await.expect(144);
    assert!(wrong.error().contains("It must be one of ACTN, TRIG, CBCK, EVNT."), "{}", wrong.err);
    shell.ok(&["activation", "cancel", &id]).await;
}
