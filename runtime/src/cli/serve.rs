//! `wask serve`: a node that runs until it is told to stop.

use anyhow::Context as _;
use tokio::signal::unix::{Signal, SignalKind, signal};
use wask_client::wskprops::{self, Props};
use wask_model::{AuthKey, NamespaceName};

use crate::catalog::random_key;
use crate::config::Config;
use crate::node::{Node, Shared};

/// The namespace of the first start.
const FIRST_NAMESPACE: &str = "guest";

pub async fn run(config: Config) -> anyhow::Result<()> {
    let mut signals = Signals::new()?;
    let node = Node::start(&config, Shared::default()).await?;
    say!("wask {} · listening on http://{}", env!("CARGO_PKG_VERSION"), node.address);
    say!("data in {}", config.server.data_dir.display());
    say_how_to_use_it(&config, &node).await?;
    signals.stop_in_order(node).await
}

/// Makes the first namespace with a random key, unless it is there. The key is in wskprops and nowhere else, so it is
/// written before there is a namespace that needs it; it can be read when there is.
async fn say_how_to_use_it(config: &Config, node: &Node) -> anyhow::Result<()> {
    let (path, namespace): (_, NamespaceName) = (config.wskprops(), FIRST_NAMESPACE.parse()?);
    let first = match node.catalog.owner(&namespace).await? {
        Some(_) => None,
        None => Some(random_key()?),
    };
    let Some(auth) = first.as_ref().map(AuthKey::expose).or_else(|| wskprops::auth(&path)) else {
        say!("namespace `{FIRST_NAMESPACE}` exists, but {}, which had its key, is gone", path.display());
        return Ok(());
    };
    let props = Props { api_host: &node.api_host, auth: &auth, namespace: FIRST_NAMESPACE };
    wskprops::draft(&path, &props).context("write wskprops")?;
    let made = first.is_some();
    if made {
        node.catalog.create_namespace(namespace, first).await?;
    }
    wskprops::publish(&path).context("write wskprops")?; // also later: the address may be another one
    if made {
        say!("created namespace `{FIRST_NAMESPACE}`; its key is in {}", path.display());
    }
    say!("use it:  export WSK_CONFIG_FILE={}", wskprops::absolute(&path).display());
    Ok(())
}

/// The two signals that stop a node.
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    pub fn new() -> anyhow::Result<Self> {
        Ok(Signals { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => (),
            _ = self.interrupt.recv() => (),
        }
    }

    /// Waits for a signal and stops the node in order; the second signal ends the process at once.
    pub async fn stop_in_order(&mut self, node: Node) -> anyhow::Result<()> {
        self.next().await;
        eprintln!("stopping; a second signal stops the server at once");
        tokio::select! {
            stopped = node.stop() => stopped,
            () = self.next() => anyhow::bail!("stopped at once; interrupted activations run again at the next start"),
        }
    }
}
