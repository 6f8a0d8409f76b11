//! Waits for the end of a job: notified if it ends on this node, and looking periodically because it may end on
//! another.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use dashmap::DashMap;
use tokio::sync::Notify;
use wask_model::ActivationId;

use super::Queue;

/// The jobs with waiters.
#[derive(Default)]
pub struct Completions(DashMap<ActivationId, Arc<Notify>>);

impl Completions {
    /// The job has ended, and its records are on disk.
    pub fn notify(&self, job: ActivationId) {
        if let Some(waiting) = self.0.get(&job) {
            waiting.notify_waiters();
        }
    }

    fn wait_for(&self, job: ActivationId) -> Waiter<'_> {
        Waiter { completions: self, job, ended: self.0.entry(job).or_default().clone() }
    }
}

/// A waiter. Dropping the last one removes the entry.
struct Waiter<'a> {
    completions: &'a Completions,
    job: ActivationId,
    ended: Arc<Notify>,
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        // Two references: the map's and this one.
        self.completions.0.remove_if(&self.job, |_, ended| Arc::strong_count(ended) <= 2);
    }
}

impl Queue {
    /// Notifies the waiters of an activation that ended without being a job.
    pub fn notify_completion(&self, activation: ActivationId) {
        self.0.completions.notify(activation);
    }

    /// Waits until `look` finds what the job left in the store. It looks at once, again when the job has ended on this
    /// node, and every `poll_ms`.
    pub async fn wait_for_end<T, F>(&self, job: ActivationId, look: impl Fn() -> F) -> T
    where
        F: Future<Output = Option<T>>,
    {
        let waiter = self.0.completions.wait_for(job);
        loop {
            let ended = waiter.ended.notified(); // no end is missed from here on
            if let Some(found) = look().await {
                return found;
            }
            tokio::select! {
                () = ended => (),
                () = self.0.clock.sleep(Duration::from_millis(self.0.config.poll_ms)) => (),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wask_model::Timestamp;

    #[test]
    fn the_entry_of_a_job_goes_with_its_last_waiter() {
        let (completions, job) = (Completions::default(), ActivationId::new(Timestamp::from_millis(1)));
        let (one, two) = (completions.wait_for(job), completions.wait_for(job));
        drop(one);
        assert_eq!(completions.0.len(), 1, "one still waits");
        drop(two);
        assert_eq!(completions.0.len(), 0);
    }
}
