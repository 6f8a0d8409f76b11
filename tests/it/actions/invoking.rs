//! Invoking: blocking and non-blocking callers, their answers, and what the action sees.

use serde_json::{Value, json};
use wask_tests::{TestServer, annotation, example, guest, wat};

#[tokio::test(flavor = "multi_thread")]
async fn b60_a_non_blocking_caller_gets_the_id_of_its_record() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    me.create_action("echo", &guest("echo")).await;
    for query in ["", "?result=true", "?blocking=false", "?blocking=false&result=true"] {
        let answer = me.post(&format!("actions/echo{query}"), &json!({ "a": 1 })).await.expect(202);

        let id = answer.header("x-openwhisk-activation-id").unwrap().to_owned();
        assert_eq!(answer.json(), json!({ "activationId": id }));
        assert!(id.len() == 32 && id.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)), "{id}");
        assert_eq!(me.ended(&id).await["response"]["result"], json!({ "a": 1 }));
        assert_eq!(me.state(&id).await, "ended");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b61_a_missing_payload_is_an_empty_object_whatever_its_type() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    me.create_action("echo", &guest("echo")).await;
    let path = "/api/v1/namespaces/_/actions/echo?blocking=true&result=true";
    let post = || me.request(reqwest::Method::POST, path);
    for request in
        [post(), post().body(""), post().header("content-type", "text/plain").body(""), post().json(&json!({}))]
    {
        assert_eq!(me.send(request).await.expect(200).json(), json!({}));
    }
    for text in ["[]", "1", "\"a\"", "null", "true"] {
        let request = post().header("content-type", "application/json").body(text);
        let refused = me.send(request).await.expect(400);
        assert_eq!(refused.error(), "The request content was malformed:\nJSON object expected", "{text}");
    }
    me.send(post().header("content-type", "text/plain").body("{}")).await.expect(415);
}

#[tokio::test(flavor = "multi_thread")]
async fn b62_b63_a_blocking_caller_gets_the_record_or_only_the_result() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    me.create_action("echo", &guest("echo")).await;

    let answer = me.invoke("echo", &json!({ "a": 1 })).await.expect(200);
    let record = answer.json();
    assert_eq!(answer.header("x-openwhisk-activation-id"), record["activationId"].as_str());
    assert_eq!(record["response"]["status"], "success");
    assert_eq!(record["response"]["success"], true);
    assert_eq!(record["response"]["result"], json!({ "a": 1 }));
    assert_eq!((&record["logs"], &record["namespace"]), (&json!([]), &json!("guest")));
    assert_eq!(annotation(&record, "path"), Some(json!("guest/echo")));
    assert_eq!(annotation(&record, "kind"), Some(json!("wasm:1")));
    let limits = json!({ "timeout": 60000, "memory": 256, "logs": 10, "concurrency": 1 });
    assert_eq!(annotation(&record, "limits"), Some(limits));
    assert!(annotation(&record, "waitTime").is_some_and(|ms| ms.is_u64()));

    let bare = me.post("actions/echo?blocking=true&result=true", &json!({ "a": 1 })).await.expect(200);
    assert_eq!(bare.json(), json!({ "a": 1 }));
    assert!(bare.header("x-openwhisk-activation-id").is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn b64_an_error_of_any_type_is_an_application_error_and_502() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    me.create_action("echo", &guest("echo")).await;
    for error in [json!("no"), json!(404), json!(false), json!(null), json!({ "a": 1 }), json!("")] {
        let args = json!({ "error": error, "sibling": 1 });

        let whole = me.invoke("echo", &args).await.expect(502);
        assert_eq!(whole.json()["response"]["status"], "application error");
        assert_eq!(whole.json()["response"]["success"], false);
        assert_eq!(whole.json()["response"]["result"], json!({ "error": error }), "siblings are dropped");
        assert!(whole.json().get("code").is_none(), "a failed action is not a failed request");

        let bare = me.post("actions/echo?blocking=true&result=true", &args).await.expect(502);
        assert_eq!(bare.json(), json!({ "error": error }));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b65_a_trap_is_a_developer_error_and_the_next_invocation_works() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    me.create_action("panic", &guest("panic")).await;
    for _ in 0..3 {
        let failed = me.invoke("panic", &json!({ "message": "no" })).await.expect(502).json();
        assert_eq!(failed["response"]["status"], "action developer error");
    }
    me.create_action("panic", &guest("echo")).await;
    me.invoke("panic", &json!({})).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn b66_a_caller_waits_at_most_its_timeout_and_the_activation_goes_on() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    me.create_action("sleeper", &guest("sleeper")).await;
    for (query, given) in [("timeout=60001", "60001"), ("timeout=abc", "abc"), ("timeout=0", "0"), ("timeout=-1", "-1")]
    {
        for blocking in ["true", "false"] {
            let refused = me.post(&format!("actions/sleeper?blocking={blocking}&{query}"), &json!({ "ms": 0 })).await;
            let sentence = "The query parameter 'timeout' was malformed:\n\
                            Timeout must be number of milliseconds up to 60000.";
            assert_eq!(refused.expect(400).error(), sentence, "{given}");
        }
    }

    let answer =
        me.post("actions/sleeper?blocking=true&result=true&timeout=100", &json!({ "ms": 800 })).await.expect(202);

    let id = answer.header("x-openwhisk-activation-id").unwrap().to_owned();
    assert_eq!(answer.json(), json!({ "activationId": id }));
    let record = me.ended(&id).await;
    assert_eq!(record["response"]["result"], json!({ "slept": 800 }));
    assert_eq!(record["logs"].as_array().unwrap().len(), 2, "it ran once");
    assert_eq!(me.activations_of("sleeper").await.len(), 1, "under one id");
}

#[tokio::test(flavor = "multi_thread")]
async fn b69_b70_a_payload_over_the_limit_is_413_even_without_an_action() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    me.create_action("echo", &guest("echo")).await;
    me.post("actions/none", &json!({})).await.expect(404);
    let other = wask.other("other").await;
    other.create_action("closed", &guest("echo")).await;
    let foreign = me.request(reqwest::Method::POST, "/api/v1/namespaces/other/actions/closed").json(&json!({}));
    me.send(foreign).await.expect(403);

    let of_size = |size: usize| json!({ "a": "x".repeat(size - 8) });
    let fits = me.post("actions/echo?blocking=true&result=true", &of_size(1_048_576)).await.expect(200);
    assert_eq!(fits.body.len(), 1_048_576);
    for name in ["echo", "none"] {
        let refused = me.post(&format!("actions/{name}"), &of_size(1_048_577)).await.expect(413);
        assert_eq!(refused.error(), "Request larger than allowed: 1048577 > 1048576 bytes.");
    }
    assert_eq!(me.get("activations?count=true").await.json(), json!({ "activations": 1 }));
}

#[tokio::test(flavor = "multi_thread")]
async fn b72_unicode_survives_in_name_parameters_payload_result_and_logs() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    let text = "☃ \u{1f980} \u{10ffff} \u{0} \\ \" \u{2028} שלום";
    me.create_action_with("echo", &guest("echo"), json!({ "parameters": [{ "key": text, "value": text }] })).await;

    let result = me.post("actions/echo?blocking=true&result=true", &json!({ "payload": text })).await.expect(200);

    assert_eq!(result.json(), json!({ text: text, "payload": text }));
    assert_eq!(me.get("actions/echo").await.json()["parameters"], json!([{ "key": text, "value": text }]));
    let record = me.activations_of_at_least("echo", 1).await.remove(0);
    assert_eq!(record["response"]["result"], result.json());
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_and_the_order_of_members_are_preserved() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    me.create_action("echo", &guest("echo")).await;
    let text = r#"{"z":1.10,"a":9007199254740993,"m":-0.1,"e":1e300,"n":{"y":[],"b":{}}}"#;
    let request = me.request(reqwest::Method::POST, "/api/v1/namespaces/_/actions/echo?blocking=true&result=true");

    let answer = me.send(request.header("content-type", "application/json").body(text)).await.expect(200);

    let sent: Value = serde_json::from_str(text).unwrap();
    assert_eq!(answer.json(), sent);
    assert_eq!(answer.text(), sent.to_string(), "in the order they were sent");
}

#[tokio::test(flavor = "multi_thread")]
async fn b73_an_action_sees_its_identity_and_a_key_only_if_allowed() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    me.create_action("env", &guest("env")).await;

    let answer = me.invoke("env", &json!({})).await.expect(200).json();
    let seen = &answer["response"]["result"];
    assert_eq!(seen["__OW_ACTION_NAME"], "/guest/env");
    assert_eq!(seen["__OW_NAMESPACE"], "guest");
    assert_eq!(seen["__OW_ACTIVATION_ID"], answer["activationId"]);
    assert_eq!(seen["__OW_ACTION_VERSION"], "0.0.1");
    assert_eq!(seen["__OW_API_HOST"], wask.base());
    assert!(seen["__OW_TRANSACTION_ID"].as_str().is_some_and(|id| id.len() == 32));
    let deadline: i64 = seen["__OW_DEADLINE"].as_str().unwrap().parse().unwrap();
    let start = answer["start"].as_i64().unwrap();
    assert_eq!(deadline - start, 60_000);
    assert_eq!(seen["__OW_API_KEY"], Value::Null);

    let annotations = json!([{ "key": "provide-api-key", "value": true }]);
    me.put("actions/env?overwrite=true", &json!({ "annotations": annotations })).await.expect(200);
    let seen = me.invoke("env", &json!({})).await.expect(200).json()["response"]["result"].clone();
    assert_eq!(seen["__OW_ACTION_VERSION"], "0.0.2");
    let key = seen["__OW_API_KEY"].as_str().expect("a key").to_owned();
    assert_ne!(key, me.auth, "a key of its own, for the time it runs");
    let as_action = wask_tests::Client::new(wask.base(), key, "guest");
    as_action.get("actions/env").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn b74_an_array_is_a_result() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    me.create_action("array", &guest("array")).await;
    for query in ["blocking=true", "blocking=true&result=true"] {
        let answer = me.post(&format!("actions/array?{query}"), &json!({ "a": 1 })).await.expect(200);

        assert_eq!(answer.json(), json!([{ "a": 1 }, { "a": 1 }]));
        let id = answer.header("x-openwhisk-activation-id").unwrap();
        assert_eq!(me.ended(id).await["response"]["result"], answer.json());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b75_the_logs_have_every_line_in_order_even_after_a_failure() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    me.create_action("lines", &guest("log-lines")).await;
    me.create_action("panic", &guest("panic")).await;
    for (name, args, status, first) in [
        ("lines", json!({ "lines": 3 }), 200, "stdout: line 00000"),
        ("panic", json!({ "message": "ouch" }), 502, "stderr: "),
    ] {
        let id = me.invoke(name, &args).await.expect(status).json()["activationId"].as_str().unwrap().to_owned();
        let logs = me.ended(&id).await["logs"].clone();
        assert_eq!(me.get(&format!("activations/{id}/logs")).await.json(), json!({ "logs": logs }));
        let texts: Vec<&str> = logs.as_array().unwrap().iter().map(|line| &line.as_str().unwrap()[31..]).collect();
        assert!(texts[0].starts_with(first), "{texts:?}");
        assert!(texts.is_sorted_by(|a, b| name == "panic" || a[8..] <= b[8..]), "{texts:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_action_runs_its_new_code_at_once() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    for _ in 0..5 {
        me.create_action("a", &guest("echo")).await;
        assert_eq!(me.invoke("a", &json!({ "a": 1 })).await.json()["response"]["result"], json!({ "a": 1 }));
        me.create_action("a", &wat("result-then-exit-0")).await;
        assert_eq!(me.invoke("a", &json!({ "a": 1 })).await.json()["response"]["result"], json!({ "done": true }));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_example_hello_greets_the_given_name() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    me.create_action("hello", &example("hello")).await;

    let greeting = me.post("actions/hello?blocking=true&result=true", &json!({ "name": "Ada" })).await.expect(200);

    assert!(greeting.text().contains("Ada"), "{}", greeting.text());
}
