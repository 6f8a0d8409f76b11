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

use super::fair::{Demand, Line, Standing};
use super::{Handler, LaneState, Place, Queue};
use crate::gate::{Share, Turn};

/// Jobs of one namespace in one share that wait.
struct Applicant {
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
            self.lane(lane).namespaces.forget_idle();
            return Ok(false);
        }
        let (applicants, line) = self.line_up(lane, waiting, handler).await?;
        let mut turns: Vec<Vec<Turn>> = applicants.iter().map(|_| Vec::new()).collect();
        for at in line.split(free) {
            turns[at].extend(applicants[at].serve());
        }
        let portions: Vec<Portion> = applicants.iter().zip(&turns).filter_map(portion).collect();
        let claim = Claim::from_now(&self.0.owner, now, self.lease());
        let jobs = match portions.is_empty() {
            true => Vec::new(),
            false => self.0.store.claim_due(lane, now, &portions, &claim).await?,
        };
        let is_any_claimed = !jobs.is_empty();
        let mut claimed = vec![0; applicants.len()];
        let places: HashMap<(String, NamespaceName), usize> =
            applicants.iter().enumerate().map(|(at, of)| ((of.name.clone(), of.namespace.clone()), at)).collect();
        for job in jobs {
            let of = (job.share.clone(), job.namespace.clone());
            let turn = places.get(&of).and_then(|&at| {
                claimed[at] += 1;
                turns[at].pop()
            });
            let (turn, permit) = turn.zip(permits.pop()).expect("no more is claimed than there are places");
            self.spawn(job, Place { _turn: turn, _permit: Some(permit) });
        }
        if permits.is_empty() {
            self.lane(lane).behind.add_everybody(); // there may be more than were counted
        }
        let is_turn_over = self.leave_behind(lane, &applicants, &line, &claimed);
        Ok(is_turn_over || is_any_claimed)
    }

    /// Who waits, and how each stands.
    async fn line_up(
        &self,
        lane: Lane,
        waiting: Vec<Waiting>,
        handler: &dyn Handler,
    ) -> anyhow::Result<(Vec<Applicant>, Line)> {
        let (mut applicants, mut line) = (Vec::<Applicant>::with_capacity(waiting.len()), Line::default());
        let mut namespaces: HashMap<NamespaceName, usize> = HashMap::new();
        for Waiting { share: name, namespace, jobs, since } in waiting {
            if applicants.last().is_none_or(|before| before.name != name) {
                let allowed = handler.allowed(&name).await?;
                line.shares.push(standing(&handler.turns().share(&name), allowed));
            }
            let share = handler.turns().share(&name);
            let is_own = name == namespace.as_str();
            let owner = (!is_own).then(|| self.lane(lane).namespaces.share(namespace.as_str()));
            let of = *namespaces.entry(namespace.clone()).or_insert_with(|| {
                line.namespaces.push(standing(owner.as_ref().unwrap_or(&share), None));
                line.namespaces.len() - 1
            });
            let of_share = line.shares.len() - 1;
            line.demands.push(Demand { namespace: of, share: of_share, jobs, since });
            let allowed = line.shares[of_share].allowed;
            applicants.push(Applicant { name, namespace, share, owner, allowed });
        }
        Ok((applicants, line))
    }

    /// Notes who still waits, and for what. `true`: a turn that somebody waits for is over already.
    fn leave_behind(&self, lane: Lane, applicants: &[Applicant], line: &Line, claimed: &[u32]) -> bool {
        let behind = &self.lane(lane).behind;
        let mut shares = line.shares.clone();
        for (demand, &got) in line.demands.iter().zip(claimed) {
            shares[demand.share].running += u64::from(got);
        }
        let mut is_turn_over = false;
        for ((applicant, demand), &got) in applicants.iter().zip(&line.demands).zip(claimed) {
            if demand.jobs <= got {
                continue;
            }
            behind.add(&applicant.name);
            match shares[demand.share].has_room() {
                true => behind.add_everybody(), // the node had no place for them
                false => is_turn_over |= applicant.share.want(applicant.allowed),
            }
        }
        is_turn_over
    }
}

impl Applicant {
    fn serve(&self) -> Option<Turn> {
        let turn = self.share.serve(self.allowed)?;
        Some(match self.owner.as_ref().and_then(|owner| owner.serve(None)) {
            Some(of_owner) => turn.and(of_owner),
            None => turn,
        })
    }
}

fn standing(share: &Share, allowed: Option<u32>) -> Standing {
    Standing { running: share.running(), allowed, served: share.served() }
}

/// `None`: it has got no place.
fn portion((applicant, turns): (&Applicant, &Vec<Turn>)) -> Option<Portion> {
    let jobs = u32::try_from(turns.len()).unwrap_or(u32::MAX);
    let Applicant { name, namespace, .. } = applicant;
    (0 < jobs).then(|| Portion { share: name.clone(), namespace: namespace.clone(), jobs })
}
