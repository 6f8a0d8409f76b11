//! Packages with their actions, and bindings.

use serde_json::json;
use wask_tests::{annotation, guest};

use crate::clients::start;

#[tokio::test(flavor = "multi_thread")]
async fn a_package_can_be_created_shared_listed_and_deleted_with_its_actions() {
    let Some((wask, aio)) = start().await else { return };
    let me = wask.guest();
    aio.write_guest("echo");

    assert_eq!(aio.prints("rt package create tools -p who Ada -a note n").await, "");
    aio.prints("rt action create tools/echo echo.wasm --kind wasm:1 --binary -p a 1").await;
    aio.prints("rt package update tools --shared yes").await;

    let tools = aio.json("rt package get tools").await;
    let action = json!([{ "name": "echo", "version": "0.0.1", "annotations": [
        { "key": "provide-api-key", "value": false },
        { "key": "exec", "value": "wasm:1" },
    ] }]);
    for (member, value) in [
        ("version", json!("0.0.2")),
        ("publish", json!(true)),
        ("parameters", json!([{ "key": "who", "value": "Ada" }])),
        ("binding", json!({})),
        ("actions", action),
        ("feeds", json!([])),
    ] {
        assert_eq!(tools[member], value, "{member}");
    }
    assert_eq!(annotation(&tools, "note"), Some(json!("n")));
    assert_eq!(
        aio.table("rt package list").await,
        ["Datetime Access Kind Version Packages", "01/01 06:00:00 public package 0.0.2 tools"]
    );
    assert_eq!(
        aio.table("rt action list tools").await,
        ["Datetime Access Kind Version Actions", "01/01 06:00:00 private wasm:1 0.0.1 tools/echo"]
    );
    assert_eq!(aio.json("rt action invoke tools/echo --result").await, json!({ "who": "Ada", "a": "1" }));

    let refused = aio.refusal("rt package delete tools").await;
    let sentence = "package not empty (contains 1 entity). set force param or delete package contents.";
    assert_eq!(refused, format!("failed to delete the package: {sentence} (409 Conflict)"));
    assert_eq!(aio.prints("rt package delete tools --recursive").await, "");
    me.get("packages/tools").await.expect(404);
    assert_eq!(me.get("actions").await.json(), json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_binding_adds_its_own_parameters_to_a_package() {
    let Some((wask, aio)) = start().await else { return };
    let (me, ada) = (wask.guest(), wask.other("ada").await);
    let publish =
        json!({ "publish": true, "parameters": [{ "key": "who", "value": "Ada" }, { "key": "n", "value": 1 }] });
    ada.put("packages/tools", &publish).await.expect(200);
    ada.create_action("tools/echo", &guest("echo")).await;

    assert_eq!(aio.prints("rt package bind /ada/tools mine -p who Bob").await, "");

    assert_eq!(aio.table("rt package list").await[1..], ["01/01 06:00:00 private binding 0.0.1 mine"]);
    let mine = aio.json("rt package get mine").await;
    assert_eq!(mine["binding"], json!({ "namespace": "ada", "name": "tools" }));
    assert_eq!(mine["actions"][0]["name"], "echo");
    assert_eq!(aio.json("rt action invoke mine/echo --result").await, json!({ "who": "Bob", "n": 1 }));
    assert_eq!(aio.table("rt package list ada").await[1..], ["01/01 06:00:00 public package 0.0.1 tools"]);
    assert_eq!(aio.json("rt action get /ada/tools/echo").await["namespace"], "ada/tools");
    aio.prints("rt package delete mine").await;
    me.get("packages/mine").await.expect(404);
}
