//! Callers that wait: for the activation itself, or, if it has to be a job, for its record.

use std::sync::Arc;
use std::time::Duration;

use wask_model::{Activation, ActivationId, Failure, NamespaceName};
use wask_store::{JobState, Lane, Lease};

use super::arguments::chosen;
use super::composition::JobHold;
use super::live::{Detachable, WaitOutcome};
use super::{AdmittedInvocation, Invoked, Invoker, QueuedInvocation};
use crate::gate::InFlight;

impl Invoker {
    /// Runs the activation while the caller waits. At `limit` the caller gets the id, and the activation runs on as a
    /// job. It also runs on if the caller goes away.
    pub(super) async fn answer_within(
        self: &Arc<Self>,
        limit: Duration,
        admitted: AdmittedInvocation,
        in_flight: InFlight,
    ) -> Result<Invoked, Failure> {
        let (admitted, hold) = (Arc::new(admitted), Arc::new(JobHold::default()));
        let recorded = {
            let (invoker, admitted, hold) = (self.clone(), admitted.clone(), hold.clone());
            async move { invoker.record(&admitted, in_flight, &hold).await }
        };
        let recorded = Detachable::new(recorded, self.live.detached());
        match recorded.within(&self.clock, limit, self.live.stop_waiting()).await {
            WaitOutcome::Ended(Some(record)) => Ok(Invoked::Ended(record)),
            WaitOutcome::Ended(None) => Ok(Invoked::Accepted(admitted.id)),
            WaitOutcome::NotYet(running) => Box::pin(self.hand_over(running, admitted, hold)).await,
        }
    }

    /// Makes a job of an activation that runs. This is a task of its own: if a caller could interrupt it by leaving
    /// while the job is being stored, the job would never end.
    async fn hand_over(
        &self,
        running: Detachable<Option<Arc<Activation>>>,
        admitted: Arc<AdmittedInvocation>,
        hold: Arc<JobHold>,
    ) -> Result<Invoked, Failure> {
        let (id, queue) = (admitted.id, self.queue.clone());
        let adopting = self.live.detached().spawn(async move {
            let adopted = queue.adopt(admitted.to_work(hold.progress())).await;
            let adopted = adopted.map(|lease| hold.adopted(lease));
            running.detach();
            adopted
        });
        let adopted = adopting.await.map_err(|panic| Failure::Internal(panic.into()))?;
        adopted.map(|()| Invoked::Accepted(id))
    }

    /// Runs a blocking activation and hands its record to the recorder, or to the queue if it was adopted in the
    /// meantime. `None`: it was adopted, and another node has it by now.
    async fn record(
        self: &Arc<Self>,
        admitted: &AdmittedInvocation,
        in_flight: InFlight,
        hold: &JobHold,
    ) -> Option<Arc<Activation>> {
        let mut records = self.register(admitted, hold).await?;
        if let Some(lease) = hold.lease() {
            let own = records.last().cloned().map(Arc::new);
            self.end_adopted(admitted, lease, records, in_flight).await;
            return own;
        }
        if let Some(own) = records.last_mut().filter(|_| self.recorder.keeps_every_input()) {
            own.input = Some(chosen(&admitted.args, admitted.terms.given.as_deref()));
        }
        let records: Vec<_> = records.into_iter().map(Arc::new).collect();
        let own = records.last().cloned();
        self.hand_to_recorder(admitted, records).await;
        if self.recorder.is_durable(&admitted.entry.action.annotations) {
            self.recorder.flush().await;
        }
        self.queue.notify_completion(admitted.id);
        own
    }

    /// Hands records to the recorder, if the namespace has its activations stored.
    pub(super) async fn hand_to_recorder(&self, admitted: &AdmittedInvocation, records: Vec<Arc<Activation>>) {
        records.iter().for_each(|record| self.recorder.publish(record));
        for record in self.owners.records_to_store(&admitted.identity, records).await {
            self.recorder.record(record, admitted.context.extra_logging).await;
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
        let queued = QueuedInvocation::from_admitted(admitted, None);
        let done = self.conclude(admitted, &queued, records).await;
        in_flight.keep(); // it stays in flight until the job leaves the queue, perhaps after another attempt
        self.queue.settle(Lane::Invoke, &admitted.identity.namespace, lease, done).await;
    }

    /// Runs a built-in action to its end and returns when its record is on disk, although the caller does not wait.
    /// Built-in actions are fast, so a job would cost more than the run.
    pub(super) async fn answer_builtin(
        self: &Arc<Self>,
        mut admitted: AdmittedInvocation,
        in_flight: InFlight,
    ) -> Result<Invoked, Failure> {
        admitted.context.extra_logging = true; // a caller that does not wait must find a record
        let (id, limit) = (admitted.id, Duration::from_millis(self.gate.limits().blocking_wait_ms));
        self.answer_within(limit, admitted, in_flight).await?;
        self.recorder.flush().await;
        Ok(Invoked::Accepted(id))
    }

    /// Makes the activation a job and waits for its record.
    pub(super) async fn answer_from_job(
        &self,
        limit: Duration,
        admitted: AdmittedInvocation,
        in_flight: InFlight,
    ) -> Result<Invoked, Failure> {
        let identity = admitted.identity.clone();
        let id = self.enqueue(admitted, in_flight).await?;
        if identity.keeps_activations() {
            self.end_of(&identity.namespace, id, limit).await
        } else {
            Ok(Invoked::Accepted(id)) // there will be no record to wait for
        }
    }

    /// Waits for the record of a job as a blocking caller does.
    pub(super) async fn end_of(
        &self,
        namespace: &NamespaceName,
        id: ActivationId,
        limit: Duration,
    ) -> Result<Invoked, Failure> {
        let look = || async { self.stores.activations.activation(namespace, id).await.transpose() };
        tokio::select! {
            biased;
            record = self.queue.wait_for_end(id, look) => Ok(Invoked::Ended(Arc::new(record?))),
            () = self.clock.sleep(limit) => Ok(Invoked::Accepted(id)),
            () = self.live.waits_in_vain(namespace, id) => Ok(Invoked::Accepted(id)),
        }
    }

    /// Waits until an activation has ended, and at most `limit`.
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
            match self.stores.jobs.job_state(namespace, id).await {
                Ok(Some(JobState::Due | JobState::Leased)) => None,
                Ok(Some(JobState::Dead) | None) => Some(Ok(())),
                Err(error) => Some(Err(error)),
            }
        };
        tokio::select! {
            biased;
            ended = self.queue.wait_for_end(id, has_ended) => Ok(ended?),
            () = self.clock.sleep(limit) => Ok(()),
            () = self.live.waits_in_vain(namespace, id) => Ok(()),
        }
    }
}
