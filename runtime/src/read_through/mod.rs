//! A cache in front of the store that never keeps what was read before it was forgotten.
//!
//! A value may be read, then changed and forgotten, and only then reach the cache. It would stay there, outdated, for
//! good. So every forgetting raises a generation, and a read that spans two generations is not kept.
//!
//! It is bounded in bytes, and common to all namespaces. What is used now and then stays however much is used once: a
//! value must be found again before it can displace one that was found again.

use std::future::Future;
use std::hash::Hash;
use std::sync::atomic::{AtomicU64, Ordering};

use quick_cache::Weighter;
use quick_cache::sync::Cache;

/// How much a cache keeps.
#[derive(Clone, Copy, Debug)]
pub struct CacheBound {
    /// How many values.
    pub values: usize,
    /// How many bytes, as they are weighed.
    pub bytes: u64,
}

/// A bounded cache. Values are cloned out of it, so they are cheap to clone.
pub struct ReadThrough<K, V> {
    cached: Cache<K, Weighed<V>, ByWeight>,
    /// How many bytes of memory a value takes.
    weigh: fn(&V) -> u64,
    /// What every value weighs at least: as many of them as are kept take all bytes.
    least: u64,
    /// Raised by each forgetting, before anything is removed.
    generation: AtomicU64,
}

#[derive(Clone)]
struct Weighed<V> {
    value: V,
    weight: u64,
}

#[derive(Clone)]
struct ByWeight;

impl<K, V> Weighter<K, Weighed<V>> for ByWeight {
    fn weight(&self, _key: &K, value: &Weighed<V>) -> u64 {
        value.weight
    }
}

impl<K: Eq + Hash + Clone, V: Clone> ReadThrough<K, V> {
    /// `weigh`: about how many bytes of memory a value takes.
    pub fn new(bound: CacheBound, weigh: fn(&V) -> u64) -> Self {
        let CacheBound { values, bytes } = bound;
        let least = (bytes / values.max(1) as u64).max(1);
        let cached = Cache::with_weighter(values, bytes.max(1), ByWeight);
        ReadThrough { cached, weigh, least, generation: AtomicU64::new(0) }
    }

    /// The cached value.
    pub fn get(&self, key: &K) -> Option<V> {
        self.cached.get(key).map(|cached| cached.value)
    }

    fn insert(&self, key: &K, value: V) {
        let weight = (self.weigh)(&value).max(self.least);
        self.cached.insert(key.clone(), Weighed { value, weight });
    }

    /// The cached value, or the one that `read` returns, which is cached then. What reads is made, and boxed, only when
    /// it is needed: else the future of every request would have room for it.
    pub async fn get_or_read<E, F>(&self, key: &K, read: impl FnOnce() -> F) -> Result<V, E>
    where
        F: Future<Output = Result<V, E>>,
    {
        if let Some(value) = self.get(key) {
            return Ok(value);
        }
        let before = self.generation.load(Ordering::Acquire);
        let value = Box::pin(read()).await?;
        self.keep(key, &value, before);
        Ok(value)
    }

    /// Like [`ReadThrough::get_or_read`], for what may not exist. An absence is not cached.
    pub async fn find_or_read<E, F>(&self, key: &K, read: impl FnOnce() -> F) -> Result<Option<V>, E>
    where
        F: Future<Output = Result<Option<V>, E>>,
    {
        match self.get(key) {
            Some(value) => Ok(Some(value)),
            None => Box::pin(self.read(key, read())).await,
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
        self.insert(key, value.clone());
        if self.generation.load(Ordering::Acquire) != before {
            self.cached.remove(key); // it was forgotten between the check and the insertion
        }
    }

    /// Replaces a cached value; caches nothing new.
    pub fn replace(&self, key: &K, value: V) {
        if self.cached.get(key).is_some() {
            self.insert(key, value);
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
