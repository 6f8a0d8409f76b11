//! Stories of leases: renewed, ended, taken over, released.

use super::samples::{LEASE, T0, at, claim, guest, id, job, leased, next_due, numbers, of_guest, record};
use wask_store::{Claim, JobState, Lane, Lease, NewJob, NextAttempt, Store};

/// One millisecond after a lease that began at `T0`.
fn ended() -> wask_model::Timestamp {
    T0.after(LEASE).after(std::time::Duration::from_millis(1))
}

pub async fn a_leased_job_comes_back_when_its_lease_has_ended(store: &dyn Store) {
    let first = leased(store, 1, "a").await;
    assert_eq!(claim(store, "b", T0.after(LEASE / 2)).await, []);
    assert_eq!(claim(store, "b", T0.after(LEASE)).await, []);
    let second = claim(store, "b", ended()).await.remove(0);
    assert_eq!(second.lease, Lease { job: id(1), owner: "b".into(), attempt: 2 });
    assert_eq!((second.payload, second.due), (first.payload, first.due));
}

pub async fn a_renewed_lease_outlives_its_first_end(store: &dyn Store) {
    leased(store, 1, "a").await;
    assert_eq!(store.renew("a", T0.after(LEASE), at(100_000)).await.unwrap(), 1);
    assert_eq!(claim(store, "b", ended()).await, []);
    assert_eq!(claim(store, "b", at(100_000)).await, []);
    assert_eq!(numbers(&claim(store, "b", at(100_001)).await), [1]);
}

pub async fn a_lease_that_has_ended_is_not_renewed(store: &dyn Store) {
    leased(store, 1, "a").await;
    assert_eq!(store.renew("a", ended(), at(100_000)).await.unwrap(), 0);
    assert_eq!(numbers(&claim(store, "b", ended()).await), [1]);
}

pub async fn renewing_does_not_touch_the_leases_of_other_owners(store: &dyn Store) {
    leased(store, 1, "a").await;
    leased(store, 2, "a").await;
    leased(store, 3, "b").await;
    assert_eq!(store.renew("a", T0, at(100_000)).await.unwrap(), 2);
    assert_eq!(numbers(&claim(store, "c", ended()).await), [3]);
}

pub async fn the_old_holder_cannot_finish_a_job_that_was_taken_over(store: &dyn Store) {
    let old = leased(store, 1, "a").await;
    let new = claim(store, "b", ended()).await.remove(0);
    assert!(!store.finish(&old.lease, vec![record(1, T0)], vec![job(2, T0)]).await.unwrap());
    assert_eq!(store.activation(&guest(), id(1)).await.unwrap(), None);
    assert_eq!(claim(store, "c", T0).await, []);
    assert!(store.finish(&new.lease, vec![record(1, at(7))], vec![]).await.unwrap());
    assert_eq!(store.activation(&guest(), id(1)).await.unwrap(), Some(record(1, at(7))));
}

pub async fn a_late_holder_may_finish_a_job_that_no_other_node_took(store: &dyn Store) {
    let late = leased(store, 1, "a").await;
    assert_eq!(store.renew("a", ended(), at(100_000)).await.unwrap(), 0);
    assert!(store.finish(&late.lease, vec![record(1, T0)], vec![]).await.unwrap());
}

pub async fn an_earlier_attempt_of_the_same_owner_is_refused(store: &dyn Store) {
    let old = leased(store, 1, "a").await;
    let new = claim(store, "a", ended()).await.remove(0);
    assert!(!store.finish(&old.lease, vec![], vec![]).await.unwrap());
    assert!(store.finish(&new.lease, vec![], vec![]).await.unwrap());
}

pub async fn the_old_holder_can_neither_release_nor_bury(store: &dyn Store) {
    let old = leased(store, 1, "a").await;
    claim(store, "b", ended()).await;
    assert!(!store.release_job(&old.lease, T0).await.unwrap());
    assert!(!store.bury(&old.lease, vec![record(1, T0)], vec![], "too late").await.unwrap());
    assert_eq!(store.activation(&guest(), id(1)).await.unwrap(), None);
    let job = store.job(&guest(), id(1)).await.unwrap().unwrap();
    assert_eq!((job.state, job.attempt), (JobState::Leased, 2));
}

pub async fn a_released_job_is_due_later_and_keeps_its_attempts(store: &dyn Store) {
    let first = leased(store, 1, "a").await;
    assert!(store.release_job(&first.lease, at(500)).await.unwrap());
    assert!(!store.release_job(&first.lease, at(900)).await.unwrap());
    assert!(!store.finish(&first.lease, vec![], vec![]).await.unwrap());
    assert_eq!(next_due(store, Lane::Invoke).await, Some(at(500)));
    assert_eq!(claim(store, "a", at(499)).await, []);
    let second = claim(store, "a", at(500)).await.remove(0);
    assert_eq!((second.lease.attempt, second.due), (2, at(500)));
}

pub async fn a_retried_job_starts_from_its_new_payload_when_it_is_due(store: &dyn Store) {
    let first = leased(store, 1, "a").await;
    let next = |payload: &str| NextAttempt { payload: payload.to_owned(), failed_attempts: 1, due: at(500) };
    assert!(store.retry_job(&first.lease, vec![record(7, T0)], next("{\"try\":2}")).await.unwrap());
    assert!(!store.retry_job(&first.lease, vec![record(8, T0)], next("{\"try\":3}")).await.unwrap());
    assert_eq!(store.activation(&guest(), id(7)).await.unwrap(), Some(record(7, T0)));
    assert_eq!(store.activation(&guest(), id(8)).await.unwrap(), None);
    assert_eq!(claim(store, "a", at(499)).await, []);
    let second = claim(store, "a", at(500)).await.remove(0);
    assert_eq!((second.payload.as_str(), second.lease.attempt, second.due), ("{\"try\":2}", 2, at(500)));
}

pub async fn an_advanced_job_continues_from_its_new_payload(store: &dyn Store) {
    let first = leased(store, 1, "a").await;
    assert!(store.advance_job(&first.lease, vec![record(7, T0)], "{\"step\":2}".into()).await.unwrap());
    assert_eq!(store.activation(&guest(), id(7)).await.unwrap(), Some(record(7, T0)));
    assert_eq!(store.activation(&guest(), id(1)).await.unwrap(), None);
    let second = claim(store, "b", ended()).await.remove(0);
    assert_eq!((second.payload.as_str(), second.lease.attempt), ("{\"step\":2}", 2));
    assert!(!store.advance_job(&first.lease, vec![record(8, T0)], "{\"step\":3}".into()).await.unwrap());
    assert_eq!(store.activation(&guest(), id(8)).await.unwrap(), None);
    let parts = vec![record(9, T0), record(1, T0)];
    assert!(store.finish(&second.lease, parts, vec![]).await.unwrap());
    assert_eq!(store.activation(&guest(), id(9)).await.unwrap(), Some(record(9, T0)));
    assert_eq!(store.activation(&guest(), id(1)).await.unwrap(), Some(record(1, T0)));
}

pub async fn a_buried_job_stays_as_a_dead_letter_and_is_never_claimed(store: &dyn Store) {
    let failed = leased(store, 1, "a").await;
    let next = vec![NewJob { lane: Lane::Callback, ..job(2, T0) }];
    assert!(store.bury(&failed.lease, vec![record(1, T0)], next, "node failed 3 times").await.unwrap());
    assert_eq!(next_due(store, Lane::Callback).await, Some(T0));
    assert!(!store.bury(&failed.lease, vec![], vec![], "again").await.unwrap());
    assert_eq!(store.activation(&guest(), id(1)).await.unwrap(), Some(record(1, T0)));
    let dead = store.job(&guest(), id(1)).await.unwrap().unwrap();
    assert_eq!((dead.state, dead.attempt, dead.payload), (JobState::Dead, 1, failed.payload));
    assert_eq!(claim(store, "b", at(1_000_000)).await, []);
    assert_eq!(store.release_all(at(1_000_000)).await.unwrap(), 0);
    assert_eq!(next_due(store, Lane::Invoke).await, None);
}

pub async fn rescued_and_new_jobs_are_claimed_in_one_order(store: &dyn Store) {
    store.enqueue(None, vec![job(2, at(2)), job(4, at(4))]).await.unwrap();
    assert_eq!(numbers(&claim(store, "a", at(4)).await), [2, 4]);
    store.enqueue(None, vec![job(1, at(1)), job(3, at(3)), job(5, at(5))]).await.unwrap();
    let now = at(1_000_000);
    let jobs = store.claim_due(Lane::Invoke, now, &of_guest(4), &Claim::from_now("b", now, LEASE)).await.unwrap();
    assert_eq!(numbers(&jobs), [1, 2, 3, 4]);
    assert_eq!(jobs.iter().map(|job| job.lease.attempt).collect::<Vec<_>>(), [1, 2, 1, 2]);
}

pub async fn releasing_all_jobs_keeps_their_order_of_arrival(store: &dyn Store) {
    store.enqueue(None, vec![job(1, at(1)), job(2, at(2)), job(3, at(3))]).await.unwrap();
    let until = Claim::from_now("a", at(3), LEASE);
    let old = store.claim_due(Lane::Invoke, at(3), &of_guest(2), &until).await.unwrap();
    assert_eq!(store.release_all(at(10)).await.unwrap(), 2);
    assert!(!store.finish(&old[0].lease, vec![], vec![]).await.unwrap());
    let jobs = claim(store, "b", at(10)).await;
    assert_eq!(numbers(&jobs), [1, 2, 3]);
    assert_eq!(jobs[0].lease.attempt, 2);
}

pub async fn releasing_the_jobs_of_one_owner_leaves_the_others(store: &dyn Store) {
    leased(store, 1, "a").await;
    leased(store, 2, "b").await;
    assert_eq!(store.release_owned("a", at(5)).await.unwrap(), 1);
    assert_eq!(numbers(&claim(store, "c", at(5)).await), [1]);
}
