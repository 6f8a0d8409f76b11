//! Stories of jobs: stored, claimed, finished, counted.

use wask_model::{Activation, NamespaceName, Response};

use super::samples::{LEASE, T0, at, claim, claimed, guest, id, job, leased, namespace, numbers, record, shared};
use crate::{Claim, JobState, KnownJob, Lane, NewJob, Store};

async fn known(store: &dyn Store, n: u8) -> Option<KnownJob> {
    store.job(&guest(), id(n)).await.unwrap()
}

pub async fn a_stored_job_is_known_until_it_ends(store: &dyn Store) {
    store.enqueue(None, vec![job(1, at(5))]).await.unwrap();
    let new = job(1, at(5));
    let due = KnownJob { lane: new.lane, state: JobState::Due, attempt: 0, payload: new.payload, due: new.due };
    assert_eq!(known(store, 1).await, Some(due.clone()));

    let lease = claim(store, "a", at(5)).await.remove(0).lease;
    assert_eq!(known(store, 1).await, Some(KnownJob { state: JobState::Leased, attempt: 1, ..due }));

    assert!(store.finish(&lease, vec![], vec![]).await.unwrap());
    assert_eq!(known(store, 1).await, None);
}

pub async fn a_job_is_unknown_to_other_namespaces(store: &dyn Store) {
    store.enqueue(None, vec![job(1, T0)]).await.unwrap();
    assert_eq!(store.job(&namespace("other"), id(1)).await.unwrap(), None);
}

pub async fn due_jobs_are_claimed_oldest_first_and_no_more_than_asked(store: &dyn Store) {
    let jobs = vec![job(1, at(3)), job(2, at(1)), job(4, at(2)), job(3, at(2))];
    store.enqueue(None, jobs.clone()).await.unwrap();
    let until = Claim::from_now("a", at(5), LEASE);
    let first = store.claim_due(Lane::Invoke, at(5), 3, &until).await.unwrap();
    assert_eq!(numbers(&first), [2, 3, 4]);
    let job = &first[0];
    assert_eq!((job.lease.job, job.lease.owner.as_str(), job.lease.attempt), (id(2), "a", 1));
    assert_eq!((job.lane, &job.namespace, job.due), (Lane::Invoke, &guest(), at(1)));
    assert_eq!(job.payload, jobs[1].payload);
    assert_eq!(numbers(&claim(store, "a", at(5)).await), [1]);
    assert_eq!(claim(store, "a", at(5)).await, []);
}

pub async fn a_job_is_not_claimed_before_it_is_due(store: &dyn Store) {
    store.enqueue(None, vec![job(1, at(10))]).await.unwrap();
    assert_eq!(claim(store, "a", at(9)).await, []);
    assert_eq!(numbers(&claim(store, "a", at(10)).await), [1]);
}

pub async fn lanes_do_not_see_each_other(store: &dyn Store) {
    store.enqueue(None, vec![NewJob { lane: Lane::Fire, ..job(1, T0) }, job(2, at(1))]).await.unwrap();
    assert_eq!(store.next_due(Lane::Fire).await.unwrap(), Some(T0));
    assert_eq!(store.next_due(Lane::Invoke).await.unwrap(), Some(at(1)));
    assert_eq!(numbers(&claim(store, "a", at(1)).await), [2]);
    let fires = store.claim_due(Lane::Fire, at(1), 9, &Claim::from_now("a", at(1), LEASE)).await.unwrap();
    assert_eq!((numbers(&fires), fires[0].lane), (vec![1], Lane::Fire));
}

pub async fn two_claimers_never_get_the_same_job(store: &dyn Store) {
    store.enqueue(None, (1..=90).map(|n| job(n, T0)).collect()).await.unwrap();
    let take = async |owner: &str| {
        let mut all = Vec::new();
        loop {
            let until = Claim::from_now(owner, T0, LEASE);
            let jobs = store.claim_due(Lane::Invoke, T0, 7, &until).await.unwrap();
            if jobs.is_empty() {
                return all;
            }
            all.extend(numbers(&jobs));
        }
    };
    let (a, b, c) = tokio::join!(take("a"), take("b"), take("c"));
    let mut all = [a, b, c].concat();
    all.sort_unstable();
    assert_eq!(all, (1..=90).collect::<Vec<u8>>());
}

pub async fn a_job_stored_as_claimed_is_not_handed_out(store: &dyn Store) {
    store.enqueue(None, vec![claimed(1, "a")]).await.unwrap();
    assert_eq!(claim(store, "b", T0).await, []);
    assert_eq!(store.next_due(Lane::Invoke).await.unwrap(), None);
    let job = known(store, 1).await.unwrap();
    assert_eq!((job.state, job.attempt), (JobState::Leased, 1));
    let lease = crate::Lease { job: id(1), owner: "a".into(), attempt: 1 };
    assert!(store.finish(&lease, vec![record(1, T0)], vec![]).await.unwrap());
    assert_eq!(known(store, 1).await, None);
}

pub async fn storing_a_job_twice_leaves_the_first(store: &dyn Store) {
    let first = leased(store, 1, "a").await;
    store.enqueue(None, vec![NewJob { payload: "{}".into(), ..job(1, T0) }]).await.unwrap();
    assert_eq!(claim(store, "b", T0).await, []);
    assert_eq!(known(store, 1).await.unwrap().payload, first.payload);
}

pub async fn a_record_and_its_jobs_are_stored_together(store: &dyn Store) {
    store.enqueue(Some(record(9, T0)), vec![job(1, T0), job(2, T0)]).await.unwrap();
    assert_eq!(store.activation(&guest(), id(9)).await.unwrap(), Some(record(9, T0)));
    assert_eq!(numbers(&claim(store, "a", T0).await), [1, 2]);
}

pub async fn finishing_writes_record_and_follow_up_and_removes_the_job(store: &dyn Store) {
    let done = leased(store, 1, "a").await;
    let next = vec![job(2, at(1)), NewJob { lane: Lane::Fire, ..job(3, at(1)) }];
    assert!(store.finish(&done.lease, vec![record(1, T0)], next).await.unwrap());
    assert_eq!(store.activation(&guest(), id(1)).await.unwrap(), Some(record(1, T0)));
    assert_eq!(known(store, 1).await, None);
    assert_eq!(numbers(&claim(store, "a", at(1)).await), [2]);
    assert_eq!(store.next_due(Lane::Fire).await.unwrap(), Some(at(1)));
}

pub async fn a_follow_up_job_may_be_claimed_at_once(store: &dyn Store) {
    let done = leased(store, 1, "a").await;
    assert!(store.finish(&done.lease, vec![], vec![claimed(2, "a")]).await.unwrap());
    assert_eq!(claim(store, "b", T0).await, []);
    assert_eq!(known(store, 2).await.unwrap().state, JobState::Leased);
}

pub async fn finishing_twice_writes_once(store: &dyn Store) {
    let done = leased(store, 1, "a").await;
    let other = Activation { response: Response::whisk_error("second"), ..record(1, T0) };
    let (one, two) = tokio::join!(
        store.finish(&done.lease, vec![record(1, T0)], vec![job(2, T0)]),
        store.finish(&done.lease, vec![other.clone()], vec![job(3, T0)])
    );
    let (one, two) = (one.unwrap(), two.unwrap());
    assert_ne!(one, two);
    let (kept, follow_up) = if one { (record(1, T0), 2) } else { (other, 3) };
    assert_eq!(store.activation(&guest(), id(1)).await.unwrap(), Some(kept));
    assert_eq!(numbers(&claim(store, "a", T0).await), [follow_up]);
}

pub async fn an_existing_record_survives_the_finish_of_its_job(store: &dyn Store) {
    let done = leased(store, 1, "a").await;
    store.record(&shared(vec![record(1, T0)])).await.unwrap();
    let other = Activation { response: Response::whisk_error("second"), ..record(1, T0) };
    assert!(store.finish(&done.lease, vec![other], vec![]).await.unwrap());
    assert_eq!(store.activation(&guest(), id(1)).await.unwrap(), Some(record(1, T0)));
    assert_eq!(known(store, 1).await, None);
}

pub async fn jobs_are_counted_per_namespace_due_and_leased_but_not_dead(store: &dyn Store) {
    let of = |n, owner: NamespaceName| NewJob { namespace: owner, ..job(n, at(9)) };
    let dead = leased(store, 1, "a").await;
    store.bury(&dead.lease, vec![], "it never worked").await.unwrap();
    leased(store, 2, "a").await;
    store.enqueue(None, vec![of(3, guest()), of(4, guest()), of(5, namespace("other"))]).await.unwrap();
    store.enqueue(None, vec![NewJob { lane: Lane::Fire, ..job(6, T0) }]).await.unwrap();
    let mut counts = store.count_jobs(Lane::Invoke).await.unwrap();
    counts.sort();
    assert_eq!(counts, [(guest(), 3), (namespace("other"), 1)]);
}

pub async fn the_next_due_time_is_that_of_the_earliest_job_nobody_holds(store: &dyn Store) {
    assert_eq!(store.next_due(Lane::Invoke).await.unwrap(), None);
    leased(store, 1, "a").await;
    assert_eq!(store.next_due(Lane::Invoke).await.unwrap(), None);
    store.enqueue(None, vec![job(2, at(9)), job(3, at(7))]).await.unwrap();
    assert_eq!(store.next_due(Lane::Invoke).await.unwrap(), Some(at(7)));
}
