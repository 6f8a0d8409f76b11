//! A namespace whose activations are not recorded: everything works, and nothing is stored. rest.md §4.7.

use serde_json::json;
use wask_tests::{TestServer, eventually, guest};

#[tokio::test(flavor = "multi_thread")]
async fn without_store_activations_actions_run_and_nothing_is_recorded() {
    let wask = TestServer::start().await;
    let (me, other) = (wask.guest(), wask.other("other").await);
    for client in [&me, &other] {
        client.create_action("echo", &guest("echo")).await;
        client.create_trigger("t").await;
        client.create_rule("r", "t", "echo").await;
        let chain = json!({ "exec": { "kind": "sequence", "components": ["/_/echo", "/_/echo"] } });
        client.put("actions/chain", &chain).await.expect(200);
    }
    wask.set_limits("guest", &[("store_activations", "false")]).await;

    for (client, kept) in [(&me, false), (&other, true)] {
        let mut ids = Vec::new();
        for name in ["echo", "chain"] {
            let blocking = client.invoke(name, &json!({ "a": 1 })).await.expect(200);
            assert_eq!(blocking.json()["response"]["result"], json!({ "a": 1 }), "the caller is answered as ever");
            ids.push(blocking.json()["activationId"].as_str().unwrap().to_owned());
            client.invoke("echo", &json!({ "error": "x" })).await.expect(502);
            ids.push(client.invoke_async(name, &json!({})).await);
        }
        let keyed = client.request(reqwest::Method::POST, "/api/v1/namespaces/_/actions/echo?blocking=true");
        let keyed = client.send(keyed.header("idempotency-key", "k").json(&json!({}))).await;
        assert_eq!(keyed.status, if kept { 200 } else { 202 }, "with a key the caller gets what is recorded");
        ids.push(keyed.json()["activationId"].as_str().unwrap().to_owned());
        let fired = client.post("triggers/t", &json!({})).await.expect(202);
        ids.push(fired.json()["activationId"].as_str().unwrap().to_owned());
        eventually("nothing is queued any more", || async { (wask.queued().await == 0).then_some(()) }).await;

        for id in ids {
            let expected = if kept { 200 } else { 404 };
            for path in [format!("activations/{id}"), format!("activations/{id}/status")] {
                client.get(&path).await.expect(expected);
            }
        }
        // 3 × echo, 2 × its error, 2 × chain with 2 components each, the trigger and the action of its rule
        let count = client.get("activations?count=true").await.expect(200).json()["activations"].clone();
        assert_eq!(count, if kept { 13 } else { 0 });
    }
}
