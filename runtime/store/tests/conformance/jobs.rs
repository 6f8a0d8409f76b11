//! Stories of jobs: stored, claimed, finished, counted.

use wask_model::{Activation, NamespaceName, Response};

use super::samples::{
    LEASE, T0, at, claim, claim_in, claimed, guest, id, job, leased, namespace, next_due, numbers, of_guest, record,
    shared,
};
use wask_store::{
    Allotment, CancelOutcome, CancelRequest, Claim, JobState, KnownJob, Lane, NewJob, ShareBacklog, Store,
};

async fn known(store: &dyn Store, n: u8) -> Option<KnownJob> {
    store.job(&guest(), id(n)).await.unwrap()
}

pub async fn a_stored_job_is_known_until_it_ends(store: &dyn Store) {
    store.enqueue(None, vec![job(1, at(5))]).await.unwrap();
    let new = job(1, at(5));
    let due = KnownJob {
        lane: new.lane,
        state: JobState::Due,
        attempt: 0,
        name: new.name,
        payload: new.payload,
        due: new.due,
        cancelled: None,
    };
    assert_eq!(known(store, 1).await, Some(due.clone()));
    assert_eq!(store.job_state(&guest(), id(1)).await.unwrap(), Some(JobState::Due));

    let lease = claim(store, "a", at(5)).await.remove(0).lease;
    assert_eq!(known(store, 1).await, Some(KnownJob { state: JobState::Leased, attempt: 1, ..due }));
    assert_eq!(store.job_state(&guest(), id(1)).await.unwrap(), Some(JobState::Leased));

    assert!(store.finish(&lease, vec![], vec![]).await.unwrap());
    assert_eq!(known(store, 1).await, None);
    assert_eq!(store.job_state(&guest(), id(1)).await.unwrap(), None);
}

pub async fn a_job_is_unknown_to_other_namespaces(store: &dyn Store) {
    store.enqueue(None, vec![job(1, T0)]).await.unwrap();
    assert_eq!(store.job(&namespace("other"), id(1)).await.unwrap(), None);
    assert_eq!(store.job_state(&namespace("other"), id(1)).await.unwrap(), None);
}

pub async fn due_jobs_are_claimed_oldest_first_up_to_the_limit(store: &dyn Store) {
    let jobs = vec![job(1, at(3)), job(2, at(1)), job(4, at(2)), job(3, at(2))];
    store.enqueue(None, jobs.clone()).await.unwrap();
    let until = Claim::from_now("a", at(5), LEASE);
    let first = store.claim_due(Lane::Invoke, at(5), &of_guest(3), &until).await.unwrap();
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
    assert_eq!(next_due(store, Lane::Fire).await, Some(T0));
    assert_eq!(next_due(store, Lane::Invoke).await, Some(at(1)));
    assert_eq!(numbers(&claim(store, "a", at(1)).await), [2]);
    let fires = claim_in(store, Lane::Fire, "a", at(1)).await;
    assert_eq!((numbers(&fires), fires[0].lane), (vec![1], Lane::Fire));
}

pub async fn two_claimers_never_get_the_same_job(store: &dyn Store) {
    store.enqueue(None, (1..=90).map(|n| job(n, T0)).collect()).await.unwrap();
    let take = async |owner: &str| {
        let mut all = Vec::new();
        loop {
            let until = Claim::from_now(owner, T0, LEASE);
            let jobs = store.claim_due(Lane::Invoke, T0, &of_guest(7), &until).await.unwrap();
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
    assert_eq!(next_due(store, Lane::Invoke).await, None);
    let job = known(store, 1).await.unwrap();
    assert_eq!((job.state, job.attempt), (JobState::Leased, 1));
    let lease = wask_store::Lease { job: id(1), owner: "a".into(), attempt: 1 };
    assert!(store.finish(&lease, vec![record(1, T0)], vec![]).await.unwrap());
    assert_eq!(known(store, 1).await, None);
}

pub async fn storing_a_job_twice_keeps_the_first(store: &dyn Store) {
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
    assert_eq!(next_due(store, Lane::Fire).await, Some(at(1)));
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
    store.bury(&dead.lease, vec![], vec![], "it never worked").await.unwrap();
    leased(store, 2, "a").await;
    store.enqueue(None, vec![of(3, guest()), of(4, guest()), of(5, namespace("other"))]).await.unwrap();
    store.enqueue(None, vec![NewJob { lane: Lane::Fire, ..job(6, T0) }]).await.unwrap();
    let mut counts = store.count_jobs(Lane::Invoke).await.unwrap();
    counts.sort();
    assert_eq!(counts, [(guest(), 3), (namespace("other"), 1)]);
}

pub async fn jobs_that_no_node_holds_are_listed_in_the_order_of_their_due_times(store: &dyn Store) {
    assert_eq!(next_due(store, Lane::Invoke).await, None);
    leased(store, 1, "a").await;
    assert_eq!(next_due(store, Lane::Invoke).await, None);
    store.enqueue(None, vec![job(2, at(9)), job(3, at(7))]).await.unwrap();
    assert_eq!(next_due(store, Lane::Invoke).await, Some(at(7)));
    assert_eq!(store.due_jobs(Lane::Invoke, 9).await.unwrap(), [(id(3), at(7)), (id(2), at(9))]);
    assert_eq!(store.due_jobs(Lane::Invoke, 1).await.unwrap(), [(id(3), at(7))]);
    assert_eq!(store.due_jobs(Lane::Callback, 9).await.unwrap(), []);
}

fn in_share(n: u8, share: &str, due: i64) -> NewJob {
    NewJob { share: share.to_owned(), ..job(n, at(due)) }
}

fn of_share(share: &str, jobs: u32) -> Allotment {
    Allotment { share: share.to_owned(), namespace: guest(), jobs }
}

pub async fn each_share_is_claimed_up_to_its_allotment(store: &dyn Store) {
    let (a, b) = ((1..=5).map(|n| in_share(n, "a", 0)), [in_share(11, "b", 3), in_share(12, "b", 9)]);
    store.enqueue(None, a.chain(b).collect()).await.unwrap();
    let waiting = |share: &str, jobs, since| ShareBacklog { share: share.to_owned(), namespace: guest(), jobs, since };
    assert_eq!(store.share_backlogs(Lane::Invoke, T0, 3).await.unwrap(), [waiting("a", 3, T0)]);
    let both = [waiting("a", 5, T0), waiting("b", 2, at(3))];
    assert_eq!(store.share_backlogs(Lane::Invoke, at(9), 9).await.unwrap(), both);
    assert_eq!(store.share_backlogs(Lane::Fire, at(9), 9).await.unwrap(), []);

    let (claim_of, allotments) = (Claim::from_now("a", at(3), LEASE), [of_share("a", 2), of_share("b", 2)]);
    let jobs = store.claim_due(Lane::Invoke, at(3), &allotments, &claim_of).await.unwrap();
    assert_eq!(numbers(&jobs), [1, 2, 11]);
    assert_eq!(jobs[2].share, "b");
    assert_eq!(store.share_backlogs(Lane::Invoke, at(3), 9).await.unwrap(), [waiting("a", 3, T0)]);
    let lease_is_over = at(4).after(LEASE);
    assert_eq!(store.share_backlogs(Lane::Invoke, lease_is_over, 9).await.unwrap(), both);
}

pub async fn namespaces_in_one_share_are_counted_and_claimed_separately(store: &dyn Store) {
    let other = |n, due| NewJob { namespace: namespace("other"), ..in_share(n, "a", due) };
    store.enqueue(None, vec![in_share(1, "a", 0), in_share(2, "a", 1), other(11, 4), other(12, 2)]).await.unwrap();
    let waiting = |namespace, jobs, since| ShareBacklog { share: "a".to_owned(), namespace, jobs, since };
    let both = [waiting(guest(), 2, T0), waiting(namespace("other"), 2, at(2))];
    assert_eq!(store.share_backlogs(Lane::Invoke, at(9), 9).await.unwrap(), both);

    let claim_of = Claim::from_now("a", at(9), LEASE);
    let allotments = [Allotment { namespace: namespace("other"), ..of_share("a", 1) }];
    let jobs = store.claim_due(Lane::Invoke, at(9), &allotments, &claim_of).await.unwrap();

    assert_eq!(numbers(&jobs), [12]);
    assert_eq!(jobs[0].namespace, namespace("other"));
    let left = [waiting(guest(), 2, T0), waiting(namespace("other"), 1, at(4))];
    assert_eq!(store.share_backlogs(Lane::Invoke, at(9), 9).await.unwrap(), left);
}

fn cancel(n: u8, attempt: u32) -> CancelRequest {
    let (records, next) = (vec![record(n, T0)], vec![job(n + 100, at(1))]);
    CancelRequest { namespace: guest(), job: id(n), attempt, at: at(7), records, next }
}

pub async fn cancelling_a_job_that_no_node_holds_ends_it(store: &dyn Store) {
    store.enqueue(None, vec![job(1, T0)]).await.unwrap();
    let of_others = CancelRequest { namespace: namespace("other"), ..cancel(1, 0) };
    assert_eq!(store.cancel_job(of_others).await.unwrap(), CancelOutcome::No);
    assert_eq!(store.cancel_job(cancel(1, 1)).await.unwrap(), CancelOutcome::No, "it has been tried since");
    assert_eq!(store.activation(&guest(), id(1)).await.unwrap(), None);

    assert_eq!(store.cancel_job(cancel(1, 0)).await.unwrap(), CancelOutcome::Ended);

    assert_eq!(known(store, 1).await, None);
    assert_eq!(store.activation(&guest(), id(1)).await.unwrap(), Some(record(1, T0)));
    assert_eq!(numbers(&claim(store, "a", at(1)).await), [101]);
    assert_eq!(store.cancel_job(cancel(1, 0)).await.unwrap(), CancelOutcome::No);
}

pub async fn the_next_holder_of_a_job_sees_that_it_was_cancelled(store: &dyn Store) {
    let held = leased(store, 1, "a").await;
    assert_eq!(held.cancelled, None);
    assert_eq!(store.cancel_job(cancel(1, 0)).await.unwrap(), CancelOutcome::Asked);
    let later = CancelRequest { at: at(9), ..cancel(1, 1) };
    assert_eq!(store.cancel_job(later).await.unwrap(), CancelOutcome::Asked);
    assert_eq!(known(store, 1).await.unwrap().cancelled, Some(at(7)));
    assert_eq!(store.activation(&guest(), id(1)).await.unwrap(), None);

    store.release_all(at(8)).await.unwrap();

    assert_eq!(claim(store, "b", at(8)).await[0].cancelled, Some(at(7)));
}
