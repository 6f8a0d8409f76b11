//! Fields inside the grammar and outside.

use super::*;

fn values(text: &str, unit: Unit) -> Option<Vec<u32>> {
    Some(Values::parse(text, unit)?.iter().collect())
}

#[test]
fn every_form_of_the_grammar_gives_its_values() {
    let hours = Unit::HOURS;
    assert_eq!(values("*", hours).unwrap().len(), 24);
    assert_eq!(values("*/10", hours), Some(vec![0, 10, 20]));
    assert_eq!(values("*/99", hours), Some(vec![0]));
    assert_eq!(values("07", hours), Some(vec![7]));
    assert_eq!(values("3-5", hours), Some(vec![3, 4, 5]));
    assert_eq!(values("18/2", hours), Some(vec![18, 20, 22]));
    assert_eq!(values("1-9/4,2,5", hours), Some(vec![1, 2, 5, 9]));
    assert_eq!(values("5/2", Unit::weekdays(Dialect::Crontab)), Some(vec![5, 7]));
    assert_eq!(values("Mon-5", Unit::weekdays(Dialect::NodeCron)), Some(vec![1, 2, 3, 4, 5]));
    assert_eq!(values("jan,DEC", Unit::months(Dialect::Crontab)), Some(vec![1, 12]));
    assert_eq!(values("jan,DEC", Unit::months(Dialect::NodeCron)), Some(vec![0, 11]));
}

#[test]
fn a_text_outside_the_grammar_is_refused() {
    for text in [
        "",
        ",",
        "1,",
        "24",
        "-1",
        "+1",
        "1-",
        "-",
        "5-1",
        "*-5",
        "5-*",
        "**",
        "*1",
        "/",
        "/2",
        "*/",
        "*/0",
        "1/0",
        "1/-1",
        "1//2",
        "1-2-3",
        "1/2/3",
        "L",
        "W",
        "?",
        "1#2",
        "1L",
        "mon",
        "0x1",
        "1.5",
        "99999999999",
        "１",
    ] {
        assert_eq!(values(text, Unit::HOURS), None, "{text}");
    }
    for (text, unit) in [
        ("sat-sun", Unit::weekdays(Dialect::Crontab)),
        ("monday", Unit::weekdays(Dialect::Crontab)),
        ("jan", Unit::weekdays(Dialect::Crontab)),
        ("7", Unit::weekdays(Dialect::NodeCron)),
        ("0", Unit::months(Dialect::Crontab)),
        ("12", Unit::months(Dialect::NodeCron)),
        ("0", Unit::DAYS),
    ] {
        assert_eq!(values(text, unit), None, "{text}");
    }
}
