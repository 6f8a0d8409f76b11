//! Data for the stories: small, valid, and different only where it matters.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use wask_model::{
    Action, ActionLimits, Activation, ActivationId, Alarm, AlarmSchedule, AlarmStatus, Annotations, Binding, CodeRef,
    Entity, EntityName, Exec, FullName, Kind, Limits, NamespaceName, Package, Parameters, PastTick, Response, TickEnd,
    TickOrigin, Timestamp, Trigger, Version,
};

use wask_store::{Allotment, Claim, Job, Lane, NewJob, ShareBacklog, Store};

/// When the stories start.
pub const T0: Timestamp = Timestamp::from_millis(1_900_000_000_000);
pub const LEASE: Duration = Duration::from_secs(30);

/// `T0` and that many milliseconds.
pub fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(T0.millis() + millis)
}

/// The n-th id; a greater n is a later id.
pub fn id(n: u8) -> ActivationId {
    let mut bytes = T0.millis().to_be_bytes().repeat(2);
    bytes.rotate_left(2); // the time is in the first six bytes
    bytes[6..].fill(0);
    bytes[15] = n;
    ActivationId::from_bytes(bytes.try_into().unwrap())
}

/// Records in the form that the recorder hands over.
pub fn shared(records: Vec<Activation>) -> Vec<Arc<Activation>> {
    records.into_iter().map(Arc::new).collect()
}

pub fn namespace(name: &str) -> NamespaceName {
    name.parse().unwrap()
}

pub fn guest() -> NamespaceName {
    namespace("guest")
}

pub fn name(name: &str) -> EntityName {
    name.parse().unwrap()
}

/// `/namespace/entity` or `/namespace/package/entity`.
pub fn full(path: &str) -> FullName {
    FullName::qualified(path, &guest()).unwrap()
}

pub fn job(n: u8, due: Timestamp) -> NewJob {
    let payload = json!({ "n": n }).to_string();
    let (share, name) = ("guest".to_owned(), "guest/hello".to_owned());
    NewJob {
        id: id(n),
        lane: Lane::Invoke,
        namespace: guest(),
        share,
        name,
        cause: None,
        payload,
        due,
        claimed: None,
        callback: None,
    }
}

pub fn claimed(n: u8, owner: &str) -> NewJob {
    NewJob { claimed: Some(Claim::from_now(owner, T0, LEASE)), ..job(n, T0) }
}

/// Claims up to 100 jobs for `owner`, for [`LEASE`].
pub async fn claim(store: &dyn Store, owner: &str, now: Timestamp) -> Vec<Job> {
    claim_in(store, Lane::Invoke, owner, now).await
}

/// An allotment of the namespace and share of [`job`].
pub fn of_guest(jobs: u32) -> [Allotment; 1] {
    [Allotment { share: "guest".to_owned(), namespace: guest(), jobs }]
}

/// Like [`claim`], in any lane.
pub async fn claim_in(store: &dyn Store, lane: Lane, owner: &str, now: Timestamp) -> Vec<Job> {
    let waiting = store.share_backlogs(lane, now, 100).await.unwrap();
    let all = |ShareBacklog { share, namespace, jobs, .. }| Allotment { share, namespace, jobs };
    let allotments: Vec<Allotment> = waiting.into_iter().map(all).collect();
    store.claim_due(lane, now, &allotments, &Claim::from_now(owner, now, LEASE)).await.unwrap()
}

/// When the next job of `lane` that no node holds is due.
pub async fn next_due(store: &dyn Store, lane: Lane) -> Option<Timestamp> {
    store.due_jobs(lane, 1).await.unwrap().first().map(|(_, due)| *due)
}

/// Stores one job and claims it at `T0`.
pub async fn leased(store: &dyn Store, n: u8, owner: &str) -> Job {
    store.enqueue(None, vec![job(n, T0)]).await.unwrap();
    let mut jobs = claim(store, owner, T0).await;
    assert_eq!(jobs.len(), 1);
    jobs.remove(0)
}

/// The n of the ids of jobs.
pub fn numbers(jobs: &[Job]) -> Vec<u8> {
    jobs.iter().map(|job| job.lease.job.to_bytes()[15]).collect()
}

/// A record of `guest/hello` that started at `start` and took 5 ms.
pub fn record(n: u8, start: Timestamp) -> Activation {
    Activation {
        id: id(n),
        namespace: guest(),
        name: name("hello"),
        version: Version::FIRST,
        subject: "guest".into(),
        start,
        end: Some(start.after(Duration::from_millis(5))),
        duration_ms: Some(5),
        cause: None,
        response: Response::success(json!({ "n": n })),
        logs: vec![],
        annotations: Annotations::default().with("path", "guest/hello").with("limits", json!({ "timeout": 60_000 })),
        input: None,
    }
}

pub fn trigger(path: &str, updated: Timestamp) -> Entity {
    Entity::Trigger(Trigger {
        name: full(path),
        version: Version::FIRST,
        publish: false,
        parameters: Parameters::default(),
        annotations: Annotations::default(),
        rules: None,
        updated,
    })
}

pub fn package(path: &str, publish: bool, binding: Option<&str>) -> Entity {
    Entity::Package(Package {
        name: full(path),
        version: Version::FIRST,
        publish,
        parameters: Parameters::default(),
        annotations: Annotations::default(),
        binding: binding.map(|package| Binding { package: full(package) }),
        updated: T0,
    })
}

/// An action whose code is `text`.
pub fn action(path: &str, text: &str) -> Entity {
    let code = CodeRef { digest: CodeRef::digest_of(text), size: text.len() as u64, binary: false, module: None };
    Entity::Action(Action {
        name: full(path),
        version: Version::FIRST,
        publish: false,
        exec: Exec::Wasm { kind: Kind::wasm(), code, main: None, image: None },
        parameters: Parameters::default(),
        annotations: Annotations::default(),
        limits: ActionLimits::defaults(&Limits::default()),
        updated: T0,
    })
}

pub fn alarm(trigger: &str, next_fire: Option<Timestamp>) -> Alarm {
    let schedule = AlarmSchedule::Alarm { cron: "0 6 * * *".into(), timezone: None, start_date: None, stop_date: None };
    Alarm {
        trigger: full(trigger),
        schedule,
        payload: Value::Object(serde_json::Map::new()),
        strict: Value::Bool(false),
        catch_up: None,
        overlap: None,
        going: vec![],
        waiting: None,
        fires_allowed: None,
        fires_left: None,
        next_fire,
        last_fire: None,
        status: AlarmStatus { active: next_fire.is_some(), date_changed: T0, reason: None },
    }
}

/// The tick that was due that many milliseconds after `T0`, fired on time.
pub fn past_tick(due: i64) -> PastTick {
    let (due, origin, end) = (at(due), TickOrigin::Clock, TickEnd::Fired);
    PastTick { due, through: None, origin, end, at: due, reason: None, activation: Some(id(7)) }
}
