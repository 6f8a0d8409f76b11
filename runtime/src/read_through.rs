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
mod tests {
    use std::convert::Infallible;
    use std::future::ready;

    use futures_util::FutureExt as _;
    use tokio::sync::oneshot;

    use super::*;

    fn cache() -> ReadThrough<u8, &'static str> {
        ReadThrough::new(10)
    }

    fn found(value: &'static str) -> impl Future<Output = Result<&'static str, Infallible>> {
        ready(Ok(value))
    }

    fn now<T>(read: impl Future<Output = Result<T, Infallible>>) -> T {
        read.now_or_never().expect("it does not wait").unwrap()
    }

    #[test]
    fn a_value_is_read_once_until_it_is_forgotten() {
        let cache = cache();
        assert_eq!(now(cache.get_or_read(&1, found("first"))), "first");
        assert_eq!(now(cache.get_or_read(&1, found("second"))), "first");
        cache.forget(&2);
        assert_eq!(now(cache.get_or_read(&1, found("second"))), "first", "another key was forgotten");
        cache.forget(&1);
        assert_eq!(now(cache.get_or_read(&1, found("second"))), "second");
        cache.forget_all();
        assert_eq!(now(cache.get_or_read(&1, found("third"))), "third");
        assert_eq!(now(cache.read(&1, ready(Ok(Some("fourth"))))), Some("fourth"), "it reads in any case");
        assert_eq!(cache.get(&1), Some("fourth"));
    }

    #[test]
    fn a_read_that_began_before_a_forgetting_is_returned_but_not_kept() {
        let forgettings: [fn(&ReadThrough<u8, &'static str>); 3] =
            [|cache| cache.forget(&1), |cache| cache.forget(&2), ReadThrough::forget_all];
        for forget in forgettings {
            let cache = cache();
            let (answer, store) = oneshot::channel();
            let mut reading = Box::pin(cache.find_or_read(&1, store.map(|read| Ok::<_, Infallible>(read.ok()))));
            assert!(reading.as_mut().now_or_never().is_none(), "the store has not answered");
            forget(&cache);
            answer.send("outdated").unwrap();
            assert_eq!(now(reading), Some("outdated"));
            assert_eq!(cache.get(&1), None);
            assert_eq!(now(cache.get_or_read(&1, found("new"))), "new");
        }
    }

    #[test]
    fn neither_an_absence_nor_a_failure_is_cached() {
        let cache = cache();
        assert_eq!(now(cache.find_or_read(&1, ready(Ok(None)))), None);
        assert_eq!(cache.get_or_read(&1, ready(Err("failed"))).now_or_never(), Some(Err("failed")));
        assert_eq!(now(cache.get_or_read(&1, found("first"))), "first");
    }

    #[test]
    fn replacing_caches_nothing_new() {
        let cache = cache();
        cache.replace(&1, "first");
        assert_eq!(cache.get(&1), None);
        now(cache.get_or_read(&1, found("first")));
        cache.replace(&1, "second");
        assert_eq!(cache.get(&1), Some("second"));
    }
}
