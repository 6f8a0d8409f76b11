//! Opens the store that the settings choose, so that no room names a backend.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::sqlite::{SqliteConfig, SqliteStore};
use crate::{OnFault, Store, StoreError};

/// Settings below `store.`: one section per backend. SQLite is the only one so far.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct StoreConfig {
    /// Free bytes of the disk below which the namespace that stores most gets nothing new accepted; below half of them,
    /// nobody does. 0: no bound.
    pub min_free_bytes: u64,
    /// Settings of the SQLite backend.
    pub sqlite: SqliteConfig,
}

impl Default for StoreConfig {
    fn default() -> Self {
        StoreConfig { min_free_bytes: 128 << 20, sqlite: SqliteConfig::default() }
    }
}

impl StoreConfig {
    /// The database in a node's data folder; it exists once a node has started on the folder.
    pub fn file_in(&self, data_dir: &Path) -> PathBuf {
        data_dir.join("wask.sqlite")
    }
}

/// A store that is open, whatever its backend. Dropping it, and every clone of `store`, closes it too.
pub struct OpenStore {
    /// The store, shared by all parts of a node; a part takes the trait that it uses.
    pub store: Arc<dyn Store>,
    backend: Backend,
}

enum Backend {
    Sqlite(Arc<SqliteStore>),
}

/// Opens the store of a node in its data folder, or makes it, and brings its schema up to date. Blocks; for the start
/// of a node, which holds the folder's [`DataDirLock`](crate::DataDirLock). `on_fault`: what to do when a thread of the
/// store dies or the disk fails a write; `None`: later calls are refused.
pub fn open(config: &StoreConfig, data_dir: &Path, on_fault: Option<OnFault>) -> Result<OpenStore, StoreError> {
    let on_fault = on_fault.unwrap_or_else(crate::fault::none);
    Ok(OpenStore::from_sqlite(SqliteStore::open_watched(&config.file_in(data_dir), &config.sqlite, on_fault)?))
}

/// Opens the store of a node that may be running. `Err` if there is no store, or if another version of wask has made
/// it. Blocks; for an operator's command.
pub fn join(config: &StoreConfig, data_dir: &Path) -> Result<OpenStore, StoreError> {
    Ok(OpenStore::from_sqlite(SqliteStore::join(&config.file_in(data_dir), &config.sqlite)?))
}

impl OpenStore {
    fn from_sqlite(store: SqliteStore) -> OpenStore {
        let store = Arc::new(store);
        OpenStore { store: store.clone(), backend: Backend::Sqlite(store) }
    }

    /// Finishes the reads and writes that wait and closes the store. Later calls are [`StoreError::Unavailable`].
    pub async fn close(&self) {
        match &self.backend {
            Backend::Sqlite(store) => store.close().await,
        }
    }
}
