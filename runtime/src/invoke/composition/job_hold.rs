//! What a running activation shares with its queue job: the lease and the progress.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use wask_store::Lease;

use super::Progress;
use crate::invoke::{AdmittedInvocation, QueuedInvocation};

/// The queue's hold on a running activation: its lease, as soon as it is a job, and its progress.
///
/// The run writes it between two components. The task that makes a job of the run reads it while the run is not polled.
#[derive(Default)]
pub struct JobHold {
    lease: OnceLock<Lease>,
    /// What the job carried when a worker took it; `None`: it was not a job when it began.
    queued: Option<Arc<QueuedInvocation>>,
    progress: Mutex<Option<Progress>>,
}

impl JobHold {
    /// The hold of a job that a worker has taken.
    pub fn from_job(lease: Lease, queued: Arc<QueuedInvocation>) -> Self {
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

    /// The activation is a job from now on.
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

    /// The attempt of the job at which this run began. The attempts before it ended without a failure of a node.
    pub fn first_attempt(&self) -> u32 {
        self.queued.as_ref().map_or(0, |queued| queued.begun) + 1
    }

    /// How often the next component was begun, this time included.
    pub fn attempts_of_next(&self, progress: &Progress) -> u32 {
        self.lease().map_or(1, |lease| progress.attempt_within(lease.attempt))
    }
}
