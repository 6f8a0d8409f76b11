//! `ow.actions`, and the errors of failed requests.

use serde_json::{Value, json};
use wask_tests::guest;

use crate::clients::start;

#[tokio::test(flavor = "multi_thread")]
async fn an_action_can_be_created_updated_listed_read_and_deleted() {
    let Some((_wask, js)) = start().await else { return };
    js.write_guest("echo");

    let story = r#"
        const action = fs.readFileSync('echo.wasm')
        const limits = { timeout: 5000, memory: 128 }
        const params = { n: 1 }, annotations = { note: [1] }
        const exec = { kind: 'wasm:1', code: action.toString('base64') }
        return {
          created: await ow.actions.create({ name: 'echo', kind: 'wasm:1', action, params, annotations, limits }),
          again: await refused(ow.actions.create({ name: 'echo', kind: 'wasm:1', action })),
          updated: await ow.actions.update({ name: '/guest/echo', action: { exec, parameters: [] } }),
          kept: await ow.actions.update({ name: 'echo' }),
          listed: await ow.actions.list({ limit: 1, skip: 0 }),
          counted: await ow.actions.list({ count: true }),
          read: await ow.actions.get({ name: 'echo', code: false }),
          same: (await ow.actions.get('echo')).exec.code === exec.code,
          deleted: (await ow.actions.delete({ actionName: 'echo' })).version,
          gone: await refused(ow.actions.get('echo')),
          many: await Promise.all(['a', 'b'].map(name => ow.actions.create({ name, kind: 'wasm:1', action })))
            .then(() => ow.actions.delete(['a', 'b'])).then(all => all.map(one => one.name)),
        }"#;
    let told = js.openwhisk(story).await;

    let made = &told["created"];
    let annotations = json!([
        { "key": "note", "value": [1] },
        { "key": "provide-api-key", "value": false },
        { "key": "exec", "value": "wasm:1" },
    ]);
    for (member, value) in [
        ("namespace", json!("guest")),
        ("version", json!("0.0.1")),
        ("parameters", json!([{ "key": "n", "value": 1 }])),
        ("annotations", annotations),
        ("limits", json!({ "timeout": 5000, "memory": 128, "logs": 10, "concurrency": 1 })),
    ] {
        assert_eq!(made[member], value, "{member}");
    }
    assert_eq!(told["again"]["statusCode"], 409);
    assert_eq!((&told["updated"]["version"], &told["updated"]["parameters"]), (&json!("0.0.2"), &json!([])));
    assert_eq!(told["kept"]["version"], "0.0.3");
    assert_eq!((&told["listed"][0]["name"], &told["listed"][0]["exec"]), (&json!("echo"), &json!({ "binary": true })));
    assert_eq!(told["counted"], json!({ "actions": 1 }));
    assert_eq!(told["read"]["exec"], json!({ "kind": "wasm:1", "binary": true }));
    assert_eq!((&told["same"], &told["deleted"]), (&json!(true), &json!("0.0.3")));
    assert_eq!((&told["gone"]["statusCode"], &told["many"]), (&json!(404), &json!(["a", "b"])));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invocation_returns_an_id_a_record_or_a_result() {
    let Some((wask, js)) = start().await else { return };
    wask.guest().create_action("echo", &guest("echo")).await;

    let story = r#"
        const params = { text: '☃', list: [1, null], big: 9007199254740991 }
        return {
          queued: await ow.actions.invoke({ name: 'echo', params }),
          record: await ow.actions.invoke({ name: 'echo', params, blocking: true }),
          result: await ow.actions.invoke({ name: '/_/echo', params, blocking: true, result: true }),
          plain: (await ow.actions.invoke('echo')).activationId,
        }"#;
    let told = js.openwhisk(story).await;

    let args = json!({ "text": "☃", "list": [1, null], "big": 9_007_199_254_740_991_u64 });
    for queued in [&told["queued"]["activationId"], &told["plain"]] {
        assert_eq!(queued.as_str().unwrap().len(), 32);
    }
    assert_eq!(told["record"]["response"], json!({ "result": args, "status": "success", "success": true }));
    assert_eq!(told["result"], args);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_is_an_error_with_status_text_and_transaction_id() {
    let Some((wask, js)) = start().await else { return };
    let me = wask.guest();
    for name in ["error", "panic"] {
        me.create_action(name, &guest(name)).await;
    }

    let story = r#"
        const fail = error => refused(ow.actions.invoke({ name: 'error', params: { error }, blocking: true }))
        const stranger = openwhisk({ apihost: process.env.__OW_API_HOST, api_key: 'a:b' })
        return {
          sad: await fail('sad'),
          teapot: await fail({ statusCode: 418 }),
          panic: await refused(ow.actions.invoke({ name: 'panic', blocking: true, result: true })),
          missing: await refused(ow.actions.invoke({ name: 'none', blocking: true })),
          forbidden: await refused(ow.actions.list({ namespace: 'ada' })),
          unknown: await refused(stranger.actions.list()),
        }"#;
    let told = js.openwhisk(story).await;

    let url = format!("{}/api/v1/namespaces/guest/actions", wask.base());
    assert_eq!(told["sad"]["message"], format!("POST {url}/error Returned HTTP 502 (Bad Gateway) --> \"sad\""));
    let response = json!({ "result": { "error": "sad" }, "status": "application error", "success": false });
    assert_eq!(told["sad"]["error"]["response"], response);
    assert_eq!(told["sad"]["error"].get("code"), None);
    let sentence = "\"application error, status code: 418\"";
    assert!(told["teapot"]["message"].as_str().unwrap().ends_with(sentence), "{}", told["teapot"]);
    assert_eq!(told["panic"]["error"]["response"]["status"], "action developer error");
    for (what, status, sentence) in [
        ("missing", 404, "The requested resource does not exist."),
        ("forbidden", 403, "The supplied authentication is not authorized to access 'ada'."),
        ("unknown", 401, "The supplied authentication is invalid"),
    ] {
        let (name, code) = (&told[what]["name"], told[what]["error"]["code"].as_str().unwrap_or_default());
        assert_eq!((name, &told[what]["statusCode"]), (&json!("OpenWhiskError"), &json!(status)), "{what}");
        assert_eq!(told[what]["error"]["error"], sentence, "{what}");
        assert_eq!(code.len(), 32, "{what}: the transaction is named");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sequence_is_a_list_of_paths() {
    let Some((wask, js)) = start().await else { return };
    wask.guest().create_action("echo", &guest("echo")).await;

    let story = r#"
        const made = await ow.actions.create({ name: 'both', sequence: ['/_/echo', '/guest/echo'] })
        const ran = await ow.actions.invoke({ name: 'both', params: { a: 1 }, blocking: true })
        const parts = (await ow.activations.logs(ran.activationId)).logs
        return {
          exec: made.exec,
          result: ran.response.result,
          parts: (await Promise.all(parts.map(id => ow.activations.get(id)))).map(part => [part.name, part.cause === ran.activationId]),
        }"#;
    let told = js.openwhisk(story).await;

    assert_eq!(told["exec"], json!({ "kind": "sequence", "components": ["/guest/echo", "/guest/echo"] }));
    assert_eq!(told["result"], json!({ "a": 1 }));
    assert_eq!(told["parts"], json!([["echo", true], ["echo", true]]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_packaged_action_can_be_named_in_four_ways() {
    let Some((wask, js)) = start().await else { return };
    let me = wask.guest();
    me.put("packages/tools", &json!({})).await.expect(200);
    me.create_action("tools/echo", &guest("echo")).await;

    let names = json!(["tools/echo", "/guest/tools/echo", "/_/tools/echo"]);
    let story = format!(
        r#"const names = {names}
        const read = await Promise.all(names.map(name => ow.actions.get(name)))
        const listed = await ow.actions.list()
        const inside = await ow.actions.list({{ id: 'tools/' }})
        const deleted = await ow.actions.delete({{ name: 'echo', namespace: 'guest/tools' }})
        return [...read, listed[0], inside[0], deleted].map(one => [one.namespace, one.name])"#
    );
    let told = js.openwhisk(&story).await;

    let expected: Vec<Value> = vec![json!(["guest/tools", "echo"]); 6];
    assert_eq!(told, json!(expected));
}
