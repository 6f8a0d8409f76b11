//! Texts and numbers that are dates, and others.

use super::*;
use proptest::prelude::*;
use serde_json::json;

#[test]
fn a_date_of_any_form_parses() {
    for (text, same) in [
        ("2027", "2027-01-01T00:00:00.000Z"),
        ("2027-03", "2027-03-01T00:00:00.000Z"),
        ("2027-03-04", "2027-03-04T00:00:00.000Z"),
        ("2027-03-04T05:06", "2027-03-04T05:06:00.000Z"),
        ("2027-03-04T05:06Z", "2027-03-04T05:06:00.000Z"),
        ("2027-03-04T05:06:07", "2027-03-04T05:06:07.000Z"),
        ("2027-03-04T05:06:07.089Z", "2027-03-04T05:06:07.089Z"),
        ("2027-03-04T05:06:07.0899999", "2027-03-04T05:06:07.089Z"),
        ("2027-03-04T05:06:07.5+01:30", "2027-03-04T03:36:07.500Z"),
        ("2027-03-04T23:06-05:00", "2027-03-05T04:06:00.000Z"),
        ("2027T12:00Z", "2027-01-01T12:00:00.000Z"),
    ] {
        assert_eq!(date(&json!(text)).unwrap().to_string(), same, "{text}");
    }
    for (value, millis) in
        [(json!(1_798_761_600_000i64), 1_798_761_600_000), (json!(1.5e12), 1_500_000_000_000), (json!(-1), -1)]
    {
        assert_eq!(date(&value), Some(Timestamp::from_millis(millis)), "{value}");
    }
}

#[test]
fn another_text_or_type_is_not_a_date() {
    for text in [
        "",
        "tomorrow",
        "27",
        "20270",
        "1700000000000",
        "2027-1-1",
        "2027-13",
        "2027-02-30",
        "2027-01-01-01",
        "2027-01-01T",
        "2027-01-01Z",
        "2027-01-01T5:06",
        "2027-01-01T05",
        "2027-01-01T24:00",
        "2027-01-01T05:06.5",
        "2027-01-01T05:06:07.",
        "2027-01-01T05:06:60",
        "2027-01-01T05:06:07:08",
        "2027-01-01T05:06+1:00",
        "2027-01-01T05:06+24:00",
        "2027-01-01T05:06+01",
        "2027-01-01 05:06",
        " 2027",
        "+2027",
        "２０２７",
        "2027-01-01T05:06:07.1234567890Z",
        "2027-01-01t05:06z",
        "2027-01-01T05:06:07,5Z",
    ] {
        assert_eq!(date(&json!(text)), None, "{text}");
    }
    for value in
        [json!(1.5), json!(1e300), json!(u64::MAX), json!(i64::MIN), json!(true), json!(null), json!([2027]), json!({})]
    {
        assert_eq!(date(&value), None, "{value}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_printed_time_reads_back(millis in -62_135_596_800_000i64..253_402_300_800_000) {
        let time = Timestamp::from_millis(millis);
        prop_assert_eq!(iso_date(&time.to_string()), Some(time));
    }

    #[test]
    fn any_text_is_a_date_or_not_without_a_panic(text in "\\PC{0,30}|[0-9TZ:.+-]{0,30}") {
        let _ = iso_date(&text);
    }
}
