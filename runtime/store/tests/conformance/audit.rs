//! Stories of the audit.

use wask_model::{AuditRecord, ChangeKind, Entity, Timestamp};

use super::samples::{T0, at, full, guest, namespace, package, trigger};
use wask_store::{AuditQuery, Change, RetentionClass, Revision, Store};

fn said(became: ChangeKind, entity: &Entity, at: Timestamp) -> AuditRecord {
    AuditRecord::new(became, entity, at, "alice", "request-1")
}

async fn created(store: &dyn Store, entity: Entity, when: Timestamp) {
    let audit = vec![said(ChangeKind::Created, &entity, when)];
    store.apply(vec![Change::Put { entity, based_on: None, code: None }], audit).await.unwrap();
}

fn all() -> AuditQuery {
    AuditQuery { namespace: guest(), name: None, since: None, upto: None, skip: 0, limit: 100 }
}

async fn names(store: &dyn Store, query: &AuditQuery) -> Vec<String> {
    store.audit(query).await.unwrap().iter().map(|record| record.name.to_string()).collect()
}

pub async fn a_change_and_its_audit_record_are_written_together(store: &dyn Store) {
    let born = trigger("/guest/dawn", T0);
    created(store, born.clone(), T0).await;
    assert_eq!(store.audit(&all()).await.unwrap(), [said(ChangeKind::Created, &born, T0)]);

    let refused = Change::Put { entity: born.clone(), based_on: Some(Revision(12345)), code: None };
    let audit = vec![said(ChangeKind::Changed, &born, at(1))];
    assert!(store.apply(vec![refused], audit).await.is_err());
    assert_eq!(store.count_audit(&all()).await.unwrap(), 1, "what did not happen is not told");

    let based_on = store.entity(&full("/guest/dawn")).await.unwrap().unwrap().revision;
    let delete = Change::Delete { name: full("/guest/dawn"), based_on };
    store.apply(vec![delete], vec![said(ChangeKind::Deleted, &born, at(2))]).await.unwrap();
    let told: Vec<ChangeKind> = store.audit(&all()).await.unwrap().iter().map(|record| record.became).collect();
    assert_eq!(told, [ChangeKind::Deleted, ChangeKind::Created], "it outlives the entity, newest first");
}

pub async fn the_audit_is_read_in_pages_by_name_and_by_time(store: &dyn Store) {
    created(store, package("/guest/p", false, None), T0).await;
    for (path, when) in [("/guest/a", 1), ("/guest/p/a", 2), ("/guest/b", 3), ("/guest/c", 3), ("/other/a", 4)] {
        created(store, trigger(path, T0), at(when)).await;
    }
    assert_eq!(names(store, &all()).await, ["guest/c", "guest/b", "guest/p/a", "guest/a", "guest/p"]);
    let page = AuditQuery { skip: 1, limit: 2, ..all() };
    assert_eq!(names(store, &page).await, ["guest/b", "guest/p/a"]);
    assert_eq!(store.count_audit(&page).await.unwrap(), 5);
    for (query, expected) in [
        (AuditQuery { name: Some("a".into()), ..all() }, vec!["guest/a"]),
        (AuditQuery { name: Some("p/a".into()), ..all() }, vec!["guest/p/a"]),
        (AuditQuery { since: Some(at(2)), upto: Some(at(3)), ..all() }, vec!["guest/c", "guest/b", "guest/p/a"]),
        (AuditQuery { namespace: namespace("other"), ..all() }, vec!["other/a"]),
        (AuditQuery { namespace: namespace("nobody"), ..all() }, vec![]),
    ] {
        assert_eq!(names(store, &query).await, expected);
        assert_eq!(store.count_audit(&query).await.unwrap(), expected.len() as u64);
    }
}

pub async fn forgetting_removes_the_oldest_audit_records_up_to_the_limit(store: &dyn Store) {
    for (path, when) in [("/guest/a", 3), ("/other/b", 1), ("/guest/c", 2), ("/guest/d", 4)] {
        created(store, trigger(path, T0), at(when)).await;
    }
    assert_eq!(store.forget_before(RetentionClass::Audit, at(4), 1).await.unwrap(), 1);
    assert_eq!(names(store, &all()).await, ["guest/d", "guest/a"]);
    assert_eq!(store.forget_before(RetentionClass::Audit, at(4), 2).await.unwrap(), 2);
    assert_eq!(store.forget_before(RetentionClass::Audit, at(4), 2).await.unwrap(), 0);
    assert_eq!(names(store, &all()).await, ["guest/d"], "the fourth was not before 4");
    assert_eq!(names(store, &AuditQuery { namespace: namespace("other"), ..all() }).await, [""; 0]);
}

pub async fn the_audit_of_a_namespace_is_bounded_in_bytes_and_loses_its_oldest(store: &dyn Store) {
    for (path, when) in [("/guest/a", 3), ("/guest/b", 1), ("/guest/c", 2), ("/other/d", 1)] {
        created(store, trigger(path, T0), at(when)).await;
    }
    let three = store.kept_bytes(RetentionClass::Audit, &guest()).await.unwrap();
    let one = three / 3;
    assert_eq!((three % 3, one > 100), (0, true), "{three}");
    assert_eq!(store.forget_beyond(RetentionClass::Audit, 2 * one, 100).await.unwrap(), 1);
    assert_eq!(names(store, &all()).await, ["guest/a", "guest/c"]);
    assert_eq!(store.kept_bytes(RetentionClass::Audit, &guest()).await.unwrap(), 2 * one);
    assert_eq!(store.forget_before(RetentionClass::Audit, at(100), 100).await.unwrap(), 3);
    assert_eq!(store.kept_bytes(RetentionClass::Audit, &guest()).await.unwrap(), 0);
}
