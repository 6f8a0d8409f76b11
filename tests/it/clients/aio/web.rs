//! `--web` and `--web-secure`, and the web actions that they create.

use reqwest::Method;
use serde_json::json;
use wask_tests::{Answer, Client, annotation, guest};

use crate::clients::start;

async fn web(me: &Client, key: Option<&str>) -> Answer {
    let request = me.anonymous(Method::POST, &me.web_path("echo.json?a=1")).body("{\"b\":2}");
    let request = request.header("content-type", "application/json");
    me.send(match key {
        Some(key) => request.header("x-require-whisk-auth", key),
        None => request,
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_action_can_become_a_web_action_a_raw_one_and_neither() {
    let Some((wask, aio)) = start().await else { return };
    let me = wask.guest();
    me.create_action("echo", &guest("echo")).await;

    aio.prints("rt action update echo --web true").await;
    let made = me.get("actions/echo").await.json();
    assert_eq!((annotation(&made, "web-export"), annotation(&made, "final")), (Some(json!(true)), Some(json!(true))));
    let address = format!("{}{}", wask.base(), me.web_path("echo"));
    assert_eq!(aio.prints("rt action get echo --url").await.trim_end(), address);
    let seen = web(&me, None).await.expect(200).json();
    assert_eq!((&seen["a"], &seen["b"]), (&json!("1"), &json!(2)));
    assert_eq!(aio.table("rt action list").await[1], "01/01 06:00:00 web wasm:1 0.0.2 echo");

    aio.prints("rt action update echo --web raw").await;
    let seen = web(&me, None).await.expect(200).json();
    assert_eq!((&seen["__ow_query"], &seen["__ow_body"]), (&json!("a=1"), &json!("eyJiIjoyfQ==")));

    aio.prints("rt action update echo --web false").await;
    web(&me, None).await.expect(404);
    let address = format!("{}/api/v1/namespaces/guest/actions/echo", wask.base());
    assert_eq!(aio.prints("rt action get echo --url").await.trim_end(), address);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secured_action_needs_a_platform_key_or_its_own_secret() {
    let Some((wask, aio)) = start().await else { return };
    let me = wask.guest();
    me.create_action("echo", &guest("echo")).await;

    aio.prints("rt action update echo --web true --web-secure 9007199254740991").await;
    assert_eq!(annotation(&me.get("actions/echo").await.json(), "require-whisk-auth"), Some(json!("9007199254740991")));
    web(&me, None).await.expect(401);
    web(&me, Some("9007199254740990")).await.expect(401);
    web(&me, Some("9007199254740991")).await.expect(200);
    assert_eq!(aio.table("rt action list").await[1], "01/01 06:00:00 web 🔐 wasm:1 0.0.2 echo");

    aio.prints("rt action update echo --web true --web-secure true").await;
    web(&me, None).await.expect(401);
    me.send(me.request(Method::GET, &me.web_path("echo.json"))).await.expect(200);

    aio.prints("rt action update echo --web true --web-secure false").await;
    web(&me, None).await.expect(200);
}
