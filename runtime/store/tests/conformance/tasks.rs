//! Stories of the list of tasks.

use wask_model::{Activation, Annotations};

use super::callbacks::callback;
use super::samples::{T0, at, claim, guest, id, job, namespace, record, shared};
use wask_store::{Lane, NewJob, NextAttempt, Store, Task, TaskKind, TaskQuery};

fn query(kind: Option<TaskKind>) -> TaskQuery {
    TaskQuery { namespace: guest(), kind, since: None, upto: None, skip: 0, limit: 100 }
}

pub async fn activations_firings_and_callbacks_are_in_one_list_newest_first(store: &dyn Store) {
    let annotations = Annotations::default().with("kind", "wasm:1").with("path", "guest/pkg/hello");
    let ended = Activation { annotations, cause: Some(id(2)), ..record(1, at(1)) };
    let fired = Activation { end: None, duration_ms: None, annotations: Annotations::default(), ..record(2, at(2)) };
    store.record(&shared(vec![ended, fired])).await.unwrap();
    store.enqueue(None, vec![NewJob { cause: Some(id(2)), ..job(3, at(3)) }]).await.unwrap();
    claim(store, "a", at(3)).await;
    store.enqueue(None, vec![job(4, at(4))]).await.unwrap();
    let lease = claim(store, "a", at(4)).await.remove(0).lease;
    let next = NextAttempt { payload: "{}".into(), failed_attempts: 1, due: at(4) };
    assert!(store.retry_job(&lease, vec![], next).await.unwrap());
    store.enqueue(None, vec![NewJob { callback: Some(callback(6)), ..job(5, at(5)) }]).await.unwrap();
    store.enqueue(None, vec![NewJob { lane: Lane::Fire, ..job(7, at(7)) }]).await.unwrap();

    let task = |kind, n: u8, name: &str, state: &str, parent: Option<u8>| Task {
        kind,
        id: id(n),
        name: name.into(),
        state: state.into(),
        start: at(n.into()),
        end: None,
        parent: parent.map(id),
    };
    let all = [
        task(TaskKind::Callback, 6, "guest/hello", "waiting", Some(5)),
        task(TaskKind::Action, 5, "guest/hello", "queued", None),
        task(TaskKind::Action, 4, "guest/hello", "retrying", None),
        task(TaskKind::Action, 3, "guest/hello", "running", Some(2)),
        Task { end: Some(at(2)), ..task(TaskKind::Trigger, 2, "guest/hello", "ended", None) },
        Task { end: Some(at(6)), ..task(TaskKind::Action, 1, "guest/pkg/hello", "ended", Some(2)) },
    ];
    assert_eq!(store.tasks(&query(None)).await.unwrap(), all);
    assert_eq!(store.count_tasks(&query(None)).await.unwrap(), 6);
    let page = TaskQuery { skip: 1, limit: 2, ..query(None) };
    assert_eq!(store.tasks(&page).await.unwrap(), all[1..3]);
    for (kind, count) in [(TaskKind::Action, 4), (TaskKind::Trigger, 1), (TaskKind::Callback, 1), (TaskKind::Event, 0)]
    {
        let found = store.tasks(&query(Some(kind))).await.unwrap();
        assert_eq!(found, all.iter().filter(|task| task.kind == kind).cloned().collect::<Vec<_>>(), "{kind:?}");
        assert_eq!(store.count_tasks(&query(Some(kind))).await.unwrap(), count, "{kind:?}");
    }
    let between = TaskQuery { since: Some(at(2)), upto: Some(at(3)), ..query(None) };
    assert_eq!(store.tasks(&between).await.unwrap(), all[3..5]);
    assert_eq!(store.tasks(&TaskQuery { namespace: namespace("other"), ..query(None) }).await.unwrap(), []);
    assert_eq!(store.count_tasks(&TaskQuery { upto: Some(T0), ..query(None) }).await.unwrap(), 0);
}
