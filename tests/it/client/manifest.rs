//! `wask deploy`, `wask undeploy`, `wask export`.

use serde_json::json;
use wask_tests::{TestServer, annotation};

use super::Shell;

const MANIFEST: &str = "\
packages:
  default:
    actions:
      hello:
        function: code/hello.wasm
        web: raw
        limits: { timeout: 30000, memorySize: 128 }
        inputs: { greeting: '${GREETING}', retries: { type: integer, default: 3 } }
        annotations: { description: greets }
      other:
        function: code/hello.wasm
    sequences:
      both: { actions: 'hello, other' }
    triggers:
      dawn:
        feed: /whisk.system/alarms/alarm
        inputs: { cron: '0 6 * * *', trigger_payload: { sun: up } }
    rules:
      on-dawn: { trigger: dawn, action: hello }
";

fn project(wask: &TestServer) -> Shell {
    let shell = Shell::new(wask, &wask.guest());
    shell.put_guest("code/hello.wasm", "echo");
    shell.put("manifest.yaml", MANIFEST);
    shell.put(".env", "GREETING='from .env'\n");
    shell
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manifest_can_be_planned_deployed_changed_and_undeployed() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    let shell = project(&wask);
    let planned = "\
+ action   hello
+ action   other
+ sequence both
+ trigger  dawn
+ rule     on-dawn
5 to create.
";

    assert_eq!(shell.ok(&["deploy", "--dry-run"]).await.out, planned);
    assert_eq!(me.get("actions").await.json(), json!([]), "a dry run changes nothing");
    assert_eq!(shell.ok(&["deploy"]).await.out, planned);
    let result = shell.ok(&["action", "invoke", "both", "-r", "-p", "a", "1"]).await.json();
    assert_eq!(result, json!({ "a": 1, "greeting": "from .env", "retries": 3 }));
    let hello = me.get("actions/hello").await.json();
    assert_eq!((&hello["limits"]["timeout"], &hello["limits"]["memory"]), (&json!(30_000), &json!(128)));
    assert_eq!(annotation(&hello, "web-export"), Some(json!(true)));
    let alarm = me.alarm("READ", "dawn", json!({})).await.json();
    assert_eq!(alarm["response"]["result"]["config"]["cron"], "0 6 * * *");

    assert_eq!(shell.ok(&["deploy", "manifest.yaml"]).await.out, "5 unchanged.\n");
    assert_eq!(me.get("actions/hello").await.json()["version"], "0.0.1", "what is unchanged is not written");

    let changed = MANIFEST.replace("0 6 * * *", "0 7 * * *").replace("30000", "40000").replace("greets", "welcomes");
    let changed = changed.replace("        web: raw\n", "");
    shell.put("manifest.yaml", changed);
    let variables = [("GREETING", "from the environment")];
    let ran = shell.run_with(&["deploy"], &variables).await.expect(0);
    let told = "\
~ action   hello
    parameters.greeting: another value
    annotations.description: \"greets\" -> \"welcomes\"
    annotations.web-export: removed
    annotations.raw-http: removed
    annotations.final: removed
    limits.timeout: 30000 -> 40000
~ trigger  dawn
    feed.cron: another value
2 to change, 3 unchanged.
";
    assert_eq!(ran.out, told);
    assert_eq!(annotation(&me.get("actions/hello").await.json(), "web-export"), None);
    assert_eq!(shell.run_with(&["deploy"], &variables).await.expect(0).out, "5 unchanged.\n");
    let alarm = me.alarm("READ", "dawn", json!({})).await.json();
    assert_eq!(alarm["response"]["result"]["config"]["cron"], "0 7 * * *");

    me.create_action("mine", &wask_tests::guest("echo")).await;
    let gone = shell.ok(&["undeploy"]).await.out;
    let expected =
        "- rule     on-dawn\n- trigger  dawn\n- sequence both\n- action   other\n- action   hello\n5 to delete.\n";
    assert_eq!(gone, expected);
    let left = me.get("actions").await.json();
    assert_eq!((left.as_array().unwrap().len(), &left[0]["name"]), (1, &json!("mine")));
    me.create_trigger("dawn").await;
    me.alarm("READ", "dawn", json!({})).await.expect(502);
    assert_eq!(shell.ok(&["undeploy"]).await.out, "- trigger  dawn\n1 to delete, 4 not there.\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn deploying_an_export_changes_nothing() {
    let wask = TestServer::start().await;
    let shell = project(&wask);
    shell.ok(&["deploy"]).await;
    shell.ok(&["action", "update", "other", "-p", "text", "string", "-p", "cost", "$HOME and ${HOME}"]).await;
    shell
        .ok(&[
            "action",
            "update",
            "other",
            "-a",
            "final",
            "true",
            "-a",
            "yes",
            "no",
            "--kind",
            "wasm:1",
            "code/hello.wasm",
        ])
        .await;

    shell.ok(&["export", "-m", "copy/manifest.yaml"]).await;

    assert_eq!(shell.read("copy/default/hello.wasm"), shell.read("code/hello.wasm"));
    let again = shell.ok(&["deploy", "copy/manifest.yaml"]).await.out;
    assert_eq!(again, "5 unchanged.\n");
    let elsewhere = Shell::new(&wask, &wask.other("elsewhere").await);
    let copy = shell.path("copy/manifest.yaml");
    elsewhere.ok(&["deploy", copy.to_str().unwrap()]).await;
    let result = elsewhere.ok(&["action", "invoke", "other", "-r"]).await.json();
    assert_eq!(result, json!({ "text": "string", "cost": "$HOME and ${HOME}" }));
    let refused = shell.run(&["export", "-m", "copy/manifest.yaml"]).await.expect(1);
    assert_eq!(refused.error(), "error: The file 'copy/manifest.yaml' already exists");
}

#[tokio::test(flavor = "multi_thread")]
async fn packages_and_bindings_are_deployed_and_exported_with_their_contents() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    let shell = Shell::new(&wask, &me);
    shell.put_guest("echo.wasm", "echo");
    let manifest = "\
project:
  name: shop
  packages:
    shop:
      public: true
      inputs: { currency: EUR }
      annotations: { description: sells }
      dependencies:
        clock: { location: /whisk.system/alarms, inputs: { trigger_payload: tick } }
      actions:
        order: { function: echo.wasm, web: true }
      sequences:
        twice: { actions: 'order, order', web: true }
      triggers:
        dawn: { feed: clock/alarm, inputs: { cron: 0 6 * * * } }
      rules:
        on-dawn: { trigger: dawn, action: order }
";
    shell.put("manifest.yml", manifest);

    let planned = "\
+ package  shop
+ package  clock
+ action   shop/order
+ sequence shop/twice
+ trigger  dawn
+ rule     on-dawn
6 to create.
";
    assert_eq!(shell.ok(&["deploy"]).await.out, planned);
    assert_eq!(shell.ok(&["deploy"]).await.out, "6 unchanged.\n");
    let result = shell.ok(&["action", "invoke", "shop/twice", "-r", "-p", "n", "1"]).await.json();
    assert_eq!(result, json!({ "n": 1, "currency": "EUR" }));
    let alarm = me.alarm("READ", "dawn", json!({})).await.json();
    assert_eq!(alarm["response"]["result"]["config"]["payload"], json!({ "payload": "tick" }));

    shell.ok(&["export", "-m", "all/manifest.yaml"]).await;
    assert_eq!(shell.ok(&["deploy", "all/manifest.yaml"]).await.out, "6 unchanged.\n");
    shell.ok(&["export", "shop", "-m", "shop/manifest.yaml"]).await;
    assert_eq!(shell.ok(&["deploy", "shop/manifest.yaml"]).await.out, "5 unchanged.\n", "the binding is not in it");
    shell.run(&["export", "gone", "-m", "gone.yaml"]).await.expect(148);

    let echo = wask_tests::guest("echo");
    me.create_action("shop/mine", &echo).await;
    let kept = shell.ok(&["undeploy"]).await;
    assert!(kept.err.contains("warning: Unable to delete package 'shop': Package not empty"), "{}", kept.err);
    let left = me.get("actions").await.json();
    assert_eq!((left.as_array().unwrap().len(), &left[0]["name"]), (1, &json!("mine")));
    me.get("packages/clock").await.expect(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_manifest_is_reported_before_anything_changes() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    let shell = project(&wask);
    for (manifest, text) in [
        ("packages: [", "manifest.yaml: "),
        ("a: 1", "manifest.yaml: there is no mapping `packages`"),
        (
            "packages: { default: { actions: { a: { function: none.wasm } } } }",
            "packages.default.actions.a.function: File ",
        ),
        (
            "packages: { default: { actions: { a: { code: '${NONE}' } } } }",
            "manifest.yaml: packages.default.actions.a.code: the variable NONE is not set",
        ),
        (
            "packages: { default: { actions: { a: { code: x, web: maybe } } } }",
            "packages.default.actions.a.web: Invalid argument 'maybe'",
        ),
    ] {
        shell.put("manifest.yaml", manifest);
        let refused = shell.run(&["deploy"]).await;
        assert_ne!(refused.code, 0, "{manifest}");
        assert!(refused.error().starts_with(&format!("error: {text}")), "{manifest}: {}", refused.err);
    }
    assert_eq!(me.get("actions").await.json(), json!([]));
    let nothing = Shell::new(&wask, &me).run(&["deploy"]).await.expect(2);
    assert_eq!(
        nothing.error(),
        "error: There is no manifest.yaml, manifest.yml, app.config.yaml in this folder; name a manifest"
    );
    shell.put("manifest.yaml", "packages: { default: { actions: { a: { code: '(module' } } } }");
    let refused = shell.run(&["deploy"]).await.expect(144);
    assert!(refused.error().starts_with("error: Unable to deploy action 'a': "), "{}", refused.err);
}
