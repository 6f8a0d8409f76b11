//! What a client does with actions.

use serde_json::json;
use wask_tests::{TestServer, guest};

#[tokio::test(flavor = "multi_thread")]
async fn a_deployed_action_answers_with_its_arguments() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    me.create_action("echo", &guest("echo")).await;

    let answer = me.invoke("echo", &json!({ "a": "☃" })).await.expect(200);

    assert_eq!(answer.json()["response"]["result"], json!({ "a": "☃" }));
    let id = answer.json()["activationId"].as_str().unwrap().to_owned();
    assert_eq!(me.ended(&id).await["response"]["status"], "success");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_asynchronous_activation_ends_with_a_record() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    me.create_action("echo", &guest("echo")).await;

    let id = me.invoke_async("echo", &json!({ "a": 1 })).await;

    assert_eq!(me.ended(&id).await["response"]["result"], json!({ "a": 1 }));
    assert_eq!(me.state(&id).await, "ended");
}
