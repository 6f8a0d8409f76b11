//! Triggers, and what firing one starts and records. rest.md §6.1, §6.4, §11.6; feeds.md §B.4.

use reqwest::Method;
use serde_json::{Value, json};
use wask_tests::{Answer, Client, TestServer, guest};

async fn fire(client: &Client, trigger: &str, payload: &Value) -> Answer {
    client.post(&format!("triggers/{trigger}"), payload).await
}

/// Fires a trigger that has an active rule, and returns the id of the firing.
async fn fired(client: &Client, trigger: &str, payload: &Value) -> String {
    let answer = fire(client, trigger, payload).await.expect(202);
    answer.json()["activationId"].as_str().expect("an activationId").to_owned()
}

/// The log lines of a firing, one per rule, as JSON.
async fn lines_of(client: &Client, event: &str) -> Vec<Value> {
    let logs = client.get(&format!("activations/{event}/logs")).await.expect(200).json();
    let lines = logs["logs"].as_array().expect("an array").iter();
    lines.map(|line| serde_json::from_str(line.as_str().expect("a text")).expect("JSON")).collect()
}

fn line_of<'a>(lines: &'a [Value], rule: &str) -> &'a Value {
    lines.iter().find(|line| line["rule"] == format!("guest/{rule}")).expect("a line of the rule")
}

/// The record of the one run that `rule` started.
async fn run_of(client: &Client, event: &str, rule: &str) -> Value {
    let lines = lines_of(client, event).await;
    let id = line_of(&lines, rule)["activationId"].as_str().expect("an activationId").to_owned();
    client.ended(&id).await
}

#[tokio::test(flavor = "multi_thread")]
async fn b106_a_new_trigger_is_empty_and_has_no_rules() {
    let wask = TestServer::start().await;
    let me = wask.guest();

    let made = me.put("triggers/dawn", &json!({})).await.expect(200).json();

    for (member, value) in [
        ("namespace", json!("guest")),
        ("name", json!("dawn")),
        ("version", json!("0.0.1")),
        ("publish", json!(false)),
        ("parameters", json!([])),
        ("annotations", json!([])),
        ("limits", json!({})),
    ] {
        assert_eq!(made[member], value, "{member}");
    }
    assert_eq!(made.get("rules"), None);
    assert_eq!(me.get("triggers/dawn").await.expect(200).json(), made);
}

#[tokio::test(flavor = "multi_thread")]
async fn b107_a_feed_annotation_must_be_a_path_only_when_a_trigger_is_created() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    let with_feed = |feed: Value| json!({ "annotations": [{ "key": "feed", "value": feed }] });

    for refused in [json!(""), json!("a,b"), json!(1), json!(true), json!({ "a": 1 }), json!(["x"])] {
        let answer = me.put("triggers/t", &with_feed(refused)).await.expect(400);
        assert_eq!(answer.error(), "Feed name is not valid");
    }
    for (name, accepted) in [("t1", "xyz"), ("t2", "/whisk.system/alarms/alarm"), ("t3", "/guest/package/feed")] {
        me.put(&format!("triggers/{name}"), &with_feed(json!(accepted))).await.expect(200);
    }
    me.put("triggers/t1?overwrite=true", &with_feed(json!(1))).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn b108_an_empty_update_of_a_trigger_changes_only_its_version() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    me.create_action("echo", &guest("echo")).await;
    me.put("triggers/dawn", &json!({ "parameters": [{ "key": "sun", "value": "up" }] })).await.expect(200);
    me.create_rule("on-dawn", "dawn", "echo").await;

    let updated = me.put("triggers/dawn?overwrite=true", &json!({})).await.expect(200).json();

    assert_eq!(updated["version"], "0.0.2");
    assert_eq!(updated["parameters"], json!([{ "key": "sun", "value": "up" }]));
    assert_eq!(updated["rules"]["guest/on-dawn"]["status"], "active");
}

#[tokio::test(flavor = "multi_thread")]
async fn creating_a_trigger_that_exists_is_refused() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    me.create_trigger("dawn").await;

    let again = me.put("triggers/dawn", &json!({})).await.expect(409);

    assert_eq!(again.error(), "resource already exists");
    assert_eq!(me.get("triggers/dawn").await.expect(200).json()["version"], "0.0.1");
}

#[tokio::test(flavor = "multi_thread")]
async fn b109_b119_firing_without_an_active_rule_records_nothing() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    me.create_action("echo", &guest("echo")).await;
    me.create_trigger("bare").await;
    me.create_trigger("muted").await;
    me.create_rule("mute", "muted", "echo").await;
    me.post("rules/mute", &json!({ "status": "inactive" })).await.expect(200);

    for trigger in ["bare", "muted"] {
        let answer = fire(&me, trigger, &json!({ "a": 1 })).await.expect(204);
        assert_eq!(answer.text(), "");
        assert_eq!(answer.header("x-openwhisk-activation-id"), None);
    }
    assert_eq!(me.get("activations").await.expect(200).json(), json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn b110_a_firing_is_recorded_and_runs_the_action_of_every_active_rule() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    me.create_action("echo", &guest("echo")).await;
    me.put("triggers/dawn", &json!({ "version": "1.2.3" })).await.expect(200);
    me.create_rule("one", "dawn", "echo").await;
    me.create_rule("two", "dawn", "echo").await;

    let answer = fire(&me, "dawn", &json!({ "sun": "up" })).await.expect(202);

    let event = answer.json()["activationId"].as_str().unwrap().to_owned();
    assert_eq!(answer.json(), json!({ "activationId": event }));
    assert_eq!(answer.header("x-openwhisk-activation-id"), Some(event.as_str()));

    let record = me.get(&format!("activations/{event}")).await.expect(200).json();
    assert_eq!((&record["name"], &record["version"]), (&json!("dawn"), &json!("1.2.3")));
    assert_eq!(record["response"]["status"], "success");
    assert_eq!(record["response"]["result"], json!({ "sun": "up" }));
    assert_eq!(record["annotations"], json!([]));
    assert_eq!((record.get("end"), record.get("duration")), (None, None));

    for rule in ["one", "two"] {
        let run = run_of(&me, &event, rule).await;
        assert_eq!(run["response"]["result"]["sun"], "up");
        assert_eq!(run["cause"], json!(event));
        assert_ne!(run["activationId"], json!(event));
    }
    assert_eq!(me.activations_of("echo").await.len(), 2);
    assert_eq!(me.activations_of("dawn").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn b111_the_record_of_a_firing_without_a_payload_has_an_empty_result() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    me.create_action("echo", &guest("echo")).await;
    me.create_trigger("dawn").await;
    me.create_rule("on-dawn", "dawn", "echo").await;

    let bodiless = me.request(Method::POST, "/api/v1/namespaces/_/triggers/dawn");
    let bodiless = me.send(bodiless).await.expect(202).json()["activationId"].as_str().unwrap().to_owned();
    let empty = fired(&me, "dawn", &json!({})).await;

    for event in [bodiless, empty] {
        let response = me.get(&format!("activations/{event}/result")).await.expect(200).json();
        assert_eq!(response["result"], json!({}));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payload_that_is_not_an_object_is_refused() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    me.create_action("echo", &guest("echo")).await;
    me.create_trigger("dawn").await;
    me.create_rule("on-dawn", "dawn", "echo").await;

    for payload in [json!([1]), json!("text"), json!(1), json!(true)] {
        fire(&me, "dawn", &payload).await.expect(400);
    }
    assert_eq!(me.activations_of("dawn").await.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn b112_a_payload_over_the_limit_is_refused_even_without_a_trigger() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    let payload = json!({ "a": "x".repeat(1_048_576) });

    me.create_trigger("dawn").await;

    for trigger in ["dawn", "nowhere"] {
        let answer = fire(&me, trigger, &payload).await.expect(413);
        assert_eq!(answer.error(), "Request larger than allowed: 1048584 > 1048576 bytes.");
    }
    fire(&me, "nowhere", &json!({})).await.expect(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payload_overrides_headers_then_trigger_then_action_parameters() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    let parameters = |from: &str, keys: &[&str]| {
        let all: Vec<Value> = keys.iter().map(|key| json!({ "key": key, "value": from })).collect();
        json!({ "parameters": all })
    };
    let of_action = parameters("action", &["a", "b", "c", "__ow_headers"]);
    me.create_action_with("echo", &guest("echo"), of_action).await;
    me.put("triggers/dawn", &parameters("trigger", &["b", "c", "__ow_headers"])).await.expect(200);
    me.create_rule("on-dawn", "dawn", "echo").await;

    let plain = fired(&me, "dawn", &json!({ "c": "payload" })).await;
    let with_headers = fired(&me, "dawn", &json!({ "__ow_headers": "payload" })).await;

    let args = run_of(&me, &plain, "on-dawn").await["response"]["result"].clone();
    assert_eq!((&args["a"], &args["b"], &args["c"]), (&json!("action"), &json!("trigger"), &json!("payload")));
    assert!(args["__ow_headers"].is_object(), "{args}");
    let args = run_of(&me, &with_headers, "on-dawn").await["response"]["result"].clone();
    assert_eq!(args["__ow_headers"], "payload");
}

#[tokio::test(flavor = "multi_thread")]
async fn actions_see_the_headers_of_a_firing_without_credentials() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    me.create_action("echo", &guest("echo")).await;
    me.create_trigger("dawn").await;
    me.create_rule("on-dawn", "dawn", "echo").await;

    let request = me.request(Method::POST, "/api/v1/namespaces/_/triggers/dawn");
    let request = request.header("X-Rooster", "Crows").header("Cookie", "session=secret");
    let request = request.header("X-OW-EXTRA-LOGGING", "on").header("X-Wask-Callback", "http://127.0.0.1:9999/done");
    let options = r#"{"http":{"headers":{"Authorization":"Bearer of-the-receiver"}}}"#;
    let request = request.header("X-Wask-Callback-Options", options).json(&json!({ "a": 1 }));
    let event = me.send(request).await.expect(202).json()["activationId"].as_str().unwrap().to_owned();

    let run = run_of(&me, &event, "on-dawn").await;
    let headers = run["response"]["result"]["__ow_headers"].as_object().unwrap();
    assert_eq!(headers["x-rooster"], "Crows");
    assert_eq!(headers["content-type"], "application/json");
    for kept in ["authorization", "cookie", "x-ow-extra-logging", "x-wask-callback", "x-wask-callback-options"] {
        assert!(!headers.contains_key(kept), "{kept}");
    }
    let secret = me.auth.split_once(':').unwrap().1;
    assert!(!run.to_string().contains(secret));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_rule_has_a_log_line_with_its_outcome() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    me.create_action("echo", &guest("echo")).await;
    me.create_action("gone", &guest("echo")).await;
    me.create_trigger("dawn").await;
    me.create_rule("accepted", "dawn", "echo").await;
    me.create_rule("muted", "dawn", "echo").await;
    me.create_rule("orphaned", "dawn", "gone").await;
    me.post("rules/muted", &json!({ "status": "inactive" })).await.expect(200);
    me.delete("actions/gone").await.expect(200);

    let event = fired(&me, "dawn", &json!({})).await;

    let lines = lines_of(&me, &event).await;
    assert_eq!(lines.len(), 3);
    let accepted = line_of(&lines, "accepted");
    let run = accepted["activationId"].as_str().unwrap();
    let expected = json!({ "rule": "guest/accepted", "action": "guest/echo", "statusCode": 0, "success": true });
    assert_eq!(without(accepted, "activationId"), expected);
    assert_eq!(me.ended(run).await["name"], "echo");
    assert_eq!(
        *line_of(&lines, "muted"),
        json!({ "rule": "guest/muted", "action": "guest/echo", "statusCode": 1, "success": false,
            "error": "Rule 'guest/muted' is inactive, action 'guest/echo' was not activated." })
    );
    assert_eq!(
        *line_of(&lines, "orphaned"),
        json!({ "rule": "guest/orphaned", "action": "guest/gone", "statusCode": 1, "success": false,
            "error": "The requested resource does not exist." })
    );
    assert_eq!(me.activations_of("echo").await.len(), 1);
}

fn without(object: &Value, member: &str) -> Value {
    let mut object = object.clone();
    object.as_object_mut().expect("an object").remove(member);
    object
}

#[tokio::test(flavor = "multi_thread")]
async fn a_throttled_run_is_refused_only_in_the_log_of_the_firing() {
    let wask = TestServer::builder()
        .clock_by_hand("2030-01-01T06:00:00Z")
        .configure(|config| config.limits.invocations_per_minute = 1)
        .start()
        .await;
    let me = wask.guest();
    me.create_action("echo", &guest("echo")).await;
    me.create_trigger("dawn").await;
    me.create_rule("one", "dawn", "echo").await;
    me.create_rule("two", "dawn", "echo").await;

    let event = fired(&me, "dawn", &json!({})).await;

    let mut lines = lines_of(&me, &event).await;
    lines.sort_by_key(|line| line["statusCode"].as_u64());
    assert_eq!((&lines[0]["statusCode"], &lines[0]["success"]), (&json!(0), &json!(true)));
    assert_eq!((&lines[1]["statusCode"], &lines[1]["success"]), (&json!(1), &json!(false)));
    assert_eq!(lines[1]["error"], "Too many requests in the last minute (count: 2, allowed: 1).");
    assert_eq!(me.activations_of_at_least("echo", 1).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_run_does_not_count_as_in_flight() {
    let wask = TestServer::builder()
        .configure(|config| (config.limits.concurrent_invocations, config.limits.queued_invocations) = (1, 0))
        .start()
        .await;
    let me = wask.guest();
    me.create_action("echo", &guest("echo")).await;
    me.create_trigger("dawn").await;
    me.create_rule("one", "dawn", "echo").await;
    me.create_rule("two", "dawn", "echo").await;

    for round in 1..=20 {
        let event = fired(&me, "dawn", &json!({})).await;
        let lines = lines_of(&me, &event).await;
        let run =
            lines.iter().find(|line| line["success"] == true).unwrap_or_else(|| panic!("round {round}: {lines:?}"));
        me.ended(run["activationId"].as_str().unwrap()).await;
        wask_tests::eventually("no other run is in flight", || async {
            let answer = me.invoke("echo", &json!({})).await;
            (answer.status == 200).then_some(())
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_trigger_cannot_be_fired_and_its_successor_has_no_rules() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    me.create_action("echo", &guest("echo")).await;
    me.create_trigger("dawn").await;
    me.create_rule("on-dawn", "dawn", "echo").await;

    assert_eq!(me.delete("triggers/dawn").await.expect(200).json()["name"], "dawn");

    fire(&me, "dawn", &json!({})).await.expect(404);
    me.get("triggers/dawn").await.expect(404);
    me.create_trigger("dawn").await;
    fire(&me, "dawn", &json!({})).await.expect(204);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trigger_is_fired_only_by_its_owner_and_not_by_a_get() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    let other = wask.other("somebody").await;
    me.create_action("echo", &guest("echo")).await;
    me.create_trigger("dawn").await;
    me.create_rule("on-dawn", "dawn", "echo").await;
    let path = "/api/v1/namespaces/guest/triggers/dawn";

    me.send(me.anonymous(Method::POST, path).json(&json!({}))).await.expect(401);
    other.send(other.request(Method::POST, path).json(&json!({}))).await.expect(403);
    assert_eq!(me.send(me.request(Method::GET, path)).await.expect(200).json()["name"], "dawn");

    assert_eq!(me.get("activations").await.expect(200).json(), json!([]));
}
