//! Claims due jobs, as many as there are places, and hands the places out fairly.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};
use wask_model::Timestamp;
use wask_store::{Claim, Job, Lane, Waiting};

use super::fair::{Demand, split};
use super::{Handler, LaneState, Place, Queue};
use crate::gate::{Share, Turn};

/// One share that waits, and what it may have.
struct Applicant {
    name: String,
    share: Arc<Share>,
    demand: Demand,
}

impl Queue {
    /// Claims and runs jobs of one lane until `stop`.
    pub(super) async fn work(&self, lane: Lane, stop: &CancellationToken) {
        let Some(handler) = self.lane(lane).handler.get() else {
            error!(lane = lane.as_str(), "no handler serves this lane");
            return;
        };
        while !stop.is_cancelled() {
            let soonest = self.take_soonest(lane);
            match self.claim(lane, &**handler).await {
                Ok(true) => continue,
                Ok(false) => (),
                Err(cause) => warn!(%cause, lane = lane.as_str(), "claim pass failed, the next pass tries again"),
            }
            tokio::select! {
                () = stop.cancelled() => (),
                () = self.lane(lane).wake.notified() => (),
                () = handler.turns().over() => (),
                () = self.0.clock.sleep_until(soonest) => (),
            }
        }
    }

    /// Until when nothing of this lane will be due that this node knows of, and not longer than a period.
    fn take_soonest(&self, lane: Lane) -> Timestamp {
        let now = self.0.clock.now();
        let state = self.lane(lane);
        let latest = now.after(Duration::from_millis(self.0.config.poll_ms));
        let soonest = state.soonest.swap(i64::MAX, Ordering::AcqRel);
        if now.millis() < soonest {
            state.soonest.fetch_min(soonest, Ordering::AcqRel); // not due in the pass that follows
        }
        if soonest <= now.millis() { latest } else { latest.min(Timestamp::from_millis(soonest)) }
    }

    /// Claims as many due jobs as there is room for. `true`: there may be more at once.
    async fn claim(&self, lane: Lane, handler: &dyn Handler) -> anyhow::Result<bool> {
        let state = self.lane(lane);
        let permits = self.free_places(state);
        if permits.is_empty() {
            return Ok(false); // a job that ends wakes this loop
        }
        let now = self.0.clock.now();
        if self.0.leases_last_until.load(Ordering::Acquire) < now.millis() {
            self.renew(now).await?; // or it would take its own jobs for those of a dead node
        }
        state.behind.clear();
        let claimed = self.claim_fairly(lane, handler, permits, now).await;
        if claimed.is_err() {
            state.behind.add_everybody();
        }
        claimed
    }

    fn free_places(&self, state: &LaneState) -> Vec<OwnedSemaphorePermit> {
        let most = self.0.config.claim_batch as usize;
        let free = std::iter::from_fn(|| Arc::clone(&state.slots).try_acquire_owned().ok());
        free.take(most).collect()
    }

    async fn claim_fairly(
        &self,
        lane: Lane,
        handler: &dyn Handler,
        mut permits: Vec<OwnedSemaphorePermit>,
        now: Timestamp,
    ) -> anyhow::Result<bool> {
        let free = u32::try_from(permits.len()).unwrap_or(u32::MAX);
        let waiting = self.0.store.waiting(lane, now, free).await?;
        if waiting.is_empty() {
            handler.turns().forget_idle();
            return Ok(false);
        }
        let applicants = applicants(waiting, handler).await?;
        let demands: Vec<Demand> = applicants.iter().map(|applicant| applicant.demand).collect();
        let mut turns: HashMap<&str, Vec<Turn>> = HashMap::new();
        for (applicant, given) in applicants.iter().zip(split(free, &demands)) {
            let taken = (0..given).map_while(|_| applicant.share.take(applicant.demand.allowed)).collect();
            turns.insert(&applicant.name, taken);
        }
        let shares: Vec<(String, u32)> = turns
            .iter()
            .filter(|(_, taken)| !taken.is_empty())
            .map(|(name, taken)| ((*name).to_owned(), u32::try_from(taken.len()).unwrap_or(u32::MAX)))
            .collect();
        let claim = Claim::from_now(&self.0.owner, now, self.lease());
        let jobs = match shares.is_empty() {
            true => Vec::new(),
            false => self.0.store.claim_due(lane, now, &shares, &claim).await?,
        };
        let claimed = count(&jobs);
        for job in jobs {
            let turn = turns.get_mut(job.share.as_str()).and_then(Vec::pop);
            let (turn, permit) = turn.zip(permits.pop()).expect("no more is claimed than there are places");
            self.spawn(job, Place { _turn: turn, _permit: Some(permit) });
        }
        if permits.is_empty() {
            self.lane(lane).behind.add_everybody(); // there may be more than were counted
        }
        let is_turn_over = self.leave_behind(lane, &applicants, &claimed);
        Ok(is_turn_over || !claimed.is_empty())
    }

    /// Notes who still waits, and for what. `true`: a turn that somebody waits for is over already.
    fn leave_behind(&self, lane: Lane, applicants: &[Applicant], claimed: &HashMap<String, u32>) -> bool {
        let behind = &self.lane(lane).behind;
        let mut is_turn_over = false;
        for Applicant { name, share, demand } in applicants {
            let got = claimed.get(name).copied().unwrap_or(0);
            if demand.jobs <= got {
                continue;
            }
            behind.add(name);
            match got < demand.room() {
                true => behind.add_everybody(), // the node had no place for them
                false => is_turn_over |= share.want(demand.allowed),
            }
        }
        is_turn_over
    }
}

async fn applicants(waiting: Vec<Waiting>, handler: &dyn Handler) -> anyhow::Result<Vec<Applicant>> {
    let mut all = Vec::with_capacity(waiting.len());
    for Waiting { share: name, jobs } in waiting {
        let allowed = handler.allowed(&name).await?;
        let share = handler.turns().share(&name);
        let demand = Demand { jobs, running: share.running(), allowed };
        all.push(Applicant { name, share, demand });
    }
    Ok(all)
}

fn count(jobs: &[Job]) -> HashMap<String, u32> {
    let mut claimed = HashMap::new();
    for job in jobs {
        *claimed.entry(job.share.clone()).or_default() += 1;
    }
    claimed
}
