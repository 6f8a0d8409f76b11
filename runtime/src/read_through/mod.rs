//! A cache in front of the store that never keeps what was read before it was forgotten.
//!
//! A value may be read, then changed and forgotten, and only then reach the cache. It would stay there, outdated, for
//! good. So every forgetting raises a generation, and a read that spans two generations is not kept.

use std::future::Future;
use std::hash::Hash;
use std::sync::atomic::{AtomicU64, Ordering};

use quick_cache::sync::Cache;

/// A bounded cache. Values are cloned out of it, so they are cheap to clone.
pub struct ReadThrough<K, V> {
    cached: Cache<K, V>,
    /// Raised by each forgetting, before anything is removed.
    generation: AtomicU64,
}

impl<K: Eq + Hash + Clone, V: Clone> ReadThrough<K, V> {
    /// `capacity`: how many values it keeps.
    pub fn new(capacity: usize) -> Self {
        ReadThrough { cached: Cache::new(capacity), generation: AtomicU64::new(0) }
    }

    /// The cached value.
    pub fn get(&self, key: &K) -> Option<V> {
        self.cached.get(key)
    }

    /// The cached value, or the one that `read` returns, which is cached then.
    pub async fn get_or_read<E>(&self, key: &K, read: impl Future<Output = Result<V, E>>) -> Result<V, E> {
        if let Some(value) = self.get(key) {
            return Ok(value);
        }
        let before = self.generation.load(Ordering::Acquire);
        let value = read.await?;
        self.keep(key, &value, before);
        Ok(value)
    }

    /// Like [`ReadThrough::get_or_read`], for what may not exist. An absence is not cached.
    pub async fn find_or_read<E>(
        &self,
        key: &K,
        read: impl Future<Output = Result<Option<V>, E>>,
    ) -> Result<Option<V>, E> {
        match self.get(key) {
            Some(value) => Ok(Some(value)),
            None => self.read(key, read).await,
        }
    }

    /// Like [`ReadThrough::find_or_read`], but reads in any case.
    pub async fn read<E>(&self, key: &K, read: impl Future<Output = Result<Option<V>, E>>) -> Result<Option<V>, E> {
        let before = self.generation.load(Ordering::Acquire);
        let value = read.await?;
        if let Some(value) = &value {
            self.keep(key, value, before);
        }
        Ok(value)
    }

    /// `before`: the generation in which the read began.
    fn keep(&self, key: &K, value: &V, before: u64) {
        if self.generation.load(Ordering::Acquire) != before {
            return;
        }
        self.cached.insert(key.clone(), value.clone());
        if self.generation.load(Ordering::Acquire) != before {
            self.cached.remove(key); // it was forgotten between the check and the insertion
        }
    }

    /// Replaces a cached value; caches nothing new.
    pub fn replace(&self, key: &K, value: V) {
        if self.cached.get(key).is_some() {
            self.cached.insert(key.clone(), value);
        }
    }

    /// Call this after a change of what the key stands for.
    pub fn forget(&self, key: &K) {
        self.generation.fetch_add(1, Ordering::AcqRel);
        self.cached.remove(key);
    }

    /// Call this after a change whose keys are not known.
    pub fn forget_all(&self) {
        self.generation.fetch_add(1, Ordering::AcqRel);
        self.cached.clear();
    }
}

#[cfg(test)]
mod tests;
