//! The environment of an action that uses the package.

use serde_json::json;
use wask_tests::{NodeClients, TestServer, guest};

/// The clock runs, because the key of an activation is valid only until its deadline.
#[tokio::test(flavor = "multi_thread")]
async fn an_action_with_an_api_key_can_use_the_client_without_options() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    let Some(js) = NodeClients::new(&me) else { return };
    let annotations = json!({ "annotations": [{ "key": "provide-api-key", "value": true }] });
    me.create_action_with("env", &guest("env"), annotations).await;
    me.create_action("echo", &guest("echo")).await;
    me.create_trigger("dawn").await;

    let told = js.openwhisk("return ow.actions.invoke({ name: 'env', blocking: true, result: true })").await;
    let seen = ["__OW_API_HOST", "__OW_API_KEY", "__OW_NAMESPACE"].map(|name| told[name].as_str().expect(name));

    assert_eq!([seen[0], seen[2]], [wask.base().as_str(), "guest"]);
    let story = r#"
        return [
          await ow.namespaces.list(),
          await ow.actions.invoke({ name: 'echo', params: { a: 1 }, blocking: true, result: true }),
          (await ow.triggers.invoke('dawn')).length,
          (await ow.actions.list()).length,
        ]"#;
    assert_eq!(js.openwhisk_as(story, seen).await, json!([["guest"], { "a": 1 }, 0, 2]));

    me.create_action_with("env", &guest("env"), json!({ "annotations": [] })).await;
    me.put("actions/env?overwrite=true", &json!({ "annotations": [{ "key": "provide-api-key", "value": false }] }))
        .await
        .expect(200);
    let without = js.openwhisk("return ow.actions.invoke({ name: 'env', blocking: true, result: true })").await;
    assert_eq!(without.get("__OW_API_KEY"), None, "who does not ask for a key has none");
}
