//! `wask dev`: the production server, set up for a newcomer.

mod demo;
mod folder;
mod lines;
mod sync;

use std::path::PathBuf;

use anyhow::Context as _;
use figment::value::Value;
use wask_client::wskprops::{self, Props};
use wask_model::{AuthKey, NamespaceName};

use super::signals::Signals;
use crate::clock::Clock;
use crate::config::{BadConfig, Config, Loaded};
use crate::node::{Node, ReadyNode};

const NAMESPACE: &str = "guest";
/// The key that every OpenWhisk tutorial uses. Because it is known, this server listens on loopback only.
const UUID: &str = "23bc46b1-71f6-4ed5-8c54-816aa4f8c502";
const SECRET: &str = "123zO3xZCLrMN6v2BKK1dXYFpXlPkccOFqm12CdAsMgRU4VrNZ9lyGVCGuMDGIwP";

/// The defaults that differ from `wask serve`; environment and flags override them.
pub fn defaults() -> Vec<(&'static str, Value)> {
    vec![
        ("server.data_dir", Value::from("./.wask")),
        ("limits.invocations_per_minute", Value::from(0)),
        ("limits.fires_per_minute", Value::from(0)),
        ("limits.concurrent_invocations", Value::from(0)),
        ("egress.allow_cidrs", Value::from(vec!["127.0.0.0/8", "::1/128"])), // receivers of callbacks on this machine
        ("http.hosts", Value::from(vec!["loopback"])), // a page whose name leads to this machine gets nothing
        ("http.foreign_reads", Value::from(false)),    // its key is well known
        ("log.level", Value::from("warn")),
    ]
}

/// Refuses to offer the well-known key to other machines.
pub fn check(loaded: Loaded) -> Result<Loaded, BadConfig> {
    if !loaded.config.server.listen.ip().is_loopback() {
        return Err(loaded.refuse("server.listen", "must be a loopback address like 127.0.0.1:3233 for `wask dev`"));
    }
    Ok(loaded)
}

pub async fn run(config: Config, folder: Option<PathBuf>) -> anyhow::Result<()> {
    let signals = Signals::listen()?;
    let changes = folder.as_deref().map(folder::watch).transpose()?;
    let node = ReadyNode::prepare(&config, super::of_a_process()).await?;
    let namespace: NamespaceName = NAMESPACE.parse()?;
    ensure_namespace(&config, &node, &namespace).await?;
    let node = node.serve()?;
    let props = Props { api_host: &node.api_host, auth: &format!("{UUID}:{SECRET}"), namespace: NAMESPACE };
    wskprops::write(&config.wskprops(), &props).context("write wskprops")?;
    let ended = node.invoker.listen();

    greet(&config, &node);
    let first = match &folder {
        Some(folder) => folder::deploy_all(&node, &namespace, folder).await?,
        None => demo::deploy_all(&node, &namespace).await?,
    };
    say!("");
    if let Some(first) = first {
        say!("  Try:   curl '{}/api/v1/web/{NAMESPACE}/default/{first}.json?name=Ada'", node.api_host);
    }
    say!("         Ctrl-C stops; {} keeps everything.\n", config.server.data_dir.display());

    let mut tasks = vec![tokio::spawn(lines::print(ended))];
    if let Some(changes) = changes {
        let catalog = node.catalog.clone();
        tasks
            .push(tokio::spawn(async move { folder::redeploy(&catalog, &namespace, changes, &Clock::system()).await }));
    }
    let stopped = signals.stop_in_order(node).await;
    tasks.iter().for_each(tokio::task::JoinHandle::abort);
    stopped
}

/// Creates the namespace with the well-known key if it does not exist.
async fn ensure_namespace(config: &Config, node: &ReadyNode, namespace: &NamespaceName) -> anyhow::Result<()> {
    let key = || AuthKey::new(UUID, SECRET);
    if node.catalog().owner(namespace).await?.is_none() {
        node.catalog().create_namespace(namespace.clone(), Some(key())).await?;
    } else if node.catalog().authenticate(&key(), node.now()).await.is_err() {
        let data = config.server.data_dir.display();
        anyhow::bail!(
            "{data} belongs to `wask serve`: its namespace {NAMESPACE} has another key; choose another --data-dir"
        );
    }
    Ok(())
}

fn greet(config: &Config, node: &Node) {
    let (data, version) = (config.server.data_dir.display(), env!("CARGO_PKG_VERSION"));
    say!("wask {version} · data {data} · namespace {NAMESPACE} · loopback only\n");
    say!("  API         {}/api/v1", node.api_host);
    say!("  Key         guest key written to {data}/wskprops");
    say!("              export WSK_CONFIG_FILE={}\n", wskprops::absolute(&config.wskprops()).display());
}
