//! Other processes that write into the same file.

use std::sync::atomic::{AtomicI64, Ordering};

use async_trait::async_trait;
use rusqlite::Connection;

use super::SqliteStore;
use super::operation::Steps;
use crate::{OutsideChanges, StoreError};

/// What the writing connection said at the last look.
pub(super) struct LastLook {
    /// Grows with the commits of other connections, and only with them.
    data_version: AtomicI64,
    /// How often the connection had been opened; each counts from its own beginning.
    opened: AtomicI64,
}

impl LastLook {
    pub fn never() -> LastLook {
        LastLook { data_version: AtomicI64::new(-1), opened: AtomicI64::new(-1) }
    }
}

#[async_trait]
impl OutsideChanges for SqliteStore {
    /// Asked on the connection that writes, because it is the only one of this process that does.
    async fn changed_outside(&self) -> Result<bool, StoreError> {
        let look = |db: &Connection| Ok(db.pragma_query_value(None, "data_version", |row| row.get::<_, i64>(0))?);
        let version = self.writer.write(Steps::One, look).await?;
        let opened = self.writer.opened();
        let same = self.last_look.data_version.swap(version, Ordering::AcqRel) == version;
        Ok(self.last_look.opened.swap(opened, Ordering::AcqRel) != opened || !same)
    }
}
