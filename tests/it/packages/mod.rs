//! Packages and bindings: rest.md §7 and the bullets of rest.md §11.7.

mod access;
mod authority;
mod bindings;
mod composed;
mod parameters;
mod system;

use reqwest::Method;
use serde_json::{Value, json};
use wask_tests::{Answer, Client, TestServer, annotation, guest};

/// A request to any namespace; `path` is below `/api/v1/namespaces/`. A null body is not sent.
async fn send(client: &Client, method: &str, path: &str, body: Value) -> Answer {
    let method: Method = method.parse().expect("a method");
    let request = client.request(method, &format!("/api/v1/namespaces/{path}"));
    client.send(if body.is_null() { request } else { request.json(&body) }).await
}

/// Creates or changes a package.
async fn put_package(client: &Client, name: &str, body: Value) -> Answer {
    client.put(&format!("packages/{name}?overwrite=true"), &body).await
}

/// Creates a shared package with an action that returns its arguments.
async fn shared_echo(client: &Client, package: &str) {
    put_package(client, package, json!({ "publish": true })).await.expect(200);
    client.create_action(&format!("{package}/echo"), &guest("echo")).await;
}

async fn bind(client: &Client, name: &str, namespace: &str, package: &str) -> Answer {
    put_package(client, name, json!({ "binding": { "namespace": namespace, "name": package } })).await
}

fn pairs(object: &Value) -> Vec<Value> {
    let members = object.as_object().expect("an object");
    members.iter().map(|(key, value)| json!({ "key": key, "value": value })).collect()
}

fn names(list: &Value) -> Vec<String> {
    let list = list.as_array().expect("a list").iter();
    list.map(|entity| entity["name"].as_str().expect("a name").to_owned()).collect()
}

fn keys(document: &Value) -> Vec<String> {
    let mut keys: Vec<String> = document.as_object().expect("an object").keys().cloned().collect();
    keys.sort();
    keys
}

/// `namespace name` of every element.
fn full_names(list: &Value) -> Vec<String> {
    let list = list.as_array().expect("a list").iter();
    let mut all: Vec<String> = list.map(|e| format!("{} {}", e["namespace"], e["name"]).replace('"', "")).collect();
    all.sort();
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn b126_an_empty_body_makes_a_package_and_an_update_keeps_other_fields() {
    let wask = TestServer::builder().clock_by_hand("2030-01-01T00:00:00Z").start().await;
    let me = wask.guest();

    let made = me.put("packages/p", &json!({})).await.expect(200).json();
    let expected = json!({
        "namespace": "guest", "name": "p", "version": "0.0.1", "publish": false, "parameters": [], "annotations": [],
        "binding": {}, "updated": wask.now().millis(),
    });
    assert_eq!(made, expected);
    assert_eq!(me.put("packages/p", &json!({})).await.expect(409).error(), "resource already exists");

    wask.advance(std::time::Duration::from_secs(1));
    let more =
        json!({ "parameters": pairs(&json!({ "a": 1 })), "annotations": pairs(&json!({ "d": "x" })), "publish": true });
    let changed = put_package(&me, "p", more.clone()).await.expect(200).json();
    assert_eq!((&changed["version"], &changed["updated"]), (&json!("0.0.2"), &json!(wask.now().millis())));
    let kept = put_package(&me, "p", json!({})).await.expect(200).json();
    for member in ["parameters", "annotations", "publish"] {
        assert_eq!(kept[member], more[member], "{member}");
    }
    let replaced = put_package(&me, "p", json!({ "parameters": pairs(&json!({ "b": 2 })), "version": "2" })).await;
    let replaced = replaced.expect(200).json();
    assert_eq!(
        (&replaced["version"], &replaced["parameters"]),
        (&json!("2.0.0"), &json!([{ "key": "b", "value": 2 }]))
    );

    assert_eq!(me.delete("packages/p").await.expect(200).json(), replaced, "the document that was removed");
    let gone = "The requested resource 'guest/p' does not exist.";
    assert_eq!(me.get("packages/p").await.expect(404).error(), gone);
    assert_eq!(me.delete("packages/p").await.expect(404).error(), "The requested resource does not exist.");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_package_is_refused_with_the_reason() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    let large = pairs(&json!({ "a": "x".repeat(1 << 20) }));
    let size = (1 << 20) + 3;
    for (body, status, sentence) in [
        (json!({ "binding": null }), 400, "'binding' must be an object with the strings 'namespace' and 'name'"),
        (json!({ "binding": "other/p" }), 400, "'binding' must be an object with the strings 'namespace' and 'name'"),
        (json!({ "binding": { "name": "p" } }), 400, "'binding' must be an object"),
        (json!({ "binding": { "namespace": "a/b", "name": "p" } }), 400, "The namespace contains illegal characters."),
        (json!({ "parameters": { "a": 1 } }), 400, "parameters malformed!"),
        (json!({ "parameters": large }), 413, &format!("parameters larger than allowed: {size} > 1048576 bytes.")),
        (json!({ "annotations": large }), 413, &format!("annotations larger than allowed: {size} > 1048576 bytes.")),
    ] {
        let refused = put_package(&me, "p", body).await.expect(status);
        assert!(refused.error().contains(sentence), "{}", refused.error());
    }
    let reserved = put_package(&me, "default", json!({})).await.expect(400);
    assert_eq!(reserved.error(), "Package name 'default' is reserved.");
    me.get("packages/default").await.expect(404);
    assert_eq!(me.get("packages").await.json(), json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn b127_a_package_lists_its_actions_and_feeds_separately() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    put_package(&me, "p", json!({})).await.expect(200);
    me.create_action("p/plain", &guest("echo")).await;
    let feed = json!({ "annotations": [{ "key": "feed", "value": true }] });
    me.create_action_with("p/events", &guest("echo"), feed).await;
    me.create_action("bare", &guest("echo")).await;

    let shown = me.get("packages/p").await.expect(200).json();

    assert_eq!(
        (names(&shown["actions"]), names(&shown["feeds"])),
        (vec!["plain".to_owned()], vec!["events".to_owned()])
    );
    for list in ["actions", "feeds"] {
        assert_eq!(keys(&shown[list][0]), ["annotations", "name", "version"], "{list}");
    }
    assert_eq!(annotation(&shown["feeds"][0], "feed"), Some(json!(true)));
    let changed = put_package(&me, "p", json!({})).await.json();
    assert_eq!((&changed["actions"], &changed["feeds"]), (&json!(null), &json!(null)), "only GET shows them");
}

#[tokio::test(flavor = "multi_thread")]
async fn b132_deleting_a_package_with_actions_needs_force() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    put_package(&me, "p", json!({})).await.expect(200);
    for (number, count) in ["1 entity", "2 entities"].into_iter().enumerate() {
        me.create_action(&format!("p/a{number}"), &guest("echo")).await;
        for query in ["", "?force=false"] {
            let refused = me.delete(&format!("packages/p{query}")).await.expect(409);
            let sentence = "Set force param or delete package contents.";
            assert_eq!(refused.error(), format!("Package not empty (contains {count}). {sentence}"));
        }
    }
    me.delete("packages/p?force=perhaps").await.expect(400);

    let removed = me.delete("packages/p?force=true").await.expect(200).json();

    assert_eq!((&removed["name"], &removed["actions"]), (&json!("p"), &json!(null)));
    assert_eq!(me.get("actions").await.json(), json!([]));
    put_package(&me, "p", json!({})).await.expect(200);
    me.get("actions/p/a0").await.expect(404);
    assert_eq!(me.invoke("p/a0", &json!({})).await.expect(404).error(), "The requested resource does not exist.");
    me.delete("packages/p").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn b134_to_b136_b139_routes_of_packages_and_of_actions_do_not_mix() {
    let wask = TestServer::start().await;
    let (me, other) = (wask.guest(), wask.other("other").await);
    put_package(&me, "p", json!({})).await.expect(200);
    shared_echo(&other, "shared").await;
    put_package(&other, "private", json!({})).await.expect(200);
    me.create_action("a", &guest("echo")).await;
    let conflict = "Resource by this name exists but is not in this collection.";

    me.post("packages/p", &json!({})).await.expect(405); // 134
    me.put_code("missing/a", "", json!({})).await.expect(404); // 135
    for package in ["shared", "private", "missing"] {
        for method in ["PUT", "DELETE"] {
            let path = format!("other/actions/{package}/new");
            let refused =
                send(&me, method, &path, json!({ "exec": { "kind": "wasm:1", "code": "" } })).await.expect(403);
            let named = format!("The supplied authentication is not authorized to access 'other/{package}/new'.");
            assert_eq!(refused.error(), named, "{method}");
        }
    }
    for method in ["GET", "PUT", "POST", "DELETE"] {
        let body = if method == "PUT" { json!({ "exec": { "kind": "wasm:1", "code": "" } }) } else { json!(null) };
        let bare = send(&me, method, "_/actions/p", body.clone()).await.expect(409); // 136
        let inside = send(&me, method, "_/actions/a/x", body).await.expect(409);
        assert_eq!((bare.error(), inside.error()), (conflict.to_owned(), conflict.to_owned()), "{method}");
    }
    assert_eq!(me.get("actions/a/").await.expect(409).error(), conflict);
    for method in ["GET", "POST", "DELETE"] {
        let missing = send(&me, method, "_/actions/p/none", json!(null)).await.expect(404); // 139
        assert_eq!(missing.error(), "The requested resource does not exist.", "{method}");
    }
    me.get("actions/missing/").await.expect(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn b34_actions_include_packaged_ones_and_a_package_lists_only_its_own() {
    let wask = TestServer::start().await;
    let (me, other) = (wask.guest(), wask.other("other").await);
    shared_echo(&other, "pub").await;
    other.create_action("pub/second", &guest("echo")).await;
    bind(&me, "b", "other", "pub").await.expect(200);
    put_package(&me, "p", json!({})).await.expect(200);
    for name in ["bare", "p/one", "p/two"] {
        me.create_action(name, &guest("echo")).await;
    }

    let all = me.get("actions").await.expect(200).json();
    assert_eq!(full_names(&all), ["guest bare", "guest/p one", "guest/p two"]);
    assert_eq!(full_names(&me.get("actions/p/").await.expect(200).json()), ["guest/p one", "guest/p two"]);
    let bound = me.get("actions/b/").await.expect(200).json();
    assert_eq!(full_names(&bound), ["other/pub echo", "other/pub second"], "through a binding: the provider's");
    let foreign = send(&me, "GET", "other/actions/pub/", json!(null)).await.expect(200).json();
    assert_eq!(foreign, bound);
    let nested = send(&me, "GET", "guest%2Fp/actions", json!(null)).await.expect(200).json();
    assert_eq!(full_names(&nested), ["guest/p one", "guest/p two"], "as aio writes it");

    for (package, total) in [("p", 2), ("b", 2)] {
        let path = format!("actions/{package}/");
        assert_eq!(names(&me.get(&format!("{path}?limit=1")).await.json()).len(), 1);
        assert_eq!(names(&me.get(&format!("{path}?skip=1")).await.json()).len(), 1);
        assert_eq!(me.get(&format!("{path}?count=true")).await.json(), json!({ "actions": total }));
        assert_eq!(me.get(&format!("{path}?count=true&skip=1")).await.json(), json!({ "actions": total - 1 }));
        me.get(&format!("{path}?limit=201")).await.expect(400);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b37_to_b39_lists_mark_bindings_and_show_others_only_shared_packages() {
    let wask = TestServer::start().await;
    let (me, other) = (wask.guest(), wask.other("other").await);
    for (name, publish) in [("private", false), ("pub", true), ("second", true)] {
        put_package(&other, name, json!({ "publish": publish })).await.expect(200);
    }
    put_package(&other, "pointer", json!({ "publish": true, "binding": { "namespace": "_", "name": "pub" } }))
        .await
        .expect(200);

    let own = other.get("packages").await.expect(200).json();
    let foreign = send(&me, "GET", "other/packages", json!(null)).await.expect(200).json();

    assert_eq!(full_names(&own), ["other pointer", "other private", "other pub", "other second"]);
    for package in own.as_array().unwrap() {
        let expected =
            if package["name"] == "pointer" { json!({ "namespace": "other", "name": "pub" }) } else { json!(false) };
        assert_eq!(package["binding"], expected); // 37
        assert_eq!(keys(package), ["annotations", "binding", "name", "namespace", "publish", "updated", "version"]);
    }
    assert_eq!(full_names(&foreign), ["other pub", "other second"]); // 38
    let count = |client: &Client, query: &str| {
        let (client, path) = (client.clone(), format!("other/packages?count=true{query}"));
        async move { send(&client, "GET", &path, json!(null)).await.expect(200).json()["packages"].clone() }
    };
    assert_eq!((count(&other, "").await, count(&me, "").await), (json!(4), json!(2)));
    assert_eq!(count(&me, "&skip=1").await, json!(1));
    for query in ["?public=true", "?docs=true", "?public=false"] {
        let same = send(&me, "GET", &format!("other/packages{query}"), json!(null)).await.expect(200).json();
        assert_eq!(same, foreign, "{query}"); // 39
    }
    assert_eq!(send(&me, "GET", "nobody/packages", json!(null)).await.expect(200).json(), json!([]));
}
