//! ETags, and changes that depend on them: `If-Match`, `If-None-Match`.

use reqwest::Method;
use serde_json::{Value, json};
use wask_tests::{Answer, Client, TestServer, guest};

/// One entity of each collection, with a body that creates or changes it.
fn entities() -> [(&'static str, Value); 5] {
    [
        ("triggers/t", json!({})),
        ("actions/a", json!({ "exec": { "kind": "wasm:1", "code": guest("echo") } })),
        ("rules/r", json!({ "trigger": "/_/t", "action": "/_/a" })),
        ("packages/p", json!({})),
        ("actions/p/a", json!({ "exec": { "kind": "wasm:1", "code": "" } })),
    ]
}

/// A request with a condition: a header and its value.
async fn demanding(me: &Client, method: Method, path: &str, demand: (&str, &str), body: &Value) -> Answer {
    let request = me.request(method, &format!("/api/v1/namespaces/_/{path}"));
    me.send(request.header(demand.0, demand.1).json(body)).await
}

#[track_caller]
fn etag(answer: &Answer) -> String {
    answer.header("etag").expect("an ETag").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entitys_etag_changes_with_every_change_and_only_then() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    for (path, body) in entities() {
        let made = etag(&me.put(path, &body).await.expect(200));
        assert!(made.starts_with('"') && made.ends_with('"'), "{made}: a strong one, in quotes");
        assert_eq!(etag(&me.get(path).await.expect(200)), made, "{path}");
        assert_eq!(etag(&me.get(path).await.expect(200)), made, "{path}");
    }
    for (path, body) in entities() {
        let before = etag(&me.get(path).await);
        let changed = etag(&me.put(&format!("{path}?overwrite=true"), &body).await.expect(200));
        assert_ne!(changed, before, "{path}");
        assert_eq!(etag(&me.get(path).await), changed, "{path}");
    }
    let before = etag(&me.get("actions/a").await);
    me.delete("actions/a").await.expect(200);
    let again = etag(&me.put("actions/a", &entities()[1].1).await.expect(200));
    assert_ne!(again, before, "what is made again is another one");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_of_two_conflicting_writers_gets_412() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    for (path, body) in entities() {
        let read = etag(&me.put(path, &body).await.expect(200));
        let update = format!("{path}?overwrite=true");

        let first = demanding(&me, Method::PUT, &update, ("if-match", &read), &body).await.expect(200);
        let now = etag(&first);
        for method in [Method::PUT, Method::DELETE] {
            let second = demanding(&me, method, &update, ("if-match", &read), &body).await.expect(412);
            let sentence =
                format!("The resource has changed. Its ETag is now {now}, which is not in the request's If-Match.");
            assert_eq!(second.error(), sentence, "{path}");
            assert_eq!(second.json()["code"], second.header("x-request-id").unwrap());
        }
        assert_eq!(etag(&me.get(path).await), now, "{path} is as the first left it");
    }
    for (path, body) in entities().into_iter().rev() {
        let now = etag(&me.get(path).await);
        let weak = demanding(&me, Method::DELETE, path, ("if-match", &format!("W/{now}")), &body).await;
        weak.expect(412);
        let either = format!("\"other\", {now}");
        demanding(&me, Method::DELETE, path, ("if-match", &either), &body).await.expect(200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_can_require_that_the_entity_exists_or_does_not() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    for (path, body) in entities() {
        let update = format!("{path}?overwrite=true");
        for any in ["*", "\"1\""] {
            let refused = demanding(&me, Method::PUT, &update, ("if-match", any), &body).await.expect(412);
            let sentence = "The resource does not exist, but the request's If-Match requires that it does.";
            assert_eq!(refused.error(), sentence, "{path}");
        }
        me.get(path).await.expect(404);
        demanding(&me, Method::PUT, &update, ("if-none-match", "*"), &body).await.expect(200);
        let refused = demanding(&me, Method::PUT, &update, ("if-none-match", "*"), &body).await.expect(412);
        let sentence = "The resource exists, but the request's If-None-Match requires that it does not.";
        assert_eq!(refused.error(), sentence, "{path}");
        assert_eq!(me.get(path).await.json()["version"], "0.0.1", "{path}");
        demanding(&me, Method::PUT, &update, ("if-match", "*"), &body).await.expect(200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_malformed_condition_is_refused_and_changes_nothing() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    me.create_trigger("t").await;
    for (header, value, sentence) in [
        ("if-match", "17", "If-Match must be '*' or a list of quoted ETags, such as \"17\", \"18\"."),
        (
            "if-none-match",
            "\"1\"",
            "On a write, If-None-Match can only be '*', which creates a resource and never changes one.",
        ),
    ] {
        for method in [Method::PUT, Method::DELETE] {
            let refused = demanding(&me, method, "triggers/t?overwrite=true", (header, value), &json!({})).await;
            assert_eq!(refused.expect(400).error(), sentence);
        }
    }
    assert_eq!(me.get("triggers/t").await.json()["version"], "0.0.1");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_action_read_through_a_binding_has_the_providers_etag() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    for (path, body) in entities() {
        me.put(path, &body).await.expect(200);
    }
    let binding = json!({ "binding": { "namespace": "_", "name": "p" } });
    let made = etag(&me.put("packages/b", &binding).await.expect(200));

    assert_eq!(etag(&me.get("actions/b/a").await), etag(&me.get("actions/p/a").await));
    assert_eq!(etag(&me.get("actions/b/a?code=false").await), etag(&me.get("actions/p/a").await));
    assert_eq!(etag(&me.get("packages/b").await), made);
    me.put("packages/p?overwrite=true", &json!({})).await.expect(200);
    assert_eq!(etag(&me.get("packages/b").await), made);
}
