//! Stories of callbacks: stored with their job, settled after each attempt, cancelled, sent again.

use serde_json::json;
use wask_model::{
    AttemptError, Callback, CallbackAttempt, CallbackDefaults, CallbackEnd, CallbackId, CallbackSettings,
    CallbackState, NewCallback, Subscription,
};

use super::samples::{T0, at, claim, claim_in, full, guest, id, job, leased, namespace, record};
use wask_store::{
    AfterAttempt, CallbackCancelOutcome, CallbackQuery, Job, KnownCallback, Lane, NewJob, RetentionClass, Store,
    StoredCallbackSettings, Undelivered,
};

fn subscription() -> Subscription {
    let asked = json!({ "http": { "url": "https://hooks.example.com/done" }, "correlationId": "order-42" });
    Subscription::from_value(&asked).unwrap()
}

/// The callback with the n-th id, for the activation with the id before it.
pub fn callback(n: u8) -> Callback {
    let settings = CallbackSettings::default().over(&CallbackDefaults::default());
    let (id, activation) = (CallbackId::from(id(n)), id(n - 1));
    let new = NewCallback {
        id,
        namespace: guest(),
        activation,
        cause: Some(super::samples::id(90)),
        name: full("/guest/hello"),
        now: at(n.into()),
    };
    Callback::new(subscription(), &settings, new)
}

/// The job that delivers the n-th callback.
fn delivery(n: u8) -> NewJob {
    NewJob { lane: Lane::Callback, share: "hooks.example.com:443".into(), ..job(n, at(n.into())) }
}

/// Stores an activation with its callback and ends it; returns the callback's job, claimed.
async fn ended_activation(store: &dyn Store, n: u8) -> Job {
    store.enqueue(None, vec![NewJob { callback: Some(callback(n)), ..job(n - 1, T0) }]).await.unwrap();
    let run = claim(store, "a", T0).await.remove(0);
    assert!(store.finish(&run.lease, vec![record(n - 1, T0)], vec![delivery(n)]).await.unwrap());
    let mut jobs = claim_in(store, Lane::Callback, "a", at(n.into())).await;
    assert_eq!(jobs.len(), 1);
    jobs.remove(0)
}

async fn known(store: &dyn Store, n: u8) -> KnownCallback {
    store.callback(&guest(), CallbackId::from(id(n))).await.unwrap().unwrap()
}

fn attempted(mut callback: Callback, error: Option<AttemptError>) -> Callback {
    let status_code = Some(if error.is_some() { 503 } else { 204 });
    let attempt = CallbackAttempt {
        n: callback.next_attempt(),
        at: at(50),
        duration_ms: 5,
        status_code,
        error,
        response_body: None,
    };
    callback.record_attempt(attempt, None);
    callback
}

pub async fn a_callback_waits_for_the_end_of_its_activation_and_is_then_pending(store: &dyn Store) {
    store.enqueue(None, vec![NewJob { callback: Some(callback(2)), ..job(1, T0) }]).await.unwrap();
    let waiting = KnownCallback { callback: callback(2), state: CallbackState::Waiting, next_attempt: None };
    assert_eq!(known(store, 2).await, waiting);
    assert_eq!(store.callback(&namespace("other"), CallbackId::from(id(2))).await.unwrap(), None);
    assert_eq!(store.undelivered(&guest()).await.unwrap().callbacks, 1);

    let run = claim(store, "a", T0).await.remove(0);
    assert_eq!(known(store, 2).await, waiting);
    assert!(store.finish(&run.lease, vec![record(1, T0)], vec![delivery(2)]).await.unwrap());

    let pending = KnownCallback { state: CallbackState::Pending, next_attempt: Some(at(2)), ..waiting };
    assert_eq!(known(store, 2).await, pending);
    claim_in(store, Lane::Callback, "a", at(2)).await;
    assert_eq!(known(store, 2).await.state, CallbackState::InFlight);
}

pub async fn a_failed_attempt_is_due_again_and_a_successful_one_is_the_last(store: &dyn Store) {
    let job = ended_activation(store, 2).await;
    let failed = attempted(callback(2), Some(AttemptError::HttpStatus));
    assert!(store.settle_callback(&job.lease, failed.clone(), AfterAttempt::Again { due: at(60_055) }).await.unwrap());
    assert!(!store.settle_callback(&job.lease, callback(2), AfterAttempt::Again { due: at(1) }).await.unwrap());
    let pending =
        KnownCallback { callback: failed.clone(), state: CallbackState::Pending, next_attempt: Some(at(60_055)) };
    assert_eq!(known(store, 2).await, pending);
    assert_eq!(store.notice(&guest(), CallbackId::from(id(2))).await.unwrap(), None);

    let again = claim_in(store, Lane::Callback, "b", at(60_055)).await.remove(0);
    let delivered = attempted(failed, None);
    let over = AfterAttempt::Over { notice: "{\"told\":true}".into() };
    assert!(store.settle_callback(&again.lease, delivered.clone(), over).await.unwrap());

    assert_eq!(
        known(store, 2).await,
        KnownCallback { callback: delivered, state: CallbackState::Delivered, next_attempt: None }
    );
    assert_eq!(store.notice(&guest(), CallbackId::from(id(2))).await.unwrap().as_deref(), Some("{\"told\":true}"));
    assert_eq!(claim_in(store, Lane::Callback, "b", at(1_000_000_000)).await, []);
    assert_eq!(store.undelivered(&guest()).await.unwrap(), Undelivered::default());
}

pub async fn a_callback_cancelled_during_an_attempt_is_not_attempted_again(store: &dyn Store) {
    let job = ended_activation(store, 2).await;
    let cb = CallbackId::from(id(2));
    assert_eq!(store.cancel_callback(&namespace("other"), cb, at(9)).await.unwrap(), CallbackCancelOutcome::Unknown);
    assert_eq!(store.cancel_callback(&guest(), cb, at(9)).await.unwrap(), CallbackCancelOutcome::Done);
    assert_eq!(store.cancel_callback(&guest(), cb, at(9)).await.unwrap(), CallbackCancelOutcome::Over);

    let failed = attempted(callback(2), Some(AttemptError::Timeout));
    assert!(store.settle_callback(&job.lease, failed, AfterAttempt::Again { due: at(100) }).await.unwrap());

    let known = known(store, 2).await;
    assert_eq!((known.state, known.callback.attempts.len()), (CallbackState::Cancelled, 1));
    assert_eq!(claim_in(store, Lane::Callback, "b", at(1_000_000)).await, []);
}

pub async fn a_callback_cancelled_before_its_attempt_has_no_job(store: &dyn Store) {
    store.enqueue(None, vec![NewJob { callback: Some(callback(2)), ..job(1, T0) }]).await.unwrap();
    let run = claim(store, "a", T0).await.remove(0);
    assert!(store.finish(&run.lease, vec![], vec![delivery(2)]).await.unwrap());
    assert_eq!(
        store.cancel_callback(&guest(), CallbackId::from(id(2)), at(9)).await.unwrap(),
        CallbackCancelOutcome::Done
    );
    assert_eq!(claim_in(store, Lane::Callback, "b", at(1_000_000)).await, []);
    assert_eq!(known(store, 2).await.callback.end, Some(CallbackEnd::Cancelled));
}

pub async fn a_callback_that_is_over_is_sent_again_only_as_it_was_read(store: &dyn Store) {
    let job = ended_activation(store, 2).await;
    let mut failed = attempted(callback(2), Some(AttemptError::HttpStatus));
    failed.end = Some(CallbackEnd::Failed);
    let over = AfterAttempt::Over { notice: "{}".into() };
    assert!(store.settle_callback(&job.lease, failed.clone(), over).await.unwrap());
    let mut again = failed.clone();
    again.restart(at(70)).unwrap();

    assert!(!store.restart_callback(&callback(2), again.clone(), delivery(2)).await.unwrap());
    assert!(store.restart_callback(&failed, again.clone(), delivery(2)).await.unwrap());
    assert!(!store.restart_callback(&failed, again.clone(), delivery(2)).await.unwrap());

    assert_eq!(known(store, 2).await.callback, again);
    assert_eq!(known(store, 2).await.state, CallbackState::Pending);
    assert_eq!(claim_in(store, Lane::Callback, "b", at(70)).await.len(), 1);
}

pub async fn callbacks_are_listed_newest_first_and_filtered(store: &dyn Store) {
    for n in [2, 4, 6] {
        let name = if n == 6 { full("/guest/other") } else { full("/guest/hello") };
        let cb = Callback { name, cause: (n != 4).then(|| id(90)), ..callback(n) };
        store.enqueue(None, vec![NewJob { callback: Some(cb), ..job(n - 1, T0) }]).await.unwrap();
    }
    store.cancel_callback(&guest(), CallbackId::from(id(4)), at(9)).await.unwrap();
    let run = claim(store, "a", T0).await.remove(0);
    assert!(store.finish(&run.lease, vec![], vec![delivery(2)]).await.unwrap());

    let all = CallbackQuery::new(guest(), 100);
    for (query, found) in [
        (all.clone(), vec![6, 4, 2]),
        (CallbackQuery { limit: 1, skip: 1, ..all.clone() }, vec![4]),
        (CallbackQuery { state: Some(CallbackState::Waiting), ..all.clone() }, vec![6]),
        (CallbackQuery { state: Some(CallbackState::Pending), ..all.clone() }, vec![2]),
        (CallbackQuery { state: Some(CallbackState::InFlight), ..all.clone() }, vec![]),
        (CallbackQuery { state: Some(CallbackState::Cancelled), ..all.clone() }, vec![4]),
        (CallbackQuery { activation: Some(id(5)), ..all.clone() }, vec![6]),
        (CallbackQuery { cause: Some(id(90)), ..all.clone() }, vec![6, 2]),
        (CallbackQuery { name: Some(full("/guest/other")), ..all.clone() }, vec![6]),
        (CallbackQuery { correlation_id: Some("order-42".into()), ..all.clone() }, vec![6, 4, 2]),
        (CallbackQuery { correlation_id: Some("order-4".into()), ..all.clone() }, vec![]),
        (CallbackQuery { since: Some(at(4)), upto: Some(at(5)), ..all.clone() }, vec![4]),
        (CallbackQuery { namespace: namespace("other"), ..all.clone() }, vec![]),
    ] {
        let listed = store.callbacks(&query).await.unwrap();
        let ids: Vec<u8> =
            listed.items.iter().map(|known| known.callback.id.as_activation_id().to_bytes()[15]).collect();
        assert_eq!(ids, found, "{query:?}");
        if query.limit == 100 {
            assert_eq!(store.count_callbacks(&query).await.unwrap(), found.len() as u64, "{query:?}");
        }
    }
}

pub async fn only_callbacks_that_are_over_are_removed_by_age_and_size(store: &dyn Store) {
    for n in [2, 4] {
        let job = ended_activation(store, n).await;
        let delivered = Callback { updated: at(n.into()), ..attempted(callback(n), None) };
        let over = AfterAttempt::Over { notice: "x".repeat(1000) };
        assert!(store.settle_callback(&job.lease, delivered, over).await.unwrap());
    }
    store.enqueue(None, vec![NewJob { callback: Some(callback(6)), ..job(5, T0) }]).await.unwrap();
    let kept = store.kept_bytes(RetentionClass::Callbacks, &guest()).await.unwrap();
    assert!((3000..6000).contains(&kept), "{kept}");

    assert_eq!(store.forget_before(RetentionClass::Callbacks, at(3), 100).await.unwrap(), 1);
    assert_eq!(store.forget_beyond(RetentionClass::Callbacks, 0, 100).await.unwrap(), 1);

    assert_eq!(store.kept_bytes(RetentionClass::Callbacks, &guest()).await.unwrap(), 0);
    assert_eq!(store.count_callbacks(&CallbackQuery::new(guest(), 1)).await.unwrap(), 1);
}

pub async fn settings_of_callbacks_are_replaced_only_as_they_were_read(store: &dyn Store) {
    let none = StoredCallbackSettings::default();
    assert_eq!(store.callback_settings(&guest()).await.unwrap(), none);
    let settings = CallbackSettings::default().patch(&json!({ "maxRetries": 3, "retryMode": "squared" })).unwrap();
    let own = StoredCallbackSettings { settings, generation: 1, rotated: Some(T0) };
    assert!(store.replace_callback_settings(&guest(), &none, own.clone()).await.unwrap());
    assert!(!store.replace_callback_settings(&guest(), &none, none.clone()).await.unwrap());
    assert_eq!(store.callback_settings(&guest()).await.unwrap(), own);
    assert_eq!(store.callback_settings(&namespace("other")).await.unwrap(), none);
}

pub async fn emptying_a_namespace_removes_its_callbacks_and_ends_their_attempts(store: &dyn Store) {
    let job = ended_activation(store, 2).await;
    leased(store, 7, "a").await;
    store.empty_namespace(&guest(), 100).await.unwrap();
    assert_eq!(store.callback(&guest(), CallbackId::from(id(2))).await.unwrap(), None);
    let over = AfterAttempt::Over { notice: "{}".into() };
    assert!(!store.settle_callback(&job.lease, callback(2), over).await.unwrap());
}

async fn undelivered_bytes(store: &dyn Store) -> u64 {
    store.undelivered(&guest()).await.unwrap().bytes
}

pub async fn undelivered_callbacks_count_with_what_they_will_tell_until_they_are_over(store: &dyn Store) {
    let telling = |n| NewJob { payload: "x".repeat(5000), ..delivery(n) };
    store.enqueue(None, vec![NewJob { callback: Some(callback(2)), ..job(1, T0) }]).await.unwrap();
    store.enqueue(None, vec![NewJob { callback: Some(callback(2)), ..job(1, T0) }]).await.unwrap();
    let waiting = undelivered_bytes(store).await;
    assert_eq!(waiting, serde_json::to_string(&callback(2)).unwrap().len() as u64, "stored twice, counted once");
    let run = claim(store, "a", T0).await.remove(0);
    assert!(store.finish(&run.lease, vec![record(1, T0)], vec![telling(2)]).await.unwrap());
    assert_eq!(undelivered_bytes(store).await, waiting + 5000);

    let attempt = claim_in(store, Lane::Callback, "a", at(2)).await.remove(0);
    let failed = attempted(callback(2), Some(AttemptError::HttpStatus));
    assert!(store.settle_callback(&attempt.lease, failed.clone(), AfterAttempt::Again { due: at(3) }).await.unwrap());
    let pending = undelivered_bytes(store).await;
    assert!((waiting + 5001..waiting + 5500).contains(&pending), "{pending}: an attempt is noted");

    let attempt = claim_in(store, Lane::Callback, "a", at(3)).await.remove(0);
    let ended = Callback { end: Some(CallbackEnd::Failed), ..failed };
    let over = AfterAttempt::Over { notice: "x".repeat(5000) };
    assert!(store.settle_callback(&attempt.lease, ended.clone(), over).await.unwrap());
    assert_eq!(store.undelivered(&guest()).await.unwrap(), Undelivered::default());

    let mut again = ended.clone();
    again.restart(at(70)).unwrap();
    assert!(store.restart_callback(&ended, again, telling(2)).await.unwrap());
    let restarted = undelivered_bytes(store).await;
    assert!((waiting + 5001..waiting + 5500).contains(&restarted), "{restarted}: what it tells is stored once");
    assert_eq!(store.kept_bytes(RetentionClass::Callbacks, &guest()).await.unwrap(), 0, "nothing counts twice");
    store.cancel_callback(&guest(), CallbackId::from(id(2)), at(71)).await.unwrap();
    assert_eq!(undelivered_bytes(store).await, 0);
    assert_eq!(store.undelivered(&namespace("other")).await.unwrap(), Undelivered::default());
}
