use proptest::prelude::*;

use super::*;

const NEW: ShareLoad = ShareLoad { running: 0, allowed: None, served: 0 };

fn load(running: u64, allowed: Option<u32>) -> ShareLoad {
    ShareLoad { running, allowed, served: 0 }
}

fn demand(namespace: usize, share: usize, jobs: u32) -> Demand {
    Demand { namespace, share, jobs, since: Timestamp::from_millis(0) }
}

/// Each share belongs to its own namespace.
fn apart(shares: &[(u32, u64, Option<u32>)]) -> Claimants {
    Claimants {
        namespaces: shares.iter().map(|&(_, running, _)| load(running, None)).collect(),
        shares: shares.iter().map(|&(_, running, allowed)| load(running, allowed)).collect(),
        demands: shares.iter().enumerate().map(|(at, &(jobs, ..))| demand(at, at, jobs)).collect(),
        ..Claimants::default()
    }
}

fn counts(claimants: &Claimants, free: u32) -> Vec<usize> {
    let given = claimants.split(free);
    (0..claimants.demands.len()).map(|at| given.iter().filter(|&&to| to == at).count()).collect()
}

#[test]
fn permits_go_to_the_share_with_the_fewest_running_whatever_its_backlog() {
    for (free, shares, given) in [
        (10, vec![(10_000, 0, None), (5, 0, None)], vec![5, 5]),
        (10, vec![(10_000, 0, None), (2, 0, None)], vec![8, 2]),
        (4, vec![(10_000, 100, None), (10_000, 98, None)], vec![1, 3]),
        (4, vec![(9, 100, None), (9, 0, Some(2))], vec![2, 2]),
        (4, vec![(9, 2, Some(2)), (9, 9, Some(2))], vec![0, 0]),
        (0, vec![(9, 0, None)], vec![0]),
        (9, vec![], vec![]),
    ] {
        assert_eq!(counts(&apart(&shares), free), given, "{free} for {shares:?}");
    }
}

#[test]
fn among_equals_the_one_served_longest_ago_wins_then_the_longest_waiting() {
    let served = |served| ShareLoad { served, ..NEW };
    for (served_before, since, order) in [
        ([0, 0, 0], [0, 0, 0], [0, 1, 2]),
        ([3, 1, 2], [0, 0, 0], [1, 2, 0]),
        ([3, 0, 2], [0, 9, 0], [1, 2, 0]),
        ([0, 0, 0], [3, 1, 2], [1, 2, 0]),
    ] {
        let loads: Vec<ShareLoad> = served_before.into_iter().map(served).collect();
        let since = since.map(Timestamp::from_millis);
        let demands = (0..3).map(|at| Demand { since: since[at], ..demand(at, at, 9) }).collect();
        let claimants = Claimants { namespaces: loads.clone(), shares: loads, demands, ..Claimants::default() };
        assert_eq!(claimants.split(3), order, "{served_before:?} {since:?}");
        assert_eq!(claimants.split(1), order[..1], "{served_before:?} {since:?}");
    }
}

#[test]
fn a_namespace_with_many_shares_gets_no_more_permits() {
    let demands = (0..99).map(|at| demand(0, at, 9)).chain([demand(1, 99, 50)]).collect();
    let claimants = Claimants { namespaces: vec![NEW; 2], shares: vec![NEW; 100], demands, ..Claimants::default() };
    assert_eq!(claimants.split(64).iter().filter(|&&to| to == 99).count(), 32);
}

#[test]
fn namespaces_divide_the_permits_of_a_share() {
    let claimants = Claimants {
        namespaces: vec![NEW, load(1, None)],
        shares: vec![load(2, Some(8)), NEW],
        demands: vec![demand(0, 0, 9), demand(1, 0, 9), demand(0, 1, 1)],
        ..Claimants::default()
    };
    assert_eq!(
        counts(&claimants, 64),
        [3, 3, 1],
        "the first namespace also gets one in the second share, because it had one running less"
    );
}

fn any_share() -> impl Strategy<Value = (u32, u64, Option<u32>)> {
    (0..50_u32, 0..50_u64, proptest::option::of(0..50_u32))
}

proptest! {
    #[test]
    fn all_usable_permits_are_given_out_and_the_least_busy_come_first(
        free in 0..100_u32,
        shares in proptest::collection::vec(any_share(), 0..6),
    ) {
        let given: Vec<u64> = counts(&apart(&shares), free).into_iter().map(|given| given as u64).collect();
        let room = |&(jobs, running, allowed): &(u32, u64, Option<u32>)| {
            allowed.map_or(u64::MAX, |allowed| u64::from(allowed).saturating_sub(running)).min(u64::from(jobs))
        };
        prop_assert_eq!(given.iter().sum::<u64>(), u64::from(free).min(shares.iter().map(room).sum()));
        for (busy, got) in shares.iter().zip(&given).filter(|(_, got)| **got > 0) {
            for (idle, has) in shares.iter().zip(&given).filter(|(idle, has)| **has < room(idle)) {
                prop_assert!(busy.1 + *got <= idle.1 + *has + 1);
            }
        }
    }

    #[test]
    fn with_one_permit_no_share_waits_longer_than_one_round(
        jobs in proptest::collection::vec(1..20_u32, 1..8),
        since in proptest::collection::vec(0..5_i64, 8),
    ) {
        let all = jobs.len();
        let demands = jobs.iter().enumerate();
        let due = |at: usize| Timestamp::from_millis(since[at]);
        let demands = demands.map(|(at, &jobs)| Demand { since: due(at), ..demand(at, at, jobs) }).collect();
        let (namespaces, shares) = (vec![NEW; all], vec![NEW; all]);
        let mut claimants = Claimants { namespaces, shares, demands, ..Claimants::default() };
        let mut waited = vec![0; all];
        for count in 1.. {
            let [next] = claimants.split(1)[..] else { break };
            claimants.demands[next].jobs -= 1;
            (claimants.namespaces[next].served, claimants.shares[next].served) = (count, count);
            waited[next] = 0;
            for at in (0..all).filter(|&at| at != next && claimants.demands[at].jobs > 0) {
                waited[at] += 1;
                prop_assert!(waited[at] < all, "{} of {}", at, all);
            }
        }
        prop_assert!(claimants.demands.iter().all(|demand| demand.jobs == 0));
    }
}

#[test]
fn the_last_permits_of_a_lane_are_for_namespaces_that_hold_few() {
    for (free, shares, given) in [
        (10, vec![(100, 50, None)], vec![6]),
        (10, vec![(100, 50, None), (100, 0, None)], vec![0, 6]),
        (4, vec![(100, 50, None), (100, 0, None)], vec![0, 2]),
        (1, vec![(100, 50, None), (100, 0, None)], vec![0, 1]),
    ] {
        let claimants = Claimants { free: u64::from(free), reserve: 4, ..apart(&shares) };
        assert_eq!(counts(&claimants, free), given, "{free} for {shares:?}");
    }
}
