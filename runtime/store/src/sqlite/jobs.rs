//! Durable work: [`JobStore`] and [`JobReader`]. SQLite has one writer at a time, so a claim needs no lock clause.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension as _, params};
use wask_model::{Activation, ActivationId, NamespaceName, Timestamp};

use super::SqliteStore;
use super::backlog::{claim_jobs, share_backlogs};
use super::job_rows::{self, insert_jobs};
use super::operation::Steps;
use super::records::{RecordRow, insert_records};
use super::{dead_letters, idempotency, leases, stored_bytes, values};
use crate::{
    Allotment, CancelOutcome, CancelRequest, Claim, FirstRequest, FirstRequestOutcome, Job, JobReader, JobState,
    JobStore, KnownJob, Lane, Lease, NewJob, NextAttempt, RetentionClass, ShareBacklog, StoreError,
};

#[async_trait]
impl JobStore for SqliteStore {
    async fn enqueue(&self, record: Option<Activation>, jobs: Vec<NewJob>) -> Result<(), StoreError> {
        let record = RecordRow::all(record.as_slice())?;
        let steps = if record.len() + jobs.len() > 1 { Steps::Several } else { Steps::One };
        let enqueue = move |db: &Connection| {
            insert_records(db, &record)?;
            insert_jobs(db, &jobs)
        };
        self.writer.write(steps, enqueue).await
    }

    async fn enqueue_keyed(
        &self,
        first: FirstRequest,
        record: Option<Activation>,
        jobs: Vec<NewJob>,
    ) -> Result<FirstRequestOutcome, StoreError> {
        let record = RecordRow::all(record.as_slice())?;
        let enqueue = move |db: &Connection| {
            let decided = idempotency::begin(db, &first)?;
            if decided == FirstRequestOutcome::Stored {
                insert_records(db, &record)?;
                insert_jobs(db, &jobs)?;
            }
            Ok(decided)
        };
        self.writer.write(Steps::Several, enqueue).await
    }

    async fn redrive(&self, namespace: &NamespaceName, id: ActivationId, job: NewJob) -> Result<bool, StoreError> {
        let (namespace, job) = (namespace.clone(), [job]);
        let redrive = move |db: &Connection| {
            let removed = dead_letters::remove(db, &namespace, id)?;
            if removed {
                insert_jobs(db, &job)?;
            }
            Ok(removed)
        };
        self.writer.write(Steps::Several, redrive).await
    }

    async fn share_backlogs(&self, lane: Lane, now: Timestamp, most: u32) -> Result<Vec<ShareBacklog>, StoreError> {
        self.readers.read(move |db| share_backlogs(db, lane, now, most)).await
    }

    async fn claim_due(
        &self,
        lane: Lane,
        now: Timestamp,
        allotments: &[Allotment],
        claim: &Claim,
    ) -> Result<Vec<Job>, StoreError> {
        let (claim, allotments) = (claim.clone(), allotments.to_vec());
        let claim = move |db: &Connection| {
            let mut jobs = Vec::new();
            for allotment in &allotments {
                claim_jobs(db, lane, now, allotment, &claim, &mut jobs)?;
            }
            Ok(jobs)
        };
        let mut jobs = self.writer.write(Steps::Several, claim).await?;
        jobs.sort_unstable_by_key(|job| (job.due, job.lease.job)); // RETURNING has no order
        Ok(jobs)
    }

    async fn renew(&self, owner: &str, now: Timestamp, until: Timestamp) -> Result<u64, StoreError> {
        let owner = owner.to_owned();
        let renew = move |db: &Connection| {
            let mut update = db.prepare_cached(
                "UPDATE job SET lease_until = ?3 WHERE state = 'leased' AND owner = ?1 AND lease_until >= ?2",
            )?;
            Ok(update.execute(params![owner, now.millis(), until.millis()])? as u64)
        };
        self.writer.write(Steps::One, renew).await
    }

    async fn finish(&self, lease: &Lease, records: Vec<Activation>, next: Vec<NewJob>) -> Result<bool, StoreError> {
        let (lease, records) = (lease.clone(), RecordRow::all(&records)?);
        let finish = move |db: &Connection| {
            if !leases::end_job(db, &lease)? {
                return Ok(false);
            }
            insert_records(db, &records)?;
            insert_jobs(db, &next)?;
            Ok(true)
        };
        self.writer.write(Steps::Several, finish).await
    }

    async fn advance_job(&self, lease: &Lease, records: Vec<Activation>, payload: String) -> Result<bool, StoreError> {
        let (lease, records) = (lease.clone(), RecordRow::all(&records)?);
        let advance = move |db: &Connection| {
            let mut update = db.prepare_cached(
                "UPDATE job SET payload = ?4 WHERE id = ?1 AND state = 'leased' AND owner = ?2 AND attempt = ?3",
            )?;
            if update.execute(params![lease.job.to_bytes(), lease.owner, lease.attempt, payload])? == 0 {
                return Ok(false);
            }
            insert_records(db, &records)?;
            Ok(true)
        };
        self.writer.write(Steps::Several, advance).await
    }

    async fn release_job(&self, lease: &Lease, due: Timestamp) -> Result<bool, StoreError> {
        let lease = lease.clone();
        self.writer.write(Steps::One, move |db| leases::release_job(db, &lease, due)).await
    }

    async fn retry_job(&self, lease: &Lease, records: Vec<Activation>, next: NextAttempt) -> Result<bool, StoreError> {
        let (lease, records) = (lease.clone(), RecordRow::all(&records)?);
        let retry = move |db: &Connection| {
            if !leases::retry_job(db, &lease, &next)? {
                return Ok(false);
            }
            insert_records(db, &records)?;
            Ok(true)
        };
        self.writer.write(Steps::Several, retry).await
    }

    async fn bury(
        &self,
        lease: &Lease,
        records: Vec<Activation>,
        next: Vec<NewJob>,
        reason: &str,
    ) -> Result<bool, StoreError> {
        let (lease, records, reason) = (lease.clone(), RecordRow::all(&records)?, reason.to_owned());
        let bury = move |db: &Connection| {
            // The job died when its own record, the last one, ended; without a record, at the end of its lease.
            let mut update = db.prepare_cached(
                "UPDATE job SET state = 'dead', reason = ?4, died = coalesce(?5, lease_until), lease_until = NULL
                 WHERE id = ?1 AND state = 'leased' AND owner = ?2 AND attempt = ?3
                 RETURNING namespace, octet_length(payload)",
            )?;
            let died = records.last().map(RecordRow::last_time);
            let of_job = params![lease.job.to_bytes(), lease.owner, lease.attempt, reason, died];
            let buried = update.query_row(of_job, |row| Ok((row.get::<_, String>(0)?, row.get(1)?))).optional()?;
            let Some((namespace, bytes)) = buried else { return Ok(false) };
            stored_bytes::add(db, RetentionClass::DeadLetters, &namespace, bytes)?;
            insert_records(db, &records)?;
            insert_jobs(db, &next)?;
            Ok(true)
        };
        self.writer.write(Steps::Several, bury).await
    }

    async fn cancel_job(&self, cancel: CancelRequest) -> Result<CancelOutcome, StoreError> {
        let records = RecordRow::all(&cancel.records)?;
        let cancel = move |db: &Connection| {
            let CancelRequest { namespace, job, attempt, at, next, .. } = &cancel;
            let mut delete = db.prepare_cached(
                "DELETE FROM job WHERE id = ?1 AND namespace = ?2 AND state = 'due' AND attempt = ?3",
            )?;
            if delete.execute(params![job.to_bytes(), namespace.as_str(), attempt])? > 0 {
                insert_records(db, &records)?;
                insert_jobs(db, next)?;
                return Ok(CancelOutcome::Ended);
            }
            let mut ask = db.prepare_cached(
                "UPDATE job SET cancelled = coalesce(cancelled, ?3)
                 WHERE id = ?1 AND namespace = ?2 AND state = 'leased'",
            )?;
            let asked = ask.execute(params![job.to_bytes(), namespace.as_str(), at.millis()])?;
            Ok(if asked > 0 { CancelOutcome::Asked } else { CancelOutcome::No })
        };
        self.writer.write(Steps::Several, cancel).await
    }

    async fn release_all(&self, now: Timestamp) -> Result<u64, StoreError> {
        self.writer.write(Steps::One, move |db| leases::release_jobs(db, None, now)).await
    }

    async fn release_owned(&self, owner: &str, now: Timestamp) -> Result<u64, StoreError> {
        let owner = owner.to_owned();
        self.writer.write(Steps::One, move |db| leases::release_jobs(db, Some(&owner), now)).await
    }
}

#[async_trait]
impl JobReader for SqliteStore {
    async fn job(&self, namespace: &NamespaceName, id: ActivationId) -> Result<Option<KnownJob>, StoreError> {
        let owner = namespace.clone();
        let read = move |db: &Connection| {
            let mut select = db.prepare_cached(
                "SELECT lane, state, attempt, due, payload, name, cancelled FROM job WHERE id = ?1 AND namespace = ?2",
            )?;
            let found = select.query_row(params![id.to_bytes(), owner.as_str()], |row| Ok(job_rows::known_job(row)));
            found.optional()?.transpose()
        };
        self.readers.read_for(namespace, read).await
    }

    async fn job_state(&self, namespace: &NamespaceName, id: ActivationId) -> Result<Option<JobState>, StoreError> {
        let owner = namespace.clone();
        let read = move |db: &Connection| {
            let mut select = db.prepare_cached("SELECT state FROM job WHERE id = ?1 AND namespace = ?2")?;
            let found = select.query_row(params![id.to_bytes(), owner.as_str()], |row| job_rows::state(row, 0));
            Ok(found.optional()?)
        };
        self.readers.read_for(namespace, read).await
    }

    async fn count_jobs(&self, lane: Lane) -> Result<Vec<(NamespaceName, u64)>, StoreError> {
        let read = move |db: &Connection| {
            let mut select = db.prepare_cached(
                "SELECT sum(jobs), namespace FROM (
                     SELECT namespace, count(*) AS jobs FROM job WHERE state = 'due' AND lane = ?1 GROUP BY namespace
                     UNION ALL
                     SELECT namespace, count(*) FROM job WHERE state = 'leased' AND lane = ?1 GROUP BY namespace)
                 GROUP BY namespace ORDER BY namespace",
            )?;
            let mut found = select.query([lane.as_str()])?;
            let mut counts = Vec::new();
            while let Some(row) = found.next()? {
                counts.push((values::namespace(row, 1)?, values::count(row)?));
            }
            Ok(counts)
        };
        self.readers.read(read).await
    }

    async fn due_jobs(&self, lane: Lane, limit: u32) -> Result<Vec<(ActivationId, Timestamp)>, StoreError> {
        let read = move |db: &Connection| {
            let mut select = db.prepare_cached(
                "SELECT id, due FROM job WHERE state = 'due' AND lane = ?1 ORDER BY due, id LIMIT ?2",
            )?;
            let mut found = select.query(params![lane.as_str(), limit])?;
            let mut jobs = Vec::new();
            while let Some(row) = found.next()? {
                jobs.push((values::id(row, 0)?, values::time(row, 1)?));
            }
            Ok(jobs)
        };
        self.readers.read(read).await
    }
}
