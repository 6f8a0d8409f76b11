//! Stories of idempotency keys: one key starts one activation.

use wask_model::{NamespaceName, Timestamp};

use super::samples::{T0, at, claim, guest, id, job, namespace, numbers, record};
use wask_store::{FirstRequest, FirstRequestOutcome, KeyedActivation, RequestKey, Store};

/// The first request of `guest` with this key. It starts activation `n`; keys used at `T0` or later count.
fn first(key: &str, n: u8) -> FirstRequest {
    let request = RequestKey { namespace: guest(), key: key.into(), digest: [7; 32] };
    FirstRequest { request, activation: id(n), at: T0, since: T0, most: 100 }
}

fn begun(n: u8) -> KeyedActivation {
    KeyedActivation { activation: id(n), digest: [7; 32] }
}

async fn known(store: &dyn Store, owner: &NamespaceName, key: &str, since: Timestamp) -> Option<KeyedActivation> {
    store.keyed_activation(owner, key, since).await.unwrap()
}

pub async fn the_first_request_with_a_key_stores_its_work_and_a_retry_nothing(store: &dyn Store) {
    assert_eq!(known(store, &guest(), "k", T0).await, None);
    let stored = store.enqueue_keyed(first("k", 1), Some(record(1, T0)), vec![job(2, T0)]).await.unwrap();
    assert_eq!(stored, FirstRequestOutcome::Stored);
    assert_eq!(known(store, &guest(), "k", T0).await, Some(begun(1)));

    let other = FirstRequest { request: RequestKey { digest: [8; 32], ..first("k", 3).request }, ..first("k", 3) };
    let second = store.enqueue_keyed(other, Some(record(3, T0)), vec![job(4, T0)]).await.unwrap();

    assert_eq!(second, FirstRequestOutcome::Before(begun(1)));
    assert_eq!(store.activation(&guest(), id(1)).await.unwrap(), Some(record(1, T0)));
    assert_eq!(store.activation(&guest(), id(3)).await.unwrap(), None);
    assert_eq!(numbers(&claim(store, "a", T0).await), [2]);
}

pub async fn a_key_belongs_to_its_namespace_and_is_case_sensitive(store: &dyn Store) {
    store.enqueue_keyed(first("k", 1), None, vec![]).await.unwrap();
    assert_eq!(known(store, &namespace("other"), "k", T0).await, None);
    assert_eq!(known(store, &guest(), "K", T0).await, None);
    let mut others = first("k", 2);
    others.request.namespace = namespace("other");
    assert_eq!(store.enqueue_keyed(others, None, vec![]).await.unwrap(), FirstRequestOutcome::Stored);
    assert_eq!(known(store, &guest(), "k", T0).await, Some(begun(1)));
    assert_eq!(known(store, &namespace("other"), "k", T0).await, Some(begun(2)));
}

pub async fn of_many_first_requests_with_one_key_only_one_is_stored(store: &dyn Store) {
    let enqueue = |n: u8| store.enqueue_keyed(first("k", n), None, vec![job(n, T0)]);
    let (a, b, c) = tokio::join!(enqueue(1), enqueue(2), enqueue(3));
    let all = [a.unwrap(), b.unwrap(), c.unwrap()];
    let jobs = claim(store, "a", T0).await;
    assert_eq!(jobs.len(), 1);
    assert_eq!(all.iter().filter(|verdict| **verdict == FirstRequestOutcome::Stored).count(), 1);
    assert_eq!(
        all.iter().filter(|verdict| **verdict == FirstRequestOutcome::Before(begun(numbers(&jobs)[0]))).count(),
        2
    );
}

pub async fn an_expired_key_can_be_used_again_before_it_is_removed(store: &dyn Store) {
    store.enqueue_keyed(first("k", 1), None, vec![]).await.unwrap();
    let later = FirstRequest { at: at(10), since: at(1), most: 1, ..first("k", 2) };
    assert_eq!(known(store, &guest(), "k", later.since).await, None);
    assert_eq!(
        store.enqueue_keyed(later.clone(), None, vec![job(2, T0)]).await.unwrap(),
        FirstRequestOutcome::Stored,
        "in its own place"
    );
    assert_eq!(known(store, &guest(), "k", later.since).await, Some(begun(2)));
    assert_eq!(numbers(&claim(store, "a", T0).await), [2]);
    let other = FirstRequest { request: first("l", 3).request, ..later };
    assert_eq!(
        store.enqueue_keyed(other, None, vec![]).await.unwrap(),
        FirstRequestOutcome::Full { kept: 1, most: 1 },
        "it still counts as one"
    );
}

pub async fn a_namespace_at_its_key_limit_is_refused_until_keys_are_removed(store: &dyn Store) {
    let one_of = |key: &str, n: u8| FirstRequest { at: at(n.into()), most: 2, ..first(key, n) };
    for (key, n) in [("a", 1), ("b", 2)] {
        assert_eq!(store.enqueue_keyed(one_of(key, n), None, vec![]).await.unwrap(), FirstRequestOutcome::Stored);
    }
    let refused = store.enqueue_keyed(one_of("c", 3), None, vec![job(3, T0)]).await.unwrap();
    assert_eq!(refused, FirstRequestOutcome::Full { kept: 2, most: 2 });
    assert_eq!(claim(store, "a", T0).await, []);
    assert_eq!(store.enqueue_keyed(one_of("a", 4), None, vec![]).await.unwrap(), FirstRequestOutcome::Before(begun(1)));
    let mut others = one_of("c", 5);
    others.request.namespace = namespace("other");
    assert_eq!(
        store.enqueue_keyed(others, None, vec![]).await.unwrap(),
        FirstRequestOutcome::Stored,
        "each namespace has its own"
    );

    assert_eq!(store.forget_keys(at(1), 10).await.unwrap(), 0);
    assert_eq!(store.forget_keys(at(9), 1).await.unwrap(), 1);
    assert_eq!(known(store, &guest(), "a", T0).await, None, "the oldest goes first");
    assert_eq!(known(store, &guest(), "b", T0).await, Some(begun(2)));
    assert_eq!(store.enqueue_keyed(one_of("c", 6), None, vec![]).await.unwrap(), FirstRequestOutcome::Stored);
    assert_eq!(store.forget_keys(at(9), 10).await.unwrap(), 3);
    for (key, n) in [("a", 7), ("b", 8)] {
        assert_eq!(store.enqueue_keyed(one_of(key, n), None, vec![]).await.unwrap(), FirstRequestOutcome::Stored);
    }
}
