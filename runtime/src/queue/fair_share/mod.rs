//! Decides who gets the free permits of a lane: the namespace with the fewest running jobs, and its share with the
//! fewest. Among equals, the one that was served longest ago. Pure.

use wask_model::Timestamp;

/// The running jobs of a namespace or a share while permits are handed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShareLoad {
    /// How many of its jobs run.
    pub running: u64,
    /// How many may run; `None`: any number.
    pub allowed: Option<u32>,
    /// Larger if it was served later; 0: never served.
    pub served: u64,
}

impl ShareLoad {
    pub fn has_room(self) -> bool {
        self.allowed.is_none_or(|allowed| self.running < u64::from(allowed))
    }

    /// The lowest comes first.
    fn rank(self) -> (u64, u64) {
        (self.running, self.served)
    }

    fn serve(&mut self, count: u64) {
        self.running += 1;
        self.served = count;
    }
}

/// The waiting jobs of one namespace in one share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Demand {
    /// Index into [`Claimants::namespaces`].
    pub namespace: usize,
    /// Index into [`Claimants::shares`].
    pub share: usize,
    pub jobs: u32,
    /// When its first job was due.
    pub since: Timestamp,
}

/// All that compete for the permits of a lane.
#[derive(Clone, Debug, Default)]
pub struct Claimants {
    pub namespaces: Vec<ShareLoad>,
    pub shares: Vec<ShareLoad>,
    pub demands: Vec<Demand>,
    /// How many permits of the lane are free altogether.
    pub free: u64,
    /// How many of them are left to namespaces that hold no more than they leave free.
    pub reserve: u64,
}

/// Whether a namespace may hold so many permits of a lane while it leaves so many free: any number outside the reserve,
/// and of the reserve as many as it leaves, or a single one. So whoever comes first cannot take them all.
pub fn leaves_room(held: u64, free: u64, reserve: u64) -> bool {
    reserve <= free || held <= free.max(1)
}

impl Claimants {
    /// Hands out `free` permits one by one. Returns, for each, the index of the demand that gets it.
    pub fn split(&self, free: u32) -> Vec<usize> {
        let Claimants { mut namespaces, mut shares, demands, free: mut left_free, reserve } = self.clone();
        let latest = namespaces.iter().chain(&shares).map(|load| load.served).max().unwrap_or(0);
        let mut left: Vec<u32> = demands.iter().map(|demand| demand.jobs).collect();
        let mut given = Vec::new();
        for count in (1..=u64::from(free)).map(|permit| latest.saturating_add(permit)) {
            let free = left_free.saturating_sub(1);
            let open = (0..demands.len()).filter(|&at| {
                let Demand { namespace, share, .. } = demands[at];
                let held = namespaces[namespace].running + 1;
                left[at] > 0 && shares[share].has_room() && leaves_room(held, free, reserve)
            });
            let next = open.min_by_key(|&at| {
                let Demand { namespace, share, since, .. } = demands[at];
                (namespaces[namespace].rank(), shares[share].rank(), since)
            });
            let Some(next) = next else { break };
            left_free = free;
            left[next] -= 1;
            namespaces[demands[next].namespace].serve(count);
            shares[demands[next].share].serve(count);
            given.push(next);
        }
        given
    }
}

#[cfg(test)]
mod tests;
