//! Stories of namespaces and keys.

use wask_model::{CodeRef, Identity, KeyDigest, LimitOverrides};

use super::samples::{T0, action, alarm, at, full, guest, id, job, namespace, past_tick, record, shared, trigger};
use wask_store::{Change, FirstRequest, FirstRequestOutcome, NewNamespace, RequestKey, Store, StoreError};

fn key(n: u8) -> KeyDigest {
    KeyDigest::from_bytes([n; 32])
}

fn new(name: &str, uuid: &str, key: KeyDigest) -> NewNamespace {
    let (namespace, limits) = (namespace(name), LimitOverrides::default());
    NewNamespace {
        identity: Identity { subject: name.into(), namespace, uuid: uuid.into(), limits, blocked: false },
        key,
    }
}

async fn keys(store: &dyn Store, uuid: &str) -> Vec<[u8; 32]> {
    let (_, keys) = store.identity(uuid).await.unwrap().unwrap();
    keys.iter().map(|key| *key.as_bytes()).collect()
}

pub async fn a_namespace_is_found_by_name_and_by_uuid(store: &dyn Store) {
    let guest = new("guest", "u-1", key(1));
    store.create_namespace(guest.clone(), T0).await.unwrap();
    assert_eq!(store.namespace(&namespace("guest")).await.unwrap(), Some(guest.identity.clone()));
    assert_eq!(store.identity("u-1").await.unwrap().unwrap().0, guest.identity);
    assert_eq!(keys(store, "u-1").await, [[1; 32]]);
    assert!(store.identity("u-2").await.unwrap().is_none());
    assert_eq!(store.namespace(&namespace("other")).await.unwrap(), None);
}

pub async fn a_taken_name_or_uuid_conflicts_and_leaves_nothing(store: &dyn Store) {
    store.create_namespace(new("guest", "u-1", key(1)), T0).await.unwrap();
    for taken in [new("guest", "u-2", key(2)), new("other", "u-1", key(2))] {
        assert!(matches!(store.create_namespace(taken, T0).await, Err(StoreError::Conflict)));
    }
    assert_eq!(keys(store, "u-1").await, [[1; 32]]);
    assert!(store.identity("u-2").await.unwrap().is_none());
    assert_eq!(store.namespaces().await.unwrap().len(), 1);
}

pub async fn a_new_key_retires_the_oldest(store: &dyn Store) {
    store.create_namespace(new("guest", "u-1", key(1)), T0).await.unwrap();
    store.create_namespace(new("other", "u-2", key(2)), T0).await.unwrap();
    for (n, valid) in [(3, vec![[1; 32], [3; 32]]), (4, vec![[3; 32], [4; 32]]), (3, vec![[3; 32], [4; 32]])] {
        // The clock is set back each time.
        assert!(store.add_key(&namespace("guest"), key(n), 2, at(-i64::from(n))).await.unwrap());
        let mut found = keys(store, "u-1").await;
        found.sort_unstable();
        assert_eq!(found, valid);
    }
    store.add_key(&namespace("guest"), key(5), 2, T0).await.unwrap();
    let mut found = keys(store, "u-1").await;
    found.sort_unstable();
    assert_eq!(found, [[3; 32], [5; 32]], "3 had been made valid once more after 4");
    assert_eq!(keys(store, "u-2").await, [[2; 32]]);
}

pub async fn a_single_valid_key_revokes_all_others(store: &dyn Store) {
    store.create_namespace(new("guest", "u-1", key(1)), T0).await.unwrap();
    store.add_key(&namespace("guest"), key(2), 2, at(1)).await.unwrap();
    store.add_key(&namespace("guest"), key(3), 1, at(2)).await.unwrap();
    assert_eq!(keys(store, "u-1").await, [[3; 32]]);
}

pub async fn an_unknown_namespace_gets_no_key(store: &dyn Store) {
    assert!(!store.add_key(&namespace("nobody"), key(1), 2, T0).await.unwrap());
}

pub async fn a_namespace_is_replaced_only_as_it_was_read(store: &dyn Store) {
    let guest = new("guest", "u-1", key(1));
    store.create_namespace(guest.clone(), T0).await.unwrap();
    let blocked = Identity { blocked: true, ..guest.identity.clone() };
    assert!(store.replace_namespace(&guest.identity, blocked.clone()).await.unwrap());
    assert_eq!(store.namespace(&namespace("guest")).await.unwrap(), Some(blocked.clone()));
    let limits = LimitOverrides { fires_per_minute: Some(0), ..LimitOverrides::default() };
    let late = Identity { limits, ..guest.identity.clone() };
    assert!(!store.replace_namespace(&guest.identity, late).await.unwrap());
    assert_eq!(store.identity("u-1").await.unwrap().unwrap().0, blocked);
    let gone = new("gone", "u-2", key(1)).identity;
    assert!(!store.replace_namespace(&gone, gone.clone()).await.unwrap());
}

/// Fills the namespace `guest` with eight rows: two entities, an alarm and a past tick of it, a job, a record, and the
/// only idempotency key that the namespace may have.
async fn fill(store: &dyn Store) {
    let put = |entity, code: Option<&str>| Change::Put { entity, based_on: None, code: code.map(str::to_owned) };
    let entities = vec![put(action("/guest/a", "code"), Some("code")), put(trigger("/guest/t", T0), None)];
    store.apply(entities, vec![]).await.unwrap();
    store.put_alarm(alarm("/guest/t", Some(T0))).await.unwrap();
    store.note_tick(&full("/guest/t"), past_tick(0), 9).await.unwrap();
    store.enqueue(None, vec![job(1, T0)]).await.unwrap();
    store.record(&shared(vec![record(2, T0)])).await.unwrap();
    let request = RequestKey { namespace: guest(), key: "k".into(), digest: [7; 32] };
    let first = FirstRequest { request, activation: id(1), at: T0, since: T0, most: 1 };
    assert_eq!(store.enqueue_keyed(first, None, vec![]).await.unwrap(), FirstRequestOutcome::Stored);
}

pub async fn a_namespace_is_emptied_in_pieces_without_touching_others(store: &dyn Store) {
    fill(store).await;
    let others = Change::Put { entity: action("/other/a", "code"), based_on: None, code: Some("code".into()) };
    store.apply(vec![others], vec![]).await.unwrap();
    store.put_alarm(alarm("/other/t", Some(T0))).await.unwrap();
    for removed in [2, 2, 2, 2, 0] {
        assert_eq!(store.empty_namespace(&guest(), 2).await.unwrap(), removed);
    }
    assert_eq!(store.entity(&full("/guest/a")).await.unwrap(), None);
    assert_eq!(store.count_alarms(&guest()).await.unwrap(), 0);
    assert_eq!(store.past_ticks(&full("/guest/t"), 9).await.unwrap(), []);
    assert!(store.job(&guest(), id(1)).await.unwrap().is_none());
    assert_eq!(store.activation(&guest(), id(2)).await.unwrap(), None);
    assert!(store.keyed_activation(&guest(), "k", T0).await.unwrap().is_none());
    assert_eq!(store.due_alarms(T0, 9).await.unwrap().len(), 1);
    let digest = CodeRef::digest_of("code");
    assert!(store.code(&guest(), &digest).await.unwrap().is_some(), "another namespace's action has the same code");
    assert_eq!(store.empty_namespace(&namespace("other"), 9).await.unwrap(), 2);
    assert_eq!(store.code(&guest(), &digest).await.unwrap(), None);
}

pub async fn an_empty_namespace_is_deleted_and_can_be_created_again(store: &dyn Store) {
    store.create_namespace(new("guest", "u-1", key(1)), T0).await.unwrap();
    store.create_namespace(new("other", "u-2", key(2)), T0).await.unwrap();
    fill(store).await;
    assert!(matches!(store.delete_namespace(&guest()).await, Err(StoreError::Conflict)));
    assert_eq!(keys(store, "u-1").await, [[1; 32]]);
    store.empty_namespace(&guest(), 100).await.unwrap();
    assert!(store.delete_namespace(&guest()).await.unwrap());
    assert!(!store.delete_namespace(&guest()).await.unwrap());
    assert!(store.identity("u-1").await.unwrap().is_none());
    assert_eq!(keys(store, "u-2").await, [[2; 32]]);
    store.create_namespace(new("guest", "u-1", key(3)), T0).await.unwrap();
    assert_eq!(keys(store, "u-1").await, [[3; 32]]);
    fill(store).await;
}

pub async fn the_writes_of_this_process_are_not_outside_changes(store: &dyn Store) {
    assert!(store.changed_outside().await.unwrap(), "the first look cannot know");
    store.create_namespace(new("guest", "u-1", key(1)), T0).await.unwrap();
    assert!(!store.changed_outside().await.unwrap());
}

pub async fn namespaces_are_listed_by_name(store: &dyn Store) {
    for (name, uuid) in [("b", "u-1"), ("c", "u-2"), ("a", "u-3")] {
        store.create_namespace(new(name, uuid, key(1)), T0).await.unwrap();
    }
    let names: Vec<_> = store.namespaces().await.unwrap().into_iter().map(|i| i.namespace.to_string()).collect();
    assert_eq!(names, ["a", "b", "c"]);
}

pub async fn a_secret_is_stored_once(store: &dyn Store) {
    let (one, two) = tokio::join!(store.secret("cache", [1; 32]), store.secret("cache", [2; 32]));
    let first = one.unwrap();
    assert_eq!(two.unwrap(), first);
    assert_eq!(store.secret("cache", [3; 32]).await.unwrap(), first);
    assert_eq!(store.secret("tokens", [4; 32]).await.unwrap(), [4; 32]);
}
