//! Stories of records.

use serde_json::json;
use wask_model::{Activation, Annotations, Response, Status, StatusFilter, Timestamp};

use super::samples::{T0, at, guest, id, name, namespace, record, shared};
use wask_store::{ActivationQuery, ListPosition, RetentionClass, Store};

fn all() -> ActivationQuery {
    ActivationQuery::new(guest(), 100)
}

/// Lists activations by the n of their ids. Summaries and records must agree.
async fn listed(store: &dyn Store, query: &ActivationQuery) -> Vec<u8> {
    let summaries = store.activation_summaries(query).await.unwrap();
    let records = store.activation_records(query).await.unwrap();
    let summaries: Vec<u8> = summaries.iter().map(|summary| summary.id.to_bytes()[15]).collect();
    let records: Vec<u8> = records.items.iter().map(|record| record.summary.id.to_bytes()[15]).collect();
    assert_eq!(summaries, records);
    summaries
}

pub async fn a_record_is_read_back_as_it_was_written(store: &dyn Store) {
    let full = Activation {
        cause: Some(id(9)),
        logs: vec!["2030-01-01T00:00:00Z stdout: one".into(), "2030-01-01T00:00:00Z stderr: \u{1f980}".into()],
        input: json!({ "who": "\u{1f980}" }).as_object().cloned(),
        response: Response { size: Some(12), ..Response::success(json!({ "z": [1, 2.5, null], "a": "\u{0}\"" })) },
        ..record(1, T0)
    };
    let bare = Activation {
        end: None,
        duration_ms: None,
        annotations: Annotations::default(),
        response: Response::whisk_error("lost"),
        ..record(2, T0)
    };
    store.record(&shared(vec![full.clone(), bare.clone()])).await.unwrap();
    assert_eq!(store.activation(&guest(), id(1)).await.unwrap(), Some(full));
    assert_eq!(store.activation(&guest(), id(2)).await.unwrap(), Some(bare));
}

pub async fn a_record_is_found_only_in_its_own_namespace(store: &dyn Store) {
    store.record(&shared(vec![record(1, T0)])).await.unwrap();
    assert_eq!(store.activation(&namespace("other"), id(1)).await.unwrap(), None);
    assert_eq!(store.activation(&guest(), id(2)).await.unwrap(), None);
    let others = ActivationQuery { namespace: namespace("other"), ..all() };
    assert_eq!(listed(store, &others).await, [0; 0]);
}

pub async fn the_first_record_of_an_id_stays(store: &dyn Store) {
    let late = Activation { response: Response::whisk_error("late"), start: at(9), ..record(1, T0) };
    store.record(&shared(vec![record(1, T0)])).await.unwrap();
    store.record(&shared(vec![late, record(2, at(1)), record(2, at(2))])).await.unwrap();
    assert_eq!(store.activation(&guest(), id(1)).await.unwrap(), Some(record(1, T0)));
    assert_eq!(listed(store, &all()).await, [2, 1]);
    assert_eq!(store.count_activations(&all()).await.unwrap(), 2);
}

pub async fn a_large_result_and_its_logs_are_kept_whole(store: &dyn Store) {
    let large = Activation {
        response: Response::success(json!({ "text": "x".repeat(1024 * 1024) })),
        logs: (0..20_000).map(|n| format!("line {n} of many, each of which takes some room")).collect(),
        ..record(1, T0)
    };
    store.record(&shared(vec![large.clone()])).await.unwrap();
    assert!(store.activation(&guest(), id(1)).await.unwrap() == Some(large));
}

pub async fn activations_are_listed_newest_start_first_in_pages(store: &dyn Store) {
    // Ids and starts are in different orders: the start decides, the id breaks ties.
    let records = vec![record(1, at(4)), record(2, at(2)), record(3, at(3)), record(4, at(2)), record(5, at(1))];
    store.record(&shared(records)).await.unwrap();
    assert_eq!(listed(store, &all()).await, [1, 3, 4, 2, 5]);
    let mut paged = Vec::new();
    for skip in [0, 2, 4, 6] {
        paged.push(listed(store, &ActivationQuery { skip, limit: 2, ..all() }).await);
    }
    assert_eq!(paged, [vec![1, 3], vec![4, 2], vec![5], vec![]]);
    let page = ActivationQuery { skip: 2, limit: 2, ..all() };
    assert_eq!(store.count_activations(&page).await.unwrap(), 5);
}

pub async fn since_and_upto_are_inclusive_and_count_agrees(store: &dyn Store) {
    store.record(&shared((1..=5).map(|n| record(n, at(n.into()))).collect())).await.unwrap();
    let between = |since: Option<Timestamp>, upto: Option<Timestamp>| ActivationQuery { since, upto, ..all() };
    for (query, expected) in [
        (between(Some(at(2)), Some(at(4))), vec![4, 3, 2]),
        (between(Some(at(4)), None), vec![5, 4]),
        (between(None, Some(at(1))), vec![1]),
        (between(Some(at(4)), Some(at(2))), vec![]),
    ] {
        assert_eq!(listed(store, &query).await, expected);
        assert_eq!(store.count_activations(&query).await.unwrap(), expected.len() as u64);
    }
}

pub async fn the_name_filter_tells_packaged_from_bare(store: &dyn Store) {
    let packaged = record(2, at(2)).annotations.with("path", "guest/pkg/hello");
    let bound = packaged.clone().with("binding", "guest/mine");
    let unmarked = Annotations::default();
    let records = vec![
        record(1, at(1)),
        Activation { annotations: packaged, ..record(2, at(2)) },
        Activation { annotations: bound, ..record(3, at(3)) },
        Activation { annotations: unmarked.clone(), ..record(4, at(4)) },
        Activation { annotations: unmarked, name: name("other"), ..record(5, at(5)) },
    ];
    store.record(&shared(records)).await.unwrap();
    for (filter, expected) in
        [("hello", vec![4, 1]), ("pkg/hello", vec![2]), ("mine/hello", vec![3]), ("other", vec![5]), ("none", vec![])]
    {
        let query = ActivationQuery { name: Some(filter.into()), ..all() };
        assert_eq!(listed(store, &query).await, expected, "{filter}");
        assert_eq!(store.count_activations(&query).await.unwrap(), expected.len() as u64, "{filter}");
    }
    let second = ActivationQuery { name: Some("hello".into()), skip: 1, limit: 1, ..all() };
    assert_eq!(listed(store, &second).await, [1]);
}

pub async fn lists_are_filtered_by_status_kind_cause_and_text_and_count_agrees(store: &dyn Store) {
    let of = |n: u8, response: Response| Activation { response, ..record(n, at(n.into())) };
    let annotated = |key: &str, value: &str| record(0, T0).annotations.with(key, value);
    let records = vec![
        of(1, Response::success(json!({}))),
        Activation { annotations: annotated("kind", "wasm:1"), ..of(2, Response::application_error("no")) },
        Activation {
            annotations: annotated("kind", "sequence"),
            cause: Some(id(1)),
            ..of(3, Response::developer_error("it broke"))
        },
        Activation {
            annotations: annotated("path", "guest/Tools/Sort"),
            name: name("Sort"),
            ..of(4, Response::whisk_error("lost"))
        },
        Activation {
            annotations: annotated("kind", "wasm:1"),
            cause: Some(id(2)),
            ..of(5, Response::success(json!({})))
        },
    ];
    store.record(&shared(records)).await.unwrap();
    let with = |change: fn(&mut ActivationQuery)| {
        let mut query = all();
        change(&mut query);
        query
    };
    let is = |status| Some(StatusFilter::Is(status));
    for (query, expected) in [
        (ActivationQuery { status: is(Status::Success), ..all() }, vec![5, 1]),
        (ActivationQuery { status: is(Status::ApplicationError), ..all() }, vec![2]),
        (ActivationQuery { status: is(Status::DeveloperError), ..all() }, vec![3]),
        (ActivationQuery { status: is(Status::WhiskError), ..all() }, vec![4]),
        (with(|q| q.status = Some(StatusFilter::Failed)), vec![4, 3, 2]),
        (with(|q| q.kind = Some("wasm:1".into())), vec![5, 2]),
        (with(|q| q.kind = Some("sequence".into())), vec![3]),
        (with(|q| q.kind = Some("trigger".into())), vec![4, 1]),
        (with(|q| q.kind = Some("Wasm:1".into())), vec![]),
        (with(|q| q.cause = Some(id(1))), vec![3]),
        (with(|q| q.cause = Some(id(9))), vec![]),
        (with(|q| q.contains = Some("s/sO".into())), vec![4]),
        (with(|q| q.contains = Some("ell".into())), vec![5, 3, 2, 1]),
        (with(|q| q.contains = Some("%".into())), vec![]),
        (with(|q| (q.kind, q.status) = (Some("wasm:1".into()), Some(StatusFilter::Failed))), vec![2]),
        (with(|q| (q.name, q.cause) = (Some("hello".into()), Some(id(2)))), vec![5]),
        (with(|q| (q.contains, q.since, q.upto) = (Some("h".into()), Some(at(2)), Some(at(3)))), vec![3, 2]),
    ] {
        assert_eq!(listed(store, &query).await, expected, "{query:?}");
        assert_eq!(store.count_activations(&query).await.unwrap(), expected.len() as u64, "{query:?}");
    }
}

pub async fn a_list_continues_after_a_position_whatever_was_added_or_removed(store: &dyn Store) {
    // Six of one millisecond, and one before and after them.
    let same = (2..=7).map(|n| record(n, at(5)));
    store.record(&shared(same.chain([record(1, at(4)), record(8, at(6))]).collect())).await.unwrap();
    let after =
        |n, start| ActivationQuery { after: Some(ListPosition { start: at(start), id: id(n) }), limit: 3, ..all() };

    assert_eq!(listed(store, &ActivationQuery { limit: 3, ..all() }).await, [8, 7, 6]);
    store.record(&shared(vec![record(9, at(5)), record(10, at(7))])).await.unwrap();
    assert_eq!(listed(store, &after(6, 5)).await, [5, 4, 3]);
    assert_eq!(listed(store, &after(3, 5)).await, [2, 1]);
    assert_eq!(listed(store, &after(1, 4)).await, [0; 0]);
    assert_eq!(store.count_activations(&after(6, 5)).await.unwrap(), 5);
    let bounded = ActivationQuery { upto: Some(at(4)), ..after(6, 5) };
    assert_eq!(listed(store, &bounded).await, [1]);
    let bounded = ActivationQuery { since: Some(at(5)), name: Some("hello".into()), ..after(4, 5) };
    assert_eq!(listed(store, &bounded).await, [3, 2]);

    assert_eq!(store.forget_before(RetentionClass::Records, at(10), 1).await.unwrap(), 1); // the oldest: 1, at 4
    assert_eq!(listed(store, &after(3, 5)).await, [2]);
    assert_eq!(listed(store, &after(1, 4)).await, [0; 0], "the place outlives its record");
}

pub async fn a_page_of_whole_records_ends_before_it_is_too_large(store: &dyn Store) {
    let large = |n: u8| Activation {
        response: Response { size: Some(7), ..Response::success(json!({ "text": "x".repeat(10_000) })) },
        logs: vec!["a line".into()],
        ..record(n, at(n.into()))
    };
    store.record(&shared((1..=4).map(large).collect())).await.unwrap();
    let page = async |bytes| {
        let page = store.activation_records(&ActivationQuery { bytes, ..all() }).await.unwrap();
        let ids: Vec<u8> = page.items.iter().map(|record| record.summary.id.to_bytes()[15]).collect();
        (ids, page.is_cut)
    };
    assert_eq!(page(u64::MAX).await, (vec![4, 3, 2, 1], false));
    assert_eq!(page(25_000).await, (vec![4, 3], true));
    assert_eq!(page(1).await, (vec![4], true), "at least one");

    let text = store.activation_text(&guest(), id(4)).await.unwrap().unwrap();
    assert_eq!(serde_json::from_str::<serde_json::Value>(text.result.get()).unwrap(), large(4).response.result);
    assert_eq!((text.status, text.size, text.subject.as_str()), (Status::Success, Some(7), large(4).subject.as_str()));
    assert_eq!(text.logs.unwrap().get(), r#"["a line"]"#);
    assert!(store.activation_text(&guest(), id(9)).await.unwrap().is_none());
}

pub async fn a_summary_shows_what_the_record_says(store: &dyn Store) {
    let failed = Activation { cause: Some(id(9)), response: Response::developer_error("it broke"), ..record(1, T0) };
    store.record(&shared(vec![failed.clone()])).await.unwrap();
    let summaries = store.activation_summaries(&all()).await.unwrap();
    let [summary] = &summaries[..] else { panic!("one summary") };
    assert_eq!((summary.id, &summary.namespace, &summary.name), (failed.id, &failed.namespace, &failed.name));
    assert_eq!((summary.start, summary.end, summary.duration_ms), (failed.start, failed.end, failed.duration_ms));
    assert_eq!((summary.version, summary.cause, summary.status_code), (failed.version, failed.cause, 2));
    assert_eq!(summary.annotations, failed.annotations);
}

pub async fn forgetting_removes_old_records_up_to_the_limit(store: &dyn Store) {
    let running_long = Activation { end: Some(at(1000)), ..record(1, at(1)) };
    let elsewhere = Activation { namespace: namespace("other"), ..record(9, at(9)) };
    let mut records: Vec<_> = (2..=5).map(|n| record(n, at(i64::from(n) * 10))).collect(); // each ends 5 ms later
    records.extend([running_long, elsewhere]);
    store.record(&shared(records)).await.unwrap();

    assert_eq!(store.forget_before(RetentionClass::Records, at(45), 2).await.unwrap(), 2);
    assert_eq!(store.forget_before(RetentionClass::Records, at(45), 100).await.unwrap(), 1);
    assert_eq!(store.forget_before(RetentionClass::Records, at(45), 100).await.unwrap(), 0);
    assert_eq!(listed(store, &all()).await, [5, 4, 1]); // the fourth ended at 45, which is not before 45
    let others = ActivationQuery { namespace: namespace("other"), ..all() };
    assert_eq!(store.count_activations(&others).await.unwrap(), 0);
    assert_eq!(store.activation(&guest(), id(2)).await.unwrap(), None);
}

pub async fn the_age_of_a_firing_counts_from_its_start(store: &dyn Store) {
    let fired = |n, start| Activation { end: None, duration_ms: None, ..record(n, start) };
    store.record(&shared(vec![fired(1, at(1)), fired(2, at(2))])).await.unwrap();
    assert_eq!(store.forget_before(RetentionClass::Records, at(2), 100).await.unwrap(), 1);
    assert_eq!(listed(store, &all()).await, [2]);
}
