//! The contract's examples A1 to A12, A36, A38 to A41 and A43, and further calls of the feed `alarm`. The other two
//! feeds are in `other_feeds_tests`.

use serde_json::{Value, json};
use wask_model::{ActivationId, Alarm, Arguments, DisabledKind, DisabledReason, Timestamp};

use super::{
    AlarmSettings, FeedRequest, FireOutcome, LifecycleEvent, PreviousTick, TickClaim, TickOutcome, advance, create,
    pause, read, rearm_on_start, unpause, update,
};

/// The contract's T0: 2027-06-15T12:00:30Z.
pub(super) const T0: Timestamp = Timestamp::from_millis(1_813_060_830_000);

pub(super) fn ms(after_t0: i64) -> i64 {
    T0.millis() + after_t0
}

pub(super) fn at(after_t0: i64) -> Timestamp {
    Timestamp::from_millis(ms(after_t0))
}

fn args(value: Value) -> Arguments {
    value.as_object().unwrap().clone()
}

fn create_with(settings: &AlarmSettings, parameters: Value) -> Result<Alarm, String> {
    let mut all = args(json!({"lifecycleEvent":"CREATE","triggerName":"/guest/periodic"}));
    all.extend(args(parameters));
    let request = FeedRequest::read(&all, &"guest".parse().unwrap()).unwrap();
    assert_eq!(request.event, LifecycleEvent::Create);
    create(&request, settings, T0).map_err(nested)
}

fn nested(refused: super::FeedError) -> String {
    let result = refused.result();
    let message = result["error"]["error"].as_str().unwrap().to_owned();
    assert_eq!(result, json!({"error":{"error":message}}));
    message
}

pub(super) fn created(parameters: Value) -> Alarm {
    create_with(&AlarmSettings::default(), parameters).unwrap()
}

pub(super) fn refused(parameters: Value) -> String {
    create_with(&AlarmSettings::default(), parameters).unwrap_err()
}

pub(super) fn updated_at(now: Timestamp, alarm: &Alarm, parameters: Value) -> Result<Alarm, String> {
    update(alarm, &args(parameters), &AlarmSettings::default(), now).map_err(nested)
}

pub(super) fn updated(alarm: &Alarm, parameters: Value) -> Result<Alarm, String> {
    updated_at(at(1000), alarm, parameters)
}

pub(super) fn reason(alarm: &Alarm) -> &str {
    assert!(!alarm.status.active && alarm.next_fire.is_none());
    &alarm.status.reason.as_ref().unwrap().message
}

/// The alarm after a tick that is claimed at `now`, while nothing runs.
pub(super) fn moved(alarm: &Alarm, due: Timestamp, now: Timestamp) -> Alarm {
    let claim = TickClaim { due, event: ActivationId::from_bytes([7; 16]), before: PreviousTick::Ended, room: true };
    advance(alarm, &claim, &AlarmSettings::default(), now).alarm
}

pub(super) fn restarted(alarm: &Alarm, now: Timestamp) -> Alarm {
    rearm_on_start(alarm, &AlarmSettings::default(), now).0
}

pub(super) fn outcome_of(due: Timestamp, outcome: FireOutcome) -> TickOutcome {
    TickOutcome { due, outcome, event: ActivationId::from_bytes([7; 16]), started: vec![] }
}

fn disabled_by(kind: DisabledKind, alarm: &Alarm) -> Alarm {
    let mut off = alarm.clone();
    off.next_fire = None;
    off.status.active = false;
    off.status.reason = Some(DisabledReason { kind, status_code: None, message: "because".to_owned() });
    off
}

#[test]
fn create_refuses_by_the_first_broken_rule() {
    let soon = ms(30_000);
    #[rustfmt::skip]
    let table = [
        (json!({}), "alarms trigger feed is missing the cron parameter".to_owned()), // A1
        (json!({"cron":"", "timezone":"Nowhere/Land"}), "alarms trigger feed is missing the cron parameter".into()),
        (json!({"cron":1_700_000_000_000i64}), "cron pattern '1700000000000' is not valid".into()), // A2
        (json!({"cron":"***"}), "cron pattern '***' is not valid".into()), // A3
        (json!({"cron":"* * * * *","timezone":"America/RTP"}), "Invalid timezone.".into()), // A4
        (json!({"cron":"bogus","timezone":"Nowhere/Land"}), "Invalid timezone.".into()), // A5
        (json!({"cron":"* * * * *","timezone":5}), "Invalid timezone.".into()),
        (json!({"cron":"* * * * * *","limitCronFields":true}),
            "cron pattern is limited to 5 fields with 1 minute as the finest granularity".into()), // A6
        (json!({"cron":"bogus","limitCronFields":true,"startDate":"x"}), "cron pattern 'bogus' is not valid".into()),
        (json!({"cron":"* * * * *","startDate":"soon"}), "startDate parameter 'soon' is not a valid Date".into()),
        (json!({"cron":"* * * * *","startDate":"1700000000000"}), "startDate parameter '1700000000000' is not a valid Date".into()),
        (json!({"cron":"* * * * *","startDate":true,"stopDate":"x"}), "startDate parameter 'true' is not a valid Date".into()),
        (json!({"cron":"* * * * *","startDate":ms(-5000)}), format!("startDate parameter '{}' must be in the future", ms(-5000))), // A8
        (json!({"cron":"* * * * *","startDate":ms(0)}), format!("startDate parameter '{}' must be in the future", ms(0))),
        (json!({"cron":"* * * * *","startDate":"2020"}), "startDate parameter '2020' must be in the future".into()),
        (json!({"cron":"* * * * *","startDate":soon,"stopDate":soon}),
            format!("stopDate parameter '{soon}' must be greater than the startDate parameter '{soon}'")), // A9
        (json!({"cron":"0 0 1 1 *","stopDate":ms(60_000)}), "the first scheduled trigger fire is not until after the stop date".into()), // A10
        (json!({"cron":"0 0 1 1 *","startDate":"2028-01-01T00:00:01","stopDate":"2028-12-31"}),
            "the first scheduled trigger fire is not until after the stop date".into()), // the later of T0 and start
        (json!({"cron":"* * * * *","maxTriggers":1,"stopDate":ms(3_600_000)}),
            "maxTriggers is not allowed when the stopDate parameter is specified".into()), // A11
        (json!({"cron":"* * * * *","maxTriggers":1,"stopDate":"x"}),
            "maxTriggers is not allowed when the stopDate parameter is specified".into()),
        (json!({"cron":"* * * * *","stopDate":{"a":1}}), "stopDate parameter '{\"a\":1}' is not a valid Date".into()),
        (json!({"cron":"* * * * *","stopDate":ms(-1)}), format!("stopDate parameter '{}' must be in the future", ms(-1))),
    ];
    for (parameters, message) in table {
        assert_eq!(refused(parameters.clone()), message, "{parameters}");
    }
}

#[test]
fn create_arms_the_alarm_at_its_first_tick() {
    let next = |parameters| created(parameters).next_fire.unwrap().to_string();
    assert_eq!(next(json!({"cron":"0 * * * * *","limitCronFields":true})), "2027-06-15T12:01:00.000Z"); // A7
    assert_eq!(next(json!({"cron":"* * * * *"})), "2027-06-15T12:01:00.000Z");
    assert_eq!(next(json!({"cron":"* * * * *","startDate":"2027-07-01"})), "2027-07-01T00:00:00.000Z");
    assert_eq!(next(json!({"cron":"0 9 * * *","timezone":"Asia/Tokyo"})), "2027-06-16T00:00:00.000Z");
    assert_eq!(
        next(json!({"cron":"* * * * *","stopDate":"2027-06-15T12:01:00Z"})), // a tick at the stop date still fires
        "2027-06-15T12:01:00.000Z"
    );
}

#[test]
fn an_operator_can_refuse_seconds_and_number_months_from_zero() {
    let settings = AlarmSettings { limit_cron_fields: true, ..AlarmSettings::default() };
    assert!(
        create_with(&settings, json!({"cron":"*/5 * * * * *"})).unwrap_err().starts_with("cron pattern is limited")
    );
    assert!(create_with(&settings, json!({"cron":"0 * * * * *"})).is_ok());

    let settings: AlarmSettings = serde_json::from_value(json!({"cron_dialect":"node-cron"})).unwrap();
    let alarm = create_with(&settings, json!({"cron":"0 9 8 6 *"})).unwrap();
    assert_eq!(alarm.next_fire.unwrap().to_string(), "2027-07-08T09:00:00.000Z");
}

#[test]
fn an_unknown_setting_or_one_out_of_range_is_refused() {
    assert!(AlarmSettings::default().check().is_ok());
    assert!(AlarmSettings { delay_limit_seconds: 60, ..AlarmSettings::default() }.check().is_err());
    assert!(serde_json::from_value::<AlarmSettings>(json!({"delay":1})).is_err());
}

#[test]
fn ticks_are_spread_unless_the_alarm_is_strict_or_has_seconds() {
    let settings = AlarmSettings { delay_limit_seconds: 59, ..AlarmSettings::default() };
    let second = |parameters| create_with(&settings, parameters).unwrap().next_fire.unwrap().millis() / 1000 % 60;
    assert_eq!(second(json!({"cron":"* * * * *"})), 3);
    assert_eq!(second(json!({"cron":"* * * * *","strict":"maybe"})), 3);
    assert_eq!(second(json!({"cron":"* * * * *","strict":true})), 0);
    assert_eq!(second(json!({"cron":"* * * * *","strict":"TRUE"})), 0);
    assert_eq!(second(json!({"cron":"0 * * * * *"})), 0);
}

#[test]
fn read_shows_the_given_parameters_and_the_next_tick() {
    let parameters = json!({"cron":"*/2 * * * *","timezone":"America/New_York","trigger_payload":{"job":"nightly"},
        "startDate":"2027-07-01T00:00:00.000Z","stopDate":"2027-07-31T23:59:00.000Z","authKey":"secret"});
    assert_eq!(
        read(&created(parameters)),
        json!({
            "config": {"name":"periodic","namespace":"guest","payload":{"job":"nightly"},"cron":"*/2 * * * *",
                "timezone":"America/New_York","strict":false,
                "startDate":"2027-07-01T00:00:00.000Z","stopDate":"2027-07-31T23:59:00.000Z"},
            "status": {"active":true,"dateChanged":T0.millis(),"dateChangedISO":"2027-06-15T12:00:30Z",
                "nextFire":1_814_400_000_000i64,"lastFire":null},
        })
    );
    assert_eq!(
        read(&created(json!({"cron":"* * * * *","strict":"True"})))["config"],
        json!({"name":"periodic","namespace":"guest","payload":{},"cron":"* * * * *","strict":"True"})
    );
}

#[test]
fn a_second_create_leaves_nothing_of_the_first() {
    // A41: the whole alarm is replaced
    let second = created(json!({"cron":"0 0 * * *"}));
    assert_eq!(second.fires_left, None);
    assert_eq!(read(&second)["config"]["cron"], "0 0 * * *");
}

#[test]
fn update_changes_the_given_parameters_and_keeps_the_others() {
    // A38
    let before = created(json!({"cron":"* * * * *","trigger_payload":"hi","strict":true}));
    let changes =
        json!({"cron":"0 12 * * *","timezone":"Europe/Berlin","startDate":"2027-07-01","stopDate":ms(8_640_000_000)});
    let after = updated(&before, changes.clone()).unwrap();
    let shown = read(&after);
    for (key, value) in changes.as_object().unwrap() {
        assert_eq!(&shown["config"][key], value, "{key}");
    }
    assert_eq!(shown["config"]["payload"], json!({"payload":"hi"}));
    assert_eq!(shown["config"]["strict"], json!(true));
    assert_eq!(shown["status"]["active"], json!(true));
    assert_eq!(after.next_fire.unwrap().to_string(), "2027-07-01T10:00:00.000Z");

    let payload = updated(&before, json!({"trigger_payload":{"a":1}})).unwrap();
    assert_eq!((payload.payload, payload.schedule), (json!({"a":1}), before.schedule.clone()));
    assert_eq!(updated(&before, json!({"strict":false})).unwrap().strict, json!(false));
}

#[test]
fn update_refuses_what_create_refuses_and_an_empty_change() {
    let alarm = created(json!({"cron":"* * * * *","startDate":"2027-07-01","stopDate":"2027-07-31"}));
    #[rustfmt::skip]
    let table = [
        (json!({}), "no updatable parameters were specified"), // A36
        (json!({"cron":"","timezone":null,"trigger_payload":"","startDate":0,"minutes":5,"date":"2028","maxTriggers":3}),
            "no updatable parameters were specified"),
        (json!({"cron":"bogus","timezone":"Nowhere/Land"}), "Invalid timezone."),
        (json!({"cron":"bogus"}), "cron pattern 'bogus' is not valid"),
        (json!({"startDate":"2020"}), "startDate parameter '2020' must be in the future"),
        (json!({"stopDate":"2027-06-30"}), "stopDate parameter '2027-06-30' must be greater than the startDate parameter '2027-07-01'"),
        (json!({"stopDate":"2027-08-01","startDate":"2027-08-02"}), "stopDate parameter '2027-08-01' must be greater than the startDate parameter '2027-08-02'"),
        (json!({"startDate":"2027-07-31"}), "startDate parameter '2027-07-31' must be less than the stopDate parameter '2027-07-31'"),
        (json!({"cron":"0 0 1 1 *"}), "the first scheduled trigger fire is not until after the stop date"),
    ];
    for (parameters, message) in table {
        assert_eq!(updated(&alarm, parameters.clone()).unwrap_err(), message, "{parameters}");
    }
}

#[test]
fn update_revives_a_disabled_alarm_unless_an_admin_disabled_it() {
    let alarm = created(json!({"cron":"* * * * *","stopDate":"2027-07-31"}));
    for kind in [DisabledKind::Auto, DisabledKind::User] {
        let revived = updated(&disabled_by(kind, &alarm), json!({"strict":true})).unwrap();
        assert!(revived.status.active && revived.status.reason.is_none() && revived.next_fire.is_some());
        assert_eq!(revived.status.date_changed, at(1000));
    }
    let refused = updated(&disabled_by(DisabledKind::Admin, &alarm), json!({"strict":true})).unwrap_err();
    assert_eq!(
        refused,
        "periodic cannot be updated because it was disabled by an admin.  Please contact support for further assistance"
    );

    let much_later = at(90 * 86_400_000);
    for changes in [json!({"strict":true}), json!({"cron":"0 * * * *"})] {
        let expired = updated_at(much_later, &disabled_by(DisabledKind::Auto, &alarm), changes).unwrap();
        assert_eq!(
            reason(&expired),
            "Automatically disabled after receiving error on trigger creation: the stop date has expired"
        );
    }
    assert!(updated_at(much_later, &alarm, json!({"stopDate":"2028"})).unwrap().status.active);
}

#[test]
fn a_paused_alarm_does_not_fire_and_does_not_catch_up_when_resumed() {
    // A43
    let settings = AlarmSettings::default();
    let paused = pause(&created(json!({"cron":"* * * * *"})), at(1000));
    assert_eq!(read(&paused)["status"]["reason"], json!({"kind":"USER","message":"Paused by user"}));
    assert_eq!((paused.status.active, paused.next_fire), (false, None));
    assert_eq!(pause(&paused, at(2000)), paused);

    let resumed = unpause(&paused, &settings, at(150_000)).unwrap();
    assert_eq!(resumed.next_fire.unwrap().to_string(), "2027-06-15T12:04:00.000Z");
    assert_eq!(read(&resumed)["status"].get("reason"), None);
    assert_eq!(unpause(&resumed, &settings, at(160_000)).unwrap(), resumed);
}

#[test]
fn pausing_does_not_lift_a_suspension_by_an_administrator() {
    let settings = AlarmSettings::default();
    let disabled = disabled_by(DisabledKind::Admin, &created(json!({"cron":"* * * * *"})));
    assert_eq!(pause(&disabled, at(1000)), disabled);
    assert!(nested(unpause(&disabled, &settings, at(1000)).unwrap_err()).starts_with("periodic cannot be updated"));
}

#[test]
fn resuming_an_alarm_without_a_next_tick_disables_it_again() {
    let paused = pause(&created(json!({"cron":"0 0 1 7 *","stopDate":"2027-08-01"})), at(1000));
    for (now, why) in [
        ("2027-07-15", "the next scheduled trigger fire is after the stop date"),
        ("2027-09-01", "the stop date has expired"),
    ] {
        let resumed = unpause(&paused, &AlarmSettings::default(), super::dates::iso_date(now).unwrap()).unwrap();
        assert_eq!(
            reason(&resumed),
            format!("Automatically disabled after receiving error on trigger creation: {why}")
        );
    }
}

#[test]
fn a_stored_alarm_reads_back_unchanged() {
    let alarm =
        pause(&created(json!({"cron":"* * * * *","maxTriggers":3,"strict":"True","startDate":ms(5000)})), at(1));
    let stored = serde_json::to_string(&alarm).unwrap();
    assert_eq!(serde_json::from_str::<Alarm>(&stored).unwrap(), alarm);
}
