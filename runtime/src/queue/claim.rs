//! Claims due jobs, as many as there are places, and hands the places out fairly.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};
use wask_model::{NamespaceName, Timestamp};
use wask_store::{Claim, Lane, Portion, Waiting};

use super::fair_share::{Claimants, Demand, ShareLoad};
use super::{Handler, JobPermits, LaneState, Queue};
use crate::gate::{Permit, Share};

/// Jobs of one namespace in one share that wait.
struct Claimant {
    /// Of the share.
    name: String,
    namespace: NamespaceName,
    share: Arc<Share>,
    /// What runs of the namespace; `None`: the share is the namespace's own.
    owner: Option<Arc<Share>>,
    /// How many of the share may run.
    allowed: Option<u32>,
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
                () = handler.shares().permit_returned() => (),
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
        let lane_permits = self.free_permits(state);
        if lane_permits.is_empty() {
            return Ok(false); // a job that ends wakes this loop
        }
        let now = self.0.clock.now();
        if self.0.leases_last_until.load(Ordering::Acquire) < now.millis() {
            self.renew(now).await?; // or it would take its own jobs for those of a dead node
        }
        state.backlog.clear();
        let claimed = self.claim_fairly(lane, handler, lane_permits, now).await;
        if claimed.is_err() {
            state.backlog.add_all();
        }
        claimed
    }

    fn free_permits(&self, state: &LaneState) -> Vec<OwnedSemaphorePermit> {
        let most = self.0.config.claim_batch as usize;
        let free = std::iter::from_fn(|| Arc::clone(&state.permits).try_acquire_owned().ok());
        free.take(most).collect()
    }

    async fn claim_fairly(
        &self,
        lane: Lane,
        handler: &dyn Handler,
        mut lane_permits: Vec<OwnedSemaphorePermit>,
        now: Timestamp,
    ) -> anyhow::Result<bool> {
        let free = u32::try_from(lane_permits.len()).unwrap_or(u32::MAX);
        let waiting = self.0.store.waiting(lane, now, free).await?;
        if waiting.is_empty() {
            handler.shares().forget_idle();
            self.lane(lane).namespaces.forget_idle();
            return Ok(false);
        }
        let (candidates, claimants) = self.claimants(lane, waiting, handler).await?;
        let mut share_permits: Vec<Vec<Permit>> = candidates.iter().map(|_| Vec::new()).collect();
        for at in claimants.split(free) {
            share_permits[at].extend(candidates[at].serve());
        }
        let portions: Vec<Portion> = candidates.iter().zip(&share_permits).filter_map(portion).collect();
        let claim = Claim::from_now(&self.0.owner, now, self.lease());
        let jobs = match portions.is_empty() {
            true => Vec::new(),
            false => self.0.store.claim_due(lane, now, &portions, &claim).await?,
        };
        let is_any_claimed = !jobs.is_empty();
        let mut claimed = vec![0; candidates.len()];
        let positions: HashMap<(String, NamespaceName), usize> =
            candidates.iter().enumerate().map(|(at, of)| ((of.name.clone(), of.namespace.clone()), at)).collect();
        for job in jobs {
            let of = (job.share.clone(), job.namespace.clone());
            let share = positions.get(&of).and_then(|&at| {
                claimed[at] += 1;
                share_permits[at].pop()
            });
            let (share, lane) = share.zip(lane_permits.pop()).expect("no more is claimed than there are lane_permits");
            self.spawn(job, JobPermits { _share: share, _lane: Some(lane) });
        }
        if lane_permits.is_empty() {
            self.lane(lane).backlog.add_all(); // there may be more than were counted
        }
        let is_permit_free = self.note_backlog(lane, &candidates, &claimants, &claimed);
        Ok(is_permit_free || is_any_claimed)
    }

    /// Who waits, and how each stands.
    async fn claimants(
        &self,
        lane: Lane,
        waiting: Vec<Waiting>,
        handler: &dyn Handler,
    ) -> anyhow::Result<(Vec<Claimant>, Claimants)> {
        let (mut candidates, mut claimants) = (Vec::<Claimant>::with_capacity(waiting.len()), Claimants::default());
        let mut namespaces: HashMap<NamespaceName, usize> = HashMap::new();
        for Waiting { share: name, namespace, jobs, since } in waiting {
            if candidates.last().is_none_or(|before| before.name != name) {
                let allowed = handler.allowed(&name).await?;
                claimants.shares.push(share_load(&handler.shares().share(&name), allowed));
            }
            let share = handler.shares().share(&name);
            let is_own = name == namespace.as_str();
            let owner = (!is_own).then(|| self.lane(lane).namespaces.share(namespace.as_str()));
            let of = *namespaces.entry(namespace.clone()).or_insert_with(|| {
                claimants.namespaces.push(share_load(owner.as_ref().unwrap_or(&share), None));
                claimants.namespaces.len() - 1
            });
            let of_share = claimants.shares.len() - 1;
            claimants.demands.push(Demand { namespace: of, share: of_share, jobs, since });
            let allowed = claimants.shares[of_share].allowed;
            candidates.push(Claimant { name, namespace, share, owner, allowed });
        }
        Ok((candidates, claimants))
    }

    /// Notes who still waits, and for what. `true`: a turn that somebody waits for is over already.
    fn note_backlog(&self, lane: Lane, candidates: &[Claimant], claimants: &Claimants, claimed: &[u32]) -> bool {
        let backlog = &self.lane(lane).backlog;
        let mut shares = claimants.shares.clone();
        for (demand, &got) in claimants.demands.iter().zip(claimed) {
            shares[demand.share].running += u64::from(got);
        }
        let mut is_permit_free = false;
        for ((claimant, demand), &got) in candidates.iter().zip(&claimants.demands).zip(claimed) {
            if demand.jobs <= got {
                continue;
            }
            backlog.add(&claimant.name);
            match shares[demand.share].has_room() {
                true => backlog.add_all(), // the node had no place for them
                false => is_permit_free |= claimant.share.want(claimant.allowed),
            }
        }
        is_permit_free
    }
}

impl Claimant {
    fn serve(&self) -> Option<Permit> {
        let permit = self.share.serve(self.allowed)?;
        Some(match self.owner.as_ref().and_then(|owner| owner.serve(None)) {
            Some(of_owner) => Permit::OfTwo(permit, of_owner),
            None => Permit::OfOne(permit),
        })
    }
}

fn share_load(share: &Share, allowed: Option<u32>) -> ShareLoad {
    ShareLoad { running: share.running(), allowed, served: share.served() }
}

/// `None`: it has got no place.
fn portion((claimant, share_permits): (&Claimant, &Vec<Permit>)) -> Option<Portion> {
    let jobs = u32::try_from(share_permits.len()).unwrap_or(u32::MAX);
    let Claimant { name, namespace, .. } = claimant;
    (0 < jobs).then(|| Portion { share: name.clone(), namespace: namespace.clone(), jobs })
}
