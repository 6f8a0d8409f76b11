//! `wask dev`: the production server with everything at hand that a newcomer needs.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use figment::value::Value;
use notify::{RecursiveMode, Watcher as _};
use serde_json::json;
use tokio::sync::{broadcast, mpsc};
use wask_model::{Activation, Arguments, AuthKey, FullName, NamespaceName, Status};

use super::deploy::{self, Deployed};
use super::serve::Signals;
use super::wskprops::{self, Props};
use super::{demo, deploy::encoded};
use crate::config::{BadConfig, Config};
use crate::node::{Node, Shared};

const NAMESPACE: &str = "guest";
/// The key that every OpenWhisk tutorial uses; the reason why this server listens on loopback only.
const UUID: &str = "23bc46b1-71f6-4ed5-8c54-816aa4f8c502";
const SECRET: &str = "123zO3xZCLrMN6v2BKK1dXYFpXlPkccOFqm12CdAsMgRU4VrNZ9lyGVCGuMDGIwP";
const DEMO_ALARM: &str = "demo-every-10s";
/// How long a file must be left alone before it is deployed again: compilers write in several steps.
const SETTLE: Duration = Duration::from_millis(150);

/// What differs from `wask serve` unless file, environment or flags say otherwise.
pub fn defaults() -> Vec<(&'static str, Value)> {
    vec![
        ("server.data_dir", Value::from("./.wask")),
        ("limits.invocations_per_minute", Value::from(0)),
        ("limits.fires_per_minute", Value::from(0)),
        ("limits.concurrent_invocations", Value::from(0)),
        ("log.level", Value::from("warn")),
    ]
}

pub async fn run(config: Config, folder: Option<PathBuf>) -> anyhow::Result<()> {
    if !config.server.listen.ip().is_loopback() {
        let address = config.server.listen.to_string();
        return Err(BadConfig::new("server.listen", &format!("{address}: wask dev listens on loopback addresses only")).into());
    }
    let mut signals = Signals::new()?;
    let node = Node::start(&config, Shared::default()).await?;
    let namespace: NamespaceName = NAMESPACE.parse()?;
    if node.catalog.owner(&namespace).await?.is_none() {
        node.catalog.create_namespace(namespace.clone(), Some(AuthKey::new(UUID, SECRET))).await?;
    }
    let api_host = format!("http://{}", node.address);
    let props = Props { api_host: api_host.clone(), auth: format!("{UUID}:{SECRET}"), namespace: NAMESPACE };
    wskprops::write(&config.wskprops(), &props).context("write wskprops")?;
    let ended = node.invoker.listen();

    greet(&config, &api_host);
    let deployed = match &folder {
        Some(folder) => deploy_folder(&node, &namespace, folder, &api_host).await?,
        None => deploy_demos(&node, &namespace, &api_host).await?,
    };
    if let Some(first) = deployed {
        println!("\n  Try:   curl '{api_host}/api/v1/web/{NAMESPACE}/default/{first}.json?name=Ada'");
    }
    println!("         Ctrl-C stops; {} keeps everything.\n", config.server.data_dir.display());

    let lines = tokio::spawn(print_activations(ended));
    let watching = match folder {
        Some(folder) => Some(tokio::spawn(redeploy(node.catalog.clone(), namespace, folder))),
        None => None,
    };
    let stopped = signals.stop_in_order(node).await;
    lines.abort();
    if let Some(watching) = watching {
        watching.abort();
    }
    stopped
}

fn greet(config: &Config, api_host: &str) {
    let data = config.server.data_dir.display();
    let props = wskprops::absolute(&config.wskprops());
    println!("wask {} · data {data} · namespace {NAMESPACE} · loopback only\n", env!("CARGO_PKG_VERSION"));
    println!("  API         {api_host}/api/v1");
    println!("  Key         guest key written to {data}/wskprops");
    println!("              export WSK_CONFIG_FILE={}", props.display());
}

/// Deploys the modules of a folder; returns the name of the first.
async fn deploy_folder(
    node: &Node,
    namespace: &NamespaceName,
    folder: &Path,
    api_host: &str,
) -> anyhow::Result<Option<String>> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("read the folder {}", folder.display()))?;
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    println!("\n  Actions of {}:", folder.display());
    let mut first = None;
    for path in paths {
        let Some((name, code)) = deploy::read(&path)? else { continue };
        match deploy::module(&node.catalog, namespace, &name, code).await {
            Ok(_) => {
                println!("    {name:<10} {api_host}/api/v1/web/{NAMESPACE}/default/{name}.json");
                first.get_or_insert(name);
            }
            Err(refused) => println!("    {name:<10} not deployed: {refused}"),
        }
    }
    if first.is_none() {
        println!("    none yet: every .wasm and .wat file that appears there is deployed at once");
    }
    Ok(first)
}

/// Deploys what this binary carries: three actions, and an alarm that runs one of them.
async fn deploy_demos(node: &Node, namespace: &NamespaceName, api_host: &str) -> anyhow::Result<Option<String>> {
    let demos = demo::all();
    if demos.is_empty() {
        println!("\n  This binary was built without its demo actions (`make build` embeds them).");
        println!("  Deploy your own:  wask dev FOLDER  with .wasm or .wat files in it");
        return Ok(None);
    }
    println!("\n  No folder given, so three demo actions are loaded (they live inside this binary):");
    for demo in &demos {
        deploy::module(&node.catalog, namespace, demo.name, encoded(demo.wasm)).await?;
    }
    println!("    hello      {api_host}/api/v1/web/{NAMESPACE}/default/hello.json?name=Ada");
    println!("    worker     async, 20 s, writes a log line every second");
    println!("    tick       runs from alarm \"{DEMO_ALARM}\"");
    demo_alarm(node, namespace).await?;
    Ok(Some("hello".to_owned()))
}

async fn demo_alarm(node: &Node, namespace: &NamespaceName) -> anyhow::Result<()> {
    let named = |name: &str| -> anyhow::Result<FullName> { Ok(FullName::new(namespace.clone(), name.parse()?)) };
    let trigger = named(DEMO_ALARM)?;
    deploy::bind(&node.catalog, &trigger, &named("demo-tick")?, &named("tick")?).await?;
    let args = json!({ "triggerName": DEMO_ALARM, "cron": "*/10 * * * * *" });
    let args: Arguments = serde_json::from_value(args)?;
    node.alarms.ensure(namespace, &args).await
}

/// One line per activation that ends.
async fn print_activations(mut ended: broadcast::Receiver<Arc<Activation>>) {
    loop {
        match ended.recv().await {
            Ok(record) => println!("{}", line(&record)),
            Err(broadcast::error::RecvError::Lagged(missed)) => println!("          … {missed} more"),
            Err(broadcast::error::RecvError::Closed) => return,
        }
    }
}

fn line(record: &Activation) -> String {
    let time = record.end.unwrap_or(record.start).to_utc().with_timezone(&chrono::Local).format("%H:%M:%S");
    let outcome = match record.response.status {
        Status::Success => "ok",
        other => other.as_str(),
    };
    let took = record.duration_ms.unwrap_or_default();
    format!("{time}  {:<12} {outcome:<10} {took:>6} ms   {}", record.name.as_str(), record.id)
}

/// Deploys files of the folder again when they change, until aborted.
async fn redeploy(catalog: Arc<crate::catalog::Catalog>, namespace: NamespaceName, folder: PathBuf) {
    let (changed, mut changes) = mpsc::channel::<PathBuf>(256);
    let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        for path in event.into_iter().filter(|e| !e.kind.is_access()).flat_map(|event| event.paths) {
            let _ = changed.try_send(path); // full: the same file is in there already, or will change again
        }
    });
    let mut watcher = match watcher {
        Ok(watcher) => watcher,
        Err(cause) => return eprintln!("changes are not watched: {cause}"),
    };
    if let Err(cause) = watcher.watch(&folder, RecursiveMode::NonRecursive) {
        return eprintln!("changes are not watched: {cause}");
    }
    while let Some(path) = changes.recv().await {
        let mut paths = vec![path];
        while let Ok(Some(next)) = tokio::time::timeout(SETTLE, changes.recv()).await {
            if !paths.contains(&next) {
                paths.push(next);
            }
        }
        for path in paths.iter().filter(|path| path.is_file()) {
            deploy_again(&catalog, &namespace, path).await;
        }
    }
}

async fn deploy_again(catalog: &crate::catalog::Catalog, namespace: &NamespaceName, path: &Path) {
    let deployed = match deploy::read(path) {
        Ok(Some((name, code))) => (deploy::module(catalog, namespace, &name, code).await, name),
        Ok(None) => return,
        Err(cause) => (Err(cause), path.display().to_string()),
    };
    match deployed {
        (Ok(Deployed::New(action)), name) => println!("          {name} {} is live", action.version),
        (Ok(Deployed::Unchanged(_)), _) => (),
        (Err(refused), name) => println!("          {name} not deployed: {refused:#}"),
    }
}
