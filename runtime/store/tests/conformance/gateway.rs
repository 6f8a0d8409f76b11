//! Stories of the APIs of the gateway.

use wask_model::{Api, BasePath, PathPattern, ResponseType, Route, Verb};

use super::samples::{full, guest, namespace};
use wask_store::{ApiBounds, ApiPutOutcome, Store};

const ROOM: ApiBounds = ApiBounds { routes: 1000, bytes: 1_000_000 };

fn base(path: &str) -> BasePath {
    path.parse().unwrap()
}

fn route(path: &str) -> Route {
    let (path, action): (PathPattern, _) = (path.parse().unwrap(), full("/guest/hello"));
    Route { path, verb: Verb::Get, action, response: ResponseType::Json, secret: None, operation: None }
}

fn api(path: &str, routes: &[&str]) -> Api {
    let routes = routes.iter().map(|path| route(path)).collect();
    Api { base_path: base(path), name: "☃".parse().unwrap(), routes, document: None }
}

async fn put(store: &dyn Store, was: Option<&Api>, becomes: Api) -> ApiPutOutcome {
    store.put_api(&guest(), was, becomes, ROOM).await.unwrap()
}

pub async fn an_api_is_put_listed_by_base_path_and_deleted(store: &dyn Store) {
    assert_eq!(store.apis(&guest()).await.unwrap(), []);
    let mut club = api("/club", &["/books", "/books/{isbn}"]);
    club.document = serde_json::json!({ "z": 1, "a": { "é": 1e300 } }).as_object().cloned();
    for api in [club.clone(), api("/bar", &["/"])] {
        assert_eq!(put(store, None, api).await, ApiPutOutcome::Stored);
    }
    assert_eq!(store.apis(&guest()).await.unwrap(), [api("/bar", &["/"]), club.clone()]);
    assert_eq!(store.apis(&namespace("other")).await.unwrap(), []);
    assert!(!store.delete_api(&namespace("other"), &club).await.unwrap());
    assert!(!store.delete_api(&guest(), &api("/club", &["/books"])).await.unwrap(), "it is not so any more");
    assert!(store.delete_api(&guest(), &club).await.unwrap());
    assert!(!store.delete_api(&guest(), &club).await.unwrap());
    assert_eq!(store.apis(&guest()).await.unwrap(), [api("/bar", &["/"])]);
}

pub async fn an_api_is_replaced_only_as_it_was_read(store: &dyn Store) {
    let (old, new) = (api("/club", &["/a"]), api("/club", &["/a", "/b"]));
    assert_eq!(put(store, Some(&old), new.clone()).await, ApiPutOutcome::Changed);
    assert_eq!(put(store, None, old.clone()).await, ApiPutOutcome::Stored);
    assert_eq!(put(store, None, new.clone()).await, ApiPutOutcome::Changed);
    assert_eq!(put(store, Some(&old), new.clone()).await, ApiPutOutcome::Stored);
    assert_eq!(put(store, Some(&old), api("/club", &[])).await, ApiPutOutcome::Changed);
    assert_eq!(store.apis(&guest()).await.unwrap(), [new]);
}

pub async fn of_two_concurrent_changes_of_an_api_one_is_refused(store: &dyn Store) {
    let (one, two) = tokio::join!(put(store, None, api("/club", &["/a"])), put(store, None, api("/club", &["/b"])));
    let ended = [one, two];
    assert!(ended.contains(&ApiPutOutcome::Stored) && ended.contains(&ApiPutOutcome::Changed), "{ended:?}");
}

pub async fn the_apis_of_a_namespace_stay_within_its_bounds(store: &dyn Store) {
    let bounds = |routes, bytes| ApiBounds { routes, bytes };
    let guest = guest();
    let try_put = async |becomes, bounds| store.put_api(&guest, None, becomes, bounds).await.unwrap();
    assert_eq!(try_put(api("/a", &["/1", "/2"]), bounds(2, 10_000)).await, ApiPutOutcome::Stored);
    assert_eq!(try_put(api("/b", &["/1"]), bounds(2, 10_000)).await, ApiPutOutcome::TooManyRoutes(3));
    let ended = try_put(api("/b", &["/1"]), bounds(3, 300)).await;
    assert!(matches!(ended, ApiPutOutcome::TooLarge(bytes) if 300 < bytes), "{ended:?}");
    assert_eq!(store.apis(&guest).await.unwrap().len(), 1);
    assert_eq!(try_put(api("/b", &["/1"]), bounds(3, 10_000)).await, ApiPutOutcome::Stored);
    // The replaced API does not count.
    let was = api("/a", &["/1", "/2"]);
    let replaced = store.put_api(&guest, Some(&was), api("/a", &["/3", "/4"]), bounds(3, 10_000)).await.unwrap();
    assert_eq!(replaced, ApiPutOutcome::Stored);
}
