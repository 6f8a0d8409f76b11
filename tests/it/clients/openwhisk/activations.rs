//! `ow.activations`, `ow.namespaces`.

use std::time::Duration;

use serde_json::json;
use wask_tests::guest;

use crate::clients::start;

#[tokio::test(flavor = "multi_thread")]
async fn activations_can_be_listed_counted_and_read() {
    let Some((wask, js)) = start().await else { return };
    let me = wask.guest();
    me.put("packages/tools", &json!({})).await.expect(200);
    for name in ["log-lines", "tools/log-lines"] {
        me.create_action(name, &guest("log-lines")).await;
        let ran = me.invoke(name, &json!({ "lines": 2 })).await.expect(200).json();
        me.ended(ran["activationId"].as_str().unwrap()).await;
        wask.advance(Duration::from_secs(1));
    }

    let story = r#"
        const [newest, oldest] = await ow.activations.list({ limit: 2 })
        const inside = { name: 'tools/log-lines' }
        const since = oldest.start + 1
        return {
          newest,
          order: [newest.start - oldest.start, (await ow.activations.list({ skip: 1 })).length],
          inside: (await ow.activations.list({ ...inside, docs: true })).map(one => one.response.result),
          since: (await ow.activations.list({ since })).map(one => one.start - since),
          upto: (await ow.activations.list({ upto: oldest.start })).map(one => one.activationId === oldest.activationId),
          count: await ow.activations.list({ count: true }),
          record: (await ow.activations.get(newest.activationId)).logs,
          logs: await ow.activations.logs({ activation: newest.activationId }),
          result: await ow.activations.result({ activationId: newest.activationId }),
          missing: (await refused(ow.activations.get('0123456789abcdef0123456789abcdef'))).statusCode,
          wrong: (await refused(ow.activations.get('short'))).error.error,
        }"#;
    let told = js.openwhisk(story).await;

    let (newest, kind) = (&told["newest"], json!({ "key": "kind", "value": "wasm:1" }));
    let path = json!({ "key": "path", "value": "guest/tools/log-lines" });
    assert_eq!(
        (&newest["name"], &newest["statusCode"], &newest["duration"]),
        (&json!("log-lines"), &json!(0), &json!(0))
    );
    for annotation in [&path, &kind] {
        assert!(newest["annotations"].as_array().unwrap().contains(annotation), "{annotation}");
    }
    assert_eq!(told["order"], json!([1000, 1]));
    assert_eq!(told["inside"], json!([{ "lines": 2 }]));
    assert_eq!((&told["since"], &told["upto"]), (&json!([999]), &json!([true])));
    assert_eq!(told["count"], json!({ "activations": 2 }));
    let lines =
        ["stdout: line 00000", "stderr: line 00001"].map(|line| format!("2030-01-01T06:00:01.000000000Z {line}"));
    assert_eq!((&told["record"], &told["logs"]), (&json!(lines), &json!({ "logs": lines })));
    assert_eq!(told["result"], json!({ "result": { "lines": 2 }, "status": "success", "success": true }));
    assert_eq!(told["missing"], 404);
    assert_eq!(told["wrong"], "Activation id length is 5 but must be 32.");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_namespace_lists_all_its_entities() {
    let Some((wask, js)) = start().await else { return };
    let me = wask.guest();
    me.create_action("echo", &guest("echo")).await;
    me.create_trigger("dawn").await;
    me.create_rule("on-dawn", "dawn", "echo").await;
    me.put("packages/tools", &json!({})).await.expect(200);

    let story = r#"
        const all = await ow.namespaces.get()
        const names = Object.entries(all).map(([collection, list]) => [collection, list.map(one => one.name)])
        return [await ow.namespaces.list(), Object.fromEntries(names)]"#;
    let told = js.openwhisk(story).await;

    let all = json!({ "actions": ["echo"], "packages": ["tools"], "triggers": ["dawn"], "rules": ["on-dawn"] });
    assert_eq!(told, json!([["guest"], all]));
}
