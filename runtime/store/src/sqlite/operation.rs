//! One write inside a transaction that it shares with other writes.

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::failure::TransactionFailure;
use crate::StoreError;

/// Whether a write can fail halfway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Steps {
    /// No: at most one statement writes, and SQLite undoes it if it fails.
    One,
    /// Yes: several statements write, and a savepoint undoes the earlier ones.
    Several,
}

/// A write that waits for the writer thread.
pub(super) trait Operation: Send {
    /// Runs inside the open transaction and keeps its result. `Err`: the transaction holds nothing of it, or has been
    /// rolled back as a whole. May be called again after a rollback.
    fn run(&mut self, db: &Connection) -> Result<(), TransactionFailure>;

    /// Sends the result to the caller; `ended` is how the transaction ended.
    fn answer(self: Box<Self>, ended: Result<(), TransactionFailure>);
}

/// A closure, its result, and the caller that waits for it.
pub(super) struct Call<F, T> {
    steps: Steps,
    work: F,
    result: Option<Result<T, StoreError>>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<F, T> Call<F, T>
where
    F: FnMut(&Connection) -> Result<T, StoreError> + Send,
    T: Send,
{
    pub fn new(steps: Steps, work: F, reply: oneshot::Sender<Result<T, StoreError>>) -> Self {
        Call { steps, work, result: None, reply }
    }
}

impl<F, T> Operation for Call<F, T>
where
    F: FnMut(&Connection) -> Result<T, StoreError> + Send,
    T: Send,
{
    fn run(&mut self, db: &Connection) -> Result<(), TransactionFailure> {
        let result = match self.steps {
            Steps::One => (self.work)(db),
            Steps::Several => all_or_nothing(db, &mut self.work),
        };
        let failed = result.as_ref().err().map(TransactionFailure::from);
        self.result = Some(result);
        failed.map_or(Ok(()), Err)
    }

    fn answer(self: Box<Self>, ended: Result<(), TransactionFailure>) {
        let result = match (ended, self.result) {
            (Ok(()), Some(result)) => result,
            (Ok(()), None) => Err(StoreError::Unavailable("the write did not run".into())),
            (Err(failure), _) => Err(failure.into()),
        };
        let _ = self.reply.send(result); // an error means that the caller has gone
    }
}

fn all_or_nothing<T>(
    db: &Connection,
    work: &mut impl FnMut(&Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    step(db, "SAVEPOINT operation")?;
    let result = work(db);
    if db.is_autocommit() {
        return result; // SQLite has rolled back the whole transaction
    }
    let kept = if result.is_ok() { Ok(()) } else { step(db, "ROLLBACK TO operation") };
    if let Err(cause) = kept.and_then(|()| step(db, "RELEASE operation")) {
        let _ = step(db, "ROLLBACK"); // half an operation must not be committed; the writer notices the rollback
        return Err(cause);
    }
    result
}

/// Runs one statement without arguments or rows.
pub(super) fn step(db: &Connection, sql: &str) -> Result<(), StoreError> {
    db.prepare_cached(sql)?.execute([])?;
    Ok(())
}
