//! Counts the backlogs of shares, and claims the jobs that a node has permits for.

use std::collections::BTreeMap;

use rusqlite::{Connection, Row, params};
use wask_model::{NamespaceName, Timestamp};

use super::values;
use crate::{Allotment, Claim, Job, Lane, Lease, ShareBacklog, StoreError};

/// How many due jobs are counted one by one. If more are due, it is cheaper to go from share to share.
const COUNTED: u32 = 1024;

/// By share and namespace: how many jobs, and when the first was due.
type Backlogs = BTreeMap<(String, NamespaceName), (u32, Timestamp)>;

pub(super) fn share_backlogs(
    db: &Connection,
    lane: Lane,
    now: Timestamp,
    most: u32,
) -> Result<Vec<ShareBacklog>, StoreError> {
    let mut found = Backlogs::new();
    if !few_due(db, lane, now, &mut found)? {
        found.clear();
        many_due(db, lane, now, most, &mut found)?;
    }
    ended_leases(db, lane, now, &mut found)?;
    let bounded = |((share, namespace), (jobs, since))| ShareBacklog { share, namespace, jobs: most.min(jobs), since };
    Ok(found.into_iter().map(bounded).collect())
}

/// Counts due jobs, earliest first, without looking at shares that have none. `false`: there may be more.
fn few_due(db: &Connection, lane: Lane, now: Timestamp, found: &mut Backlogs) -> Result<bool, StoreError> {
    let mut select = db.prepare_cached(
        "SELECT share, namespace, count(*), min(due) FROM (
             SELECT share, namespace, due FROM job WHERE state = 'due' AND lane = ?1 AND due <= ?2
             ORDER BY due, id LIMIT ?3)
         GROUP BY share, namespace",
    )?;
    let mut due = select.query(params![lane.as_str(), now.millis(), COUNTED])?;
    while let Some(row) = due.next()? {
        add(found, row)?;
    }
    Ok(found.values().map(|(jobs, _)| jobs).sum::<u32>() < COUNTED)
}

/// Goes from one share and namespace to the next, and reads at most `most` jobs of each.
fn many_due(db: &Connection, lane: Lane, now: Timestamp, most: u32, found: &mut Backlogs) -> Result<(), StoreError> {
    let mut next = db.prepare_cached(
        "SELECT share, namespace FROM job WHERE state = 'due' AND lane = ?1 AND (share, namespace) > (?2, ?3)
         ORDER BY share, namespace LIMIT 1",
    )?;
    let mut count = db.prepare_cached(
        "SELECT ?2, ?3, count(*), min(due) FROM (
             SELECT due FROM job WHERE state = 'due' AND lane = ?1 AND share = ?2 AND namespace = ?3 AND due <= ?4
             ORDER BY due, id LIMIT ?5)
         HAVING count(*) > 0",
    )?;
    let (mut share, mut namespace) = (String::new(), String::new());
    loop {
        let mut one = next.query(params![lane.as_str(), share, namespace])?;
        let Some(row) = one.next()? else { return Ok(()) };
        (share, namespace) = (row.get(0)?, row.get(1)?);
        let mut counted = count.query(params![lane.as_str(), share, namespace, now.millis(), most])?;
        if let Some(row) = counted.next()? {
            add(found, row)?;
        }
    }
}

/// Adds jobs whose lease has ended. There are few: those that a node was running when it died.
fn ended_leases(db: &Connection, lane: Lane, now: Timestamp, found: &mut Backlogs) -> Result<(), StoreError> {
    let mut select = db.prepare_cached(
        "SELECT share, namespace, count(*), min(due) FROM job
         WHERE state = 'leased' AND lane = ?1 AND lease_until < ?2 GROUP BY share, namespace",
    )?;
    let mut ended = select.query(params![lane.as_str(), now.millis()])?;
    while let Some(row) = ended.next()? {
        add(found, row)?;
    }
    Ok(())
}

/// Columns: share, namespace, number, earliest due.
fn add(found: &mut Backlogs, row: &Row<'_>) -> Result<(), StoreError> {
    let (jobs, since) = (row.get::<_, u32>(2)?, values::time(row, 3)?);
    let entry = found.entry((row.get(0)?, values::namespace(row, 1)?)).or_insert((0, since));
    *entry = (entry.0.saturating_add(jobs), entry.1.min(since));
    Ok(())
}

/// Claims the jobs that fit the allotment and adds them to `jobs`.
pub(super) fn claim_jobs(
    db: &Connection,
    lane: Lane,
    now: Timestamp,
    allotment: &Allotment,
    claim: &Claim,
    jobs: &mut Vec<Job>,
) -> Result<(), StoreError> {
    let mut update = db.prepare_cached(
        "UPDATE job SET state = 'leased', owner = ?1, lease_until = ?2, attempt = attempt + 1
         WHERE id IN (
             SELECT id FROM (
                 SELECT id, due FROM (
                     SELECT id, due FROM job
                     WHERE state = 'due' AND lane = ?3 AND share = ?4 AND namespace = ?5 AND due <= ?6
                     ORDER BY due, id LIMIT ?7)
                 UNION ALL
                 SELECT id, due FROM job
                 WHERE state = 'leased' AND lane = ?3 AND lease_until < ?6 AND share = ?4 AND namespace = ?5)
             ORDER BY due, id LIMIT ?7)
         RETURNING id, attempt, payload, due, cancelled",
    )?;
    let Allotment { share, namespace, jobs: most } = allotment;
    let (until, now) = (claim.until.millis(), now.millis());
    let mut found = update.query(params![claim.owner, until, lane.as_str(), share, namespace.as_str(), now, most])?;
    while let Some(row) = found.next()? {
        jobs.push(Job {
            lease: Lease { job: values::id(row, 0)?, owner: claim.owner.clone(), attempt: row.get(1)? },
            lane,
            namespace: namespace.clone(),
            share: share.clone(),
            payload: row.get(2)?,
            due: values::time(row, 3)?,
            cancelled: values::optional_time(row, 4)?,
        });
    }
    Ok(())
}
