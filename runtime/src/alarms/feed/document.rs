//! The results of a feed: the document of a READ, and success. feeds.md §A.2, §A.7.

use chrono::SecondsFormat;
use serde_json::{Map, Value, json};
use wask_model::{Alarm, AlarmSchedule, AlarmStatus};

/// The result of every event but READ.
pub fn success() -> Value {
    json!({ "status": "success" })
}

/// The result of READ. Members that are not set are left out, except for `nextFire` and `lastFire`, which are null.
pub fn read(alarm: &Alarm) -> Value {
    json!({ "config": config(alarm), "status": status(alarm) })
}

fn config(alarm: &Alarm) -> Value {
    let own = [
        ("name", Some(json!(alarm.trigger.name))),
        ("namespace", Some(json!(alarm.trigger.namespace))),
        ("payload", Some(alarm.payload.clone())),
        ("strict", Some(alarm.strict.clone())),
        ("catchUp", alarm.catch_up.map(|policy| json!(policy))),
        ("overlap", alarm.overlap.map(|policy| json!(policy))),
    ];
    let members = own.into_iter().chain(schedule(&alarm.schedule));
    members.filter_map(|(key, value)| Some((key.to_owned(), value?))).collect::<Map<_, _>>().into()
}

fn schedule(schedule: &AlarmSchedule) -> Vec<(&'static str, Option<Value>)> {
    match schedule {
        AlarmSchedule::Alarm { cron, timezone, start_date, stop_date } => vec![
            ("cron", Some(json!(cron))),
            ("timezone", timezone.as_ref().map(|zone| json!(zone))),
            ("startDate", start_date.clone()),
            ("stopDate", stop_date.clone()),
        ],
        AlarmSchedule::Interval { minutes, start_date, stop_date } => vec![
            ("minutes", Some(json!(minutes))),
            ("startDate", Some(start_date.clone())),
            ("stopDate", stop_date.clone()),
        ],
        AlarmSchedule::Once { date, delete_after_fire } => {
            vec![("date", Some(date.clone())), ("deleteAfterFire", delete_after_fire.map(|remove| json!(remove)))]
        }
    }
}

fn status(alarm: &Alarm) -> Value {
    let AlarmStatus { active, date_changed, reason } = &alarm.status;
    let mut status = json!({
        "active": active,
        "dateChanged": date_changed,
        "dateChangedISO": date_changed.to_utc().to_rfc3339_opts(SecondsFormat::Secs, true),
        "nextFire": alarm.next_fire,
        "lastFire": alarm.last_fire,
    });
    if let Some(reason) = reason {
        status["reason"] = json!(reason);
    }
    status
}
