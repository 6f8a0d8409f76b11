//! Creating, changing, reading and deleting actions.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use wask_tests::{Client, TestServer, annotation, guest, wat};

fn exec() -> Value {
    json!({ "kind": "wasm:1", "code": wat("result-then-exit-0") })
}

/// Creates or changes `a` and returns its document.
async fn put(me: &Client, body: Value) -> Value {
    me.put("actions/a?overwrite=true", &body).await.expect(200).json()
}

#[tokio::test(flavor = "multi_thread")]
async fn b40_b41_an_action_needs_only_code() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    for path in ["actions/a", "actions/a?overwrite=true"] {
        assert_eq!(me.put(path, &json!({})).await.expect(400).error(), "exec undefined");
    }

    let made = me.put("actions/a", &json!({ "exec": exec() })).await.expect(200).json();

    let expected = json!({
        "namespace": "guest", "name": "a", "version": "0.0.1", "publish": false,
        "exec": { "kind": "wasm:1", "code": wat("result-then-exit-0"), "binary": false },
        "parameters": [],
        "annotations": [{ "key": "provide-api-key", "value": false }, { "key": "exec", "value": "wasm:1" }],
        "limits": { "timeout": 60000, "memory": 256, "logs": 10, "concurrency": 1 },
        "updated": made["updated"],
    });
    assert_eq!(made, expected);
    assert_eq!(me.get("actions/a").await.expect(200).json(), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn b42_to_b44_only_overwrite_changes_an_existing_action() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    let parameters = json!([{ "key": "a", "value": 1 }, { "key": "b", "value": null }]);
    let made = put(&me, json!({ "exec": exec(), "parameters": parameters })).await;
    assert_eq!(made["version"], "0.0.1", "overwrite=true creates what is not there");

    for path in ["actions/a", "actions/a?overwrite=false"] {
        let refused = me.put(path, &json!({ "exec": exec(), "parameters": [] })).await.expect(409);
        assert_eq!(refused.error(), "resource already exists");
    }
    assert_eq!(me.get("actions/a").await.json(), made);

    let other = json!([{ "key": "c", "value": { "d": [1, 2.5, "☃"] } }]);
    let changed = put(&me, json!({ "parameters": other })).await;
    assert_eq!((&changed["version"], &changed["parameters"]), (&json!("0.0.2"), &other));
    assert_eq!(changed["exec"], made["exec"]);
    let untouched = put(&me, json!({})).await;
    assert_eq!((&untouched["version"], &untouched["parameters"]), (&json!("0.0.3"), &other));
    assert_eq!(put(&me, json!({ "version": "1.2" })).await["version"], "1.2.0");
    for version in [json!("0.0.0"), json!(""), json!("-1"), json!("x"), json!(1)] {
        let refused = me.put("actions/a?overwrite=true", &json!({ "version": version })).await.expect(400);
        assert_eq!(refused.error(), "The request content was malformed:\nsemantic version malformed", "{version}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b45_b46_annotations_are_merged_and_clients_cannot_set_the_servers() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    let bogus = json!({ "key": "exec", "value": "bogus" });
    let made = put(&me, json!({ "exec": exec(), "annotations": [{ "key": "a", "value": 1 }, bogus] })).await;
    assert_eq!(annotation(&made, "exec"), Some(json!("wasm:1")));
    let large = 9_007_199_254_740_991_u64;

    let changed = put(&me, json!({ "annotations": [{ "key": "b", "value": large }, bogus] })).await;

    for (key, value) in
        [("a", json!(1)), ("b", json!(large)), ("exec", json!("wasm:1")), ("provide-api-key", json!(false))]
    {
        assert_eq!(annotation(&changed, key), Some(value), "{key}");
    }
    let gone = json!({ "annotations": [{ "key": "b", "value": 3 }], "delAnnotations": ["a", "b", "none"] });
    let changed = put(&me, gone).await;
    assert_eq!((annotation(&changed, "a"), annotation(&changed, "b")), (None, Some(json!(3))));
}

#[tokio::test(flavor = "multi_thread")]
async fn b51_parameters_and_annotations_are_limited_to_one_mebibyte() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    // the size of keys and values is that of compact JSON, including quotes
    let of_size = |size: usize| json!([{ "key": "k", "value": "x".repeat(size - 6) }, { "key": "no", "value": 1 }]);
    for property in ["parameters", "annotations"] {
        for create in [true, false] {
            if !create {
                put(&me, json!({ "exec": exec(), property: of_size(1_048_576) })).await;
                put(&me, json!({ property: of_size(1_048_576) })).await;
            }
            let body = json!({ "exec": exec(), property: of_size(1_048_577) });
            let refused = me.put("actions/a?overwrite=true", &body).await.expect(413);
            assert_eq!(refused.error(), format!("{property} larger than allowed: 1048577 > 1048576 bytes."));
        }
        me.delete("actions/a").await.expect(200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b52_parameters_and_annotations_in_another_shape_are_malformed() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    for property in ["parameters", "annotations"] {
        for value in
            [json!({ "a": 1 }), json!("a"), json!([1]), json!([{ "key": "a" }]), json!([{ "key": 1, "value": 1 }])]
        {
            let refused = me.put("actions/a", &json!({ "exec": exec(), property: value })).await.expect(400);
            assert_eq!(refused.error(), "The request content was malformed:\nparameters malformed!", "{value}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b53_b56_limits_include_their_bounds_and_a_refusal_names_the_range() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    let create = |limits: Value| {
        let me = me.clone();
        async move { me.put("actions/a?overwrite=true", &json!({ "exec": exec(), "limits": limits })).await }
    };
    for (limit, value, sentence) in [
        ("timeout", 99, "duration 99 milliseconds below allowed threshold of 100 milliseconds"),
        ("timeout", 10_800_001, "duration 10800001 milliseconds exceeds allowed threshold of 10800000 milliseconds"),
        ("memory", 127, "memory size 127 MB below allowed threshold of 128 MB"),
        ("memory", 4097, "memory size 4097 MB exceeds allowed threshold of 4096 MB"),
        ("logs", 11, "log size 11 MB exceeds allowed threshold of 10 MB"),
        ("concurrency", 0, "concurrency 0 below allowed threshold of 1"),
        ("concurrency", 501, "concurrency 501 exceeds allowed threshold of 500"),
    ] {
        assert_eq!(create(json!({ limit: value })).await.expect(400).error(), sentence);
    }
    for (limits, detail) in [
        (json!({ "timeout": 1.5 }), "requirement failed: time limit must be whole number"),
        (json!({ "timeout": "1" }), "time limit malformed"),
        (json!({ "memory": -1 }), "requirement failed: a negative size of an object is not allowed."),
    ] {
        let malformed = format!("The request content was malformed:\n{detail}");
        assert_eq!(create(limits).await.expect(400).error(), malformed);
    }
    me.get("actions/a").await.expect(404);

    for (limit, value) in [
        ("timeout", 100),
        ("timeout", 10_800_000),
        ("memory", 128),
        ("memory", 4096),
        ("logs", 0),
        ("logs", 10),
        ("concurrency", 1),
        ("concurrency", 500),
    ] {
        assert_eq!(create(json!({ limit: value })).await.expect(200).json()["limits"][limit], value);
    }
    me.delete("actions/a").await.expect(200);
    let partial = create(json!({ "timeout": 200, "memory": null, "unknown": 1 })).await.expect(200).json();
    assert_eq!(partial["limits"], json!({ "timeout": 200, "memory": 256, "logs": 10, "concurrency": 1 }));
    let merged = create(json!({ "memory": 512 })).await.expect(200).json();
    assert_eq!(merged["limits"], json!({ "timeout": 200, "memory": 512, "logs": 10, "concurrency": 1 }));
}

#[tokio::test(flavor = "multi_thread")]
async fn b53_with_the_references_limits_the_sentences_are_the_references() {
    let reference = |config: &mut wask::config::Config| {
        config.limits.action_timeout_max_ms = 300_000;
        config.limits.action_memory_max_mb = 512;
        config.limits.action_concurrency_max = 1;
    };
    let wask = TestServer::builder().configure(reference).start().await;
    let me = wask.guest();
    for (limit, above, sentence) in [
        ("timeout", 300_001, "duration 300001 milliseconds exceeds allowed threshold of 300000 milliseconds"),
        ("memory", 513, "memory size 513 MB exceeds allowed threshold of 512 MB"),
        ("concurrency", 2, "concurrency 2 exceeds allowed threshold of 1"),
    ] {
        let with = |value: i32| json!({ "exec": exec(), "limits": { limit: value } });
        let refused = me.put("actions/a?overwrite=true", &with(above)).await.expect(400);
        assert_eq!(refused.error(), sentence);
        assert_eq!(put(&me, with(above - 1)).await["limits"][limit], above - 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b55_an_action_cannot_ask_for_more_instances_than_its_namespace_has() {
    let wask = TestServer::builder().configure(|config| config.limits.concurrent_invocations = 30).start().await;
    let me = wask.guest();

    let refused = me.put("actions/a", &json!({ "exec": exec(), "limits": { "instances": 31 } })).await.expect(400);
    let sentence = "Max action instance concurrency must not exceed your namespace concurrency of 30.";
    assert_eq!(refused.error(), sentence);

    let made = put(&me, json!({ "exec": exec(), "limits": { "instances": 30 } })).await;
    assert_eq!(made["limits"]["instances"], 30);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invocation_checks_the_actions_limits_against_the_current_range() {
    let wask = TestServer::start().await;
    wask.guest().create_action_with("a", &guest("echo"), json!({ "limits": { "memory": 512 } })).await;

    let wask = wask.restart_with(|config| config.limits.action_memory_max_mb = 256).await;

    let record = wask.guest().invoke("a", &json!({})).await.expect(502).json();
    assert_eq!(record["response"]["status"], "application error");
    let sentence = "memory size 512 MB exceeds allowed threshold of 256 MB";
    assert_eq!(record["response"]["result"], json!({ "error": sentence }));
}

#[tokio::test(flavor = "multi_thread")]
async fn b59_deleting_an_action_returns_its_document() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    let made = put(&me, json!({ "exec": exec() })).await;

    assert_eq!(me.delete("actions/a").await.expect(200).json(), made);

    for method in [Method::GET, Method::DELETE, Method::POST] {
        let request = me.request(method, "/api/v1/namespaces/_/actions/a").json(&json!({}));
        assert_eq!(me.send(request).await.expect(404).error(), "The requested resource does not exist.");
    }
    assert_eq!(put(&me, json!({ "exec": exec() })).await["version"], "0.0.1", "and its version starts again");
}

#[tokio::test(flavor = "multi_thread")]
async fn b16_names_are_case_sensitive() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    me.create_action("twice", &guest("array")).await;
    me.create_action("TWICE", &guest("echo")).await;

    assert_eq!(me.invoke("TWICE", &json!({ "a": 1 })).await.json()["response"]["result"], json!({ "a": 1 }));
    me.delete("actions/TWICE").await.expect(200);
    me.get("actions/twice").await.expect(200);
    me.get("actions/Twice").await.expect(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn b17_a_name_belongs_to_one_collection() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    me.create_action("an-action", &guest("echo")).await;
    me.create_trigger("a-trigger").await;
    me.create_rule("a-rule", "a-trigger", "an-action").await;
    me.put("packages/a-package", &json!({})).await.expect(200);
    let bodies = |collection: &str| match collection {
        "actions" => json!({ "exec": exec() }),
        "rules" => json!({ "trigger": "/_/a-trigger", "action": "/_/an-action" }),
        _ => json!({}),
    };
    let conflict = "Resource by this name exists but is not in this collection.";
    for (name, own) in
        [("an-action", "actions"), ("a-trigger", "triggers"), ("a-rule", "rules"), ("a-package", "packages")]
    {
        for collection in ["actions", "triggers", "rules", "packages"].into_iter().filter(|c| *c != own) {
            let path = format!("{collection}/{name}");
            assert_eq!(me.get(&path).await.expect(409).error(), conflict, "GET {path}");
            assert_eq!(me.delete(&path).await.expect(409).error(), conflict, "DELETE {path}");
            for query in ["", "?overwrite=true"] {
                let refused = me.put(&format!("{path}{query}"), &bodies(collection)).await.expect(409);
                assert_eq!(refused.error(), conflict, "PUT {path}{query}");
            }
        }
        me.get(&format!("{own}/{name}")).await.expect(200);
    }
    assert_eq!(me.invoke("a-trigger", &json!({})).await.expect(409).error(), conflict);
    assert_eq!(me.post("triggers/an-action", &json!({})).await.expect(409).error(), conflict);
}

#[tokio::test(flavor = "multi_thread")]
async fn b21_b22_the_server_sets_name_and_time() {
    let wask = TestServer::builder().clock_by_hand("2030-01-01T00:00:00Z").start().await;
    let me = wask.guest();
    let body = json!({ "exec": exec(), "name": "zzz", "namespace": "zzz", "updated": 1, "rules": {}, "error": "", "feed": "" });

    let made = put(&me, body).await;
    assert_eq!((&made["namespace"], &made["name"]), (&json!("guest"), &json!("a")));
    assert_eq!(made["updated"], wask.now().millis());

    wask.advance(Duration::from_secs(1));
    let changed = put(&me, json!({ "updated": 1 })).await;
    assert_eq!(changed["updated"], wask.now().millis());
    assert_eq!(me.get("actions/a").await.json()["updated"], changed["updated"]);
    assert_eq!(me.get("actions").await.json()[0]["updated"], changed["updated"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_on_an_action_needs_its_package_to_exist() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    for method in [Method::GET, Method::PUT, Method::POST, Method::DELETE] {
        let request = me.request(method, "/api/v1/namespaces/_/actions/none/a").body("not even JSON");
        assert_eq!(me.send(request).await.expect(404).error(), "The requested resource does not exist.");
    }
    me.get("actions/none/").await.expect(404);
    assert_eq!(
        me.get("packages/none").await.expect(404).error(),
        "The requested resource 'guest/none' does not exist."
    );
}
