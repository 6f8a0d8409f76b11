//! Rows of the table `job`: stores new jobs, and reads what is known of one.

use rusqlite::{Connection, Row, params};
use wask_model::ActivationId;

use super::{callback_rows, values};
use crate::{JobState, KnownJob, Lane, NewJob, StoreError};

/// Stores new jobs with their callbacks. A job whose id exists stays as it is: an earlier try of the same caller stored
/// it.
pub(super) fn insert_jobs(db: &Connection, jobs: &[NewJob]) -> Result<(), StoreError> {
    let mut insert = db.prepare_cached(
        "INSERT INTO job (id, lane, namespace, state, attempt, due, owner, lease_until, payload, share, name, cause)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) ON CONFLICT DO NOTHING",
    )?;
    for job in jobs {
        let (state, attempt) = if job.claimed.is_some() { ("leased", 1) } else { ("due", 0) };
        insert.execute(params![
            job.id.to_bytes(),
            job.lane.as_str(),
            job.namespace.as_str(),
            state,
            attempt,
            job.due.millis(),
            job.claimed.as_ref().map(|claim| &claim.owner),
            job.claimed.as_ref().map(|claim| claim.until.millis()),
            job.payload,
            job.share,
            job.name,
            job.cause.map(ActivationId::to_bytes),
        ])?;
        if let Some(callback) = &job.callback {
            callback_rows::insert(db, callback)?;
        }
    }
    Ok(())
}

pub(super) fn state(row: &Row<'_>, column: usize) -> rusqlite::Result<JobState> {
    Ok(match row.get::<_, String>(column)?.as_str() {
        "due" => JobState::Due,
        "leased" => JobState::Leased,
        _ => JobState::Dead,
    })
}

/// Columns: lane, state, attempt, due, payload, name, cancelled.
pub(super) fn known_job(row: &Row<'_>) -> Result<KnownJob, StoreError> {
    let lane: String = row.get(0)?;
    let lane = Lane::from_name(&lane).ok_or_else(|| anyhow::anyhow!("a stored job is in the unknown lane {lane}"))?;
    Ok(KnownJob {
        lane,
        state: state(row, 1)?,
        attempt: row.get(2)?,
        name: row.get(5)?,
        payload: row.get(4)?,
        due: values::time(row, 3)?,
        cancelled: values::optional_time(row, 6)?,
    })
}
