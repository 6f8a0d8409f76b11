//! Claims due jobs, up to the number of free permits, and hands the permits out fairly.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};
use wask_model::{NamespaceName, Timestamp};
use wask_store::{Allotment, Claim, Lane, ShareBacklog};

use super::fair_share::{Claimants, Demand, ShareLoad};
use super::{Handler, JobPermits, LaneState, Queue};
use crate::gate::{Permit, Share};

/// The waiting jobs of one namespace in one share, and the shares that their permits come from.
struct Claimant {
    /// The name of the share.
    name: String,
    namespace: NamespaceName,
    share: Arc<Share>,
    /// The share of the namespace; `None`: `share` is the namespace's own.
    owner: Option<Arc<Share>>,
    /// How many jobs of the share may run at a time.
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
                Err(cause) => warn!(%cause, lane = lane.as_str(), "claim pass failed, will retry in the next pass"),
            }
            tokio::select! {
                () = stop.cancelled() => (),
                () = self.lane(lane).wake.notified() => (),
                () = handler.shares().permit_returned() => (),
                () = self.0.clock.sleep_until(soonest) => (),
            }
        }
    }

    /// When this node must look for jobs again: when the next job that it knows of is due, and after a period at the
    /// latest.
    fn take_soonest(&self, lane: Lane) -> Timestamp {
        let now = self.0.clock.now();
        let state = self.lane(lane);
        let latest = now.after(Duration::from_millis(self.0.config.poll_ms));
        let soonest = state.soonest.swap(i64::MAX, Ordering::AcqRel);
        if soonest > now.millis() {
            state.soonest.fetch_min(soonest, Ordering::AcqRel); // not due in the next pass
        }
        if soonest <= now.millis() { latest } else { latest.min(Timestamp::from_millis(soonest)) }
    }

    /// Claims due jobs, up to the number of free permits. `true`: look again at once, there may be more.
    async fn claim(&self, lane: Lane, handler: &dyn Handler) -> anyhow::Result<bool> {
        let state = self.lane(lane);
        let lane_permits = self.free_permits(state);
        if lane_permits.is_empty() {
            return Ok(false); // the end of a job wakes this loop
        }
        let now = self.0.clock.now();
        if self.0.leases_last_until.load(Ordering::Acquire) < now.millis() {
            self.renew(now).await?; // or it would claim its own jobs as those of a dead node
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
        let waiting = self.0.store.share_backlogs(lane, now, free).await?;
        if waiting.is_empty() {
            handler.shares().forget_idle();
            self.lane(lane).namespaces.forget_idle();
            return Ok(false);
        }
        let (claimants, mut competing) = self.claimants(lane, waiting, handler).await?;
        competing.free = (lane_permits.len() + self.lane(lane).permits.available_permits()) as u64;
        competing.reserve = self.lane(lane).reserve;
        let mut share_permits: Vec<Vec<Permit>> = claimants.iter().map(|_| Vec::new()).collect();
        for at in competing.split(free) {
            share_permits[at].extend(claimants[at].serve());
        }
        let portions: Vec<Allotment> = claimants.iter().zip(&share_permits).filter_map(portion).collect();
        let claim = Claim::from_now(&self.0.owner, now, self.lease());
        let jobs =
            if portions.is_empty() { Vec::new() } else { self.0.store.claim_due(lane, now, &portions, &claim).await? };
        let is_any_claimed = !jobs.is_empty();
        let mut claimed = vec![0; claimants.len()];
        let positions: HashMap<(String, NamespaceName), usize> =
            claimants.iter().enumerate().map(|(at, of)| ((of.name.clone(), of.namespace.clone()), at)).collect();
        for job in jobs {
            let of = (job.share.clone(), job.namespace.clone());
            let share = positions.get(&of).and_then(|&at| {
                claimed[at] += 1;
                share_permits[at].pop()
            });
            let (share, lane) = share.zip(lane_permits.pop()).expect("no more jobs are claimed than there are permits");
            self.spawn(job, JobPermits { _share: share, _lane: Some(lane) });
        }
        if lane_permits.is_empty() {
            self.lane(lane).backlog.add_all(); // more shares may have jobs than the store listed
        }
        let is_permit_free = self.note_backlog(lane, &claimants, &competing, &claimed);
        Ok(is_permit_free || is_any_claimed)
    }

    /// What waits, and how much of each share and namespace runs.
    async fn claimants(
        &self,
        lane: Lane,
        waiting: Vec<ShareBacklog>,
        handler: &dyn Handler,
    ) -> anyhow::Result<(Vec<Claimant>, Claimants)> {
        let (mut claimants, mut competing) = (Vec::<Claimant>::with_capacity(waiting.len()), Claimants::default());
        let mut namespaces: HashMap<NamespaceName, usize> = HashMap::new();
        for ShareBacklog { share: name, namespace, jobs, since } in waiting {
            if claimants.last().is_none_or(|before| before.name != name) {
                let allowed = handler.allowed(&name).await?;
                competing.shares.push(share_load(&handler.shares().share(&name), allowed));
            }
            let share = handler.shares().share(&name);
            let is_own = name == namespace.as_str();
            let owner = (!is_own).then(|| self.lane(lane).namespaces.share(namespace.as_str()));
            let of = *namespaces.entry(namespace.clone()).or_insert_with(|| {
                competing.namespaces.push(share_load(owner.as_ref().unwrap_or(&share), None));
                competing.namespaces.len() - 1
            });
            let of_share = competing.shares.len() - 1;
            competing.demands.push(Demand { namespace: of, share: of_share, jobs, since });
            let allowed = competing.shares[of_share].allowed;
            claimants.push(Claimant { name, namespace, share, owner, allowed });
        }
        Ok((claimants, competing))
    }

    /// Notes which shares still have jobs waiting, and what for. `true`: a permit that one of them waits for is free
    /// again.
    fn note_backlog(&self, lane: Lane, claimants: &[Claimant], competing: &Claimants, claimed: &[u32]) -> bool {
        let backlog = &self.lane(lane).backlog;
        let mut shares = competing.shares.clone();
        for (demand, &got) in competing.demands.iter().zip(claimed) {
            shares[demand.share].running += u64::from(got);
        }
        let mut is_permit_free = false;
        for ((claimant, demand), &got) in claimants.iter().zip(&competing.demands).zip(claimed) {
            if demand.jobs <= got {
                continue;
            }
            backlog.add(&claimant.name);
            if shares[demand.share].has_room() {
                backlog.add_all(); // the lane had no permit for them
            } else {
                is_permit_free |= claimant.share.want(claimant.allowed);
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

/// `None`: it got no permit.
fn portion((claimant, share_permits): (&Claimant, &Vec<Permit>)) -> Option<Allotment> {
    let jobs = u32::try_from(share_permits.len()).unwrap_or(u32::MAX);
    let Claimant { name, namespace, .. } = claimant;
    (jobs > 0).then(|| Allotment { share: name.clone(), namespace: namespace.clone(), jobs })
}
