//! The errors of `aio rt`, and what it prints about a server and a namespace.

use serde_json::json;
use wask_tests::{NodeClients, guest};

use crate::clients::start;

#[tokio::test(flavor = "multi_thread")]
async fn every_error_is_a_sentence_that_names_the_problem() {
    let Some((wask, aio)) = start().await else { return };
    wask.other("ada").await;
    aio.write_guest("echo");
    let missing = "the requested resource does not exist. (404 Not Found)";
    #[rustfmt::skip]
    let table = [
        ("rt action get none", format!("failed to retrieve the action: {missing}")),
        ("rt activation result 0123456789abcdef0123456789abcdef", format!("failed to fetch activation result: {missing}")),
        ("rt activation get 0123", "failed to retrieve the activation: \
            activation id length is 4 but must be 32. (400 Bad Request)".into()),
        ("rt rule create r none echo", "failed to create rule: trigger /guest/none does not exist (400 Bad Request)".into()),
        ("rt package bind /ada/none mine", "failed to bind the package: \
            the supplied authentication is not authorized to access 'ada/none'. (403 Forbidden)".into()),
        ("rt action create echo echo.wasm --kind wasm:1", "failed to create the action: \
            the module was damaged on its way: the client sent a binary file as text. any of these works: \
            aio rt action create name file.wasm --kind wasm:1 --binary; \
            zip the module and run: wsk action create name file.zip --kind wasm:1; \
            or send exec.code as base64 of the file. (400 Bad Request)".into()),
        ("rt action create echo echo.wasm --binary --kind nodejs:20", "failed to create the action: \
            the request content was malformed: the specified runtime 'nodejs:20' is not supported by this platform. \
            valid values are: 'wasm:1', 'wasm:default', 'wasm', 'sequence', 'blackbox'. (400 Bad Request)".into()),
        ("rt action create echo echo.wasm --binary --kind wasm:1 -t 99999999", "failed to create the action: \
            duration 99999999 milliseconds exceeds allowed threshold of 10800000 milliseconds (400 Bad Request)".into()),
        ("rt action create none/echo echo.wasm --binary --kind wasm:1", format!("failed to create the action: {missing}")),
    ];
    for (line, sentence) in table {
        assert_eq!(aio.refusal(line).await, sentence, "aio {line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_key_and_an_unreachable_server_give_different_errors() {
    let Some((wask, _)) = start().await else { return };
    let mut stranger = wask.guest();
    stranger.auth.push('x');
    let aio = NodeClients::new(&stranger).expect("they were there a moment ago");

    let refused = aio.refusal("rt action list").await;

    assert_eq!(refused, "failed to list the actions: the supplied authentication is invalid (401 Unauthorized)");
    let refused = aio.refusal("rt action list --apihost http://127.0.0.1:9").await;
    assert_eq!(refused, "failed to list the actions: connect econnrefused 127.0.0.1:9");
}

#[tokio::test(flavor = "multi_thread")]
async fn aio_prints_properties_namespaces_and_entities() {
    let Some((wask, aio)) = start().await else { return };
    let me = wask.guest();
    me.create_action("echo", &guest("echo")).await;
    me.put("packages/tools", &json!({})).await.expect(200);
    me.create_trigger("dawn").await;
    me.create_rule("on-dawn", "dawn", "echo").await;

    let properties = aio.table("rt property get").await;
    let version = env!("CARGO_PKG_VERSION");
    for line in [
        format!("whisk API host {}", wask.base()),
        format!("whisk auth {}", me.auth),
        "whisk namespace guest".to_owned(),
        format!("whisk API build version wask {version}"),
        format!("whisk API build number {version}"),
    ] {
        assert!(properties.contains(&line), "{line:?} is not in {properties:#?}");
    }
    assert_eq!(aio.table("rt namespace list").await, ["Namespaces", "guest"]);
    assert_eq!(
        aio.table("rt list").await,
        [
            "Entities in namespace:",
            "packages",
            "/guest/tools private",
            "actions",
            "/guest/echo private wasm:1",
            "triggers",
            "/guest/dawn private",
            "rules",
            "/guest/on-dawn private active",
        ]
    );
}
