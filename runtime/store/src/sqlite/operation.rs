//! One write inside a transaction that it shares with others.

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::failure::TransactionFailure;
use crate::StoreError;

/// Whether a write can fail halfway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Steps {
    /// At most one statement writes: SQLite itself takes back what fails.
    One,
    /// Several do: a savepoint takes back the earlier ones.
    Several,
}

pub(super) trait Operation: Send {
    /// Runs inside the open transaction and keeps its result. `Err`: nothing of it is left in the transaction, or the
    /// transaction itself is gone. May be called again after that transaction is gone.
    fn run(&mut self, db: &Connection) -> Result<(), TransactionFailure>;

    /// Tells the caller; `ended` is how the transaction ended.
    fn answer(self: Box<Self>, ended: Result<(), TransactionFailure>);
}

/// A closure, its result, and who waits for it.
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
            (Err(lost), _) => Err(lost.into()),
        };
        let _ = self.reply.send(result); // nobody waits any more
    }
}

fn all_or_nothing<T>(
    db: &Connection,
    work: &mut impl FnMut(&Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    step(db, "SAVEPOINT operation")?;
    let result = work(db);
    if db.is_autocommit() {
        return result; // SQLite gave up the whole transaction
    }
    let kept = if result.is_ok() { Ok(()) } else { step(db, "ROLLBACK TO operation") };
    if let Err(cause) = kept.and_then(|()| step(db, "RELEASE operation")) {
        let _ = step(db, "ROLLBACK"); // half an operation must not be committed; the writer sees the transaction gone
        return Err(cause);
    }
    result
}

/// Runs one statement without arguments or rows.
pub(super) fn step(db: &Connection, sql: &str) -> Result<(), StoreError> {
    db.prepare_cached(sql)?.execute([])?;
    Ok(())
}
