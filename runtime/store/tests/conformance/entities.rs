//! Stories of entities and their code.

use wask_model::{CodeRef, Collection, Entity, Timestamp, Version};

use super::samples::{T0, action, at, full, guest, name, namespace, package, trigger};
use wask_store::{Change, EntityQuery, EntityQuota, Revision, Store, StoreError};

fn create(entity: Entity) -> Change {
    Change::Put { entity, based_on: None, code: None }
}

fn create_action(path: &str, text: &str) -> Change {
    Change::Put { entity: action(path, text), based_on: None, code: Some(text.into()) }
}

async fn apply(store: &dyn Store, changes: impl Into<Vec<Change>>) -> Result<(), StoreError> {
    store.apply(changes.into(), vec![]).await.map(drop)
}

async fn revision(store: &dyn Store, path: &str) -> Revision {
    store.entity(&full(path)).await.unwrap().unwrap().revision
}

fn is_conflict(outcome: &Result<(), StoreError>) -> bool {
    matches!(outcome, Err(StoreError::Conflict))
}

fn all(collection: Collection) -> EntityQuery {
    EntityQuery {
        namespace: guest(),
        collection,
        package: None,
        shared_only: false,
        skip: 0,
        limit: 100,
        bytes: u64::MAX,
    }
}

async fn names(store: &dyn Store, query: &EntityQuery) -> Vec<String> {
    let found = store.entity_summaries(query).await.unwrap();
    found.items.iter().map(|entity| entity.name.to_string()).collect()
}

async fn code(store: &dyn Store, text: &str) -> Option<String> {
    store.code(&guest(), &CodeRef::digest_of(text)).await.unwrap()
}

pub async fn an_entity_that_was_put_is_read_back_with_its_revision(store: &dyn Store) {
    let born = trigger("/guest/dawn", T0);
    apply(store, [create(born.clone())]).await.unwrap();
    let first = store.entity(&full("/guest/dawn")).await.unwrap().unwrap();
    assert_eq!(first.value, born);

    let Entity::Trigger(mut changed) = born else { unreachable!() };
    changed.version = Version::FIRST.next();
    let changed = Entity::Trigger(changed);
    let change = Change::Put { entity: changed.clone(), based_on: Some(first.revision), code: None };
    apply(store, [change]).await.unwrap();
    let second = store.entity(&full("/guest/dawn")).await.unwrap().unwrap();
    assert_eq!(second.value, changed);
    assert_ne!(second.revision, first.revision);
}

pub async fn a_put_returns_the_new_revisions_in_order(store: &dyn Store) {
    let two = vec![create(trigger("/guest/a", T0)), create(trigger("/guest/b", T0))];
    let told = store.apply(two, vec![]).await.unwrap();
    assert_eq!(told, [revision(store, "/guest/a").await, revision(store, "/guest/b").await]);

    let update = Change::Put { entity: trigger("/guest/a", at(1)), based_on: Some(told[0]), code: None };
    let delete = Change::Delete { name: full("/guest/b"), based_on: told[1] };
    let told = store.apply(vec![delete, update], vec![]).await.unwrap();
    assert_eq!(told, [revision(store, "/guest/a").await]);
}

pub async fn an_unknown_name_has_no_entity(store: &dyn Store) {
    assert_eq!(store.entity(&full("/guest/nobody")).await.unwrap(), None);
    assert_eq!(store.code(&guest(), "no such digest").await.unwrap(), None);
}

pub async fn a_name_is_taken_by_any_collection(store: &dyn Store) {
    apply(store, [create(trigger("/guest/a", T0))]).await.unwrap();
    assert!(is_conflict(&apply(store, [create(package("/guest/a", false, None))]).await));
    assert_eq!(store.entity(&full("/guest/a")).await.unwrap().unwrap().value, trigger("/guest/a", T0));
}

pub async fn a_packaged_name_does_not_collide_with_a_bare_one(store: &dyn Store) {
    apply(store, [create(trigger("/guest/a", T0)), create(trigger("/other/a", T0))]).await.unwrap();
    apply(store, [create(package("/guest/pkg", false, None)), create_action("/guest/pkg/a", "code")]).await.unwrap();
    assert_eq!(store.entity(&full("/guest/a")).await.unwrap().unwrap().value, trigger("/guest/a", T0));
    assert_eq!(store.entity(&full("/guest/pkg/a")).await.unwrap().unwrap().value, action("/guest/pkg/a", "code"));
}

pub async fn an_update_of_an_old_revision_conflicts(store: &dyn Store) {
    apply(store, [create(trigger("/guest/a", T0))]).await.unwrap();
    let old = revision(store, "/guest/a").await;
    let update = |updated| Change::Put { entity: trigger("/guest/a", updated), based_on: Some(old), code: None };
    apply(store, [update(at(1))]).await.unwrap();
    assert!(is_conflict(&apply(store, [update(at(2))]).await));
    assert_eq!(store.entity(&full("/guest/a")).await.unwrap().unwrap().value.updated(), at(1));
}

pub async fn a_recreated_entity_refuses_the_revision_of_the_old_one(store: &dyn Store) {
    apply(store, [create(trigger("/guest/a", T0))]).await.unwrap();
    let old = revision(store, "/guest/a").await;
    apply(store, [Change::Delete { name: full("/guest/a"), based_on: old }]).await.unwrap();
    apply(store, [create(trigger("/guest/a", at(1)))]).await.unwrap();
    let update = Change::Put { entity: trigger("/guest/a", at(2)), based_on: Some(old), code: None };
    assert!(is_conflict(&apply(store, [update]).await));
}

pub async fn deleting_at_an_old_revision_conflicts(store: &dyn Store) {
    apply(store, [create(trigger("/guest/a", T0))]).await.unwrap();
    let old = revision(store, "/guest/a").await;
    apply(store, [Change::Put { entity: trigger("/guest/a", at(1)), based_on: Some(old), code: None }]).await.unwrap();
    let delete = |based_on| Change::Delete { name: full("/guest/a"), based_on };
    assert!(is_conflict(&apply(store, [delete(old)]).await));
    let current = revision(store, "/guest/a").await;
    apply(store, [delete(current)]).await.unwrap();
    assert_eq!(store.entity(&full("/guest/a")).await.unwrap(), None);
    assert!(is_conflict(&apply(store, [delete(current)]).await));
}

pub async fn an_entity_is_put_only_into_an_existing_package(store: &dyn Store) {
    apply(store, [create(trigger("/guest/event", T0)), create(package("/other/pkg", false, None))]).await.unwrap();
    for path in ["/guest/pkg/a", "/guest/event/a"] {
        assert!(is_conflict(&apply(store, [create_action(path, "code")]).await), "{path}");
        assert_eq!(store.entity(&full(path)).await.unwrap(), None);
    }
    assert_eq!(code(store, "code").await, None);
    apply(store, [create(package("/guest/pkg", false, None)), create_action("/guest/pkg/a", "code")]).await.unwrap();
}

pub async fn a_package_is_deleted_only_when_it_is_empty(store: &dyn Store) {
    let changes = [
        create(package("/guest/pkg", false, None)),
        create(package("/guest/pkg2", false, None)),
        create_action("/guest/pkg/a", "1"),
        create_action("/guest/pkg2/a", "2"),
    ];
    apply(store, changes).await.unwrap();
    let package = Change::Delete { name: full("/guest/pkg"), based_on: revision(store, "/guest/pkg").await };
    assert!(is_conflict(&apply(store, [package.clone()]).await));
    assert!(store.entity(&full("/guest/pkg")).await.unwrap().is_some());

    let action = Change::Delete { name: full("/guest/pkg/a"), based_on: revision(store, "/guest/pkg/a").await };
    apply(store, [action, package]).await.unwrap();
    assert_eq!(store.entity(&full("/guest/pkg")).await.unwrap(), None);
    assert!(store.entity(&full("/guest/pkg2/a")).await.unwrap().is_some());
}

pub async fn all_changes_are_written_or_none(store: &dyn Store) {
    apply(store, [create(trigger("/guest/a", T0))]).await.unwrap();
    let changes = [
        create_action("/guest/new", "new code"),
        Change::Delete { name: full("/guest/a"), based_on: revision(store, "/guest/a").await },
        Change::Put { entity: trigger("/guest/b", T0), based_on: Some(Revision(12345)), code: None },
    ];
    assert!(is_conflict(&apply(store, changes).await));
    assert_eq!(store.entity(&full("/guest/new")).await.unwrap(), None);
    assert_eq!(code(store, "new code").await, None);
    assert!(store.entity(&full("/guest/a")).await.unwrap().is_some());
}

pub async fn of_two_writers_of_one_revision_one_wins(store: &dyn Store) {
    apply(store, [create(trigger("/guest/a", T0))]).await.unwrap();
    let read = revision(store, "/guest/a").await;
    let write = |updated: Timestamp| {
        let entity = trigger("/guest/a", updated);
        apply(store, [Change::Put { entity, based_on: Some(read), code: None }])
    };
    let outcomes = tokio::join!(write(at(1)), write(at(2)), write(at(3)), write(at(4)));
    let outcomes = [outcomes.0, outcomes.1, outcomes.2, outcomes.3];
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    assert_eq!(outcomes.iter().filter(|outcome| is_conflict(outcome)).count(), 3);
}

pub async fn of_two_creators_of_one_name_one_wins(store: &dyn Store) {
    let (one, two) = tokio::join!(
        apply(store, [create(trigger("/guest/a", at(1)))]),
        apply(store, [create_action("/guest/a", "code")])
    );
    assert_ne!(one.is_ok(), two.is_ok());
    assert_ne!(is_conflict(&one), is_conflict(&two));
    assert_eq!(code(store, "code").await.is_some(), two.is_ok());
}

pub async fn code_lives_as_long_as_an_entity_has_it(store: &dyn Store) {
    apply(store, [create_action("/guest/a", "same"), create_action("/other/b", "same")]).await.unwrap();
    let delete = |path, based_on| Change::Delete { name: full(path), based_on };
    apply(store, [delete("/guest/a", revision(store, "/guest/a").await)]).await.unwrap();
    assert_eq!(code(store, "same").await.as_deref(), Some("same"));
    apply(store, [delete("/other/b", revision(store, "/other/b").await)]).await.unwrap();
    assert_eq!(code(store, "same").await, None);
}

pub async fn new_code_replaces_old_code_in_one_step(store: &dyn Store) {
    apply(store, [create_action("/guest/a", "old")]).await.unwrap();
    let based_on = Some(revision(store, "/guest/a").await);
    apply(store, [Change::Put { entity: action("/guest/a", "new"), based_on, code: Some("new".into()) }])
        .await
        .unwrap();
    assert_eq!((code(store, "old").await, code(store, "new").await), (None, Some("new".into())));
}

pub async fn an_update_without_new_code_keeps_the_code(store: &dyn Store) {
    apply(store, [create_action("/guest/a", "kept")]).await.unwrap();
    let based_on = Some(revision(store, "/guest/a").await);
    apply(store, [Change::Put { entity: action("/guest/a", "kept"), based_on, code: None }]).await.unwrap();
    assert_eq!(code(store, "kept").await.as_deref(), Some("kept"));
}

pub async fn code_of_many_megabytes_is_kept_whole(store: &dyn Store) {
    let text = "AGFzbQEAAAA=".repeat(1_500_000); // 18 MB
    apply(store, [create_action("/guest/a", &text)]).await.unwrap();
    assert!(code(store, &text).await.is_some_and(|kept| kept == text));
}

pub async fn entities_are_listed_newest_first_in_pages(store: &dyn Store) {
    for (path, updated) in [("/guest/old", at(1)), ("/guest/new", at(3)), ("/guest/b", at(2)), ("/guest/a", at(2))] {
        apply(store, [create(trigger(path, updated))]).await.unwrap();
    }
    let query = all(Collection::Triggers);
    assert_eq!(names(store, &query).await, ["guest/new", "guest/a", "guest/b", "guest/old"]);
    let page = EntityQuery { skip: 1, limit: 2, ..query.clone() };
    assert_eq!(names(store, &page).await, ["guest/a", "guest/b"]);
    assert_eq!(names(store, &EntityQuery { limit: 0, ..query.clone() }).await, [""; 0]);
    assert_eq!(names(store, &EntityQuery { skip: u64::MAX, ..query }).await, [""; 0]);
    assert_eq!(store.count_entities(&page).await.unwrap(), 4);
}

pub async fn lists_are_kept_apart_by_namespace_collection_and_package(store: &dyn Store) {
    let changes = [
        create(trigger("/guest/dawn", T0)),
        create(trigger("/other/dusk", T0)),
        create(package("/guest/pkg", false, None)),
        create_action("/guest/bare", "1"),
        create_action("/guest/pkg/inner", "2"),
    ];
    apply(store, changes).await.unwrap();
    assert_eq!(names(store, &all(Collection::Triggers)).await, ["guest/dawn"]);
    assert_eq!(names(store, &all(Collection::Actions)).await, ["guest/bare", "guest/pkg/inner"]);
    let inner = EntityQuery { package: Some(name("pkg")), ..all(Collection::Actions) };
    assert_eq!(names(store, &inner).await, ["guest/pkg/inner"]);
    assert_eq!(store.count_entities(&inner).await.unwrap(), 1);
    let others = EntityQuery { namespace: namespace("other"), ..all(Collection::Actions) };
    assert_eq!(store.count_entities(&others).await.unwrap(), 0);
}

pub async fn a_page_of_entities_ends_before_it_is_too_large_and_shows_no_parameters(store: &dyn Store) {
    let large = |name: &str, time: i64, annotation: usize, parameter: usize| {
        let Entity::Trigger(mut trigger) = trigger(name, at(time)) else { unreachable!() };
        trigger.annotations.set("a", "x".repeat(annotation));
        trigger.parameters = [("p".to_owned(), "y".repeat(parameter).into())].into_iter().collect();
        create(Entity::Trigger(trigger))
    };
    let changes = [
        large("/guest/a", 4, 1000, 0),
        large("/guest/b", 3, 10, 100_000),
        large("/guest/c", 2, 5000, 0),
        large("/guest/d", 1, 10, 0),
    ];
    apply(store, changes).await.unwrap();
    let page = async |bytes| {
        let page = store.entity_summaries(&EntityQuery { bytes, ..all(Collection::Triggers) }).await.unwrap();
        (page.items.len(), page.is_cut, page.items)
    };
    let (count, is_cut, items) = page(u64::MAX).await;
    assert_eq!((count, is_cut), (4, false));
    assert!(items[1].has_annotation("a") && !items[1].has_annotation("p") && items[1].annotations.get().len() < 100);
    assert_eq!(page(8000).await.0, 3, "what is shown counts");
    assert_eq!(page(3000).await.0, 2, "what is not shown does not count");
    assert_eq!(page(1).await.0, 1, "at least one");
    assert!(page(8000).await.1);
}

pub async fn only_published_packages_that_are_not_bindings_are_shared(store: &dyn Store) {
    let changes = [
        create(package("/guest/shared", true, None)),
        create(package("/guest/private", false, None)),
        create(package("/guest/bound", true, Some("/guest/shared"))),
    ];
    apply(store, changes).await.unwrap();
    let shared = EntityQuery { shared_only: true, ..all(Collection::Packages) };
    assert_eq!(names(store, &shared).await, ["guest/shared"]);
    assert_eq!(store.count_entities(&shared).await.unwrap(), 1);
    assert_eq!(store.count_entities(&all(Collection::Packages)).await.unwrap(), 3);
}

pub async fn a_namespace_gets_no_more_entities_and_bytes_than_its_quota(store: &dyn Store) {
    let put =
        |path: &str, code: &str| Change::Put { entity: action(path, code), based_on: None, code: Some(code.into()) };
    let within = async |quota, change| store.apply_within(quota, vec![change], vec![]).await;
    let two = EntityQuota { entities: 2, ..EntityQuota::NONE };
    within(two, put("/guest/a", "1")).await.unwrap();
    within(two, put("/guest/b", "1")).await.unwrap();
    let refused = within(two, put("/guest/c", "1")).await;
    assert!(matches!(refused, Err(StoreError::OverQuota { limit: "entities", allowed: 2, asked: 3 })), "{refused:?}");
    assert_eq!(store.entity(&full("/guest/c")).await.unwrap(), None);
    within(two, put("/other/c", "1")).await.unwrap();

    let tight = EntityQuota { bytes: 10_000, ..EntityQuota::NONE };
    let (large, small) = ("x".repeat(9_000), "x".repeat(4_000));
    let refused = within(tight, put("/other/d", &"x".repeat(10_000))).await;
    assert!(matches!(refused, Err(StoreError::OverQuota { limit: "entities_bytes", .. })), "{refused:?}");
    let stored = within(EntityQuota::NONE, put("/other/d", &large)).await.unwrap()[0];
    let again = within(tight, put("/other/e", &large)).await;
    assert!(matches!(again, Err(StoreError::OverQuota { .. })), "code counts for each that has it: {again:?}");
    let shrinks = Change::Put { entity: action("/other/d", &small), based_on: Some(stored), code: Some(small.clone()) };
    let none = EntityQuota { entities: 0, bytes: 0 };
    within(none, shrinks).await.unwrap();
    within(tight, put("/other/e", "1")).await.unwrap();
}
