//! Stories of alarms.

use serde_json::json;
use wask_model::{Alarm, PastTick, TickEnd, TickOrigin};

use super::samples::{T0, alarm, at, claim, full, guest, job, namespace, numbers, past_tick};
use wask_store::{AlarmAdvance, AlarmQuery, NewJob, Store, Tick};

/// More ticks than any story has.
const ALL: u32 = 100;

async fn tick(store: &dyn Store) -> Tick {
    store.due_alarms(T0, 1).await.unwrap().remove(0)
}

/// Advances one alarm.
async fn advance(store: &dyn Store, tick: &Tick, becomes: Alarm, fire: Option<NewJob>) -> bool {
    let one = AlarmAdvance { tick: tick.clone(), becomes, fire, past: vec![] };
    store.advance(vec![one], ALL).await.unwrap().remove(0)
}

fn dues(ticks: &[PastTick]) -> Vec<i64> {
    ticks.iter().map(|tick| tick.due.millis() - T0.millis()).collect()
}

pub async fn an_alarm_is_put_read_replaced_and_deleted(store: &dyn Store) {
    let dawn = full("/guest/dawn");
    assert_eq!(store.alarm(&dawn).await.unwrap(), None);
    store.put_alarm(alarm("/guest/dawn", Some(T0))).await.unwrap();
    assert_eq!(store.alarm(&dawn).await.unwrap(), Some(alarm("/guest/dawn", Some(T0))));
    store.put_alarm(alarm("/guest/dawn", Some(at(1)))).await.unwrap();
    assert_eq!(store.alarm(&dawn).await.unwrap(), Some(alarm("/guest/dawn", Some(at(1)))));
    assert!(store.delete_alarm(&dawn).await.unwrap());
    assert!(!store.delete_alarm(&dawn).await.unwrap());
    assert_eq!(store.alarm(&dawn).await.unwrap(), None);
}

pub async fn alarms_are_listed_by_trigger_and_counted_per_namespace(store: &dyn Store) {
    let [b, a, other] = [alarm("/guest/b", Some(T0)), alarm("/guest/a", None), alarm("/other/c", Some(T0))];
    for alarm in [&b, &a, &other] {
        store.put_alarm(alarm.clone()).await.unwrap();
    }
    let all = AlarmQuery::all(guest());
    let page = async |query: AlarmQuery| {
        let page = store.alarms(&query).await.unwrap();
        (page.items, page.is_cut)
    };
    assert_eq!(page(all.clone()).await, (vec![a.clone(), b.clone()], false));
    assert_eq!(page(AlarmQuery { limit: 1, ..all.clone() }).await, (vec![a.clone()], false));
    assert_eq!(page(AlarmQuery { skip: 1, ..all.clone() }).await, (vec![b], false));
    assert_eq!(page(AlarmQuery { bytes: 1, ..all }).await, (vec![a], true), "at least one");
    assert_eq!(store.count_alarms(&guest()).await.unwrap(), 2);
    assert_eq!(store.count_alarms(&namespace("nobody")).await.unwrap(), 0);
}

pub async fn armed_alarms_are_read_in_pages_ordered_by_trigger(store: &dyn Store) {
    for (trigger, due) in [("/guest/b", Some(1)), ("/guest/a", Some(9)), ("/guest/off", None), ("/other/a", Some(0))] {
        store.put_alarm(alarm(trigger, due.map(at))).await.unwrap();
    }
    let (mut last, mut seen) = (None, Vec::new());
    while let Some(tick) = store.armed_alarms(last.as_ref(), 1).await.unwrap().pop() {
        seen.push((tick.alarm.trigger.to_string(), tick.due));
        last = Some(tick.alarm.trigger);
    }
    let expected = [("guest/a", 9), ("guest/b", 1), ("other/a", 0)];
    assert_eq!(seen, expected.map(|(trigger, due)| (trigger.to_owned(), at(due))));
    assert_eq!(store.armed_alarms(None, 10).await.unwrap().len(), 3);
}

pub async fn due_alarms_come_longest_overdue_first(store: &dyn Store) {
    for (trigger, due) in [("/guest/late", 1), ("/guest/later", 0), ("/guest/now", 5), ("/guest/soon", 6)] {
        store.put_alarm(alarm(trigger, Some(at(due)))).await.unwrap();
    }
    let ticks = store.due_alarms(at(5), 100).await.unwrap();
    let names: Vec<_> = ticks.iter().map(|tick| tick.alarm.trigger.name.as_str()).collect();
    assert_eq!(names, ["later", "late", "now"]);
    assert!(ticks.iter().all(|tick| tick.alarm.next_fire == Some(tick.due)));
    assert_eq!(store.due_alarms(at(5), 2).await.unwrap().len(), 2);
    assert_eq!(store.next_alarm().await.unwrap(), Some(at(0)));
}

pub async fn a_disabled_alarm_is_never_due(store: &dyn Store) {
    store.put_alarm(alarm("/guest/off", None)).await.unwrap();
    assert_eq!(store.due_alarms(at(1_000_000), 100).await.unwrap(), []);
    assert_eq!(store.next_alarm().await.unwrap(), None);
}

pub async fn advancing_moves_the_alarm_and_stores_the_firing_job_together(store: &dyn Store) {
    store.put_alarm(alarm("/guest/dawn", Some(T0))).await.unwrap();
    let moved = Alarm { last_fire: Some(T0), ..alarm("/guest/dawn", Some(at(60_000))) };
    assert!(advance(store, &tick(store).await, moved.clone(), Some(job(1, T0))).await);
    assert_eq!(store.alarm(&moved.trigger).await.unwrap(), Some(moved));
    assert_eq!(store.due_alarms(T0, 100).await.unwrap(), []);
    assert_eq!(store.next_alarm().await.unwrap(), Some(at(60_000)));
    assert_eq!(numbers(&claim(store, "a", T0).await), [1]);
}

pub async fn of_two_that_advance_one_tick_one_wins(store: &dyn Store) {
    store.put_alarm(alarm("/guest/dawn", Some(T0))).await.unwrap();
    let tick = tick(store).await;
    let moved = |n| advance(store, &tick, alarm("/guest/dawn", Some(at(60_000))), Some(job(n, T0)));
    let (one, two, three) = tokio::join!(moved(1), moved(2), moved(3));
    let won = [one, two, three];
    assert_eq!(won.iter().filter(|won| **won).count(), 1);
    assert_eq!(claim(store, "a", T0).await.len(), 1);
}

pub async fn an_alarm_that_has_changed_since_does_not_advance(store: &dyn Store) {
    store.put_alarm(alarm("/guest/dawn", Some(T0))).await.unwrap();
    let tick = tick(store).await;
    let moved = || alarm("/guest/dawn", Some(at(60_000)));
    // Due at the same time, but with another payload.
    let changed = Alarm { payload: json!({ "new": true }), ..alarm("/guest/dawn", Some(T0)) };
    store.put_alarm(changed.clone()).await.unwrap();
    assert!(!advance(store, &tick, moved(), Some(job(1, T0))).await);
    assert_eq!(store.alarm(&changed.trigger).await.unwrap(), Some(changed));
    // Due at another time.
    store.put_alarm(alarm("/guest/dawn", Some(at(9)))).await.unwrap();
    assert!(!advance(store, &tick, moved(), Some(job(1, T0))).await);
    assert_eq!(claim(store, "a", T0).await, []);
}

pub async fn an_alarm_is_replaced_only_as_it_was_read(store: &dyn Store) {
    for due in [Some(T0), None] {
        let read = alarm("/guest/dawn", due);
        let [first, second] = [1, 2].map(|n| Alarm { payload: json!(n), ..alarm("/guest/dawn", Some(at(9))) });
        assert!(!store.replace_alarm(&read, first.clone()).await.unwrap());
        store.put_alarm(read.clone()).await.unwrap();
        assert!(store.replace_alarm(&read, first.clone()).await.unwrap());
        assert!(!store.replace_alarm(&read, second).await.unwrap());
        assert_eq!(store.alarm(&read.trigger).await.unwrap(), Some(first));
        assert_eq!(store.next_alarm().await.unwrap(), Some(at(9)));
        store.delete_alarm(&read.trigger).await.unwrap();
    }
}

pub async fn a_deleted_alarm_does_not_advance(store: &dyn Store) {
    store.put_alarm(alarm("/guest/dawn", Some(T0))).await.unwrap();
    let tick = tick(store).await;
    store.delete_alarm(&full("/guest/dawn")).await.unwrap();
    assert!(!advance(store, &tick, alarm("/guest/dawn", Some(at(1))), Some(job(1, T0))).await);
    assert_eq!(store.alarm(&full("/guest/dawn")).await.unwrap(), None);
    assert_eq!(claim(store, "a", T0).await, []);
}

pub async fn an_alarm_with_any_payload_advances(store: &dyn Store) {
    let payload =
        json!({ "z": 1, "a": [0.1, 1e300, 2.2250738585072014e-308, 18446744073709551615_u64, -0.0], "\u{0}": null });
    store.put_alarm(Alarm { payload, ..alarm("/guest/dawn", Some(T0)) }).await.unwrap();
    let disabled = Alarm { fires_left: Some(0), ..alarm("/guest/dawn", None) };
    let no_fire: Option<NewJob> = None;
    assert!(advance(store, &tick(store).await, disabled, no_fire).await);
    assert_eq!(store.next_alarm().await.unwrap(), None);
}

pub async fn many_alarms_advance_in_one_call_independently(store: &dyn Store) {
    for trigger in ["/guest/a", "/guest/b", "/guest/c"] {
        store.put_alarm(alarm(trigger, Some(T0))).await.unwrap();
    }
    let ticks = store.due_alarms(T0, 100).await.unwrap();
    store.delete_alarm(&full("/guest/b")).await.unwrap();
    let moves = ticks.iter().zip(1..).map(|(tick, n)| {
        let becomes = Alarm { next_fire: Some(at(60_000)), ..tick.alarm.clone() };
        AlarmAdvance { tick: tick.clone(), becomes, fire: Some(job(n, T0)), past: vec![past_tick(i64::from(n))] }
    });
    assert_eq!(store.advance(moves.collect(), ALL).await.unwrap(), [true, false, true]);
    assert_eq!(numbers(&claim(store, "a", T0).await), [1, 3]);
    assert_eq!(dues(&store.past_ticks(&full("/guest/a"), 10).await.unwrap()), [1]);
    assert_eq!(store.past_ticks(&full("/guest/b"), 10).await.unwrap(), []);
    assert_eq!(store.next_alarm().await.unwrap(), Some(at(60_000)));
}

pub async fn past_ticks_are_listed_latest_due_first_and_the_oldest_are_removed(store: &dyn Store) {
    let dawn = full("/guest/dawn");
    store.put_alarm(alarm("/guest/dawn", Some(T0))).await.unwrap();
    for due in [30, 10, 20, 40] {
        assert!(store.note_tick(&dawn, past_tick(due), 3).await.unwrap());
    }
    assert_eq!(dues(&store.past_ticks(&dawn, 10).await.unwrap()), [40, 30, 20]);
    assert_eq!(dues(&store.past_ticks(&dawn, 2).await.unwrap()), [40, 30]);
    assert_eq!(store.past_ticks(&dawn, 1).await.unwrap(), [past_tick(40)]);
    assert_eq!(store.past_ticks(&full("/guest/dusk"), 10).await.unwrap(), []);
    assert!(!store.note_tick(&full("/guest/dusk"), past_tick(10), 3).await.unwrap());
    assert_eq!(store.past_ticks(&full("/guest/dusk"), 10).await.unwrap(), []);
}

pub async fn a_tick_has_one_end_and_a_manual_run_is_a_tick_of_its_own(store: &dyn Store) {
    let dawn = full("/guest/dawn");
    store.put_alarm(alarm("/guest/dawn", Some(T0))).await.unwrap();
    let failed = PastTick { end: TickEnd::Failed, reason: Some("gone".into()), activation: None, ..past_tick(10) };
    let by_hand = PastTick { origin: TickOrigin::Hand, ..past_tick(10) };
    for tick in [past_tick(10), failed.clone(), by_hand.clone()] {
        store.note_tick(&dawn, tick, ALL).await.unwrap();
    }
    assert_eq!(store.past_ticks(&dawn, 10).await.unwrap(), [by_hand, failed]);
}

pub async fn settling_a_tick_writes_both_the_alarm_and_the_tick_or_neither(store: &dyn Store) {
    let dawn = full("/guest/dawn");
    let (was, becomes) = (alarm("/guest/dawn", Some(T0)), alarm("/guest/dawn", None));
    assert!(!store.settle_tick(&was, becomes.clone(), past_tick(10), ALL).await.unwrap());
    store.put_alarm(was.clone()).await.unwrap();
    assert!(store.settle_tick(&was, becomes.clone(), past_tick(10), ALL).await.unwrap());
    assert!(!store.settle_tick(&was, was.clone(), past_tick(20), ALL).await.unwrap());
    assert_eq!(store.alarm(&dawn).await.unwrap(), Some(becomes));
    assert_eq!(dues(&store.past_ticks(&dawn, 10).await.unwrap()), [10]);
    assert_eq!(store.next_alarm().await.unwrap(), None);
}

pub async fn past_ticks_are_removed_with_their_alarm_and_by_age(store: &dyn Store) {
    let (dawn, dusk) = (full("/guest/dawn"), full("/guest/dusk"));
    for trigger in ["/guest/dawn", "/guest/dusk"] {
        store.put_alarm(alarm(trigger, Some(T0))).await.unwrap();
        for due in [10, 20, 30] {
            store.note_tick(&full(trigger), past_tick(due), ALL).await.unwrap();
        }
    }
    assert_eq!(store.forget_ticks(at(30), 3).await.unwrap(), 3);
    assert_eq!(store.forget_ticks(at(30), 3).await.unwrap(), 1);
    assert_eq!(store.forget_ticks(at(30), 3).await.unwrap(), 0);
    assert_eq!(dues(&store.past_ticks(&dawn, 10).await.unwrap()), [30]);
    store.put_alarm(alarm("/guest/dawn", Some(T0))).await.unwrap();
    store.delete_alarm(&dusk).await.unwrap();
    for trigger in [&dawn, &dusk] {
        assert_eq!(store.past_ticks(trigger, 10).await.unwrap(), []);
    }
}
