//! The examples of feeds.md §A.13, one row for each number.

use serde_json::{Value, json};

use wask_tests::run;

use super::{T0, nested, read, refusal, started};

/// The result of CREATE.
enum Says {
    Success,
    No(String),
}

fn no(message: impl Into<String>) -> Says {
    Says::No(message.into())
}

/// A01 to A22: number, feed, parameters, result. A12 has a test of its own in `ticks`, and A18 and A23 to A25 in `feeds`.
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
async fn a01_to_a22_create_answers_as_in_the_contract() {
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
async fn a35_a_pattern_outside_the_grammar_is_quoted_in_its_refusal() {
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

/// A36 and A37. A38 to A42 have tests of their own in `alarms`, and A43 to A45 in `ticks`.
#[tokio::test(flavor = "multi_thread")]
async fn a36_and_a37_update_answers_as_in_the_contract() {
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

/// The lines that `wask cron next` prints.
fn next(pattern: &str, more: &[&str]) -> Vec<String> {
    let arguments = [&["cron", "next", pattern], more].concat();
    let output = run(&arguments, &[]);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
}

/// A row of feeds.md §A.13: its number, the pattern, the time before the first tick, further flags, the ticks.
type Ticks<'a> = (&'a str, &'a str, &'a str, &'a [&'a str], &'a [&'a str]);

#[test]
fn a26_to_a34_the_next_ticks_are_the_contracts() {
    let new_year = "2027-01-01T00:00:00Z";
    #[rustfmt::skip]
    let table: &[Ticks<'_>] = &[
        ("A26", "*/30 * * * * *", new_year, &[], &["2027-01-01T00:00:30Z", "2027-01-01T00:01:00Z", "2027-01-01T00:01:30Z"]),
        ("A27", "5/10 * * * *", new_year, &[], &["2027-01-01T00:05:00Z", "2027-01-01T00:15:00Z", "2027-01-01T00:25:00Z"]),
        ("A28", "0 9 8 * *", new_year, &[], &["2027-01-08T09:00:00Z", "2027-02-08T09:00:00Z", "2027-03-08T09:00:00Z"]),
        ("A29", "0 0 13 * fri", new_year, &[], &["2027-01-08T00:00:00Z", "2027-01-13T00:00:00Z", "2027-01-15T00:00:00Z"]),
        ("A30", "0 2 * * 7", new_year, &[], &["2027-01-03T02:00:00Z", "2027-01-10T02:00:00Z"]),
        ("A31", "30 9 * * mon-fri", new_year, &["--timezone", "America/New_York"],
            &["2027-01-01T14:30:00Z", "2027-01-04T14:30:00Z", "2027-01-05T14:30:00Z"]),
        ("A32", "0 9 8 1 *", new_year, &["--dialect", "crontab"], &["2027-01-08T09:00:00Z"]),
        ("A32", "0 9 8 1 *", new_year, &["--dialect", "node-cron"], &["2027-02-08T09:00:00Z"]),
        ("A33", "0 0 29 2 *", new_year, &[], &["2028-02-29T00:00:00Z", "2032-02-29T00:00:00Z"]),
        ("A34", "30 2 * * *", "2027-03-13T12:00Z", &["--timezone", "America/New_York"],
            &["2027-03-14T07:00:00Z", "2027-03-15T06:30:00Z"]),
    ];
    for (number, pattern, from, more, expected) in table {
        let count = expected.len().to_string();
        let more = [&["--from", from, "--count", &count], *more].concat();
        assert_eq!(next(pattern, &more), *expected, "{number}");
    }
}

#[test]
fn the_command_refuses_a_pattern_in_the_words_of_the_feed() {
    for (arguments, code, said) in [
        (&["bogus"][..], 1, "cron pattern 'bogus' is not valid\n"),
        (&["0 0 30 2 *"], 1, "cron pattern '0 0 30 2 *' is not valid\n"),
        (&["bogus", "--timezone", "Nowhere/Land"], 1, "Invalid timezone.\n"),
        (&["* * * * *", "--from", "tomorrow"], 2, "'tomorrow' is not a time like 2027-01-01T00:00:00Z"),
        (&["* * * * *", "--count", "0"], 2, "1..=10000"),
    ] {
        let output = run(&[&["cron", "next"], arguments].concat(), &[]);
        let (told, error) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!((output.status.code(), told.as_ref()), (Some(code), ""), "{arguments:?}");
        assert!(error.contains(said), "{arguments:?}: {error}");
    }
}
