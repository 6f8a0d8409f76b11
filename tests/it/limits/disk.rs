//! What a namespace may have on the disk. threats.md T35.

use serde_json::json;
use wask_tests::{TestServer, guest};

#[tokio::test(flavor = "multi_thread")]
async fn a_namespace_has_as_many_entities_as_it_may_and_the_others_notice_nothing() {
    let wask = TestServer::start().await;
    let (me, other) = (wask.guest(), wask.other("other").await);
    wask.set_limits("guest", &[("entities", "3")]).await;
    for n in 0..3 {
        me.create_trigger(&format!("t{n}")).await;
    }
    let refused = me.put("triggers/t3", &json!({})).await.expect(413);
    assert_eq!(refused.error(), "The namespace would have 4 in place of the 3 that limits.entities allows.");
    me.put("triggers/t0?overwrite=true", &json!({ "publish": true })).await.expect(200);
    other.create_trigger("t3").await;
    assert_eq!(me.get("limits").await.expect(200).json()["maxEntities"], 3);

    me.delete("triggers/t0").await.expect(200);
    me.create_trigger("t3").await;
    let callers: Vec<_> = (0..8)
        .map(|n| {
            let me = me.clone();
            tokio::spawn(async move { me.put(&format!("triggers/race{n}"), &json!({})).await.status.as_u16() })
        })
        .collect();
    me.delete("triggers/t1").await.expect(200);
    for caller in callers {
        assert!([200, 413].contains(&caller.await.unwrap()));
    }
    assert!(me.get("triggers").await.expect(200).json().as_array().unwrap().len() <= 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn code_and_parameters_count_in_bytes_and_a_change_that_shrinks_is_never_refused() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    me.create_action("echo", &guest("echo")).await;
    wask.set_limits("guest", &[("entities_bytes", "300_000")]).await;
    let much = |size: usize| json!({ "parameters": [{ "key": "much", "value": "x".repeat(size) }] });

    let refused = me.put("triggers/large", &much(400_000)).await.expect(413);
    assert!(
        refused.error().ends_with("in place of the 300000 that limits.entities_bytes allows."),
        "{}",
        refused.text()
    );
    assert_eq!(me.get("triggers").await.expect(200).json(), json!([]));

    wask.set_limits("guest", &[("entities_bytes", "10_000_000")]).await;
    me.put("triggers/large", &much(400_000)).await.expect(200);
    wask.set_limits("guest", &[("entities_bytes", "1000")]).await;
    me.put("triggers/large?overwrite=true", &much(300_000)).await.expect(200);
    me.put("triggers/large?overwrite=true", &much(300_001)).await.expect(413);
    me.delete("triggers/large").await.expect(200);
    me.delete("actions/echo").await.expect(200);
    wask.set_limits("guest", &[("entities_bytes", "10_000")]).await;
    me.create_trigger("small").await;
}
