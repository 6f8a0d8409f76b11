//! `wask serve`: runs a node until a signal stops it.

use anyhow::Context as _;
use wask_client::wskprops::{self, Props};
use wask_model::{AuthKey, NamespaceName};

use super::signals::Signals;
use crate::catalog::random_key;
use crate::config::Config;
use crate::node::ReadyNode;

/// The namespace that the first start creates.
const FIRST_NAMESPACE: &str = "guest";

pub async fn run(config: Config) -> anyhow::Result<()> {
    let signals = Signals::listen()?;
    let node = ReadyNode::prepare(&config, super::of_a_process()).await?;
    let first = ensure_first_namespace(&config, &node).await?;
    let node = node.serve()?;
    say!("wask {} · listening on http://{}", env!("CARGO_PKG_VERSION"), node.address);
    node.web_address.iter().for_each(|address| say!("web actions alone on http://{address}"));
    say!("data in {}", config.server.data_dir.display());
    first.iter().for_each(|line| say!("{line}"));
    signals.stop_in_order(node).await
}

/// Creates the first namespace with a random key if it does not exist, and returns how to use it, for people. Only
/// wskprops contains the key, so its draft is written before the namespace is created and published afterwards.
async fn ensure_first_namespace(config: &Config, node: &ReadyNode) -> anyhow::Result<Vec<String>> {
    let (path, namespace): (_, NamespaceName) = (config.wskprops(), FIRST_NAMESPACE.parse()?);
    let first = match node.catalog().owner(&namespace).await? {
        Some(_) => None,
        None => Some(random_key()?),
    };
    let Some(auth) = first.as_ref().map(AuthKey::expose).or_else(|| wskprops::auth(&path)) else {
        let path = path.display();
        return Ok(vec![format!("namespace `{FIRST_NAMESPACE}` exists, but {path}, which had its key, is gone")]);
    };
    let props = Props { api_host: &node.api_host, auth: &auth, namespace: FIRST_NAMESPACE };
    wskprops::draft(&path, &props).context("write wskprops")?;
    let is_first = first.is_some();
    if is_first {
        node.catalog().create_namespace(namespace, first).await?;
    }
    wskprops::publish(&path).context("write wskprops")?; // at later starts too, because the address may have changed
    let created = format!("created namespace `{FIRST_NAMESPACE}`; its key is in {}", path.display());
    let usage = format!("use it:  export WSK_CONFIG_FILE={}", wskprops::absolute(&path).display());
    Ok(if is_first { vec![created, usage] } else { vec![usage] })
}
