//! `Authorization`, `Cookie` and `authKey` reach the action that they were sent to, and no file. threats.md T24.

use std::path::PathBuf;
use std::time::Duration;

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use wask::invoke::KeepInput;
use wask_tests::{Client, Receiver, ServerProcess, TestServer, TestServerBuilder, eventually, guest, wat};

/// Different ones for an action that returns its arguments, so that its record may have them.
const STORED_NOWHERE: [&str; 2] = ["a-cookie-that-is-stored-nowhere", "a-bearer-token-that-is-stored-nowhere"];
const SHOWN: [&str; 2] = ["a-cookie-to-look-at", "a-bearer-token-to-look-at"];

/// A server that keeps every input, and gives up waiting after a moment.
fn builder() -> TestServerBuilder {
    TestServer::builder().configure(|config| {
        config.activations.keep_input = KeepInput::Always;
        config.limits.blocking_wait_ms = 700;
        config.limits.queued_invocations = 100;
    })
}

/// The files of a server that contain one of these texts.
fn files_with(wask: &TestServer, texts: &[&str]) -> Vec<PathBuf> {
    let has = |bytes: &[u8], text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    let paths = std::fs::read_dir(wask.data_dir()).unwrap().map(|entry| entry.unwrap().path());
    paths.filter(|path| std::fs::read(path).is_ok_and(|bytes| texts.iter().any(|text| has(&bytes, text)))).collect()
}

fn web(me: &Client, action: &str, [cookie, bearer]: [&str; 2]) -> RequestBuilder {
    let request = me.anonymous(Method::POST, &me.web_path(&format!("{action}.json")));
    request.header("Cookie", format!("session={cookie}")).header("Authorization", format!("Bearer {bearer}"))
}

async fn create_web(me: &Client, name: &str, code: &str, more: Value) {
    let mut annotations = vec![json!({ "key": "web-export", "value": true })];
    annotations.extend(more.as_array().into_iter().flatten().cloned());
    me.create_action_with(name, code, json!({ "annotations": annotations })).await;
}

/// Takes the only permit of the namespace for a moment.
async fn busy(me: &Client, ms: u64) {
    let id = me.invoke_async("sleeper", &json!({ "ms": ms })).await;
    eventually("it runs", || async { (me.state(&id).await == "running").then_some(()) }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t24_the_headers_of_a_web_request_are_stored_on_no_path() {
    let wask = builder().start().await;
    let me = wask.guest();
    let retry = json!([{ "key": "retry", "value": { "attempts": 2, "delayMs": 100 } }]);
    create_web(&me, "quick", &wat("result-then-exit-0"), json!([])).await;
    create_web(&me, "slow", &guest("sleeper"), json!([])).await;
    create_web(&me, "failing", &wat("result-then-trap"), retry).await;
    me.create_action("sleeper", &guest("sleeper")).await;
    let sequence = json!({
        "exec": { "kind": "sequence", "components": ["/guest/sleeper", "/guest/quick"] },
        "annotations": [{ "key": "web-export", "value": true }],
    });
    me.put("actions/both", &sequence).await.expect(200);
    let ask = async |action: &str, args: Value| me.send(web(&me, action, STORED_NOWHERE).json(&args)).await;

    let direct = ask("quick", json!({ "marker": "is-stored" })).await.expect(200);
    let adopted = ask("slow", json!({ "ms": 1500 })).await.expect(202);
    let composed = ask("both", json!({ "ms": 1500 })).await.expect(202);
    let keyed = web(&me, "quick", STORED_NOWHERE).header("Idempotency-Key", "k").json(&json!({}));
    let keyed = me.send(keyed).await.expect(200);
    wask.set_limits("guest", &[("concurrent_invocations", "1")]).await;
    busy(&me, 400).await;
    let queued = ask("quick", json!({})).await;
    busy(&me, 1200).await;
    let given_up = ask("failing", json!({})).await.expect(202); // it fails when nobody waits any more

    let answers = [direct, adopted, composed, keyed, given_up, queued];
    for (n, answer) in answers.iter().enumerate() {
        let id = answer.header("x-openwhisk-activation-id").unwrap_or_else(|| panic!("{n}: {}", answer.text()));
        me.ended(id).await;
        let input = me.get(&format!("activations/{id}/input")).await.expect(200).json();
        assert_eq!(input["__ow_withheld"], json!(["authorization", "cookie"]), "{n}: a rerun says what it lacks");
        assert_eq!(input["__ow_headers"].get("cookie"), None, "{n}");
    }
    assert_eq!(me.get("dead-letters?count=true").await.json(), json!({ "dead-letters": 1 }));
    assert_ne!(files_with(&wask, &["is-stored"]), Vec::<PathBuf>::new(), "the input is in one of these files");
    assert_eq!(files_with(&wask, &STORED_NOWHERE), Vec::<PathBuf>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_action_sees_the_headers_of_its_request_even_if_it_has_to_be_a_job() {
    let wask = builder().start().await;
    let me = wask.guest();
    create_web(&me, "echo", &guest("echo"), json!([])).await;
    me.create_action("sleeper", &guest("sleeper")).await;
    let sees_them = |result: &Value| {
        let headers = &result["__ow_headers"];
        assert_eq!(headers["cookie"], format!("session={}", SHOWN[0]), "{result}");
        assert_eq!(headers["authorization"], format!("Bearer {}", SHOWN[1]), "{result}");
        assert_eq!(result.get("__ow_withheld"), None);
    };

    sees_them(&me.send(web(&me, "echo", SHOWN)).await.expect(200).json());
    sees_them(&me.send(web(&me, "echo", SHOWN).header("Idempotency-Key", "k")).await.expect(200).json());
    wask.set_limits("guest", &[("concurrent_invocations", "1")]).await;
    busy(&me, 400).await;
    let queued = me.send(web(&me, "echo", SHOWN)).await;
    let id = queued.header("x-openwhisk-activation-id").unwrap();
    sees_them(&me.ended(id).await["response"]["result"]);

    let faked = me.anonymous(Method::GET, &me.web_path("echo.json?__ow_withheld=cookie"));
    me.send(faked).await.expect(400);
}

#[tokio::test(flavor = "multi_thread")]
async fn t24_the_key_of_a_feed_call_is_stored_on_no_path() {
    let wask = builder().start().await;
    let (me, receiver) = (wask.guest(), Receiver::start().await);
    let (_, secret) = me.auth.split_once(':').unwrap();
    me.create_action("own-feed", &wat("result-then-exit-0")).await;
    me.create_action("sleeper", &guest("sleeper")).await;
    let sequence = json!({ "exec": { "kind": "sequence", "components": ["/guest/sleeper", "/guest/own-feed"] } });
    me.put("actions/both", &sequence).await.expect(200);
    me.create_trigger("t").await;
    let post = async |path: &str, more: Value, key: Option<&str>| {
        let mut args = json!({
            "lifecycleEvent": "CREATE", "triggerName": "/guest/t", "authKey": me.auth, "cron": "7 7 7 7 *", "ms": 400,
        });
        args.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let mut request = me.request(Method::POST, &format!("/api/v1/namespaces/{path}")).json(&args);
        if let Some(key) = key {
            request = request.header("Idempotency-Key", key);
        }
        let answer = me.send(request).await;
        answer.header("x-openwhisk-activation-id").unwrap_or_else(|| panic!("{path}: {}", answer.text())).to_owned()
    };
    let again = json!({ "lifecycleEvent": "UPDATE" });
    let callback = json!({ "lifecycleEvent": "UPDATE", "__ow_callback": receiver.url("/") });
    let (feed, own) = ("whisk.system/actions/alarms/alarm", "_/actions/own-feed");

    let mut ids = vec![post(feed, json!({}), None).await];
    ids.push(post(feed, again.clone(), Some("k")).await);
    ids.push(post(&format!("{feed}?blocking=true"), callback.clone(), None).await);
    ids.push(post(own, callback, None).await);
    ids.push(post("_/actions/both", json!({}), None).await);
    ids.push(post("_/actions/both?blocking=true", json!({ "ms": 1500 }), None).await);
    for id in &ids {
        me.ended(id).await;
    }
    wask.set_limits("guest", &[("concurrent_invocations", "1")]).await;
    busy(&me, 400).await;
    ids.push(post(feed, again, None).await);

    for id in &ids {
        let record = me.ended(id).await;
        assert_eq!(record["response"]["status"], "success", "the key arrived: {record}");
        let input = me.get(&format!("activations/{id}/input")).await.expect(200).json();
        assert_eq!((input.get("authKey"), &input["__ow_withheld"]), (None, &json!(["authKey"])), "{record}");
    }
    for sent in receiver.received_at_least(2).await {
        assert!(!sent.body.contains(secret), "{}", sent.body);
    }
    assert_ne!(files_with(&wask, &["7 7 7 7 *"]), Vec::<PathBuf>::new(), "what is kept is in one of these files");
    assert_eq!(files_with(&wask, &[secret]), Vec::<PathBuf>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_in_another_process_is_told_which_secrets_are_missing() {
    let one_at_a_time = [("WASK_LIMITS__CONCURRENT_INVOCATIONS", "1")];
    let wask = ServerProcess::serve(&one_at_a_time).await;
    let me = wask.guest().await;
    me.create_action("echo", &guest("echo")).await;
    me.create_action("sleeper", &guest("sleeper")).await;
    me.invoke_async("sleeper", &json!({ "ms": 3000 })).await;
    let id = me.invoke_async("echo", &json!({ "authKey": "a:b", "n": 1 })).await;

    let wask = wask.kill_and_restart(&one_at_a_time).await;

    let me = Client::new(wask.base(), me.auth, "guest");
    let record = tokio::time::timeout(Duration::from_secs(60), me.ended(&id)).await.expect("it runs");
    assert_eq!(record["response"]["result"], json!({ "n": 1, "__ow_withheld": ["authKey"] }));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_header_that_let_the_caller_in_is_not_handed_to_the_action() {
    for passes in [false, true] {
        let wask = TestServer::builder().configure(|config| config.web.pass_authorization = passes).start().await;
        let me = wask.guest();
        for (name, secret) in
            [("keyed", json!(true)), ("secret", json!("s")), ("number", json!(7)), ("open", json!(false))]
        {
            let annotation = json!([{ "key": "require-whisk-auth", "value": secret }]);
            create_web(&me, name, &guest("echo"), annotation).await;
        }
        let headers = async |request: RequestBuilder| me.send(request).await.expect(200).json()["__ow_headers"].clone();
        let path = |name: &str| me.web_path(&format!("{name}.json"));

        for name in ["keyed", "open"] {
            let seen = headers(me.request(Method::GET, &path(name))).await;
            assert_eq!(seen.get("authorization").is_some(), passes, "{name}: a key of this server");
        }
        for (name, secret) in [("secret", "s"), ("number", "7")] {
            let request = me.anonymous(Method::GET, &path(name)).header("X-Require-Whisk-Auth", secret);
            let seen = headers(request.header("Authorization", "Bearer of-the-app")).await;
            assert_eq!(seen.get("x-require-whisk-auth").is_some(), passes, "{name}");
            assert_eq!(seen["authorization"], "Bearer of-the-app", "{name}: the action's own business");
        }
    }
}
