//! Triggers, rules, and triggers with a feed.

use std::time::Duration;

use serde_json::json;
use wask_tests::{annotation, guest};

use crate::clients::start;

#[tokio::test(flavor = "multi_thread")]
async fn a_trigger_can_be_created_updated_listed_fired_and_deleted() {
    let Some((wask, aio)) = start().await else { return };
    let me = wask.guest();
    me.create_action("echo", &guest("echo")).await;

    assert_eq!(aio.prints("rt trigger create dawn -p sun up -a note '[1]'").await, "");
    aio.prints("rt trigger update dawn -p sun low").await;
    me.create_rule("on-dawn", "dawn", "echo").await;

    let shown = aio.json("rt trigger get dawn").await;
    assert_eq!(shown, me.get("triggers/dawn").await.json());
    assert_eq!((&shown["version"], annotation(&shown, "note")), (&json!("0.0.2"), Some(json!([1]))));
    assert_eq!(shown["rules"]["guest/on-dawn"]["status"], "active");
    assert_eq!(
        aio.table("rt trigger list").await,
        ["Datetime Status Version Trigger", "01/01 06:00:00 1 active 0.0.2 dawn"]
    );
    let fired = aio.json("rt trigger fire dawn -p n 3").await;
    let event = me.ended(fired["activationId"].as_str().unwrap()).await;
    assert_eq!(event["response"]["result"], json!({ "n": "3" }));
    let run = &me.activations_of_at_least("echo", 1).await[0];
    let result = &run["response"]["result"];
    assert_eq!((&result["sun"], &result["n"]), (&json!("low"), &json!("3")));
    assert_eq!(aio.prints("rt trigger delete /guest/dawn").await, "");
    me.get("triggers/dawn").await.expect(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_can_be_created_read_switched_updated_and_deleted() {
    let Some((wask, aio)) = start().await else { return };
    let me = wask.guest();
    me.create_action("echo", &guest("echo")).await;
    me.create_action("other", &guest("echo")).await;
    me.create_trigger("dawn").await;

    let made = aio.json("rt rule create on-dawn dawn echo --json").await;
    assert_eq!(made, aio.json("rt rule get on-dawn").await);
    assert_eq!(made["trigger"], json!({ "path": "guest", "name": "dawn" }));
    assert_eq!(aio.prints("rt rule disable on-dawn").await, "Rules Disabled! \"OK\"\n");
    assert_eq!(aio.prints("rt rule status on-dawn").await, "inactive\n");
    let nothing = aio.json("rt trigger fire dawn").await; // 204: how node prints an empty body
    assert_eq!(nothing, json!({ "type": "Buffer", "data": [] }));
    assert_eq!(aio.prints("rt rule enable on-dawn").await, "Rule Enabled \"OK\"\n");
    aio.prints("rt rule update on-dawn /guest/dawn /guest/other").await;
    assert_eq!(
        aio.table("rt rule list").await,
        ["Datetime Status Version Rules", "01/01 06:00:00 active 0.0.2 on-dawn"]
    );
    me.post("triggers/dawn", &json!({})).await.expect(202);
    me.activations_of_at_least("other", 1).await;
    assert_eq!(aio.json("rt rule delete on-dawn --json").await["name"], "on-dawn");
    me.get("rules/on-dawn").await.expect(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn creating_a_trigger_starts_its_alarm_and_deleting_it_ends_it() {
    let Some((wask, aio)) = start().await else { return };
    let me = wask.guest();
    me.create_action("echo", &guest("echo")).await;

    let feed = r#"--feed /whisk.system/alarms/alarm -p cron '* * * * *' -p maxTriggers 2 -p trigger_payload '{"n":1}'"#;
    assert_eq!(aio.prints(&format!("rt trigger create tick {feed}")).await, "");
    me.create_rule("on-tick", "tick", "echo").await;
    let made = me.get("triggers/tick").await.json();
    assert_eq!(annotation(&made, "feed"), Some(json!("/whisk.system/alarms/alarm")));
    let calls = me.activations_of("alarms/alarm").await;
    let failed = calls.iter().filter(|call| call["response"]["success"] == false).count();
    assert_eq!((calls.len(), failed), (4, 3), "DELETE is tried three times before CREATE, and fails as aio expects");

    aio.prints("rt trigger update tick -p note x").await;
    assert_eq!(annotation(&me.get("triggers/tick").await.json(), "feed"), annotation(&made, "feed"));
    for ticks in [1, 2] {
        wask.advance(Duration::from_secs(60));
        me.activations_of_at_least("echo", ticks).await;
    }
    let read = me.alarm("READ", "tick", json!({})).await.expect(200).json();
    let status = &read["response"]["result"]["status"];
    assert_eq!(
        status["reason"]["message"], "Automatically disabled after reaching max triggers",
        "the 2 that came as text"
    );

    assert_eq!(aio.prints("rt trigger delete tick").await, "");
    me.alarm("READ", "tick", json!({})).await.expect(502);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_feed_that_refuses_leaves_no_trigger_behind() {
    let Some((wask, aio)) = start().await else { return };

    let refused = aio.refusal("rt trigger create tick --feed /whisk.system/alarms/alarm -p cron soon").await;

    assert_eq!(refused, "failed to create the trigger: 502 Bad Gateway");
    wask.guest().get("triggers/tick").await.expect(404);
}
