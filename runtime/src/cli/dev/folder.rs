//! The folder of `wask dev`: its modules are deployed at the start, and again whenever they change.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::mpsc;
use wask_model::NamespaceName;

use super::sync::{self, Deployed};
use crate::catalog::Catalog;
use crate::node::Node;

/// How long a file must be left alone before it is deployed again: compilers write in several steps.
const SETTLE: Duration = Duration::from_millis(150);
/// Changed files that may wait; a compiler's output is a handful.
const WAITING: usize = 256;

/// The files of a folder that change from now on.
pub struct Changes {
    paths: mpsc::Receiver<PathBuf>,
    /// Watches until it is dropped.
    _watcher: RecommendedWatcher,
}

/// Deploys the modules of a folder and says where they are; a file that cannot be deployed is reported, not an error.
/// Returns the name of the one to try first: `hello` where there is one.
pub async fn deploy_all(node: &Node, namespace: &NamespaceName, folder: &Path) -> anyhow::Result<Option<String>> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("read the folder {}", folder.display()))?;
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    say!("  Actions of {}:", folder.display());
    let mut first = None;
    for path in paths.iter().filter(|path| path.is_file()) {
        match deploy_file(&node.catalog, namespace, path).await {
            None => (),
            Some((name, Ok(_))) => {
                say!("    {name:<10} {}/api/v1/web/{namespace}/default/{name}.json", node.api_host);
                if first.is_none() || name == "hello" {
                    first = Some(name);
                }
            }
            Some((name, Err(refused))) => say!("    {name:<10} not deployed: {refused:#}"),
        }
    }
    if first.is_none() {
        say!("    none yet; a .wasm or .wat file is deployed as soon as it appears there");
    }
    Ok(first)
}

/// Begins to watch; what changes from now on is deployed by [`redeploy`].
pub fn watch(folder: &Path) -> anyhow::Result<Changes> {
    anyhow::ensure!(folder.is_dir(), "there is no folder {}", folder.display());
    let (changed, paths) = mpsc::channel(WAITING);
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        for path in event.into_iter().filter(|e| !e.kind.is_access()).flat_map(|event| event.paths) {
            let _ = changed.try_send(path); // full: the same file is in there already, or will change again
        }
    })?;
    watcher.watch(folder, RecursiveMode::NonRecursive).with_context(|| format!("watch {}", folder.display()))?;
    Ok(Changes { paths, _watcher: watcher })
}

/// Deploys files again when they change, until aborted.
pub async fn redeploy(catalog: &Catalog, namespace: &NamespaceName, mut changes: Changes) {
    while let Some(path) = changes.paths.recv().await {
        let mut changed = vec![path];
        while let Ok(Some(next)) = tokio::time::timeout(SETTLE, changes.paths.recv()).await {
            if !changed.contains(&next) {
                changed.push(next);
            }
        }
        for path in changed.iter().filter(|path| path.is_file()) {
            match deploy_file(catalog, namespace, path).await {
                None | Some((_, Ok(Deployed::Unchanged))) => (),
                Some((name, Ok(Deployed::New(version)))) => say!("          {name} {version} is live"),
                Some((name, Err(refused))) => say!("          {name} not deployed: {refused:#}"),
            }
        }
    }
}

/// `None`: not the file of an action.
async fn deploy_file(
    catalog: &Catalog,
    namespace: &NamespaceName,
    path: &Path,
) -> Option<(String, anyhow::Result<Deployed>)> {
    match sync::read(path) {
        Ok(None) => None,
        Ok(Some((name, code))) => {
            let deployed = sync::module(catalog, namespace, &name, code).await;
            Some((name, deployed))
        }
        Err(cause) => Some((path.file_name()?.to_string_lossy().into_owned(), Err(cause))),
    }
}
