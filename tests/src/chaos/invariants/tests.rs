//! Every broken rule is found and named with the id that breaks it.

use super::super::evidence::{Delivery, Seen};
use super::*;

fn record(id: &str, name: &str, result: Value) -> Value {
    json!({ "activationId": id, "name": name, "annotations": [], "logs": [], "response": { "result": result } })
}

fn accepted(id: &str, kind: Kind, n: u64) -> Accepted {
    Accepted { id: id.to_owned(), kind, n, callback: None, life: 0 }
}

/// Evidence that breaks no rule: two activations, one with a callback, a sequence, and a tick with its rule.
fn sound() -> Evidence {
    let mut evidence = Evidence { lives: 2, ..Evidence::default() };
    let with_callback = Accepted { callback: Some(("cb_1".into(), Site::Good)), ..accepted("a2", Kind::Sleeper, 7) };
    evidence.seen.accepted = vec![accepted("a1", Kind::Echo, 1), with_callback, accepted("a3", Kind::Sequence, 3)];
    let mut pair = record("a3", "pair", json!({ "n": 3 }));
    pair["logs"] = json!(["p1"]);
    let mut part = record("p1", "echo", json!({ "n": 3 }));
    part["cause"] = json!("a3");
    let mut event = record("e1", "second", json!({}));
    event["logs"] = json!([r#"{"rule":"guest/r","activationId":"r1"}"#]);
    let mut of_rule = record("r1", "echo", json!({}));
    of_rule["cause"] = json!("e1");
    evidence.listed = vec![
        record("a1", "echo", json!({ "n": 1 })),
        record("a2", "sleeper", json!({ "slept": 7 })),
        pair,
        part,
        event,
        of_rule,
    ];
    evidence.seen.records.insert("a1".into(), record("a1", "echo", json!({ "n": 1 })));
    evidence.again = evidence.seen.records.clone();
    evidence.seen.running.insert("a2".into(), BTreeSet::from([0]));
    evidence.seen.ticks.insert(("second".into(), 1000), BTreeSet::from(["e1".to_owned()]));
    let attempts = json!([{ "n": 1, "statusCode": 200 }]);
    evidence.callbacks = vec![
        json!({ "id": "cb_1", "activationId": "a2", "state": "delivered", "failedAttempts": 0, "attempts": attempts }),
    ];
    evidence.deliveries = vec![Delivery { webhook_id: "cb_1".into(), activation: "a2".into() }];
    evidence
}

/// The findings after a change to sound evidence.
fn found(change: impl FnOnce(&mut Evidence)) -> Vec<String> {
    let mut evidence = sound();
    change(&mut evidence);
    broken(&evidence).iter().map(ToString::to_string).collect()
}

fn annotate(record: &mut Value, key: &str, value: Value) {
    record["annotations"].as_array_mut().unwrap().push(json!({ "key": key, "value": value }));
}

#[test]
fn sound_evidence_has_no_findings() {
    assert_eq!(found(|_| ()), [""; 0]);
    assert_eq!(broken(&Evidence { seen: Seen::default(), ..Evidence::default() }), []);
}

#[test]
fn an_acknowledged_activation_without_a_record_is_found() {
    let lost = found(|evidence| drop(evidence.listed.remove(0)));
    assert_eq!(lost, ["NothingLost: a1 (Echo) was acknowledged and has no record"]);
}

#[test]
fn a_second_record_is_found() {
    assert_eq!(found(|evidence| evidence.listed.push(evidence.listed[0].clone())), ["OneRecord: a1 is listed twice"]);
}

#[test]
fn a_part_with_two_ids_or_no_record_is_found() {
    let twice = found(|evidence| {
        let mut another = evidence.listed[3].clone();
        another["activationId"] = json!("p2");
        evidence.listed.push(another);
    });
    assert_eq!(twice, ["OneRecord: a3 names 1 that it started, but 2 have a record"]);
    let none = found(|evidence| drop(evidence.listed.remove(5)));
    let expected = ["e1 names 1 that it started, but 0 have a record", "r1, which e1 started, has no record"];
    assert_eq!(none, expected.map(|what| format!("OneRecord: {what}")));
}

#[test]
fn a_record_with_the_result_of_another_activation_is_found() {
    let mistaken = found(|evidence| evidence.listed[0]["response"]["result"]["n"] = json!(2));
    assert_eq!(mistaken, [r#"OwnRecord: a1 (Echo) should have the result {"n":1}, not {"n":2}"#]);
}

#[test]
fn a_record_that_changed_is_found() {
    let changed = found(|evidence| evidence.again.get_mut("a1").unwrap()["name"] = json!("ohce"));
    assert!(changed[0].starts_with("Final: a1 was {") && changed.len() == 1, "{changed:?}");
    let gone = found(|evidence| evidence.again.clear());
    assert_eq!(gone, ["Final: a1 had a record and was not read again"]);
}

#[test]
fn missing_or_invented_attempts_are_found() {
    let missing = found(|evidence| drop(evidence.seen.running.insert("a2".into(), BTreeSet::from([0, 1]))));
    assert_eq!(missing, ["AttemptsCounted: a2 counts 1 attempts, but ran in 2 lives"]);
    let invented = found(|evidence| annotate(&mut evidence.listed[1], "attempts", json!(3)));
    assert_eq!(invented, ["AttemptsCounted: a2 counts 3 attempts, but cannot have had more than 2"]);
    let failed = found(|evidence| {
        annotate(&mut evidence.listed[1], "attempts", json!(3));
        annotate(&mut evidence.listed[1], "failedAttempts", json!([{}]));
    });
    assert_eq!(failed, [""; 0], "a failure in the record is an attempt");
}

#[test]
fn a_callback_that_is_missing_open_or_undelivered_is_found() {
    for (change, expected) in [
        ((|e| e.deliveries.clear()) as fn(&mut Evidence), "cb_1 is over, but no request came"),
        (|e| e.callbacks[0]["state"] = json!("failed"), "cb_1 is failed, but its receiver accepts everything"),
        (|e| e.callbacks[0]["state"] = json!("pending"), "cb_1 is pending in the end"),
        (|e| e.callbacks[0]["activationId"] = json!("a9"), "cb_1 belongs to another activation than a2"),
        (
            |e| e.callbacks[0]["attempts"] = json!([{ "statusCode": 500 }, { "statusCode": 200 }]),
            "cb_1 lists 2 answers to 1 requests",
        ),
        (
            |e| {
                e.callbacks[0]["state"] = json!("failed");
                e.callbacks[0]["failedAttempts"] = json!(1);
            },
            "cb_1 was given up after 1 attempts",
        ),
        (|e| e.callbacks.clear(), "cb_1, the callback of a2, is gone"),
        (
            |e| e.deliveries.push(Delivery { webhook_id: "cb_2".into(), activation: "a2".into() }),
            r#"the end of a2 was delivered under several ids: {"cb_1", "cb_2"}"#,
        ),
        (
            |e| e.deliveries.push(Delivery { webhook_id: "cb_2".into(), activation: "a8".into() }),
            "a receiver was notified of a8 under an unknown id",
        ),
    ] {
        let found = found(change);
        assert!(found.contains(&format!("Callbacks: {expected}")), "{expected}: {found:?}");
    }
}

#[test]
fn a_tick_that_fired_twice_is_found() {
    let twice = found(|evidence| {
        evidence.listed.push(record("e2", "second", json!({})));
        evidence.seen.ticks.get_mut(&("second".into(), 1000)).unwrap().insert("e2".into());
    });
    assert_eq!(twice, [r#"OneFirePerTick: the tick of second at 1000 fired twice: {"e1", "e2"}"#]);
}

#[test]
fn a_tick_without_an_event_or_an_event_without_a_tick_is_found() {
    let no_event = found(|evidence| {
        evidence.seen.ticks.insert(("second".into(), 2000), BTreeSet::from(["e2".to_owned()]));
    });
    assert_eq!(no_event, ["OneFirePerTick: e2, the tick of second at 2000, has no record"]);
    let no_tick = found(|evidence| evidence.listed.push(record("e2", "second", json!({}))));
    assert_eq!(no_tick, ["OneFirePerTick: e2 is an event without a tick"]);
}
