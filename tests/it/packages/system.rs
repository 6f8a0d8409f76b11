//! The built-in packages: every namespace can read, invoke and bind them, and none can change them.

use serde_json::{Value, json};
use wask_tests::{TestServer, annotation};

use super::{bind, full_names, names, send};

#[tokio::test(flavor = "multi_thread")]
async fn system_packages_can_be_read_by_every_namespace_and_changed_by_none() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    let get = |path: &'static str| send(&me, "GET", path, Value::Null);

    let packages = get("whisk.system/packages").await.expect(200).json();
    assert_eq!(names(&packages), ["alarms", "utils"]);
    assert_eq!(get("whisk.system/packages?count=true").await.json(), json!({ "packages": 2 }));
    assert_eq!(names(&get("whisk.system/packages?skip=1&limit=1").await.json()), ["utils"]);
    let utils = get("whisk.system/packages/utils").await.expect(200).json();
    assert_eq!((names(&utils["actions"]), &utils["feeds"]), (vec!["echo".to_owned(), "sort".to_owned()], &json!([])));
    let actions = get("whisk.system/actions/utils/").await.expect(200).json();
    assert_eq!(full_names(&actions), ["whisk.system/utils echo", "whisk.system/utils sort"]);
    assert_eq!(get("whisk.system/actions/utils/?count=true").await.json(), json!({ "actions": 2 }));
    assert_eq!(get("whisk.system/actions/alarms/alarm").await.expect(200).json()["namespace"], "whisk.system/alarms");
    get("whisk.system/actions/utils/none").await.expect(404);
    get("whisk.system/packages/none").await.expect(403);
    get("whisk.system/actions").await.expect(403);

    for (method, path) in [
        ("PUT", "packages/utils?overwrite=true"),
        ("DELETE", "packages/utils?force=true"),
        ("PUT", "actions/utils/echo?overwrite=true"),
        ("DELETE", "actions/utils/echo"),
        ("PUT", "packages/new"),
    ] {
        send(&me, method, &format!("whisk.system/{path}"), json!({})).await.expect(403);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn utilities_run_like_other_actions_also_through_a_rule_or_a_binding() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    bind(&me, "tools", "whisk.system", "utils").await.expect(200);
    for (name, args, status, result) in [
        ("whisk.system/actions/utils/echo", json!({ "a": [1] }), 200, json!({ "a": [1] })),
        ("_/actions/tools/echo", json!({}), 200, json!({})),
        ("_/actions/tools/echo", json!({ "error": "x", "b": 1 }), 502, json!({ "error": "x" })),
        (
            "_/actions/tools/sort",
            json!({ "lines": ["b", "a", "C"] }),
            200,
            json!({ "lines": ["C", "a", "b"], "length": 3 }),
        ),
        ("_/actions/tools/sort", json!({}), 200, json!({ "lines": [], "length": 0 })),
        (
            "_/actions/tools/sort",
            json!({ "lines": "b" }),
            502,
            json!({ "error": "parameter 'lines' must be an array of strings" }),
        ),
    ] {
        let answer = send(&me, "POST", &format!("{name}?blocking=true"), args).await.expect(status).json();
        assert_eq!(answer["response"]["result"], result, "{name}");
    }
    me.create_trigger("t").await;
    let rule = json!({ "trigger": "/_/t", "action": "/whisk.system/utils/echo" });
    me.put("rules/r", &rule).await.expect(200);
    me.post("triggers/t", &json!({ "from": "rule" })).await.expect(202);
    let records = me.activations_of_at_least("utils/echo", 2).await;
    assert_eq!(records[0]["response"]["result"]["from"], "rule");
    assert_eq!(annotation(&records[0], "path"), Some(json!("whisk.system/utils/echo")));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alarm_can_be_created_read_and_deleted_through_a_binding() {
    let wask = TestServer::builder().clock_by_hand("2030-01-01T05:59:30Z").start().await;
    let me = wask.guest();
    bind(&me, "my-alarms", "whisk.system", "alarms").await.expect(200);
    me.create_trigger("dawn").await;
    me.create_action("greet", &wask_tests::guest("echo")).await;
    me.create_rule("on-dawn", "dawn", "greet").await;
    let call = |event: &'static str, more: Value| {
        let mut args = json!({ "lifecycleEvent": event, "triggerName": "/_/dawn", "authKey": me.auth });
        args.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let me = me.clone();
        async move { me.invoke("my-alarms/alarm", &args).await }
    };

    let payload = json!({ "cron": "0 6 * * *", "trigger_payload": { "sun": "up" } });
    let made = call("CREATE", payload).await.expect(200);
    assert_eq!(made.annotation("path"), Some(json!("whisk.system/alarms/alarm")));
    assert_eq!(made.annotation("binding"), Some(json!("guest/my-alarms")));
    call("UPDATE", json!({ "cron": "* 6 * * *" })).await.expect(200);
    let read = call("READ", json!({})).await.expect(200).json()["response"]["result"].clone();
    assert_eq!(read["config"]["payload"], json!({ "sun": "up" }), "the package's own payload changes nothing");

    wask.advance(std::time::Duration::from_secs(60));
    assert_eq!(me.activations_of_at_least("greet", 1).await[0]["response"]["result"]["sun"], "up");
    call("DELETE", json!({})).await.expect(200);
    call("READ", json!({})).await.expect(502);
}
