//! Stories of dead letters: listed, redriven, purged.

use super::samples::{T0, at, claim, guest, id, job, leased, namespace, numbers, record};
use wask_store::{DeadLetter, DeadLetterQuery, JobState, Lane, NewJob, Store};

fn all() -> DeadLetterQuery {
    DeadLetterQuery { namespace: guest(), name: None, since: None, upto: None, skip: 0, limit: 100, bytes: u64::MAX }
}

/// Stores a job and buries it at `died`.
async fn dead(store: &dyn Store, n: u8, died: i64) -> DeadLetter {
    let lease = leased(store, n, "a").await.lease;
    let record = wask_model::Activation { end: Some(at(died)), ..record(n, T0) };
    assert!(store.bury(&lease, vec![record], vec![], "it never worked").await.unwrap());
    let NewJob { id, lane, namespace, name, payload, .. } = job(n, T0);
    DeadLetter { id, lane, namespace, name, attempts: 1, died: at(died), reason: "it never worked".into(), payload }
}

pub async fn dead_letters_are_listed_latest_first_and_filtered(store: &dyn Store) {
    let (early, late) = (dead(store, 1, 5).await, dead(store, 2, 9).await);
    store.enqueue(None, vec![job(3, T0)]).await.unwrap();

    assert_eq!(store.dead_letters(&all()).await.unwrap().items, [late.clone(), early.clone()]);
    assert_eq!(store.count_dead_letters(&all()).await.unwrap(), 2);
    for (query, found) in [
        (DeadLetterQuery { skip: 1, ..all() }, vec![&early]),
        (DeadLetterQuery { limit: 1, ..all() }, vec![&late]),
        (DeadLetterQuery { since: Some(at(6)), ..all() }, vec![&late]),
        (DeadLetterQuery { upto: Some(at(8)), ..all() }, vec![&early]),
        (DeadLetterQuery { name: Some("guest/hello".into()), ..all() }, vec![&late, &early]),
        (DeadLetterQuery { name: Some("guest/other".into()), ..all() }, vec![]),
        (DeadLetterQuery { namespace: namespace("other"), ..all() }, vec![]),
    ] {
        assert_eq!(store.dead_letters(&query).await.unwrap().items.iter().collect::<Vec<_>>(), found, "{query:?}");
    }
    assert_eq!(store.dead_letter(&guest(), id(1)).await.unwrap(), Some(early));
    assert_eq!(store.dead_letter(&guest(), id(3)).await.unwrap(), None, "it is alive");
    assert_eq!(store.dead_letter(&namespace("other"), id(1)).await.unwrap(), None);
}

pub async fn a_dead_letter_is_redriven_once_as_another_job(store: &dyn Store) {
    dead(store, 1, 5).await;
    assert!(!store.redrive(&namespace("other"), id(1), job(2, T0)).await.unwrap());

    let me = guest();
    let (one, two) = tokio::join!(store.redrive(&me, id(1), job(2, T0)), store.redrive(&me, id(1), job(3, T0)));

    assert_ne!(one.unwrap(), two.unwrap());
    assert_eq!(claim(store, "a", T0).await.len(), 1);
    assert_eq!(store.job(&guest(), id(1)).await.unwrap(), None);
    assert_eq!(store.activation(&guest(), id(1)).await.unwrap().map(|record| record.id), Some(id(1)));
}

pub async fn listed_dead_letters_have_no_arguments_and_a_page_of_them_ends_early(store: &dyn Store) {
    for n in [1, 2, 3] {
        let payload =
            format!(r#"{{"args":{{"a":"{}"}},"progress":[1],"note":"{}"}}"#, "x".repeat(100_000), "y".repeat(10_000));
        store.enqueue(None, vec![NewJob { payload, ..job(n, T0) }]).await.unwrap();
        let claimed = claim(store, "a", T0).await;
        assert!(store.bury(&claimed[0].lease, vec![record(n, T0)], vec![], "never").await.unwrap());
    }

    let page = store.dead_letters(&DeadLetterQuery { bytes: 25_000, ..all() }).await.unwrap();

    assert_eq!((page.items.len(), page.is_cut), (2, true));
    let shown: serde_json::Value = serde_json::from_str(&page.items[0].payload).unwrap();
    assert_eq!(shown, serde_json::json!({ "args": null, "progress": null, "note": "y".repeat(10_000) }));
    let whole = store.dead_letter(&guest(), id(1)).await.unwrap().unwrap();
    assert!(whole.payload.len() > 100_000);
}

pub async fn purging_removes_only_dead_letters(store: &dyn Store) {
    for n in 1..=4 {
        dead(store, n, i64::from(n)).await;
    }
    store.enqueue(None, vec![job(5, T0), NewJob { lane: Lane::Fire, ..job(6, T0) }]).await.unwrap();

    assert!(store.purge_dead_letter(&guest(), id(1)).await.unwrap());
    assert!(!store.purge_dead_letter(&guest(), id(1)).await.unwrap());
    assert!(!store.purge_dead_letter(&guest(), id(5)).await.unwrap(), "it is alive");
    let of_others = DeadLetterQuery { namespace: namespace("other"), ..all() };
    assert_eq!(store.purge_dead_letters(&of_others).await.unwrap(), 0);
    let before = DeadLetterQuery { upto: Some(at(3)), ..all() };
    assert_eq!(store.purge_dead_letters(&before).await.unwrap(), 2);

    assert_eq!(store.dead_letters(&all()).await.unwrap().items.len(), 1);
    assert_eq!(store.job_state(&guest(), id(4)).await.unwrap(), Some(JobState::Dead));
    assert_eq!(numbers(&claim(store, "a", T0).await), [5]);
}
