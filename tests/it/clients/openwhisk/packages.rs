//! `ow.packages`.

use serde_json::json;
use wask_tests::guest;

use crate::clients::start;

#[tokio::test(flavor = "multi_thread")]
async fn another_namespace_can_bind_a_package_while_it_is_shared() {
    let Some((wask, js)) = start().await else { return };
    let (me, ada) = (wask.guest(), wask.other("ada").await);

    let story = r#"
        const parameters = [{ key: 'who', value: 'Ada' }]
        const created = await ow.packages.create({ name: 'tools', package: { parameters }, annotations: { note: 1 } })
        const updated = await ow.packages.update({ name: 'tools', package: { publish: true } })
        return { created, updated, again: (await refused(ow.packages.create('tools'))).statusCode }"#;
    let told = js.openwhisk(story).await;
    assert_eq!((&told["created"]["publish"], &told["created"]["binding"]), (&json!(false), &json!({})));
    assert_eq!(told["created"]["annotations"], json!([{ "key": "note", "value": 1 }]));
    assert_eq!((&told["updated"]["publish"], &told["updated"]["version"]), (&json!(true), &json!("0.0.2")));
    assert_eq!(told["updated"]["parameters"], told["created"]["parameters"]);
    assert_eq!(told["again"], 409);
    me.create_action("tools/echo", &guest("echo")).await;

    let story = r#"
        const binding = { namespace: 'guest', name: 'tools' }
        const own = { key: 'n', value: 1 }
        const bound = await ow.packages.create({ name: 'mine', package: { binding, parameters: [own] } })
        const read = await ow.packages.get('mine')
        return {
          bound: bound.binding,
          read: [read.parameters.map(({ key }) => key), read.actions.map(({ name }) => name), read.feeds],
          ran: await ow.actions.invoke({ name: 'mine/echo', blocking: true, result: true }),
          listed: (await ow.packages.list()).map(({ name, binding }) => [name, binding]),
          shared: (await ow.packages.list({ namespace: 'guest' })).map(({ name, publish }) => [name, publish]),
          count: await ow.packages.list({ count: true }),
          deleted: (await ow.packages.delete('mine')).name,
        }"#;
    let told = js.openwhisk_as(story, [&wask.base(), &ada.auth, "ada"]).await;
    let binding = json!({ "namespace": "guest", "name": "tools" });
    assert_eq!(told["bound"], binding);
    assert_eq!(told["read"], json!([["who", "n"], ["echo"], []]));
    assert_eq!(told["ran"], json!({ "who": "Ada", "n": 1 }));
    assert_eq!(told["listed"], json!([["mine", binding]]));
    assert_eq!((&told["shared"], &told["count"]), (&json!([["tools", true]]), &json!({ "packages": 1 })));
    assert_eq!(told["deleted"], "mine");

    let told = js.openwhisk("return refused(ow.packages.delete('tools'))").await;
    assert_eq!(told["statusCode"], 409, "there is an action in it");
    js.openwhisk("await ow.actions.delete('tools/echo'); return ow.packages.delete('tools')").await;
    me.get("packages/tools").await.expect(404);
}
