//! What the queue is to know of an activation that runs.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use wask_store::Lease;

use super::super::AdmittedInvocation;
use super::super::queued::QueuedInvocation;
use super::Progress;

/// The hold that the queue has on a running activation: its lease, once it is a job, and how far it has come.
///
/// The run writes it between two components; whoever makes a job of the run reads it while the run is not polled.
#[derive(Default)]
pub struct JobHold {
    lease: OnceLock<Lease>,
    /// What the job carried when it was taken up; `None`: it was not a job then.
    queued: Option<Arc<QueuedInvocation>>,
    progress: Mutex<Option<Progress>>,
}

impl JobHold {
    /// Of a job that is being carried out.
    pub fn of_job(lease: Lease, queued: Arc<QueuedInvocation>) -> Self {
        let progress = Mutex::new(queued.progress.clone());
        JobHold { lease: OnceLock::from(lease), queued: Some(queued), progress }
    }

    /// What the job carries from here on.
    pub fn payload(&self, admitted: &AdmittedInvocation, progress: Progress) -> String {
        let queued = match &self.queued {
            Some(queued) => QueuedInvocation { progress: Some(progress), ..(**queued).clone() },
            None => QueuedInvocation::from_admitted(admitted, Some(progress)),
        };
        queued.to_payload()
    }

    pub fn lease(&self) -> Option<&Lease> {
        self.lease.get()
    }

    /// It is a job from now on.
    pub fn adopted(&self, lease: Lease) {
        let first = self.lease.set(lease).is_ok();
        debug_assert!(first, "adopted once");
    }

    pub fn progress(&self) -> Option<Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn keep(&self, progress: Progress) {
        *self.progress.lock().unwrap_or_else(PoisonError::into_inner) = Some(progress);
    }

    /// The attempt of the job at which this run began: those before it ended, and no node died with them.
    pub fn first_attempt(&self) -> u32 {
        self.queued.as_ref().map_or(0, |queued| queued.begun) + 1
    }

    /// How often the next component is begun, counting this time.
    pub fn attempts_of_next(&self, progress: &Progress) -> u32 {
        self.lease().map_or(1, |lease| progress.attempt_within(lease.attempt))
    }
}
