//! Bindings: which packages can be bound, where a binding leads, and what a change of the provider does to it.

use serde_json::{Value, json};
use wask_model::{Annotations, Binding, Entity, FullName, Package, Parameters, Version};
use wask_store::sqlite::{SqliteConfig, SqliteStore};
use wask_store::{Change, EntityStore as _};
use wask_tests::{Client, TestServer, annotation, guest};

use super::{bind, full_names, names, pairs, put_package, send, shared_echo};

async fn result(me: &Client, name: &str) -> Value {
    me.post(&format!("actions/{name}?blocking=true&result=true"), &json!({})).await.expect(200).json()
}

#[tokio::test(flavor = "multi_thread")]
async fn b128_a_binding_names_its_provider_and_lists_the_providers_actions() {
    let wask = TestServer::start().await;
    let (me, other) = (wask.guest(), wask.other("other").await);
    shared_echo(&other, "pub").await;
    let target = json!({ "namespace": "other", "name": "pub" });

    let forged = pairs(&json!({ "binding": "forged", "mine": 1 }));
    let made = put_package(&me, "b", json!({ "binding": target, "annotations": forged })).await.expect(200).json();
    assert_eq!(made["binding"], target);
    assert_eq!((annotation(&made, "binding"), annotation(&made, "mine")), (Some(target.clone()), Some(json!(1))));
    let shown = me.get("packages/b").await.expect(200).json();
    assert_eq!(
        (&shown["namespace"], &shown["name"], &shown["version"]),
        (&json!("guest"), &json!("b"), &json!("0.0.1"))
    );
    assert_eq!((names(&shown["actions"]), &shown["binding"]), (vec!["echo".to_owned()], &target));

    let again = put_package(&me, "b", json!({ "annotations": forged, "binding": {} })).await.expect(200).json();
    assert_eq!((&again["binding"], &again["version"]), (&target, &json!("0.0.2")), "an update with {{}} keeps it");
    assert_eq!(annotation(&again, "binding"), Some(target));
    let package = put_package(&me, "p", json!({ "annotations": forged })).await.expect(200).json();
    assert_eq!(
        (&package["binding"], annotation(&package, "binding")),
        (&json!({}), None),
        "on a package it is dropped"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn b129_to_b131_a_binding_needs_an_existing_package_that_its_owner_can_read() {
    let wask = TestServer::start().await;
    let (me, other) = (wask.guest(), wask.other("other").await);
    shared_echo(&other, "pub").await;
    put_package(&other, "private", json!({})).await.expect(200);
    put_package(&other, "pointer", json!({ "publish": true, "binding": { "namespace": "other", "name": "pub" } }))
        .await
        .expect(200);
    other.create_trigger("event").await;
    put_package(&me, "p", json!({})).await.expect(200);
    bind(&me, "b", "other", "pub").await.expect(200);
    me.create_action("action", &guest("echo")).await;
    me.create_trigger("trigger").await;
    me.create_action("p/inside", &guest("echo")).await;

    let not_authorized = |name: &str| format!("The supplied authentication is not authorized to access '{name}'.");
    let missing = "Binding references a package that does not exist.".to_owned();
    let of_binding = "Cannot bind to another package binding.".to_owned();
    let no_package = "Cannot bind to a resource that is not a package.".to_owned();
    for (name, namespace, target, status, sentence) in [
        ("new", "_", "none", 400, missing.clone()),                  // 129
        ("new", "other", "none", 403, not_authorized("other/none")), // like a private one
        ("new", "other", "private", 403, not_authorized("other/private")),
        ("new", "nobody", "p", 403, not_authorized("nobody/p")),
        ("new", "other", "event", 403, not_authorized("other/event")),
        ("new", "_", "b", 400, of_binding.clone()), // 130
        ("new", "other", "pointer", 403, not_authorized("other/pointer")),
        ("new", "_", "action", 409, no_package.clone()),
        ("new", "_", "trigger", 409, no_package),
        ("new", "_", "new", 400, missing),
        ("b", "_", "b", 400, of_binding), // to itself
        ("p", "other", "pub", 409, "Resource is a package and cannot be converted into a binding.".to_owned()), // 131
        ("p", "_", "p", 409, "Resource is a package and cannot be converted into a binding.".to_owned()),
        ("action", "other", "pub", 409, "Resource by this name exists but is not in this collection.".to_owned()),
    ] {
        let refused = bind(&me, name, namespace, target).await.expect(status);
        assert_eq!(refused.error(), sentence, "{name} → {namespace}/{target}");
    }
    me.get("packages/new").await.expect(404);
    assert_eq!(me.get("packages/p").await.json()["binding"], json!({}));
    let unchanged = me.put("packages/b", &json!({ "binding": { "namespace": "_", "name": "p" } })).await.expect(409);
    assert_eq!(unchanged.error(), "resource already exists");
}

#[tokio::test(flavor = "multi_thread")]
async fn b135_writes_through_a_binding_are_refused() {
    let wask = TestServer::start().await;
    let (me, other) = (wask.guest(), wask.other("other").await);
    shared_echo(&other, "pub").await;
    put_package(&me, "p", json!({})).await.expect(200);
    bind(&me, "theirs", "other", "pub").await.expect(200);
    bind(&me, "own", "_", "p").await.expect(200);

    for name in ["theirs/echo", "theirs/new", "own/new"] {
        for (method, body) in [("PUT", json!("not even an object")), ("DELETE", json!(null))] {
            let refused = send(&me, method, &format!("_/actions/{name}?overwrite=true"), body).await.expect(400);
            assert_eq!(refused.error(), "Operation not permitted on package binding.", "{method} {name}");
        }
    }
    other.get("actions/pub/echo").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn b138_an_activation_through_a_binding_names_both_and_is_the_invokers() {
    let wask = TestServer::start().await;
    let (me, other) = (wask.guest(), wask.other("other").await);
    put_package(&other, "pub", json!({ "publish": true })).await.expect(200);
    other.create_action("pub/env", &guest("env")).await;
    bind(&me, "b", "other", "pub").await.expect(200);

    let waited = me.invoke("b/env", &json!({})).await.expect(200).json();
    let queued = me.ended(&me.invoke_async("b/env", &json!({})).await).await;
    for record in [&waited, &queued] {
        assert_eq!((&record["namespace"], &record["name"]), (&json!("guest"), &json!("env")));
        assert_eq!(annotation(record, "path"), Some(json!("other/pub/env")));
        assert_eq!(annotation(record, "binding"), Some(json!("guest/b")));
        let seen = &record["response"]["result"];
        let told = (&seen["__OW_NAMESPACE"], &seen["__OW_ACTION_NAME"]);
        assert_eq!(told, (&json!("guest"), &json!("/other/pub/env")));
    }
    let direct = send(&me, "POST", "other/actions/pub/env?blocking=true", json!({})).await.expect(200).json();
    assert_eq!((annotation(&direct, "binding"), &direct["namespace"]), (None, &json!("guest")));
    assert_eq!(me.activations_of("b/env").await.len(), 2);
    assert_eq!(other.get("activations").await.json(), json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn reading_an_action_through_a_binding_shows_the_providers_document() {
    let wask = TestServer::start().await;
    let (me, other) = (wask.guest(), wask.other("other").await);
    shared_echo(&other, "pub").await;
    bind(&me, "b", "other", "pub").await.expect(200);

    let shown = me.get("actions/b/echo").await.expect(200).json();
    assert_eq!((&shown["namespace"], &shown["binding"]), (&json!("other/pub"), &json!(null)));
    assert_eq!(shown["exec"]["code"], guest("echo"));
    let without_code = me.get("actions/b/echo?code=false").await.expect(200).json();
    assert_eq!((&without_code["namespace"], &without_code["binding"]), (&json!("other/pub"), &json!("guest/b")));
    assert_eq!(without_code["exec"]["code"], json!(null));
    let direct = other.get("actions/pub/echo?code=false").await.expect(200).json();
    assert_eq!(direct["binding"], json!(null));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_binding_that_is_pointed_at_another_package_uses_it_at_once() {
    let wask = TestServer::start().await;
    let (me, other) = (wask.guest(), wask.other("other").await);
    for package in ["one", "two"] {
        shared_echo(&other, package).await;
        put_package(&other, package, json!({ "parameters": pairs(&json!({ "from": package })) })).await.expect(200);
    }
    bind(&me, "b", "other", "one").await.expect(200);
    assert_eq!(result(&me, "b/echo").await, json!({ "from": "one" }));

    let moved = bind(&me, "b", "other", "two").await.expect(200).json();
    assert_eq!(annotation(&moved, "binding"), Some(json!({ "namespace": "other", "name": "two" })));
    assert_eq!(result(&me, "b/echo").await, json!({ "from": "two" }));
    assert_eq!(full_names(&me.get("actions/b/").await.json()), ["other/two echo"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_a_package_is_visible_through_its_bindings_at_once() {
    let wask = TestServer::start().await;
    let (me, other) = (wask.guest(), wask.other("other").await);
    shared_echo(&other, "pub").await;
    bind(&me, "b", "other", "pub").await.expect(200);
    assert_eq!(result(&me, "b/echo").await, json!({}));

    put_package(&other, "pub", json!({ "parameters": pairs(&json!({ "p": 1 })) })).await.expect(200);
    assert_eq!(result(&me, "b/echo").await, json!({ "p": 1 }));
    put_package(&me, "b", json!({ "parameters": pairs(&json!({ "b": 2 })) })).await.expect(200);
    assert_eq!(result(&me, "b/echo").await, json!({ "p": 1, "b": 2 }));
    other.put("actions/pub/echo?overwrite=true", &json!({ "parameters": pairs(&json!({ "a": 3 })) })).await.expect(200);
    assert_eq!(result(&me, "b/echo").await, json!({ "p": 1, "b": 2, "a": 3 }));
    other.delete("actions/pub/echo").await.expect(200);
    me.invoke("b/echo", &json!({})).await.expect(404);
    other.create_action("pub/echo", &guest("echo")).await;
    assert_eq!(result(&me, "b/echo").await, json!({ "p": 1, "b": 2 }));
    put_package(&other, "pub", json!({ "publish": false })).await.expect(200);
    me.invoke("b/echo", &json!({})).await.expect(403);
    put_package(&other, "pub", json!({ "publish": true })).await.expect(200);
    other.delete("packages/pub?force=true").await.expect(200);
    me.invoke("b/echo", &json!({})).await.expect(403);
    me.delete("packages/b").await.expect(200);
    me.invoke("b/echo", &json!({})).await.expect(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn b133_a_binding_without_its_provider_fails_but_can_be_changed_and_deleted() {
    let wask = TestServer::start().await;
    let (me, other) = (wask.guest(), wask.other("other").await);
    for package in ["gone", "closed"] {
        shared_echo(&other, package).await;
        bind(&me, &format!("to-{package}"), "other", package).await.expect(200);
    }
    put_package(&me, "own", json!({})).await.expect(200);
    bind(&me, "to-own", "_", "own").await.expect(200);
    other.delete("packages/gone?force=true").await.expect(200);
    put_package(&other, "closed", json!({ "publish": false })).await.expect(200);
    me.delete("packages/own").await.expect(200);

    for binding in ["to-gone", "to-closed"] {
        let refused = format!("The supplied authentication is not authorized to access 'guest/{binding}'.");
        for path in [format!("packages/{binding}"), format!("actions/{binding}/echo"), format!("actions/{binding}/")] {
            assert_eq!(me.get(&path).await.expect(403).error(), refused, "{path}");
        }
        assert_eq!(me.invoke(&format!("{binding}/echo"), &json!({})).await.expect(403).error(), refused);
    }
    let missing = "The requested resource 'guest/own' does not exist.";
    assert_eq!(me.get("packages/to-own").await.expect(404).error(), missing);
    me.get("actions/to-own/echo").await.expect(404);
    for binding in ["to-gone", "to-closed", "to-own"] {
        put_package(&me, binding, json!({ "parameters": pairs(&json!({ "a": 1 })) })).await.expect(200);
        me.delete(&format!("packages/{binding}")).await.expect(200);
    }
    assert_eq!(me.get("packages").await.json(), json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_binding_to_a_package_that_became_a_binding_follows_it() {
    let wask = TestServer::start().await;
    let (me, other) = (wask.guest(), wask.other("other").await);
    shared_echo(&other, "pub").await;
    put_package(&me, "p", json!({})).await.expect(200);
    put_package(
        &me,
        "b",
        json!({ "binding": { "namespace": "_", "name": "p" }, "parameters": pairs(&json!({ "b": 1 })) }),
    )
    .await
    .expect(200);
    me.delete("packages/p").await.expect(200);
    bind(&me, "p", "other", "pub").await.expect(200);

    assert_eq!(result(&me, "b/echo").await, json!({ "b": 1 }));
    let record = me.invoke("b/echo", &json!({})).await.json();
    assert_eq!(annotation(&record, "path"), Some(json!("other/pub/echo")));
    assert_eq!(annotation(&record, "binding"), Some(json!("guest/b")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stored_binding_to_itself_is_422_and_can_be_deleted() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    let name = FullName::new("guest".parse().unwrap(), "loop".parse().unwrap());
    let entity = Entity::Package(Package {
        name: name.clone(),
        version: Version::FIRST,
        publish: false,
        parameters: Parameters::default(),
        annotations: Annotations::default(),
        binding: Some(Binding { package: name }),
        updated: wask.now(),
    });
    let store = SqliteStore::open(&wask.data_dir().join("wask.sqlite"), &SqliteConfig::default()).unwrap();
    store.apply(vec![Change::Put { entity, based_on: None, code: None }], vec![]).await.unwrap();

    let sentence = "Package binding 'guest/loop' contains a circular reference.";
    for path in ["packages/loop", "actions/loop/", "actions/loop/a"] {
        assert_eq!(me.get(path).await.expect(422).error(), sentence, "{path}");
    }
    assert_eq!(me.invoke("loop/a", &json!({})).await.expect(422).error(), sentence);
    me.delete("packages/loop").await.expect(200);
}
