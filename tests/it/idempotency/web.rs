//! Keys of web actions: a POST or PATCH is a retry only if everything that the action can see of it is the same.

use reqwest::{Method, RequestBuilder};
use serde_json::json;
use wask_tests::{TestServer, annotation, guest};

use super::{id_of, is_replayed, post, runs_of};

fn keyed(request: RequestBuilder) -> RequestBuilder {
    request.header("Idempotency-Key", "k")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_post_or_patch_runs_once_and_is_rendered_again() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    me.create_web_action("hello", &guest("echo")).await;
    let path = me.web_path("hello.json?q=1");
    let send = |method: Method| me.send(keyed(me.anonymous(method, &path)).json(&json!({ "n": 1 })));

    let (first, again) = (send(Method::POST).await.expect(200), send(Method::POST).await.expect(200));

    assert!(!is_replayed(&first) && is_replayed(&again));
    assert_eq!((first.text(), id_of(&first)), (again.text(), id_of(&again)));
    assert_eq!(first.json()["n"], 1);
    assert_eq!(first.json()["__ow_headers"]["idempotency-key"], "k", "the action may look at it too");
    send(Method::PATCH).await.expect(422);
    let other = me.web_path("hello.json?q=2");
    me.send(keyed(me.anonymous(Method::POST, &other)).json(&json!({ "n": 1 }))).await.expect(422);
    me.send(keyed(me.request(Method::POST, &path)).json(&json!({ "n": 1 }))).await.expect(422);
    assert_eq!(runs_of(&me, "hello").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_get_put_delete_or_options_runs_every_time() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    me.create_web_action("hello", &guest("echo")).await;
    let path = me.web_path("hello.json");
    for method in [Method::GET, Method::PUT, Method::DELETE, Method::OPTIONS] {
        for _ in 0..2 {
            let answer = me.send(keyed(me.anonymous(method.clone(), &path))).await.expect(200);
            assert_eq!(answer.header("idempotent-replayed"), None, "{method}");
        }
    }
    assert_eq!(runs_of(&me, "hello").await, 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_web_request_cannot_take_a_key_from_the_owner_of_the_namespace() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    me.create_web_action("hello", &guest("echo")).await;
    let squatter = keyed(me.anonymous(Method::POST, &me.web_path("hello.json")));
    me.send(squatter.json(&json!({ "n": 1 }))).await.expect(200);

    let own = post(&me, "k", "actions/hello?blocking=true", &json!({ "n": 2 })).await.expect(200);

    assert!(!is_replayed(&own));
    assert_eq!(own.json()["response"]["result"], json!({ "n": 2 }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keyed_request_through_a_binding_uses_the_parameters_of_the_binding() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    me.put("packages/tools", &json!({})).await.expect(200);
    me.create_web_action("tools/hello", &guest("echo")).await;
    let parameters = json!([{ "key": "from", "value": "binding" }]);
    let binding = json!({ "binding": { "namespace": "guest", "name": "tools" }, "parameters": parameters });
    me.put("packages/mine", &binding).await.expect(200);
    for (path, request) in [
        ("/api/v1/web/guest/mine/hello.json", "web"),
        ("/api/v1/namespaces/_/actions/mine/hello?blocking=true&result=true", "api"),
    ] {
        let answer = me.send(keyed(me.request(Method::POST, path)).json(&json!({}))).await.expect(200);
        assert_eq!(answer.json()["from"], "binding", "{request}");
        let record = me.ended(&id_of(&answer)).await;
        assert_eq!(annotation(&record, "binding"), Some(json!("guest/mine")), "{request}");
    }
}
