//! Who may call a web action, and whose limits count.

use reqwest::Method;
use serde_json::json;
use wask_tests::{TestServer, guest};

use super::{post, web, web_echo};

const METHODS: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
const NO_SUCH: &str = "The requested resource does not exist.";

#[tokio::test(flavor = "multi_thread")]
async fn b140_to_b142_a_404_does_not_reveal_why_there_is_no_web_action() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    web_echo(&me, "hello", json!({})).await;
    me.create_action("private", &guest("echo")).await;
    for (name, export) in [("text", json!("true")), ("no", json!(false)), ("one", json!(1))] {
        let annotations = json!([{ "key": "web-export", "value": export }]);
        me.create_action_with(name, &guest("echo"), json!({ "annotations": annotations })).await;
    }
    me.create_trigger("event").await;

    for path in [
        "", // 140
        "/",
        "/guest",
        "/guest/default",
        "/guest/default/",
        "/nobody/default/hello", // 141: no such namespace
        "/_/default/hello",
        "/guest/pack/hello",        // no such package
        "/guest/default/absent",    // no such action
        "/guest/default/private",   // not exported
        "/guest/default/text.json", // exported, but not with `true`
        "/guest/default/no.json",
        "/guest/default/one.json",
        "/guest/default/event",     // another kind of entity
        "/guest/default/hello.xyz", // 142
        "/guest/default/hello.xyz/",
        "/guest/default/hello.xyzz/content",
        "/guest/default/hello.JSON",
        "/guest/default/hello%00",
        "/guest/default/a%2Fhello",
    ] {
        for method in METHODS {
            let method: Method = method.parse().unwrap();
            let url = format!("/api/v1/web{path}");
            let stranger = me.send(me.anonymous(method.clone(), &url)).await;
            let owner = me.send(me.request(method.clone(), &url)).await;
            for answer in [stranger, owner] {
                assert_eq!(answer.status, 404, "{method} {url}");
                assert_eq!(answer.header("content-type"), Some("application/json"), "{method} {url}");
                if 3 < path.split('/').count() {
                    assert_eq!(answer.header("access-control-allow-origin"), None, "{method} {url}");
                    assert!(method == Method::HEAD || answer.error() == NO_SUCH, "{method} {url}: {}", answer.text());
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b143_to_b145_a_web_action_can_require_a_key_or_a_secret() {
    let wask = TestServer::start().await;
    let (me, stranger) = (wask.guest(), wask.other("stranger").await);
    for (name, annotation) in [
        ("open", json!(false)),
        ("keyed", json!(true)),
        ("secret", json!("s3cret")),
        ("number", json!(9_007_199_254_740_991_u64)),
        ("null", json!(null)),
        ("list", json!(["s3cret"])),
        ("object", json!({ "s3cret": true })),
    ] {
        web_echo(&me, name, json!({ "require-whisk-auth": annotation })).await;
    }
    web_echo(&me, "plain", json!({})).await;

    enum Key {
        None,
        Strangers,
        Wrong,
    }
    use Key::{None as NoKey, Strangers, Wrong};
    for (action, key, secret, status) in [
        ("plain", NoKey, None, 200),
        ("plain", Strangers, None, 200),
        ("plain", Wrong, None, 200), // counts as none
        ("open", NoKey, None, 200),
        ("keyed", NoKey, None, 401),
        ("keyed", Wrong, None, 401),
        ("keyed", Strangers, None, 200), // of any identity
        ("keyed", NoKey, Some("true"), 401),
        ("secret", NoKey, None, 401),
        ("secret", Strangers, None, 401),
        ("secret", NoKey, Some("S3cret"), 401),
        ("secret", NoKey, Some("s3cret "), 200), // HTTP trims the space
        ("secret", NoKey, Some("s3cret"), 200),
        ("number", NoKey, Some("9007199254740991"), 200),
        ("number", NoKey, Some("9007199254740992"), 401),
        ("null", Strangers, Some("null"), 401),
        ("list", Strangers, Some("s3cret"), 401),
        ("object", Strangers, Some("s3cret"), 401),
    ] {
        let path = me.web_path(&format!("{action}.json"));
        let with_key = matches!(key, Strangers);
        let mut request = match key {
            NoKey => me.anonymous(Method::GET, &path),
            Strangers => stranger.request(Method::GET, &path),
            Wrong => me.anonymous(Method::GET, &path).basic_auth("nobody", Some("nothing")),
        };
        if let Some(secret) = secret {
            request = request.header("x-require-whisk-auth", secret);
        }
        let answer = me.send(request).await;
        assert_eq!(answer.status, status, "{action} {secret:?} {}", answer.text());
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"), "{action}");
        if status == 401 {
            assert_eq!(answer.header("www-authenticate"), None, "a browser would ask for a password");
            assert_eq!(answer.error(), "Authentication is possible but has failed or not yet been provided.");
        } else {
            let user = if with_key { json!("stranger") } else { json!(null) };
            assert_eq!(answer.json()["__ow_user"], user, "{action}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b179_anonymous_callers_use_up_the_owners_rate() {
    let builder = TestServer::builder().clock_by_hand("2030-01-01T06:00:00Z");
    let wask = builder.configure(|config| config.limits.invocations_per_minute = 3).start().await;
    let (me, stranger) = (wask.guest(), wask.other("stranger").await);
    web_echo(&me, "hello", json!({})).await;

    let path = me.web_path("hello.json");
    for method in [Method::GET, Method::OPTIONS, Method::HEAD] {
        me.send(stranger.request(method, &path)).await.expect(200);
    }
    for method in [Method::GET, Method::OPTIONS] {
        let refused = me.send(me.anonymous(method, &path)).await.expect(429);
        assert_eq!(refused.header("access-control-allow-origin"), Some("*"));
    }
    let refused = me.send(stranger.request(Method::GET, &path)).await.expect(429);
    assert_eq!(refused.error(), "Too many requests in the last minute (count: 6, allowed: 3).");
    assert_eq!(stranger.activations_of("hello").await.len(), 0);

    wask.advance(std::time::Duration::from_secs(60));
    me.send(me.anonymous(Method::GET, &path)).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn b179_anonymous_callers_use_up_the_owners_concurrency() {
    let wask = TestServer::builder()
        .configure(|config| (config.limits.concurrent_invocations, config.limits.queued_invocations) = (1, 0))
        .start()
        .await;
    let me = wask.guest();
    me.create_web_action("sleeper", &guest("sleeper")).await;
    web_echo(&me, "hello", json!({})).await;
    let sleeping = me.invoke_async("sleeper", &json!({ "ms": 1_500 })).await;

    let refused = me.send(web(&me, "GET", "hello.json")).await.expect(429);
    assert_eq!(refused.error(), "Too many concurrent requests in flight (count: 1, allowed: 1).");
    assert_eq!(refused.header("x-openwhisk-activation-id"), None);

    me.ended(&sleeping).await;
    wask_tests::eventually("the activation is no longer in flight", || async {
        (me.send(web(&me, "GET", "hello.json")).await.status == 200).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b180_every_run_returns_its_id_and_leaves_the_owner_a_record() {
    let wask = TestServer::start().await;
    let (me, stranger) = (wask.guest(), wask.other("stranger").await);
    web_echo(&me, "echo", json!({})).await;
    me.create_web_action("panic", &guest("panic")).await;

    for (path, status) in [
        ("echo.json", 200),
        ("echo.http", 204),
        ("echo.html", 400), // the result has no such member
        ("echo.text", 404),
        ("panic.json", 400),
    ] {
        let answer = me.send(stranger.request(Method::GET, &me.web_path(path))).await.expect(status);
        let id = answer.header("x-openwhisk-activation-id").expect("an id").to_owned();
        let record = me.ended(&id).await;
        assert_eq!(record["namespace"], "guest", "{path}");
        let listed = me.activations_of(path.split('.').next().unwrap()).await;
        assert!(listed.iter().any(|record| record["activationId"] == id), "{path}");
    }
    assert_eq!(stranger.get("activations").await.json(), json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_web_action_that_takes_too_long_gets_202_and_goes_on() {
    let wask = TestServer::builder().configure(|config| config.limits.blocking_wait_ms = 100).start().await;
    let me = wask.guest();
    me.create_web_action("sleeper", &guest("sleeper")).await;

    let answer = post(&me, "sleeper.json", &json!({ "ms": 400 })).await.expect(202);

    assert_eq!(answer.error(), "Response not yet ready.");
    assert!(answer.json()["code"].is_string());
    let id = answer.header("x-openwhisk-activation-id").expect("an id").to_owned();
    assert_eq!(me.ended(&id).await["response"]["result"], json!({ "slept": 400 }));
}
