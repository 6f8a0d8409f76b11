//! Stories of retention: by age and by size, oldest first.

use serde_json::json;
use wask_model::{Activation, Identity, KeyDigest, LimitOverrides, Response};

use super::samples::{T0, action, at, guest, id, job, leased, namespace, record, shared};
use wask_store::{ActivationQuery, Change, EntityQuota, NewJob, NewNamespace, RetentionClass, Store};

async fn records_of(store: &dyn Store, owner: wask_model::NamespaceName) -> Vec<u8> {
    let query = ActivationQuery::new(owner, 100);
    let records = store.activation_records(&query).await.unwrap();
    records.items.iter().map(|record| record.summary.id.to_bytes()[15]).collect()
}

/// A record of about 10,000 bytes.
fn large(n: u8) -> Activation {
    Activation { response: Response::success(json!({ "text": "x".repeat(9_500) })), ..record(n, at(n.into())) }
}

pub async fn the_size_limit_of_records_counts_per_namespace(store: &dyn Store) {
    store.record(&shared((1..=10).map(large).collect())).await.unwrap();
    store.record(&shared(vec![Activation { namespace: namespace("other"), ..large(11) }])).await.unwrap();
    let kept = store.kept_bytes(RetentionClass::Records, &guest()).await.unwrap();
    assert!((95_000..105_000).contains(&kept), "{kept}");
    store.record(&shared(vec![large(10)])).await.unwrap();
    assert_eq!(store.kept_bytes(RetentionClass::Records, &guest()).await.unwrap(), kept, "it was there already");

    assert_eq!(store.forget_beyond(RetentionClass::Records, 200_000, 100).await.unwrap(), 0);
    assert_eq!(store.forget_beyond(RetentionClass::Records, 50_000, 2).await.unwrap(), 2, "no more than asked");
    assert_eq!(records_of(store, guest()).await, [10, 9, 8, 7, 6, 5, 4, 3]);
    let more = store.forget_beyond(RetentionClass::Records, 50_000, 100).await.unwrap();

    assert_eq!(records_of(store, guest()).await.len() as u64, 8 - more);
    let kept = store.kept_bytes(RetentionClass::Records, &guest()).await.unwrap();
    assert!((39_000..=50_000).contains(&kept), "{kept}");
    assert_eq!(records_of(store, guest()).await[..4], [10, 9, 8, 7]);
    assert_eq!(records_of(store, namespace("other")).await, [11]);
}

pub async fn removed_records_no_longer_count_towards_the_size_limit(store: &dyn Store) {
    store.record(&shared((1..=4).map(large).collect())).await.unwrap();
    store.forget_before(RetentionClass::Records, at(8), 100).await.unwrap();
    let left = store.kept_bytes(RetentionClass::Records, &guest()).await.unwrap();
    assert!((19_000..21_000).contains(&left), "{left}: two ended before, at 6 and 7");
    store.forget_before(RetentionClass::Records, at(100), 100).await.unwrap();
    assert_eq!(store.kept_bytes(RetentionClass::Records, &guest()).await.unwrap(), 0);
    store.record(&shared(vec![large(5)])).await.unwrap();
    store.empty_namespace(&guest(), 100).await.unwrap();
    assert_eq!(store.kept_bytes(RetentionClass::Records, &guest()).await.unwrap(), 0);
}

pub async fn only_dead_letters_are_removed_by_age_and_size(store: &dyn Store) {
    for n in 1..=5 {
        let payload = json!({ "text": "x".repeat(1000) }).to_string();
        store.enqueue(None, vec![NewJob { payload, ..job(n, T0) }]).await.unwrap();
        let lease = super::samples::claim(store, "a", T0).await.remove(0).lease;
        let record = Activation { end: Some(at(n.into())), ..record(n, T0) };
        assert!(store.bury(&lease, vec![record], vec![], "why").await.unwrap());
    }
    leased(store, 6, "a").await;
    let kept = store.kept_bytes(RetentionClass::DeadLetters, &guest()).await.unwrap();
    assert!((5000..5200).contains(&kept), "{kept}");

    assert_eq!(store.forget_before(RetentionClass::DeadLetters, at(3), 100).await.unwrap(), 2);
    assert_eq!(store.forget_beyond(RetentionClass::DeadLetters, 2100, 100).await.unwrap(), 1);

    let mut left = Vec::new();
    for n in 1..=6 {
        left.extend(store.job(&guest(), id(n)).await.unwrap().map(|_| n));
    }
    assert_eq!(left, [4, 5, 6]);
    assert!(store.purge_dead_letter(&guest(), id(4)).await.unwrap());
    let kept = store.kept_bytes(RetentionClass::DeadLetters, &guest()).await.unwrap();
    assert!((1000..1040).contains(&kept), "{kept}");
}

pub async fn the_namespace_that_keeps_most_is_found_among_records_entities_and_waiting_jobs(store: &dyn Store) {
    assert_eq!(store.keeps_most().await.unwrap(), None);
    store.record(&shared(vec![large(1)])).await.unwrap();
    store
        .record(&shared(vec![
            Activation { namespace: namespace("other"), ..large(2) },
            Activation { namespace: namespace("other"), ..large(3) },
        ]))
        .await
        .unwrap();
    assert_eq!(store.keeps_most().await.unwrap(), Some(namespace("other")));

    let code = "x".repeat(50_000);
    let large = Change::Put { entity: action("/guest/a", &code), based_on: None, code: Some(code.clone()) };
    store.apply_within(EntityQuota::NONE, vec![large], vec![]).await.unwrap();
    assert_eq!(store.keeps_most().await.unwrap(), Some(guest()));
    store.empty_namespace(&guest(), 1000).await.unwrap();
    assert_eq!(store.keeps_most().await.unwrap(), Some(namespace("other")));

    store.enqueue(None, vec![NewJob { payload: "x".repeat(30_000), ..job(4, T0) }]).await.unwrap();
    assert_eq!(store.keeps_most().await.unwrap(), Some(guest()), "its job waits");
    let run = super::samples::claim(store, "a", T0).await.remove(0);
    assert_eq!(store.keeps_most().await.unwrap(), Some(guest()), "its job runs");
    assert!(store.finish(&run.lease, vec![], vec![]).await.unwrap());
    assert_eq!(store.keeps_most().await.unwrap(), Some(namespace("other")));
}

pub async fn the_bound_that_an_operator_set_for_a_namespace_holds_in_place_of_the_general_one(store: &dyn Store) {
    for (name, n, bytes) in [("guest", 1, Some(25_000)), ("other", 2, None)] {
        let limits = LimitOverrides { record_bytes: bytes, ..LimitOverrides::default() };
        let identity = Identity {
            subject: name.into(),
            namespace: namespace(name),
            uuid: format!("u-{n}"),
            limits,
            blocked: false,
        };
        let new = NewNamespace { identity, key: KeyDigest::from_bytes([n; 32]) };
        store.create_namespace(new, T0).await.unwrap();
    }
    for name in ["guest", "other", "unknown"] {
        let of = |n| Activation { namespace: namespace(name), ..large(n) };
        store.record(&shared((1..=5).map(of).collect())).await.unwrap();
    }
    assert_eq!(store.forget_beyond(RetentionClass::Records, 200_000, 100).await.unwrap(), 3);
    assert_eq!(records_of(store, guest()).await, [5, 4]);
    for more in ["other", "unknown"] {
        assert_eq!(records_of(store, namespace(more)).await.len(), 5);
    }

    let was = store.namespace(&guest()).await.unwrap().unwrap();
    let limits = LimitOverrides { record_bytes: Some(200_000), ..LimitOverrides::default() };
    assert!(store.replace_namespace(&was, Identity { limits, ..was.clone() }).await.unwrap());
    assert_eq!(store.forget_beyond(RetentionClass::Records, 15_000, 100).await.unwrap(), 8);
    assert_eq!(records_of(store, guest()).await, [5, 4], "it may keep more than the others");
}
