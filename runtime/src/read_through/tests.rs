use std::convert::Infallible;
use std::future::{Ready, ready};

use futures_util::FutureExt as _;
use tokio::sync::oneshot;

use super::*;

fn cache() -> ReadThrough<u8, &'static str> {
    ReadThrough::new(CacheBound { values: 10, bytes: 1000 }, |_| 1)
}

fn found(value: &'static str) -> impl FnOnce() -> Ready<Result<&'static str, Infallible>> {
    move || ready(Ok(value))
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
        let mut reading = Box::pin(cache.find_or_read(&1, || store.map(|read| Ok::<_, Infallible>(read.ok()))));
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
    assert_eq!(now(cache.find_or_read(&1, || ready(Ok(None)))), None);
    assert_eq!(cache.get_or_read(&1, || ready(Err("failed"))).now_or_never(), Some(Err("failed")));
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

#[test]
fn many_small_values_or_few_large_ones_are_kept() {
    let kept = |weigh: fn(&u64) -> u64| {
        let cache = ReadThrough::<u64, u64>::new(CacheBound { values: 64, bytes: 64_000 }, weigh);
        for key in 0..1000 {
            now(cache.get_or_read(&key, || ready(Ok(key))));
        }
        (0..1000).filter(|key| cache.get(key).is_some()).count()
    };
    assert!((32..=64).contains(&kept(|_| 1)), "{}", kept(|_| 1));
    assert!((4..=16).contains(&kept(|_| 4000)), "{}", kept(|_| 4000));
    assert_eq!(kept(|_| 100_000), 0, "what is larger than all of it is not kept");
}

#[test]
fn one_that_reads_much_does_not_displace_what_another_uses_now_and_then() {
    let cache = ReadThrough::<u64, u64>::new(CacheBound { values: 256, bytes: 256 }, |_| 1);
    let mut missed = 0;
    for round in 0..200 {
        let others = 1_000_000 + round % 4;
        missed += u64::from(cache.get(&others).is_none());
        now(cache.get_or_read(&others, || ready(Ok(0))));
        for key in (round * 50)..(round * 50 + 50) {
            now(cache.get_or_read(&key, || ready(Ok(0))));
            now(cache.get_or_read(&key, || ready(Ok(0)))); // and finds it once more
        }
    }
    assert!(missed <= 20, "{missed} of 200 looks of the other one missed");
}
