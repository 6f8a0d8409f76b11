//! Who gets the free places of a lane: whoever has the fewest. Pure.

/// Jobs of one share that wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Demand {
    pub jobs: u32,
    /// What runs of it already.
    pub running: u64,
    /// How many may run; `None`: any number.
    pub allowed: Option<u32>,
}

impl Demand {
    /// How many of them could run if there were places without end.
    pub fn room(self) -> u32 {
        let room = self.allowed.map_or(u64::MAX, |allowed| u64::from(allowed).saturating_sub(self.running));
        u32::try_from(room).unwrap_or(u32::MAX).min(self.jobs)
    }
}

/// Hands out `free` places, one after the other, each to the share of which the fewest run and that can use it; of equals
/// the first. Returns how many each gets.
pub fn split(free: u32, demands: &[Demand]) -> Vec<u32> {
    let mut given = vec![0; demands.len()];
    for _ in 0..free {
        let open = (0..demands.len()).filter(|&at| given[at] < demands[at].room());
        let Some(poorest) = open.min_by_key(|&at| demands[at].running + u64::from(given[at])) else { break };
        given[poorest] += 1;
    }
    given
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn demand(jobs: u32, running: u64, allowed: Option<u32>) -> Demand {
        Demand { jobs, running, allowed }
    }

    #[test]
    fn places_go_to_those_who_have_the_fewest_however_many_wait() {
        for (free, demands, given) in [
            (10, vec![demand(10_000, 0, None), demand(5, 0, None)], vec![5, 5]),
            (10, vec![demand(10_000, 0, None), demand(2, 0, None)], vec![8, 2]),
            (4, vec![demand(10_000, 100, None), demand(10_000, 98, None)], vec![1, 3]),
            (4, vec![demand(9, 100, None), demand(9, 0, Some(2))], vec![2, 2]),
            (4, vec![demand(9, 2, Some(2)), demand(9, 9, Some(2))], vec![0, 0]),
            (0, vec![demand(9, 0, None)], vec![0]),
            (9, vec![], vec![]),
        ] {
            assert_eq!(split(free, &demands), given, "{free} for {demands:?}");
        }
    }

    fn any_demand() -> impl Strategy<Value = Demand> {
        (0..50_u32, 0..50_u64, proptest::option::of(0..50_u32))
            .prop_map(|(jobs, running, allowed)| demand(jobs, running, allowed))
    }

    proptest! {
        #[test]
        fn no_place_is_left_that_somebody_could_use_and_nobody_gets_one_before_a_poorer_one(
            free in 0..100_u32,
            demands in proptest::collection::vec(any_demand(), 0..6),
        ) {
            let given = split(free, &demands);
            let all: u32 = given.iter().sum();
            let usable: u32 = demands.iter().map(|demand| demand.room()).sum();
            prop_assert_eq!(all, free.min(usable));
            for (rich, got) in demands.iter().zip(&given).filter(|(_, got)| 0 < **got) {
                for (poor, has) in demands.iter().zip(&given).filter(|(poor, has)| **has < poor.room()) {
                    prop_assert!(rich.running + u64::from(*got) <= poor.running + u64::from(*has) + 1);
                }
            }
        }
    }
}
