//! The examples of the feeds contract §A.13, one row each, by their numbers.

use serde_json::{Value, json};

use super::{T0, nested, read, refusal, started};

/// What CREATE answers.
enum Says {
    Success,
    No(String),
}

fn no(message: impl Into<String>) -> Says {
    Says::No(message.into())
}

/// A01 to A22: number, feed, parameters, answer. Stories of their own are A12 (`ticks`: an alarm with one trigger left)
/// and A18, A23 to A25 (`feeds`).
fn examples_of_create() -> Vec<(&'static str, &'static str, Value, Says)> {
    let (past, soon, later, hour) = (T0 - 5000, T0 + 30_000, T0 + 60_000, T0 + 3_600_000);
    let every = "* * * * *";
    #[rustfmt::skip]
    let table = vec![
        ("A01", "alarm", json!({}), no("alarms trigger feed is missing the cron parameter")),
        ("A02", "alarm", json!({ "cron": 1_700_000_000_000_i64 }), no("cron pattern '1700000000000' is not valid")),
        ("A03", "alarm", json!({ "cron": "***" }), no("cron pattern '***' is not valid")),
        ("A04", "alarm", json!({ "cron": every, "timezone": "America/RTP" }), no("Invalid timezone.")),
        ("A05", "alarm", json!({ "cron": "bogus", "timezone": "Nowhere/Land" }), no("Invalid timezone.")),
        ("A06", "alarm", json!({ "cron": "* * * * * *", "limitCronFields": true }),
            no("cron pattern is limited to 5 fields with 1 minute as the finest granularity")),
        ("A07", "alarm", json!({ "cron": "0 * * * * *", "limitCronFields": true }), Says::Success),
        ("A08", "alarm", json!({ "cron": every, "startDate": past }),
            no(format!("startDate parameter '{past}' must be in the future"))),
        ("A09", "alarm", json!({ "cron": every, "startDate": soon, "stopDate": soon }),
            no(format!("stopDate parameter '{soon}' must be greater than the startDate parameter '{soon}'"))),
        ("A10", "alarm", json!({ "cron": "0 0 1 1 *", "stopDate": later }),
            no("the first scheduled trigger fire is not until after the stop date")),
        ("A11", "alarm", json!({ "cron": every, "maxTriggers": 1, "stopDate": hour }),
            no("maxTriggers is not allowed when the stopDate parameter is specified")),
        ("A13", "interval", json!({}), no("interval trigger feed is missing the minutes parameter")),
        ("A14", "interval", json!({ "minutes": "five" }), no("the minutes parameter must be an integer")),
        ("A15", "interval", json!({ "minutes": -3 }), no("the minutes parameter must be an integer greater than zero")),
        ("A16", "interval", json!({ "minutes": "5" }), Says::Success),
        ("A17", "interval", json!({ "minutes": 2, "stopDate": T0 + 10_000 }),
            no(format!("stopDate parameter '{}' must be greater than the startDate parameter '{soon}'", T0 + 10_000))),
        ("A19", "once", json!({}), no("alarms once trigger feed is missing the date parameter")),
        ("A20", "once", json!({ "date": "tomorrow" }), no("date parameter 'tomorrow' is not a valid Date")),
        ("A21", "once", json!({ "date": past }), no(format!("date parameter '{past}' must be in the future"))),
        ("A22", "once", json!({ "date": soon, "deleteAfterFire": "maybe" }),
            no("deleteAfterFire parameter must be one of [false, true, rules].")),
    ];
    table
}

#[tokio::test(flavor = "multi_thread")]
async fn a01_to_a22_create_answers_in_the_words_of_the_contract() {
    let wask = started().await;
    let me = wask.guest();
    for (number, feed, given, says) in examples_of_create() {
        let trigger = number.to_lowercase();
        me.create_trigger(&trigger).await;
        let answer = me.feed(feed, "CREATE", &trigger, given).await;
        match says {
            Says::Success => {
                let result = answer.expect(200).json()["response"]["result"].clone();
                assert_eq!(result, json!({ "status": "success" }), "{number}");
            }
            Says::No(message) => assert_eq!(refusal(answer), nested(&message), "{number}"),
        }
    }
    let a16 = read(&me, "a16").await["config"].clone();
    assert_eq!((&a16["minutes"], &a16["startDate"]), (&json!(5), &json!(T0 + 30_000)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a35_patterns_outside_the_grammar_are_refused_with_their_own_words() {
    let wask = started().await;
    let me = wask.guest();
    me.create_trigger("dawn").await;
    for pattern in [
        "0 0 L * *",
        "0 0 ? * *",
        "@hourly",
        "0 0 * * 1#2",
        "60 * * * *",
        "* * * *",
        "0 0 30 2 *",
        "*/0 * * * *",
        "5-1 * * * *",
    ] {
        let refused = me.alarm("CREATE", "dawn", json!({ "cron": pattern })).await;
        assert_eq!(refusal(refused), nested(&format!("cron pattern '{pattern}' is not valid")));
    }
}

/// A36, A37. Stories of their own are A38 to A42 (`alarms`), A43 to A45 (`ticks`).
#[tokio::test(flavor = "multi_thread")]
async fn a36_and_a37_update_answers_in_the_words_of_the_contract() {
    let wask = started().await;
    let me = wask.guest();
    let stop = T0 + 3_600_000;
    #[rustfmt::skip]
    let table = [
        ("A36", "once", json!({ "date": stop }), json!({ "startDate": stop, "stopDate": stop + 1 }),
            "no updatable parameters were specified".to_owned()),
        ("A37", "interval", json!({ "minutes": 5, "stopDate": stop }), json!({ "startDate": stop + 1 }),
            format!("startDate parameter '{}' must be less than the stopDate parameter '{stop}'", stop + 1)),
    ];
    for (number, feed, given, change, message) in table {
        let trigger = number.to_lowercase();
        me.create_trigger(&trigger).await;
        me.feed(feed, "CREATE", &trigger, given).await.expect(200);
        let refused = me.feed(feed, "UPDATE", &trigger, change).await;
        assert_eq!(refusal(refused), nested(&message), "{number}");
    }
}
