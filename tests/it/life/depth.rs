//! Loops of actions, triggers and rules end by themselves. threats.md T16.

use serde_json::{Value, json};
use wask_tests::{TestServer, eventually, guest};

use super::started;

const TOO_DEEP: &str = "This would be activation 17 of a chain in which each one led to the next; limits.depth allows 16. \
    Perhaps actions, triggers and rules invoke each other in a loop.";

#[tokio::test(flavor = "multi_thread")]
async fn an_action_that_fires_its_own_trigger_stops_at_the_depth_limit() {
    let (_wask, me) = started().await;
    me.create_action("firer", &guest("firer")).await;
    me.create_trigger("round").await;
    me.create_rule("and-round", "round", "firer").await;
    let mut payload = json!({});
    for _ in 0..20 {
        payload = json!({ "name": "round", "payload": payload });
    }
    me.post("triggers/round", &payload).await.expect(202);

    // Firing, action, firing, action …: eight of each.
    let last = eventually("the loop ends", || async {
        let runs = me.activations_of("firer").await;
        runs.into_iter().find(|record| record["response"]["result"].to_string().contains(TOO_DEEP))
    })
    .await;

    assert!(last["response"]["result"].to_string().contains("bad-request"), "{last}");
    assert_eq!(me.activations_of_at_least("round", 8).await.len(), 8);
    assert_eq!(me.activations_of_at_least("firer", 8).await.len(), 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_action_that_invokes_itself_stops_at_the_depth_limit() {
    let (_wask, me) = started().await;
    me.create_action("invoker", &guest("invoker")).await;
    // Each invokes itself with the value of `params`, which has one level less every time.
    let mut args = json!({});
    for _ in 0..20 {
        args = json!({ "name": "invoker", "blocking": false, "params": args });
    }
    me.invoke_async("invoker", &args).await;
    let refused = eventually("the chain ends", || async {
        let runs = me.activations_of("invoker").await;
        runs.into_iter().find(|record| record["response"]["result"]["refused"].is_object())
    })
    .await;
    assert_eq!(refused["response"]["result"]["refused"], json!({ "reason": "bad-request", "error": TOO_DEEP }));
    assert_eq!(me.activations_of_at_least("invoker", 16).await.len(), 16);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_firing_whose_rules_exceed_the_depth_limit_says_so_in_its_record() {
    let wask = TestServer::builder().configure(|config| config.limits.depth = 1).start().await;
    let me = wask.guest();
    me.create_action("echo", &guest("echo")).await;
    me.create_trigger("dawn").await;
    me.create_rule("on-dawn", "dawn", "echo").await;
    let fired = me.post("triggers/dawn", &json!({})).await.expect(202).json();
    let event = me.ended(fired["activationId"].as_str().unwrap()).await;
    let line: Value = serde_json::from_str(event["logs"][0].as_str().unwrap()).unwrap();
    assert_eq!((&line["statusCode"], &line["success"]), (&json!(1), &json!(false)));
    assert!(line["error"].as_str().unwrap().contains("limits.depth allows 1"), "{line}");
    assert!(me.activations_of("echo").await.is_empty());
}
