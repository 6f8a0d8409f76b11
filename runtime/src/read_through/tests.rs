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
