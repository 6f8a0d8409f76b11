//! The three demo actions that `make build` embeds in the binary, and an alarm that invokes one of them.

use serde_json::json;
use wask_model::{Arguments, FullName, NamespaceName};

use super::sync;
use crate::node::Node;

const ALARM: &str = "demo-every-10s";

/// A demo action.
struct Demo {
    name: &'static str,
    wasm: &'static [u8],
}

/// `hello`, `worker` and `tick`; empty if the binary was built without them.
fn all() -> Vec<Demo> {
    include!(concat!(env!("OUT_DIR"), "/demos.rs"))
}

/// Deploys and lists the demo actions; returns the name of the one to try first.
pub async fn deploy_all(node: &Node, namespace: &NamespaceName) -> anyhow::Result<Option<String>> {
    let demos = all();
    if demos.is_empty() {
        say!("  This binary was built without its demo actions (`make build` embeds them).");
        say!("  Deploy your own:  wask dev FOLDER  with .wasm or .wat files in it");
        return Ok(None);
    }
    say!("  No folder given, so three demo actions are deployed (embedded in this binary):");
    for demo in &demos {
        sync::module(&node.catalog, namespace, demo.name, sync::encoded(demo.wasm)).await?;
    }
    say!("    hello      {}/api/v1/web/{namespace}/default/hello.json?name=Ada", node.api_host);
    say!("    worker     async, 20 s, writes a log line every second");
    say!("    tick       invoked by alarm \"{ALARM}\"");
    start_alarm(node, namespace).await?;
    Ok(Some("hello".to_owned()))
}

async fn start_alarm(node: &Node, namespace: &NamespaceName) -> anyhow::Result<()> {
    let named = |name: &str| -> anyhow::Result<FullName> { Ok(FullName::new(namespace.clone(), name.parse()?)) };
    sync::bind(&node.catalog, &named(ALARM)?, &named("demo-tick")?, &named("tick")?).await?;
    let args: Arguments = serde_json::from_value(json!({ "triggerName": ALARM, "cron": "*/10 * * * * *" }))?;
    node.alarms.ensure(namespace, &args).await
}
