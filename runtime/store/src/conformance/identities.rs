//! Stories of namespaces and keys.

use wask_model::{Identity, KeyDigest, LimitOverrides};

use super::samples::{T0, at, namespace};
use crate::{NewNamespace, Store, StoreError};

fn key(n: u8) -> KeyDigest {
    KeyDigest::from_bytes([n; 32])
}

fn new(name: &str, uuid: &str, key: KeyDigest) -> NewNamespace {
    let (namespace, limits) = (namespace(name), LimitOverrides::default());
    NewNamespace { identity: Identity { subject: name.into(), namespace, uuid: uuid.into(), limits }, key }
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

pub async fn a_new_key_replaces_all_others(store: &dyn Store) {
    store.create_namespace(new("guest", "u-1", key(1)), T0).await.unwrap();
    store.create_namespace(new("other", "u-2", key(2)), T0).await.unwrap();
    store.set_key(&namespace("guest"), key(3), at(1)).await.unwrap();
    store.set_key(&namespace("guest"), key(3), at(2)).await.unwrap();
    assert_eq!(keys(store, "u-1").await, [[3; 32]]);
    assert_eq!(keys(store, "u-2").await, [[2; 32]]);
}

pub async fn setting_the_key_of_an_unknown_namespace_fails(store: &dyn Store) {
    assert!(store.set_key(&namespace("nobody"), key(1), T0).await.is_err());
}

pub async fn namespaces_are_listed_by_name(store: &dyn Store) {
    for (name, uuid) in [("b", "u-1"), ("c", "u-2"), ("a", "u-3")] {
        store.create_namespace(new(name, uuid, key(1)), T0).await.unwrap();
    }
    let names: Vec<_> = store.namespaces().await.unwrap().into_iter().map(|i| i.namespace.to_string()).collect();
    assert_eq!(names, ["a", "b", "c"]);
}

pub async fn a_secret_is_made_once(store: &dyn Store) {
    let (one, two) = tokio::join!(store.secret("cache", [1; 32]), store.secret("cache", [2; 32]));
    let first = one.unwrap();
    assert_eq!(two.unwrap(), first);
    assert_eq!(store.secret("cache", [3; 32]).await.unwrap(), first);
    assert_eq!(store.secret("tokens", [4; 32]).await.unwrap(), [4; 32]);
}
