//! `ow.triggers`, `ow.rules`, `ow.feeds`.

use std::time::Duration;

use serde_json::json;
use wask_tests::guest;

use crate::clients::start;

#[tokio::test(flavor = "multi_thread")]
async fn triggers_and_rules_can_be_created_used_and_deleted() {
    let Some((wask, js)) = start().await else { return };
    let me = wask.guest();
    for name in ["echo", "other"] {
        me.create_action(name, &guest("echo")).await;
    }

    let story = r#"
        const parameters = [{ key: 'sun', value: 'up' }]
        const made = await ow.triggers.create({ name: 'dawn', trigger: { parameters }, annotations: { note: 1 } })
        const silent = await ow.triggers.invoke('dawn')
        const rule = await ow.rules.create({ name: 'on-dawn', trigger: 'dawn', action: 'echo', annotations: { note: 2 } })
        return {
          made, silent: silent.length, rule,
          unknown: (await refused(ow.rules.create({ name: 'r', trigger: 'dawn', action: 'none' }))).error.error,
          disabled: [await ow.rules.disable({ name: 'on-dawn' }), (await ow.rules.get('on-dawn')).status],
          enabled: [await ow.rules.enable({ name: 'on-dawn' }), (await ow.rules.get({ ruleName: 'on-dawn' })).status],
          event: await ow.triggers.invoke({ name: 'dawn', params: { n: 1 } }),
          moved: (await ow.rules.update({ name: 'on-dawn', trigger: '/_/dawn', action: '/guest/other' })).action,
          shown: (await ow.triggers.get('dawn')).rules,
          updated: (await ow.triggers.update({ name: 'dawn', trigger: { parameters: [] } })).version,
          listed: [await ow.triggers.list({ limit: 1 }), await ow.rules.list({ limit: 1, skip: 0 })].flat().map(({ name }) => name),
          counted: [await ow.triggers.list({ count: true }), await ow.rules.list({ count: true })],
          deleted: [await ow.rules.delete('on-dawn'), await ow.triggers.delete({ triggerName: 'dawn' })].map(({ name }) => name),
        }"#;
    let told = js.openwhisk(story).await;

    assert_eq!(told["made"]["annotations"], json!([{ "key": "note", "value": 1 }]));
    assert_eq!((&told["made"]["limits"], &told["silent"]), (&json!({}), &json!(0)));
    assert_eq!(told["rule"]["annotations"], json!([{ "key": "note", "value": 2 }]));
    assert_eq!((&told["rule"]["status"], &told["rule"]["version"]), (&json!("active"), &json!("0.0.1")));
    assert_eq!(told["unknown"], "action /guest/none does not exist");
    assert_eq!((&told["disabled"], &told["enabled"]), (&json!(["OK", "inactive"]), &json!(["OK", "active"])));
    let id = told["event"]["activationId"].as_str().unwrap();
    assert_eq!(me.ended(id).await["name"], "dawn");
    let run = &me.activations_of_at_least("echo", 1).await[0];
    let result = &run["response"]["result"];
    assert_eq!((&result["sun"], &result["n"]), (&json!("up"), &json!(1)));
    let other = json!({ "path": "guest", "name": "other" });
    assert_eq!(told["moved"], other);
    assert_eq!(told["shown"], json!({ "guest/on-dawn": { "action": other, "status": "active" } }));
    assert_eq!((&told["updated"], &told["listed"]), (&json!("0.0.2"), &json!(["dawn", "on-dawn"])));
    assert_eq!(told["counted"], json!([{ "triggers": 1 }, { "rules": 1 }]));
    assert_eq!(told["deleted"], json!(["on-dawn", "dawn"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_feed_works_directly_and_through_a_binding() {
    let Some((wask, js)) = start().await else { return };
    let me = wask.guest();
    me.create_action("echo", &guest("echo")).await;
    me.create_trigger("tick").await;
    me.create_rule("on-tick", "tick", "echo").await;
    let binding = json!({ "binding": { "namespace": "whisk.system", "name": "alarms" } });
    me.put("packages/mine", &binding).await.expect(200);

    let story = r#"
        const feed = (name, params) => ({ name, trigger: 'tick', params })
        const cron = '* * * * *'
        const created = await ow.feeds.create(feed('/guest/mine/alarm', { cron, trigger_payload: 'now' }))
        const read = await ow.feeds.get(feed('/whisk.system/alarms/alarm'))
        return {
          created: created.response.result,
          config: read.response.result.config,
          status: read.response.result.status.active,
          wrong: await refused(ow.feeds.create(feed('/whisk.system/alarms/alarm', { cron: 'soon' }))),
          missing: (await refused(ow.feeds.create({ name: '/whisk.system/alarms/none', trigger: 'tick' }))).statusCode,
        }"#;
    let told = js.openwhisk(story).await;
    assert_eq!(told["created"], json!({ "status": "success" }));
    let config = &told["config"];
    assert_eq!((&config["cron"], &config["payload"]), (&json!("* * * * *"), &json!({ "payload": "now" })));
    assert_eq!((&config["name"], &config["namespace"]), (&json!("tick"), &json!("guest")));
    assert_eq!(told["status"], true);
    assert_eq!((&told["wrong"]["statusCode"], &told["missing"]), (&json!(502), &json!(404)));
    let sentence = told["wrong"]["message"].as_str().unwrap();
    assert!(sentence.ends_with("--> \"cron pattern 'soon' is not valid\""), "{sentence}");

    wask.advance(Duration::from_secs(60));
    let run = &me.activations_of_at_least("echo", 1).await[0];
    assert_eq!(run["response"]["result"], json!({ "payload": "now" }));

    let story = r#"
        const alarm = { feedName: '/whisk.system/alarms/alarm', name: '/guest/mine/alarm', trigger: '/guest/tick' }
        const updated = await ow.feeds.update({ ...alarm, params: { cron: '0 6 * * *' } })
        const read = await ow.feeds.get(alarm)
        const deleted = await ow.feeds.delete(alarm)
        return [updated.response.result, read.response.result.config.cron, deleted.response.result,
          (await refused(ow.feeds.delete(alarm))).message]"#;
    let told = js.openwhisk(story).await;
    assert_eq!(told[0], json!({ "status": "success" }));
    assert_eq!((&told[1], &told[2]), (&json!("0 6 * * *"), &json!({ "status": "success" })));
    let sentence = told[3].as_str().unwrap();
    assert!(sentence.ends_with("--> \"could not find trigger /guest/tick in the database\""), "{sentence}");
}
