//! `aio rt deploy`: deploys and undeploys everything that a manifest names.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use wask_tests::{Client, NodeClients, annotation};

use crate::clients::{start, zip};

const MANIFEST: &str = "
packages:
  shop:
    public: true
    inputs:
      who: Ada
    actions:
      greet:
        function: echo.zip
        runtime: wasm:1
        web: 'yes'
        inputs:
          n: 3
        annotations:
          require-whisk-auth: 9007199254740991
        limits:
          timeout: 5000
          memorySize: 128
      quiet:
        function: echo.zip
        docker: anything
        web: 'yes'
    sequences:
      both:
        actions: greet, quiet
    triggers:
      order:
        inputs:
          x: 1
    rules:
      on-order:
        trigger: order
        action: shop/greet
    apis:
      books:
        club:
          books:
            quiet:
              method: get
              response: json
";

const PROJECT: &str = "
project:
  name: shop
  packages:
    shop:
      actions:
        greet:
          function: echo.zip
          runtime: wasm:1
      triggers:
        order: {}
";

/// The lines of a deployment about its entities.
fn steps(printed: &str) -> Vec<&str> {
    let lines = printed.lines().filter(|line| line.contains("successfully") || line.starts_with("Success"));
    lines.map(|line| line.trim_start_matches("Info: ")).collect()
}

async fn prepare(aio: &NodeClients, manifest: &str) {
    aio.write("echo.zip", zip("echo"));
    aio.write("manifest.yaml", manifest);
}

async fn count(me: &Client, collection: &str) -> Value {
    me.get(&format!("{collection}?count=true")).await.expect(200).json()[collection].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manifest_can_be_deployed_redeployed_and_undeployed() {
    let Some((wask, aio)) = start().await else { return };
    let me = wask.guest();
    prepare(&aio, MANIFEST).await;

    let deployed = aio.prints("rt deploy").await;
    let told = [
        "package [shop] has been successfully deployed.",
        "action [shop/greet] has been successfully deployed.",
        "action [shop/quiet] has been successfully deployed.",
        "action [shop/both] has been successfully deployed.",
        "API route [get /club/books [shop/quiet]] successfully deployed.",
        "trigger [order] has been successfully deployed.",
        "rule [on-order] has been successfully deployed.",
        "Success: Deployment completed successfully.",
    ];
    assert_eq!(steps(&deployed), told);
    let greet = me.get("actions/shop/greet").await.expect(200).json();
    assert_eq!(annotation(&greet, "require-whisk-auth"), Some(json!(9_007_199_254_740_991_u64)));
    assert_eq!(annotation(&greet, "web-export"), Some(json!(true)));
    assert_eq!(greet["limits"], json!({ "timeout": 5000, "memory": 128, "logs": 10, "concurrency": 1 }));
    assert_eq!(me.get("packages/shop").await.json()["publish"], true);
    let ran = me.invoke("shop/both", &json!({})).await.expect(200).json();
    assert_eq!(ran["response"]["result"], json!({ "who": "Ada", "n": 3 }));
    wask.advance(Duration::from_secs(1));
    let books = || me.send(me.anonymous(Method::GET, "/api/gw/guest/club/books"));
    assert_eq!(books().await.expect(200).json()["who"], "Ada");
    me.post("triggers/order", &json!({ "y": 2 })).await.expect(202);
    let run = &me.activations_of_at_least("shop/greet", 2).await[0];
    let result = &run["response"]["result"];
    assert_eq!(
        [&result["who"], &result["n"], &result["x"], &result["y"]],
        [&json!("Ada"), &json!(3), &json!(1), &json!(2)]
    );

    assert_eq!(steps(&aio.prints("rt deploy").await), told);
    assert_eq!(me.get("actions/shop/greet").await.json()["version"], "0.0.2");

    let undeployed = aio.prints("rt deploy undeploy").await;
    assert!(undeployed.ends_with("Success: Undeployment completed successfully.\n"), "{undeployed}");
    for collection in ["actions", "packages", "triggers", "rules"] {
        assert_eq!(count(&me, collection).await, json!(0), "{collection}");
    }
    books().await.expect(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_managed_project_is_found_by_its_name() {
    let Some((wask, aio)) = start().await else { return };
    let me = wask.guest();
    prepare(&aio, PROJECT).await;
    me.create_trigger("not-of-the-project").await;

    let synced = aio.prints("rt deploy sync").await;
    assert_eq!(steps(&synced).last(), Some(&"Success: Deployment completed successfully."));
    for entity in ["packages/shop", "actions/shop/greet", "triggers/order"] {
        let managed = annotation(&me.get(entity).await.expect(200).json(), "whisk-managed").expect("its project");
        assert_eq!(managed["projectName"], "shop", "{entity}");
    }

    let undeployed = aio.prints("rt deploy undeploy --projectname shop").await;
    assert_eq!(
        steps(&undeployed),
        [
            "action [shop/greet] has been successfully undeployed.",
            "trigger [order] has been successfully undeployed.",
            "package [shop] has been successfully undeployed.",
            "Success: Undeployment completed successfully.",
        ]
    );
    assert_eq!(me.get("triggers").await.json().as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_kind_is_refused_before_anything_is_sent() {
    let Some((wask, aio)) = start().await else { return };
    prepare(&aio, &PROJECT.replace("wasm:1", "nodejs:99")).await;

    let ran = aio.aio("rt deploy").await;

    assert_eq!(ran.code, Some(2));
    let said = ran.stderr.split_whitespace().collect::<Vec<_>>().join(" ").replace("› ", "");
    assert!(said.contains("Failed to deploy: Unsupported node version 'nodejs:99' in action shop/greet."), "{said}");
    assert!(said.contains(&format!("Supported runtimes on {}: wasm:1", wask.base())), "{said}");
    wask.guest().get("actions/shop/greet").await.expect(404);
}
