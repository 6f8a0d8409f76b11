//! Rules, which connect a trigger to an action. rest.md §6.2, §6.3, §11.6.

use reqwest::Method;
use serde_json::{Value, json};
use wask_tests::{Client, TestServer, guest};

/// Creates the actions `echo` and `other` and the triggers `dawn` and `dusk`.
async fn prepared(wask: &TestServer) -> Client {
    let me = wask.guest();
    for action in ["echo", "other"] {
        me.create_action(action, &guest("echo")).await;
    }
    for trigger in ["dawn", "dusk"] {
        me.create_trigger(trigger).await;
    }
    me
}

async fn status_of(client: &Client, rule: &str) -> Value {
    client.get(&format!("rules/{rule}")).await.expect(200).json()["status"].clone()
}

async fn set_status(client: &Client, rule: &str, status: &str) {
    let answer = client.post(&format!("rules/{rule}"), &json!({ "status": status })).await.expect(200);
    assert_eq!(answer.text(), "OK");
}

/// The rules in the trigger's document.
async fn links_of(client: &Client, trigger: &str) -> Value {
    client.get(&format!("triggers/{trigger}")).await.expect(200).json()["rules"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn b116_b118_a_new_rule_is_active_and_its_trigger_shows_it() {
    let wask = TestServer::start().await;
    let me = prepared(&wask).await;

    let body = json!({ "trigger": "/_/dawn", "action": { "path": "_", "name": "echo" }, "status": "inactive" });
    let made = me.put("rules/on-dawn", &body).await.expect(200).json();

    assert_eq!(
        (&made["version"], &made["publish"], &made["annotations"]),
        (&json!("0.0.1"), &json!(false), &json!([]))
    );
    assert_eq!(made["trigger"], json!({ "path": "guest", "name": "dawn" }));
    assert_eq!(made["action"], json!({ "path": "guest", "name": "echo" }));
    assert_eq!(made["status"], "active");
    assert_eq!(me.get("rules/on-dawn").await.expect(200).json(), made);
    let link = json!({ "action": { "path": "guest", "name": "echo" }, "status": "active" });
    assert_eq!(links_of(&me, "dawn").await, json!({ "guest/on-dawn": link }));
}

#[tokio::test(flavor = "multi_thread")]
async fn b114_b115_a_rule_needs_an_existing_trigger_and_action() {
    let wask = TestServer::start().await;
    let me = prepared(&wask).await;
    let incomplete = "rule requires a valid trigger and a valid action";

    for (body, message) in [
        (json!({}), incomplete),
        (json!({ "trigger": "/_/dawn" }), incomplete),
        (json!({ "action": "/_/echo" }), incomplete),
        (json!({ "trigger": "/_/none", "action": "/_/echo" }), "trigger /guest/none does not exist"),
        (json!({ "trigger": "/_/dawn", "action": "/_/none" }), "action /guest/none does not exist"),
        (json!({ "trigger": "/_/none", "action": "/_/nothing" }), "does not exist"),
        (json!({ "trigger": "dawn", "action": "/_/echo" }), "must contain at least the namespace and the name"),
        (json!({ "trigger": "/_/dawn", "action": "echo" }), "must contain at least the namespace and the name"),
        (json!({ "trigger": "/_/echo", "action": "/_/echo" }), ""),
        (json!({ "trigger": "/_/dawn", "action": "/_/dusk" }), ""),
        (json!({ "trigger": 1, "action": "/_/echo" }), ""),
    ] {
        let answer = me.put("rules/on-dawn", &body).await.expect(400);
        assert!(answer.error().contains(message), "{body}: {}", answer.error());
    }
    me.get("rules/on-dawn").await.expect(404);
    assert_eq!(links_of(&me, "dawn").await, Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn b117_a_rule_reaches_a_packaged_action_directly_or_through_a_binding() {
    let wask = TestServer::start().await;
    let me = prepared(&wask).await;
    me.put("packages/p", &json!({})).await.expect(200);
    me.create_action("p/echo", &guest("echo")).await;
    me.put("packages/b", &json!({ "binding": { "namespace": "_", "name": "p" } })).await.expect(200);

    for (rule, package) in [("direct", "p"), ("bound", "b")] {
        let body = json!({ "trigger": "/_/dawn", "action": format!("/_/{package}/echo") });
        let made = me.put(&format!("rules/{rule}"), &body).await.expect(200).json();

        let action = json!({ "path": format!("guest/{package}"), "name": "echo" });
        assert_eq!(made["action"], action);
        assert_eq!(links_of(&me, "dawn").await[format!("guest/{rule}")]["action"], action);
    }
    me.post("triggers/dawn", &json!({})).await.expect(202);
    assert_eq!(me.activations_of_at_least("p/echo", 1).await.len(), 1);
    assert_eq!(me.activations_of_at_least("b/echo", 1).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_cannot_name_entities_of_another_namespace() {
    let wask = TestServer::start().await;
    let me = prepared(&wask).await;
    let other = wask.other("somebody").await;
    other.create_action("theirs", &guest("echo")).await;
    other.create_trigger("event").await;

    for body in [
        json!({ "trigger": "/somebody/event", "action": "/_/echo" }),
        json!({ "trigger": "/_/dawn", "action": "/somebody/theirs" }),
    ] {
        me.put("rules/on-dawn", &body).await.expect(403);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b119_a_rule_can_be_disabled_and_enabled_repeatedly() {
    let wask = TestServer::start().await;
    let me = prepared(&wask).await;
    me.create_rule("on-dawn", "dawn", "echo").await;
    let before = me.get("rules/on-dawn").await.json();

    for status in ["inactive", "inactive", "active", "active", "inactive"] {
        set_status(&me, "on-dawn", status).await;
        assert_eq!(status_of(&me, "on-dawn").await, status);
        assert_eq!(links_of(&me, "dawn").await["guest/on-dawn"]["status"], status);
    }

    me.post("triggers/dawn", &json!({})).await.expect(204);
    set_status(&me, "on-dawn", "active").await;
    me.post("triggers/dawn", &json!({})).await.expect(202);
    assert_eq!(me.get("rules/on-dawn").await.json(), before, "neither version nor time has changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn b120_a_status_is_active_or_inactive_and_its_rule_must_exist() {
    let wask = TestServer::start().await;
    let me = prepared(&wask).await;
    me.create_rule("on-dawn", "dawn", "echo").await;

    for body in [json!({ "status": "weird" }), json!({}), json!({ "status": 1 }), json!({ "status": null })] {
        me.post("rules/on-dawn", &body).await.expect(400);
    }
    me.send(me.request(Method::POST, "/api/v1/namespaces/_/rules/on-dawn")).await.expect(400);
    me.post("rules/none", &json!({ "status": "active" })).await.expect(404);
    assert_eq!(status_of(&me, "on-dawn").await, "active");
}

#[tokio::test(flavor = "multi_thread")]
async fn b121_a_rule_outlives_its_trigger_but_cannot_be_activated_without_it() {
    let wask = TestServer::start().await;
    let me = prepared(&wask).await;
    me.create_rule("on-dawn", "dawn", "echo").await;
    me.delete("triggers/dawn").await.expect(200);

    assert_eq!(status_of(&me, "on-dawn").await, "inactive");
    let refused = me.post("rules/on-dawn", &json!({ "status": "active" })).await.expect(404);
    assert_eq!(refused.error(), "Only rules with existing triggers can be activated");
    set_status(&me, "on-dawn", "inactive").await;
    assert_eq!(me.delete("rules/on-dawn").await.expect(200).json()["status"], "inactive");
    me.get("rules/on-dawn").await.expect(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn b124_a_rule_is_inactive_after_its_trigger_is_created_again() {
    let wask = TestServer::start().await;
    let me = prepared(&wask).await;
    me.create_rule("on-dawn", "dawn", "echo").await;
    me.delete("triggers/dawn").await.expect(200);
    me.create_trigger("dawn").await;

    assert_eq!(status_of(&me, "on-dawn").await, "inactive");
    me.post("triggers/dawn", &json!({})).await.expect(204);
    set_status(&me, "on-dawn", "active").await;

    assert_eq!(links_of(&me, "dawn").await["guest/on-dawn"]["status"], "active");
    me.post("triggers/dawn", &json!({})).await.expect(202);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_of_an_orphaned_rule_links_it_again_as_inactive() {
    let wask = TestServer::start().await;
    let me = prepared(&wask).await;
    me.create_rule("on-dawn", "dawn", "echo").await;
    me.delete("triggers/dawn").await.expect(200);
    me.create_trigger("dawn").await;

    let updated = me.put("rules/on-dawn?overwrite=true", &json!({})).await.expect(200).json();

    assert_eq!((&updated["version"], &updated["status"]), (&json!("0.0.2"), &json!("inactive")));
    assert_eq!(links_of(&me, "dawn").await["guest/on-dawn"]["status"], "inactive");
}

#[tokio::test(flavor = "multi_thread")]
async fn b122_an_update_changes_the_target_and_keeps_the_status() {
    let wask = TestServer::start().await;
    let me = prepared(&wask).await;
    me.create_rule("on-dawn", "dawn", "echo").await;
    set_status(&me, "on-dawn", "inactive").await;

    let updated = me.put("rules/on-dawn?overwrite=true", &json!({ "action": "/_/other" })).await.expect(200).json();

    assert_eq!((&updated["version"], &updated["status"]), (&json!("0.0.2"), &json!("inactive")));
    assert_eq!(updated["action"], json!({ "path": "guest", "name": "other" }));
    let link = json!({ "action": { "path": "guest", "name": "other" }, "status": "inactive" });
    assert_eq!(links_of(&me, "dawn").await["guest/on-dawn"], link);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_that_moves_to_another_trigger_keeps_its_status() {
    let wask = TestServer::start().await;
    let me = prepared(&wask).await;
    me.create_rule("moving", "dawn", "echo").await;
    me.create_rule("resting", "dawn", "echo").await;
    set_status(&me, "resting", "inactive").await;

    for rule in ["moving", "resting"] {
        me.put(&format!("rules/{rule}?overwrite=true"), &json!({ "trigger": "/_/dusk" })).await.expect(200);
    }

    assert_eq!(links_of(&me, "dawn").await, json!({}));
    assert_eq!(status_of(&me, "moving").await, "active");
    assert_eq!(status_of(&me, "resting").await, "inactive");
    me.post("triggers/dawn", &json!({})).await.expect(204);
    me.post("triggers/dusk", &json!({})).await.expect(202);
    assert_eq!(me.activations_of_at_least("echo", 1).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn b123_a_rule_without_its_trigger_or_action_cannot_be_updated() {
    let wask = TestServer::start().await;
    let me = prepared(&wask).await;
    me.create_rule("first", "dawn", "echo").await;
    me.create_rule("second", "dusk", "other").await;
    me.delete("triggers/dawn").await.expect(200);
    me.delete("actions/other").await.expect(200);

    let first = me.put("rules/first?overwrite=true", &json!({})).await.expect(400);
    let second = me.put("rules/second?overwrite=true", &json!({})).await.expect(400);

    assert_eq!(first.error(), "trigger /guest/dawn does not exist");
    assert_eq!(second.error(), "action /guest/other does not exist");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_rule_is_unlinked_and_starts_no_action() {
    let wask = TestServer::start().await;
    let me = prepared(&wask).await;
    me.create_rule("one", "dawn", "echo").await;
    me.create_rule("two", "dawn", "other").await;

    assert_eq!(me.delete("rules/one").await.expect(200).json()["status"], "inactive");

    assert_eq!(links_of(&me, "dawn").await.as_object().unwrap().keys().collect::<Vec<_>>(), ["guest/two"]);
    me.post("triggers/dawn", &json!({})).await.expect(202);
    me.activations_of_at_least("other", 1).await;
    assert_eq!(me.activations_of("echo").await.len(), 0);
    me.delete("rules/two").await.expect(200);
    me.post("triggers/dawn", &json!({})).await.expect(204);
}

#[tokio::test(flavor = "multi_thread")]
async fn b125_the_annotations_of_a_rule_have_a_limit() {
    let wask = TestServer::start().await;
    let me = prepared(&wask).await;
    let large = json!([{ "key": "note", "value": "x".repeat(1_048_577) }]);
    let body = json!({ "trigger": "/_/dawn", "action": "/_/echo", "annotations": large });

    let created = me.put("rules/large", &body).await.expect(413);
    assert!(created.error().starts_with("annotations larger than allowed: "), "{}", created.error());
    me.create_rule("small", "dawn", "echo").await;
    me.put("rules/small?overwrite=true", &json!({ "annotations": large })).await.expect(413);
    assert_eq!(me.get("rules/small").await.json()["version"], "0.0.1");
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_created_at_the_same_time_are_all_linked() {
    let wask = TestServer::start().await;
    let me = prepared(&wask).await;
    let rules: Vec<String> = (0..8).map(|n| format!("rule-{n}")).collect();

    let making = rules.iter().map(|rule| {
        let (me, rule) = (me.clone(), rule.clone());
        tokio::spawn(async move { me.create_rule(&rule, "dawn", "echo").await })
    });
    for made in making.collect::<Vec<_>>() {
        made.await.unwrap();
    }

    assert_eq!(links_of(&me, "dawn").await.as_object().unwrap().len(), rules.len());
    me.post("triggers/dawn", &json!({})).await.expect(202);
    assert_eq!(me.activations_of_at_least("echo", rules.len()).await.len(), rules.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_to_a_rule_is_not_lost_while_others_are_created() {
    let wask = TestServer::start().await;
    let me = prepared(&wask).await;
    for n in 0..4 {
        me.create_rule(&format!("old-{n}"), "dawn", "echo").await;
    }

    let changes = (0..4).map(|n| {
        let me = me.clone();
        tokio::spawn(async move {
            match n % 2 {
                0 => set_status(&me, &format!("old-{n}"), "inactive").await,
                _ => drop(me.delete(&format!("rules/old-{n}")).await.expect(200)),
            }
            me.create_rule(&format!("new-{n}"), "dawn", "other").await;
        })
    });
    for change in changes.collect::<Vec<_>>() {
        change.await.unwrap();
    }

    let links = links_of(&me, "dawn").await;
    let states: Vec<(&str, &str)> =
        links.as_object().unwrap().iter().map(|(rule, link)| (&rule[6..], link["status"].as_str().unwrap())).collect();
    let active = ["new-0", "new-1", "new-2", "new-3"].map(|rule| (rule, "active"));
    assert_eq!(states, [&active[..], &[("old-0", "inactive"), ("old-2", "inactive")]].concat());
}
