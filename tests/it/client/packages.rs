//! `wask package …`, and the names of packaged entities.

use serde_json::json;
use wask_tests::TestServer;

use super::Shell;

#[tokio::test(flavor = "multi_thread")]
async fn an_action_inherits_the_parameters_of_its_package() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    let shell = Shell::new(&wask, &me);
    shell.put_guest("echo.wasm", "echo");

    assert_eq!(
        shell.ok(&["package", "create", "shop", "-p", "currency", "EUR"]).await.out,
        "ok: created package shop\n"
    );
    assert_eq!(shell.ok(&["action", "create", "shop/order", "echo.wasm"]).await.out, "ok: created action shop/order\n");
    let result = shell.ok(&["action", "invoke", "shop/order", "-r", "-p", "n", "1"]).await.json();
    assert_eq!(result, json!({ "currency": "EUR", "n": 1 }));
    assert_eq!(shell.ok(&["action", "list", "shop"]).await.out, "actions\n/guest/shop/order  private  wasm:1\n");
    assert_eq!(shell.ok(&["package", "get", "shop", "actions"]).await.json()[0]["name"], "order");
    let summary = shell.ok(&["package", "get", "shop", "--summary"]).await.out;
    assert!(summary.contains("(parameters: *currency)") && summary.contains("/guest/shop/order"), "{summary}");

    shell.ok(&["package", "update", "shop", "--shared", "yes"]).await;
    assert_eq!(shell.ok(&["package", "list"]).await.out, "packages\n/guest/shop  shared\n");
    let refused = shell.run(&["package", "delete", "shop"]).await.expect(153);
    assert!(
        refused.error().starts_with("error: Unable to delete package 'shop': Package not empty"),
        "{}",
        refused.err
    );
    assert_eq!(shell.ok(&["package", "delete", "shop", "--force"]).await.out, "ok: deleted package shop\n");
    assert_eq!(me.get("actions").await.json(), json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_binding_can_point_at_a_package_of_another_namespace() {
    let wask = TestServer::start().await;
    let (me, other) = (wask.guest(), wask.other("other").await);
    let (mine, theirs) = (Shell::new(&wask, &me), Shell::new(&wask, &other));
    theirs.put_guest("echo.wasm", "echo");
    theirs.ok(&["package", "create", "tools", "--shared", "-p", "a", "1", "-p", "b", "1"]).await;
    theirs.ok(&["action", "create", "tools/echo", "echo.wasm"]).await;

    let bound = mine.ok(&["package", "bind", "/other/tools", "mytools", "-p", "b", "2"]).await;
    assert_eq!(bound.out, "ok: created binding mytools\n");
    let result = mine.ok(&["action", "invoke", "mytools/echo", "-r", "-p", "c", "3"]).await.json();
    assert_eq!(result, json!({ "a": 1, "b": 2, "c": 3 }));
    let list = mine.ok(&["package", "list"]).await.out;
    assert_eq!(list, "packages\n/guest/mytools  private  binding of /other/tools\n");
    assert_eq!(mine.ok(&["package", "list", "/other", "-o", "json"]).await.json()[0]["name"], "tools");
    let missing = mine.run(&["package", "bind", "gone", "x"]).await.expect(144);
    assert_eq!(missing.error(), "error: Binding creation failed: Binding references a package that does not exist.");

    let feed = ["trigger", "create", "t", "--feed", "alarms/alarm", "-p", "cron", "0 6 * * *"];
    mine.ok(&["package", "bind", "/whisk.system/alarms", "alarms"]).await;
    mine.ok(&feed).await;
    mine.ok(&["trigger", "delete", "t"]).await;
}
