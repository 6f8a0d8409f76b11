//! Waiting for the end of a job: told when it ends on this node, and looking now and then, for it may end elsewhere.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use dashmap::DashMap;
use tokio::sync::Notify;
use wask_model::ActivationId;

use super::Queue;

/// The jobs whose end somebody waits for; as many as there are callers who wait.
#[derive(Default)]
pub struct Completions(DashMap<ActivationId, Arc<Notify>>);

impl Completions {
    /// The job has ended, and whatever it leaves is on disk.
    pub fn notify(&self, job: ActivationId) {
        if let Some(waiting) = self.0.get(&job) {
            waiting.notify_waiters();
        }
    }

    fn wait_for(&self, job: ActivationId) -> Waiter<'_> {
        Waiter { completions: self, job, ended: self.0.entry(job).or_default().clone() }
    }
}

/// One who waits; the last one takes the entry with him.
struct Waiter<'a> {
    completions: &'a Completions,
    job: ActivationId,
    ended: Arc<Notify>,
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        // Two: the map's own and this one.
        self.completions.0.remove_if(&self.job, |_, ended| Arc::strong_count(ended) <= 2);
    }
}

impl Queue {
    /// An activation that was no job has ended; whoever waits for it all the same looks.
    pub fn notify_completion(&self, activation: ActivationId) {
        self.0.completions.notify(activation);
    }

    /// Waits until `look` finds what the job leaves behind. It looks at once, when the job has ended on this node, and
    /// every `poll_ms`.
    pub async fn wait_for_end<T, F>(&self, job: ActivationId, look: impl Fn() -> F) -> T
    where
        F: Future<Output = Option<T>>,
    {
        let waiter = self.0.completions.wait_for(job);
        loop {
            let ended = waiter.ended.notified(); // from here on no end is missed
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
    fn nothing_is_kept_of_those_who_have_gone() {
        let (completions, job) = (Completions::default(), ActivationId::new(Timestamp::from_millis(1)));
        let (one, two) = (completions.wait_for(job), completions.wait_for(job));
        drop(one);
        assert_eq!(completions.0.len(), 1, "somebody still waits");
        drop(two);
        assert_eq!(completions.0.len(), 0);
    }
}
