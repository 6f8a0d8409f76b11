//! Callers who wait: on the activation itself, or, where it has to be a job, for its record.

use std::sync::Arc;
use std::time::Duration;

use wask_model::{Activation, ActivationId, Failure, NamespaceName};
use wask_store::{JobState, Lane, Lease};

use super::arguments::chosen;
use super::composition::JobHold;
use super::detached::{Detachable, WaitOutcome};
use super::{AdmittedInvocation, Invoked, Invoker, QueuedInvocation};
use crate::gate::InFlight;

impl Invoker {
    /// Runs the activation while the caller waits. Past `limit` it becomes an asynchronous one and goes on. It also goes on
    /// when the caller goes away.
    pub(super) async fn run_within(
        &self,
        limit: Duration,
        admitted: AdmittedInvocation,
        in_flight: InFlight,
    ) -> Result<Invoked, Failure> {
        let (admitted, hold) = (Arc::new(admitted), Arc::new(JobHold::default()));
        let running = {
            let (invoker, admitted, hold) = (self.this.upgrade(), admitted.clone(), hold.clone());
            let invoker = invoker.expect("whoever calls holds the invoker");
            async move { invoker.run_to_record(&admitted, in_flight, &hold).await }
        };
        let running = Detachable::new(running, &self.detached);
        match running.within(&self.clock, limit, &self.stop_waiting).await {
            WaitOutcome::Ended(Some(record)) => Ok(Invoked::Ended(record)),
            WaitOutcome::Ended(None) => Ok(Invoked::Accepted(admitted.id)),
            WaitOutcome::NotYet(running) => self.hand_over(running, admitted, hold).await,
        }
    }

    /// Makes an asynchronous activation of one that runs, in a task of its own: a caller who leaves while the job is being
    /// stored would leave behind a job that nobody ends.
    async fn hand_over(
        &self,
        running: Detachable<Option<Arc<Activation>>>,
        admitted: Arc<AdmittedInvocation>,
        hold: Arc<JobHold>,
    ) -> Result<Invoked, Failure> {
        let (id, queue) = (admitted.id, self.queue.clone());
        let adopting = self.detached.spawn(async move {
            let adopted = queue.adopt(admitted.work(hold.progress())).await;
            let adopted = adopted.map(|lease| hold.adopted(lease));
            running.detach();
            adopted
        });
        let adopted = adopting.await.map_err(|panic| Failure::Internal(panic.into()))?;
        adopted.map(|_| Invoked::Accepted(id))
    }

    /// Runs a blocking activation and hands its record on: to the recorder, or to the queue when it was adopted meanwhile.
    /// `None`: it was adopted, and another node has it by now.
    async fn run_to_record(
        &self,
        admitted: &AdmittedInvocation,
        in_flight: InFlight,
        hold: &JobHold,
    ) -> Option<Arc<Activation>> {
        let records = self.run_as_running(admitted, hold).await;
        match (records, hold.lease()) {
            (None, _) => None,
            (Some(records), Some(lease)) => {
                let record = records.last().cloned().map(Arc::new);
                self.end_adopted(admitted, lease, records, in_flight).await;
                record
            }
            (Some(mut records), None) => {
                if let Some(own) = records.last_mut().filter(|_| self.recorder.keeps_every_input()) {
                    own.input = Some(chosen(&admitted.args, admitted.terms.given.as_deref()));
                }
                let records: Vec<_> = records.into_iter().map(Arc::new).collect();
                let record = records.last().cloned();
                self.hand_to_recorder(admitted, records).await;
                self.queue.notify_completion(admitted.id);
                record
            }
        }
    }

    /// The end of an activation that became a job while it ran.
    async fn end_adopted(
        &self,
        admitted: &AdmittedInvocation,
        lease: &Lease,
        records: Vec<Activation>,
        in_flight: InFlight,
    ) {
        let done = self.conclude(admitted, &QueuedInvocation::from_admitted(admitted, None), records).await;
        in_flight.keep(); // the place is given back when the job leaves the queue, which may be after a further attempt
        self.queue.settle(Lane::Invoke, &admitted.identity.namespace, lease, done).await;
    }

    /// Makes the activation durable and waits for its record.
    pub(super) async fn wait_as_job(
        &self,
        limit: Duration,
        admitted: AdmittedInvocation,
        in_flight: InFlight,
    ) -> Result<Invoked, Failure> {
        let identity = admitted.identity.clone();
        let id = self.enqueue(admitted, in_flight).await?;
        match identity.keeps_activations() {
            true => self.end_of(&identity.namespace, id, limit).await,
            false => Ok(Invoked::Accepted(id)), // there will be no record to wait for
        }
    }

    /// Waits for the record of a job as a blocking caller does.
    pub async fn end_of(
        &self,
        namespace: &NamespaceName,
        id: ActivationId,
        limit: Duration,
    ) -> Result<Invoked, Failure> {
        let look = || async { self.store.activation(namespace, id).await.transpose() };
        tokio::select! {
            biased;
            record = self.queue.wait_for_end(id, look) => Ok(Invoked::Ended(Arc::new(record?))),
            () = self.clock.sleep(limit) => Ok(Invoked::Accepted(id)),
            () = self.waits_in_vain(namespace, id) => Ok(Invoked::Accepted(id)),
        }
    }

    /// Waits until an activation that is known has ended, and at most `limit`.
    pub async fn wait_for_end(
        &self,
        namespace: &NamespaceName,
        id: ActivationId,
        limit: Duration,
    ) -> Result<(), Failure> {
        let has_ended = || async {
            if self.running(namespace, id).is_some() {
                return None;
            }
            match self.store.job_state(namespace, id).await {
                Ok(Some(JobState::Due | JobState::Leased)) => None,
                Ok(Some(JobState::Dead) | None) => Some(Ok(())),
                Err(error) => Some(Err(error)),
            }
        };
        tokio::select! {
            biased;
            ended = self.queue.wait_for_end(id, has_ended) => Ok(ended?),
            () = self.clock.sleep(limit) => Ok(()),
            () = self.waits_in_vain(namespace, id) => Ok(()),
        }
    }

    /// Returns when the node stops: at once for what does not run here, at the end of the grace period for what does.
    async fn waits_in_vain(&self, namespace: &NamespaceName, id: ActivationId) {
        self.closing.cancelled().await;
        if self.running(namespace, id).is_some() {
            self.stop_waiting.cancelled().await;
        }
    }
}
