//! Notices writes of other processes to the same file: [`OutsideChanges`].

use std::sync::atomic::{AtomicI64, Ordering};

use async_trait::async_trait;
use rusqlite::Connection;

use super::SqliteStore;
use super::operation::Steps;
use crate::{OutsideChanges, StoreError};

/// What the writing connection reported when it was last asked.
pub(super) struct LastLook {
    /// Changes with the commits of other connections, and only with those.
    data_version: AtomicI64,
    /// How often the connection had been opened; `data_version` starts again with each opening.
    opened: AtomicI64,
}

impl LastLook {
    pub fn never() -> LastLook {
        LastLook { data_version: AtomicI64::new(-1), opened: AtomicI64::new(-1) }
    }
}

#[async_trait]
impl OutsideChanges for SqliteStore {
    /// Asks the writing connection: the commits of this process are its own, so it reports only those of others.
    async fn changed_outside(&self) -> Result<bool, StoreError> {
        let look = |db: &Connection| Ok(db.pragma_query_value(None, "data_version", |row| row.get::<_, i64>(0))?);
        let version = self.writer.write(Steps::One, look).await?;
        let opened = self.writer.opened();
        let same = self.last_look.data_version.swap(version, Ordering::AcqRel) == version;
        Ok(self.last_look.opened.swap(opened, Ordering::AcqRel) != opened || !same)
    }
}
