//! `wask trigger …`, `wask rule …`, and the client's part in the life of a feed.

use serde_json::json;
use wask_tests::{TestServer, annotation, guest};

use super::Shell;

#[tokio::test(flavor = "multi_thread")]
async fn a_trigger_with_a_rule_invokes_an_action() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    me.create_action("echo", &guest("echo")).await;
    let shell = Shell::new(&wask, &me);

    let created = shell.ok(&["trigger", "create", "go", "-p", "from", "trigger", "-a", "note", "n"]).await;
    assert_eq!(created.out, "ok: created trigger go\n");
    let nobody = shell.ok(&["trigger", "fire", "go"]).await;
    assert_eq!(nobody.error(), "trigger /_/go did not fire as it is not associated with an active rule");

    assert_eq!(shell.ok(&["rule", "create", "r", "go", "echo"]).await.out, "ok: created rule r\n");
    let fired = shell.ok(&["trigger", "fire", "go", "-p", "n", "1"]).await;
    assert!(fired.out.starts_with("ok: triggered /_/go with id "), "{}", fired.out);
    let ran = me.activations_of_at_least("echo", 1).await;
    assert_eq!(
        (&ran[0]["response"]["result"]["from"], &ran[0]["response"]["result"]["n"]),
        (&json!("trigger"), &json!(1))
    );

    assert_eq!(shell.ok(&["rule", "disable", "r"]).await.out, "ok: disabled rule r\n");
    assert_eq!(shell.ok(&["rule", "status", "r"]).await.out, "ok: rule r is inactive\n");
    assert_eq!(shell.ok(&["rule", "enable", "r"]).await.out, "ok: enabled rule r\n");
    assert_eq!(shell.ok(&["rule", "get", "r", "status"]).await.json(), json!("active"));
    let list = shell.ok(&["rule", "list"]).await;
    assert_eq!(list.out, "rules\n/guest/r  private  active  /guest/go -> /guest/echo\n");

    shell.ok(&["trigger", "update", "go", "-p", "from", "update"]).await;
    let document = me.get("triggers/go").await.json();
    assert_eq!(document["parameters"], json!([{ "key": "from", "value": "update" }]));
    assert_eq!(annotation(&document, "note"), Some(json!("n")));
    assert_eq!(shell.ok(&["rule", "delete", "r", "--disable"]).await.out, "ok: deleted rule r\n");
    assert_eq!(shell.ok(&["trigger", "delete", "go"]).await.out, "ok: deleted trigger go\n");
    me.get("triggers/go").await.expect(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_feed_is_notified_when_its_trigger_changes() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    let shell = Shell::new(&wask, &me);
    let config = async || {
        let read = me.alarm("READ", "tick", json!({})).await;
        (read.status.as_u16(), read.json()["response"]["result"]["config"].clone())
    };

    let create = ["trigger", "create", "tick", "--feed", "/whisk.system/alarms/alarm", "-a", "note", "n"];
    let parameters = ["-p", "cron", "*/5 * * * *", "-p", "trigger_payload", r#"{"a":1}"#];
    shell.ok(&[&create[..], &parameters].concat()).await;
    let document = me.get("triggers/tick").await.json();
    assert_eq!(annotation(&document, "feed"), Some(json!("/whisk.system/alarms/alarm")));
    assert_eq!(document["parameters"], json!([]), "what is for the feed is not the trigger's");
    let (_, told) = config().await;
    assert_eq!((&told["cron"], &told["payload"]), (&json!("*/5 * * * *"), &json!({ "a": 1 })));

    let shown = shell.ok(&["trigger", "get", "tick"]).await.json();
    assert_eq!(shown["response"]["result"]["config"]["cron"], "*/5 * * * *");
    assert_eq!(shell.ok(&["trigger", "get", "tick", "name"]).await.json(), json!("tick"));

    shell.ok(&["trigger", "update", "tick", "-p", "cron", "0 * * * *", "-a", "other", "o"]).await;
    assert_eq!(config().await.1["cron"], "0 * * * *");
    let document = me.get("triggers/tick").await.json();
    assert_eq!(annotation(&document, "feed"), Some(json!("/whisk.system/alarms/alarm")), "or delete would not find it");

    shell.ok(&["trigger", "delete", "tick"]).await;
    me.create_trigger("tick").await;
    assert_eq!(config().await.0, 502, "the alarm is gone with its trigger");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trigger_is_deleted_again_when_its_feed_refuses() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    let shell = Shell::new(&wask, &me);

    let refused =
        shell.run(&["trigger", "create", "tick", "--feed", "/whisk.system/alarms/alarm", "-p", "cron", "no"]).await;
    assert_eq!(refused.code, 246, "{}", refused.err);
    assert_eq!(
        refused.error(),
        "error: Unable to create trigger 'tick': Unable to configure feed '/whisk.system/alarms/alarm': cron pattern 'no' is not valid"
    );
    me.get("triggers/tick").await.expect(404);
    shell.run(&["trigger", "create", "t", "--feed", "/guest/gone"]).await.expect(148);
    me.get("triggers/t").await.expect(404);

    let both = shell.run(&["trigger", "create", "t", "-F", "cron", "x"]).await.expect(149);
    assert_eq!(both.error(), "error: Incorrect usage. Trigger without a feed cannot have feed parameters");
    let split =
        ["trigger", "create", "t", "-f", "/whisk.system/alarms/alarm", "-F", "cron", "0 6 * * *", "-T", "own", "1"];
    shell.ok(&split).await;
    let document = me.get("triggers/t").await.json();
    assert_eq!(document["parameters"], json!([{ "key": "own", "value": 1 }]));
}
