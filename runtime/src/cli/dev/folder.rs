//! The folder of `wask dev`: deploys its modules at the start, and again when they change.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::mpsc;
use wask_model::NamespaceName;

use super::sync::{self, SyncOutcome};
use crate::catalog::Catalog;
use crate::clock::Clock;
use crate::node::Node;

/// How long a file must stay unchanged before it is deployed again: compilers write in several steps.
const SETTLE: Duration = Duration::from_millis(150);
/// How many changes may wait; a compiler writes only a few files.
const WAITING: usize = 256;

/// The changed files of a folder.
pub struct Changes {
    paths: mpsc::Receiver<PathBuf>,
    /// Dropping it ends the watch.
    _watcher: RecommendedWatcher,
}

impl Changes {
    /// The next change, if there is one before `span` has passed.
    async fn next_within(&mut self, span: Duration, clock: &Clock) -> Option<PathBuf> {
        tokio::select! {
            path = self.paths.recv() => path,
            () = clock.sleep(span) => None,
        }
    }
}

/// Deploys the modules of a folder and prints their URLs. A file that cannot be deployed is reported and skipped. Returns
/// the name of the action to try first: `hello` if there is one.
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

/// Starts to watch the folder; [`redeploy`] deploys the files that change from now on.
pub fn watch(folder: &Path) -> anyhow::Result<Changes> {
    anyhow::ensure!(folder.is_dir(), "there is no folder {}", folder.display());
    let (changed, paths) = mpsc::channel(WAITING);
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        for path in event.into_iter().filter(|e| !e.kind.is_access()).flat_map(|event| event.paths) {
            let _ = changed.try_send(path); // if it is full, the file is queued already or will change again
        }
    })?;
    watcher.watch(folder, RecursiveMode::NonRecursive).with_context(|| format!("watch {}", folder.display()))?;
    Ok(Changes { paths, _watcher: watcher })
}

/// Deploys files when they change, until its task is aborted.
pub async fn redeploy(catalog: &Catalog, namespace: &NamespaceName, mut changes: Changes, clock: &Clock) {
    while let Some(path) = changes.paths.recv().await {
        let mut changed = vec![path];
        while let Some(next) = changes.next_within(SETTLE, clock).await {
            if !changed.contains(&next) {
                changed.push(next);
            }
        }
        for path in changed.iter().filter(|path| path.is_file()) {
            match deploy_file(catalog, namespace, path).await {
                None | Some((_, Ok(SyncOutcome::Unchanged))) => (),
                Some((name, Ok(SyncOutcome::Deployed(version)))) => say!("          {name} {version} is live"),
                Some((name, Err(refused))) => say!("          {name} not deployed: {refused:#}"),
            }
        }
    }
}

/// Deploys one file. `None`: the file is not a module.
async fn deploy_file(
    catalog: &Catalog,
    namespace: &NamespaceName,
    path: &Path,
) -> Option<(String, anyhow::Result<SyncOutcome>)> {
    match sync::read(path) {
        Ok(None) => None,
        Ok(Some((name, code))) => {
            let deployed = sync::module(catalog, namespace, &name, code).await;
            Some((name, deployed))
        }
        Err(cause) => Some((path.file_name()?.to_string_lossy().into_owned(), Err(cause))),
    }
}
