//! Actions from create to delete, every way to invoke them, and sequences.

use serde_json::json;
use wask_tests::{annotation, guest};

use crate::clients::start;

#[tokio::test(flavor = "multi_thread")]
async fn an_action_can_be_created_listed_read_updated_and_deleted() {
    let Some((wask, aio)) = start().await else { return };
    let me = wask.guest();
    aio.write_guest("echo");

    let create = "rt action create echo echo.wasm --kind wasm:1 --binary";
    assert_eq!(aio.prints(create).await, "");
    assert_eq!(aio.refusal(create).await, "failed to create the action: resource already exists (409 Conflict)");
    assert_eq!(
        aio.table("rt action list").await,
        ["Datetime Access Kind Version Actions", "01/01 06:00:00 private wasm:1 0.0.1 echo"]
    );
    aio.prints("rt action get echo --save-as again.wasm").await;
    assert!(aio.read("again.wasm") == aio.read("echo.wasm"), "the code comes back as it was");

    let flags = r#"-p text 1 -p object '{"x":2}' --env MODE dev -t 5000 -m 128 -l 5 -a note '[1]'"#;
    assert_eq!(aio.prints(&format!("rt action update echo {flags}")).await, "");
    let printed = aio.prints("rt action get echo").await;
    assert!(printed.starts_with("echo\n {\n"), "{printed}");
    let expected = json!({
        "namespace": "guest",
        "name": "echo",
        "version": "0.0.2",
        "publish": false,
        "exec": { "kind": "wasm:1", "binary": true },
        "parameters": [
            { "key": "text", "value": "1" },
            { "key": "object", "value": { "x": 2 } },
            { "key": "MODE", "value": "dev", "init": true },
        ],
        "annotations": [
            { "key": "provide-api-key", "value": false },
            { "key": "exec", "value": "wasm:1" },
            { "key": "note", "value": [1] },
        ],
        "limits": { "timeout": 5000, "memory": 128, "logs": 5, "concurrency": 1 },
        "updated": 1_893_477_600_000_u64,
    });
    let got: serde_json::Value = serde_json::from_str(printed.trim_start_matches("echo\n")).unwrap();
    assert_eq!(got, expected);

    assert_eq!(aio.prints("rt action list --count").await, "You have 1 action in this namespace.\n");
    let mut deleted = aio.json("rt action delete echo --json").await;
    deleted["exec"].as_object_mut().unwrap().remove("code").expect("the code");
    assert_eq!(deleted, expected);
    me.get("actions/echo").await.expect(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn code_can_be_a_module_a_zip_or_base64_text() {
    let Some((wask, aio)) = start().await else { return };
    let me = wask.guest();
    aio.write_guest("echo");
    aio.write("code.txt", guest("echo"));
    aio.write("echo.zip", crate::clients::zip("echo"));

    aio.prints("rt action create zipped echo.zip --kind wasm:1").await;
    aio.prints("rt action create text code.txt --kind wasm:default").await;
    aio.prints("rt action create image echo.zip --docker anything").await;
    aio.prints("rt action create copy --copy zipped").await;

    for (name, kind) in [("zipped", "wasm:1"), ("text", "wasm:1"), ("image", "blackbox"), ("copy", "wasm:1")] {
        assert_eq!(me.get(&format!("actions/{name}")).await.json()["exec"]["kind"], kind, "{name}");
        let answer = me.invoke(name, &json!({ "a": name })).await.expect(200).json();
        assert_eq!(answer["response"]["result"], json!({ "a": name }), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invocation_prints_its_id_record_or_result() {
    let Some((wask, aio)) = start().await else { return };
    let me = wask.guest();
    me.create_action("echo", &guest("echo")).await;
    aio.write("args.json", r#"{"n":1.50,"none":null}"#);

    let queued = aio.json("rt action invoke echo -p n 3").await;
    let record = aio.json("rt action invoke echo -p n 3 --blocking").await;
    let result = aio.prints("rt action invoke echo --param-file args.json --result").await;

    let id = queued["activationId"].as_str().unwrap();
    assert_eq!(queued, json!({ "activationId": id }));
    assert_eq!(me.ended(id).await["response"]["result"], json!({ "n": "3" }), "-p sends text");
    assert_eq!(record, me.ended(record["activationId"].as_str().unwrap()).await);
    assert_eq!(record["response"], json!({ "result": { "n": "3" }, "status": "success", "success": true }));
    assert_eq!(result, "{\n  \"n\": 1.5,\n  \"none\": null\n}\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_invocation_prints_its_error() {
    let Some((wask, aio)) = start().await else { return };
    let me = wask.guest();
    for name in ["error", "panic"] {
        me.create_action(name, &guest(name)).await;
    }

    assert_eq!(aio.json("rt action invoke error -p error sad --result").await, json!({ "error": "sad" }));
    let record = aio.json("rt action invoke panic --blocking").await;

    let said = "The action did not produce a valid response and exited unexpectedly.";
    let response = json!({ "result": { "error": said }, "status": "action developer error", "success": false });
    assert_eq!(record["response"], response);
    assert_eq!(me.activations_of("panic").await.len(), 3, "aio tries three times");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sequence_can_consist_of_names_and_paths() {
    let Some((wask, aio)) = start().await else { return };
    let me = wask.guest();
    me.create_action("echo", &guest("echo")).await;

    aio.prints("rt action create both --sequence echo,/guest/echo,/whisk.system/utils/echo").await;

    let made = me.get("actions/both").await.expect(200).json();
    assert_eq!(made["exec"]["components"], json!(["/guest/echo", "/guest/echo", "/whisk.system/utils/echo"]));
    assert_eq!(annotation(&made, "exec"), Some(json!("sequence")));
    assert_eq!(aio.json("rt action invoke both --result -p a b").await, json!({ "a": "b" }));
    assert_eq!(
        aio.table("rt action list").await[1..],
        ["01/01 06:00:00 private sequence 0.0.1 both", "01/01 06:00:00 private wasm:1 0.0.1 echo"]
    );
}
