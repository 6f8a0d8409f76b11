//! `ow.routes`.

use reqwest::Method;
use serde_json::json;
use wask_tests::guest;

use crate::clients::start;

#[tokio::test(flavor = "multi_thread")]
async fn a_route_can_be_created_listed_served_and_deleted() {
    let Some((wask, js)) = start().await else { return };
    let me = wask.guest();
    me.create_web_action("echo", &guest("echo")).await;

    let story = r#"
        const route = { basepath: '/club', relpath: '/books/{isbn}', operation: 'GET', action: 'echo', name: 'Book Club' }
        const made = await ow.routes.create({ ...route, responsetype: 'json' })
        await ow.routes.create({ ...route, operation: 'put', action: '/guest/echo' })
        const paths = ({ apis }) => apis.map(({ value: { apidoc } }) => [apidoc.basePath, Object.keys(Object.values(apidoc.paths)[0]).sort()])
        return {
          made: made.gwApiUrl,
          listed: paths(await ow.routes.list()),
          put: paths(await ow.routes.list({ basepath: '/club', relpath: '/books/{isbn}', operation: 'put' })),
          named: paths(await ow.routes.get({ name: 'Book Club' })),
          none: (await ow.routes.list({ basepath: '/none' })).apis,
        }"#;
    let told = js.openwhisk(story).await;
    assert_eq!(told["made"], format!("{}/api/gw/guest/club", wask.base()));
    let both = json!([["/club", ["get", "put"]]]);
    assert_eq!((&told["listed"], &told["named"]), (&both, &both));
    assert_eq!((&told["put"], &told["none"]), (&json!([["/club", ["put"]]]), &json!([])));
    let answer = me.send(me.anonymous(Method::GET, "/api/gw/guest/club/books/7")).await.expect(200);
    assert_eq!(answer.json()["isbn"], "7");

    let story = r#"
        const swagger = JSON.stringify((await ow.routes.get({ name: '/club' })).apis[0].value.apidoc)
        const copied = await ow.routes.create({ swagger: swagger.replace('"/club"', '"/copy"') })
        await ow.routes.delete({ name: '/club' })
        return [copied.gwApiUrl, (await ow.routes.list()).apis.length, (await refused(ow.routes.delete({ basepath: '/club' }))).statusCode]"#;
    let told = js.openwhisk(story).await;
    assert_eq!(told, json!([format!("{}/api/gw/guest/copy", wask.base()), 1, 404]));
}
