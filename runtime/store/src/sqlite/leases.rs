//! What becomes of a leased job: it ends, or is released.

use rusqlite::{Connection, params};
use wask_model::Timestamp;

use crate::{Lease, StoreError};

/// `false`, here and below: the lease had passed to somebody else, nothing was written.
pub(super) fn end_job(db: &Connection, lease: &Lease) -> Result<bool, StoreError> {
    let mut delete =
        db.prepare_cached("DELETE FROM job WHERE id = ?1 AND state = 'leased' AND owner = ?2 AND attempt = ?3")?;
    Ok(0 < delete.execute(params![lease.job.to_bytes(), lease.owner, lease.attempt])?)
}

/// `payload`: `None` leaves what is there.
pub(super) fn release_job(
    db: &Connection,
    lease: &Lease,
    due: Timestamp,
    payload: Option<&str>,
) -> Result<bool, StoreError> {
    let mut update = db.prepare_cached(match payload {
        None => {
            "UPDATE job SET state = 'due', due = ?4, owner = NULL, lease_until = NULL
             WHERE id = ?1 AND state = 'leased' AND owner = ?2 AND attempt = ?3"
        }
        // A payload that stays may be large: it is not written again.
        Some(_) => {
            "UPDATE job SET state = 'due', due = ?4, owner = NULL, lease_until = NULL, payload = ?5
             WHERE id = ?1 AND state = 'leased' AND owner = ?2 AND attempt = ?3"
        }
    })?;
    let (job, due) = (lease.job.to_bytes(), due.millis());
    let changed = match payload {
        None => update.execute(params![job, lease.owner, lease.attempt, due])?,
        Some(payload) => update.execute(params![job, lease.owner, lease.attempt, due, payload])?,
    };
    Ok(0 < changed)
}

/// A job that was due earlier keeps its place in the line.
pub(super) fn release_jobs(db: &Connection, owner: Option<&str>, now: Timestamp) -> Result<u64, StoreError> {
    let mut update = db.prepare_cached(
        "UPDATE job SET state = 'due', due = min(due, ?2), owner = NULL, lease_until = NULL
         WHERE state = 'leased' AND (?1 IS NULL OR owner = ?1)",
    )?;
    Ok(update.execute(params![owner, now.millis()])? as u64)
}
