//! `Idempotency-Key`: a repeated request starts no new work and finds the work of the first.

mod after_a_crash;
mod bounds;
mod web;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use wask_tests::{Answer, Client, TestServer, eventually, guest, wat};

/// `POST` below `/api/v1/namespaces/_/` with a key.
async fn post(me: &Client, key: &str, path: &str, body: &Value) -> Answer {
    let request = me.request(Method::POST, &format!("/api/v1/namespaces/_/{path}"));
    me.send(request.header("Idempotency-Key", key).json(body)).await
}

/// Sends `count` equal requests at the same time.
async fn post_together(me: &Client, count: usize, path: &'static str, body: &Value) -> Vec<Answer> {
    let mut all = JoinSet::new();
    for _ in 0..count {
        let (me, body) = (me.clone(), body.clone());
        all.spawn(async move { post(&me, "k", path, &body).await });
    }
    all.join_all().await
}

/// Waits until a key is stored. A request for a missing action gets 404 before that, and 422 afterwards.
async fn known(me: &Client, key: &str) {
    let ask = || async { (post(me, key, "actions/missing", &json!({})).await.status == 422).then_some(()) };
    eventually("the key is known", ask).await;
}

fn id_of(answer: &Answer) -> String {
    answer.header("x-openwhisk-activation-id").expect("an id").to_owned()
}

/// Whether the answer says that it belongs to an earlier request.
fn is_replayed(answer: &Answer) -> bool {
    answer.header("idempotent-replayed") == Some("true")
}

/// How many activations of an action are recorded.
async fn runs_of(me: &Client, name: &str) -> usize {
    me.activations_of(name).await.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_gets_the_same_activation_and_status_and_runs_nothing() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    me.create_action("echo", &guest("echo")).await;
    me.create_action("refusing", &guest("error")).await;
    me.create_action("trapping", &wat("divide-by-zero")).await;
    for (path, args, status) in [
        ("actions/echo", json!({ "n": 1 }), 202),
        ("actions/echo?blocking=true", json!({ "n": 2 }), 200),
        ("actions/echo?blocking=true&result=true", json!({ "n": 3 }), 200),
        ("actions/refusing?blocking=true", json!({ "error": "no" }), 502),
        ("actions/trapping?blocking=true", json!({}), 502),
    ] {
        let first = post(&me, path, path, &args).await.expect(status);
        let again = post(&me, path, path, &args).await.expect(status);
        assert!(!is_replayed(&first) && is_replayed(&again), "{path}");
        assert_eq!(first.json(), again.json(), "{path}");
        assert_eq!(id_of(&first), id_of(&again));
        me.ended(&id_of(&first)).await;
    }
    assert_eq!(runs_of(&me, "echo").await, 3);
    assert_eq!(runs_of(&me, "refusing").await, 1);
    assert_eq!(runs_of(&me, "trapping").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_does_not_change_the_answer_or_record_of_a_blocking_invocation() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    me.create_action("lines", &guest("log-lines")).await;
    let args = json!({ "lines": 2 });
    me.invoke("lines", &args).await.expect(200); // the cold start
    let plain = me.invoke("lines", &args).await.expect(200).json();

    let keyed = post(&me, "k", "actions/lines?blocking=true", &args).await.expect(200).json();

    let keys = |document: &Value| document.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&keyed), keys(&plain));
    assert_eq!(keyed["response"], plain["response"]);
    assert_eq!(keyed["logs"], json!([]));
    let record = me.ended(keyed["activationId"].as_str().unwrap()).await;
    assert_eq!(record["logs"].as_array().unwrap().len(), 2);
    assert_eq!((&record["start"], &record["end"]), (&keyed["start"], &keyed["end"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blocking_retry_waits_for_the_result_of_a_non_blocking_request() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    me.create_action("sleeper", &guest("sleeper")).await;
    let args = json!({ "ms": 300 });
    let first = post(&me, "k", "actions/sleeper", &args).await.expect(202);

    let waited = post(&me, "k", "actions/sleeper?blocking=true&result=true", &args).await.expect(200);

    assert_eq!(waited.json(), json!({ "slept": 300 }));
    assert_eq!(id_of(&waited), id_of(&first));
    assert_eq!(post(&me, "k", "actions/sleeper", &args).await.expect(202).json(), first.json());
    assert_eq!(runs_of(&me, "sleeper").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_several_simultaneous_requests_runs_and_all_get_its_record() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    me.create_action("sleeper", &guest("sleeper")).await;
    let args = json!({ "ms": 200 });

    let answers = post_together(&me, 12, "actions/sleeper?blocking=true", &args).await;

    assert_eq!(answers.iter().filter(|answer| !is_replayed(answer)).count(), 1);
    for answer in &answers {
        assert_eq!((answer.status.as_u16(), answer.json()), (200, answers[0].json()));
    }
    assert_eq!(runs_of(&me, "sleeper").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_whose_wait_runs_out_gets_the_id_and_a_retry_gets_the_record() {
    let wask = TestServer::builder().configure(|config| config.limits.blocking_wait_ms = 100).start().await;
    let me = wask.guest();
    me.create_action("sleeper", &guest("sleeper")).await;
    let args = json!({ "ms": 700 });
    let retry = || post(&me, "k", "actions/sleeper?blocking=true", &args);

    let first = retry().await.expect(202);
    let soon = retry().await.expect(202);
    assert_eq!(soon.json(), first.json());
    me.ended(&id_of(&first)).await;

    let late = retry().await.expect(200);
    assert_eq!(late.json()["response"]["result"], json!({ "slept": 700 }));
    assert_eq!(id_of(&late), id_of(&first));
    assert_eq!(runs_of(&me, "sleeper").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_disconnects_finds_its_activation_with_a_retry() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    me.create_action("sleeper", &guest("sleeper")).await;
    let args = json!({ "ms": 600 });
    let impatient = tokio::spawn({
        let (me, args) = (me.clone(), args.clone());
        async move { post(&me, "k", "actions/sleeper?blocking=true", &args).await }
    });
    known(&me, "k").await;
    impatient.abort();

    let again = post(&me, "k", "actions/sleeper?blocking=true", &args).await.expect(200);

    assert!(is_replayed(&again));
    assert_eq!(runs_of(&me, "sleeper").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_belongs_to_one_request_in_one_namespace() {
    let wask = TestServer::start().await;
    let (me, other) = (wask.guest(), wask.other("other").await);
    for client in [&me, &other] {
        client.create_action("echo", &guest("echo")).await;
    }
    me.create_action("echo2", &guest("echo")).await;
    me.create_trigger("t").await;
    me.create_rule("r", "t", "echo2").await;
    let first = post(&me, "order 7", "actions/echo", &json!({ "n": 1 })).await.expect(202);

    let sentence = "The idempotency key 'order 7' was used for another request in the last 24 hours. A retry must repeat the \
                    method, the target and the body; another request needs another key.";
    for (path, body) in [
        ("actions/echo", json!({ "n": 2 })),
        ("actions/echo", json!({})),
        ("actions/echo2", json!({ "n": 1 })),
        ("actions/echo2?blocking=true", json!({ "n": 1 })),
        ("triggers/t", json!({ "n": 1 })),
    ] {
        let refused = post(&me, "order 7", path, &body).await.expect(422);
        assert_eq!(refused.error(), sentence, "{path}");
        assert_eq!(refused.header("x-openwhisk-activation-id"), None);
    }
    let spelled =
        me.request(Method::POST, "/api/v1/namespaces/guest/actions/echo").header("content-type", "application/json");
    let spelled = me.send(spelled.header("Idempotency-Key", "\"order 7\"").body("{ \"n\" : 1 }")).await.expect(202);
    assert_eq!(id_of(&spelled), id_of(&first), "the same request in other letters, the key quoted as the draft has it");

    let elsewhere = post(&other, "order 7", "actions/echo", &json!({ "n": 2 })).await.expect(202);
    assert!(!is_replayed(&elsewhere));
    assert!(!is_replayed(&post(&me, "ORDER 7", "actions/echo", &json!({ "n": 1 })).await.expect(202)));
    me.ended(&id_of(&first)).await;
    assert_eq!(runs_of(&me, "echo2").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_firing_is_one_event() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    me.create_action("echo", &guest("echo")).await;
    me.create_trigger("t").await;
    let event = json!({ "n": 1 });
    post(&me, "k", "triggers/t", &event).await.expect(204);
    me.create_rule("one", "t", "echo").await;
    me.create_rule("two", "t", "echo").await;

    let answers = post_together(&me, 6, "triggers/t", &event).await;

    assert_eq!(answers.iter().filter(|answer| !is_replayed(answer)).count(), 1, "a 204 is no beginning");
    assert!(answers.iter().all(|answer| answer.status == 202 && answer.json() == answers[0].json()));
    me.activations_of_at_least("echo", 2).await;
    assert!(is_replayed(&post(&me, "k", "triggers/t", &event).await.expect(202)));
    post(&me, "k", "triggers/t", &json!({ "n": 2 })).await.expect(422);
    assert_eq!(runs_of(&me, "t").await, 1);
    let of_event = me.get(&format!("activations?cause={}&count=true", id_of(&answers[0]))).await.expect(200);
    assert_eq!(of_event.json(), json!({ "activations": 2 }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_sequence_request_runs_no_component_again() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    me.create_action("echo", &guest("echo")).await;
    let sequence = json!({ "exec": { "kind": "sequence", "components": ["/_/echo", "/_/echo"] } });
    me.put("actions/pair", &sequence).await.expect(200);
    let args = json!({ "n": 1 });

    let answers = post_together(&me, 4, "actions/pair?blocking=true", &args).await;

    assert!(answers.iter().all(|answer| answer.status == 200 && answer.json() == answers[0].json()));
    assert_eq!(answers[0].json()["response"]["result"], args);
    let id = id_of(&answers[0]);
    let sequences = me.get("activations?kind=sequence").await.expect(200).json();
    assert_eq!(sequences.as_array().unwrap().iter().map(|s| &s["activationId"]).collect::<Vec<_>>(), [&json!(id)]);
    let parts = me.get(&format!("activations?cause={id}&count=true")).await.expect(200);
    assert_eq!(parts.json(), json!({ "activations": 2 }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_fails_before_it_starts_work_leaves_its_key_unused() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    let args = json!({ "n": 1 });
    post(&me, "k", "actions/echo", &args).await.expect(404);
    let final_n =
        json!({ "parameters": [{ "key": "n", "value": 0 }], "annotations": [{ "key": "final", "value": true }] });
    me.create_action_with("fixed", &guest("echo"), final_n).await;
    post(&me, "k", "actions/fixed", &args).await.expect(400);
    me.create_action("echo", &guest("echo")).await;

    let first = post(&me, "k", "actions/echo", &args).await.expect(202);

    assert!(!is_replayed(&first));
    eventually("the run has ended", || async { (runs_of(&me, "echo").await == 1).then_some(()) }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_malformed_key_is_refused() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    me.create_web_action("hello", &guest("echo")).await;
    me.create_trigger("t").await;
    let length = |n: usize| format!("The header 'Idempotency-Key' must have 1 to 255 characters; it has {n}.");
    let long = "k".repeat(256);
    for path in [
        "/api/v1/namespaces/_/actions/hello",
        "/api/v1/namespaces/_/triggers/t",
        "/api/v1/web/guest/default/hello.json",
    ] {
        for (key, sentence) in [
            ("", length(0)),
            ("\"\"", length(0)),
            (&*long, length(256)),
            ("schl\u{fc}ssel", "The header 'Idempotency-Key' must consist of printable ASCII characters.".to_owned()),
        ] {
            let request = me.request(Method::POST, path).header("Idempotency-Key", key.as_bytes());
            assert_eq!(me.send(request.json(&json!({}))).await.expect(400).error(), sentence, "{path}");
        }
        let twice = me.request(Method::POST, path).header("Idempotency-Key", "a").header("Idempotency-Key", "b");
        let refused = me.send(twice.json(&json!({}))).await.expect(400);
        assert_eq!(refused.error(), "The header 'Idempotency-Key' must not be sent more than once.");
    }
    assert_eq!(me.get("activations?count=true").await.json(), json!({ "activations": 0 }));
}
