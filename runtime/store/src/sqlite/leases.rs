//! Ends and releases leased jobs.

use rusqlite::{Connection, params};
use wask_model::Timestamp;

use crate::{Lease, NextAttempt, StoreError};

/// Removes the job. `false`, here and below: another holder has the lease, and nothing was written.
pub(super) fn end_job(db: &Connection, lease: &Lease) -> Result<bool, StoreError> {
    let mut delete =
        db.prepare_cached("DELETE FROM job WHERE id = ?1 AND state = 'leased' AND owner = ?2 AND attempt = ?3")?;
    Ok(delete.execute(params![lease.job.to_bytes(), lease.owner, lease.attempt])? > 0)
}

/// Makes the job due at `due`. Its payload may be large and is not written again.
pub(super) fn release_job(db: &Connection, lease: &Lease, due: Timestamp) -> Result<bool, StoreError> {
    let mut update = db.prepare_cached(
        "UPDATE job SET state = 'due', due = ?4, owner = NULL, lease_until = NULL
         WHERE id = ?1 AND state = 'leased' AND owner = ?2 AND attempt = ?3",
    )?;
    Ok(update.execute(params![lease.job.to_bytes(), lease.owner, lease.attempt, due.millis()])? > 0)
}

/// Makes the job due with a new payload.
pub(super) fn retry_job(db: &Connection, lease: &Lease, next: &NextAttempt) -> Result<bool, StoreError> {
    let mut update = db.prepare_cached(
        "UPDATE job SET state = 'due', due = ?4, owner = NULL, lease_until = NULL, payload = ?5, failed_attempts = ?6
         WHERE id = ?1 AND state = 'leased' AND owner = ?2 AND attempt = ?3",
    )?;
    let NextAttempt { payload, failed_attempts, due } = next;
    let of_lease = (lease.job.to_bytes(), &lease.owner, lease.attempt);
    Ok(update.execute(params![of_lease.0, of_lease.1, of_lease.2, due.millis(), payload, failed_attempts])? > 0)
}

/// Makes all leased jobs, or those of one owner, due at `now`. A job that was due earlier keeps its position.
pub(super) fn release_jobs(db: &Connection, owner: Option<&str>, now: Timestamp) -> Result<u64, StoreError> {
    let mut update = db.prepare_cached(
        "UPDATE job SET state = 'due', due = min(due, ?2), owner = NULL, lease_until = NULL
         WHERE state = 'leased' AND (?1 IS NULL OR owner = ?1)",
    )?;
    Ok(update.execute(params![owner, now.millis()])? as u64)
}
