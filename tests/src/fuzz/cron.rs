//! Cron patterns: any text, and patterns whose meaning is known, compared with a search day by day.

use arbitrary::{Result, Unstructured};
use chrono::{DateTime, Datelike as _, Days, NaiveDate, NaiveTime, Utc};
use wask::alarms::{Dialect, Pattern, Schedule, zone_named};
use wask_model::Timestamp;

const ZONES: [&str; 8] = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kolkata",
    "Pacific/Apia",
    "America/Sao_Paulo",
    "Africa/Monrovia",
];
/// Years that a schedule is asked for, in seconds: 1900 to 2110.
const TIMES: std::ops::RangeInclusive<i64> = -2_208_988_800..=4_417_000_000;
/// Days that the comparison looks ahead; the 29th of February may be eight years off.
const DAYS_AHEAD: u64 = 8 * 366 + 1;

pub fn run(input: &[u8]) {
    let _ = look(Unstructured::new(input)); // `Err`: the input is too short
}

fn look(mut choices: Unstructured) -> Result<()> {
    let zone = *choices.choose(&ZONES)?;
    let delay = choices.int_in_range(0..=59)?;
    let dialect = if choices.arbitrary()? { Dialect::Crontab } else { Dialect::NodeCron };
    let time = Timestamp::from_millis(choices.int_in_range(TIMES)? * 1000 + choices.int_in_range(0..=999)?);
    if choices.arbitrary()? {
        let known = KnownPattern::chosen(&mut choices, dialect)?;
        known.compare(dialect, time);
        follow(&known.text, dialect, zone, delay, time);
    } else {
        let text = String::from_utf8_lossy(choices.take_rest()).into_owned();
        follow(&text, dialect, zone, delay, time);
    }
    Ok(())
}

/// Ticks are in the future and in order, and each is found from just before it.
fn follow(text: &str, dialect: Dialect, zone: &str, delay: u32, mut time: Timestamp) {
    let Ok(pattern) = Pattern::parse(text, dialect) else { return };
    let schedule = Schedule::new(pattern, zone_named(zone).expect("a zone")).delayed_by(delay);
    let from_today = schedule.next_after(Timestamp::from_millis(1_800_000_000_000));
    assert!(from_today.is_some(), "an accepted pattern never matches: {text}");
    for _ in 0..4 {
        let Some(tick) = schedule.next_after(time) else { break };
        assert!(tick > time, "{text} after {time}: {tick}");
        assert_eq!(schedule.next_from(tick), Some(tick), "{text}: from itself");
        let second_before = Timestamp::from_millis((tick.millis() - 1000).max(time.millis()));
        assert_eq!(schedule.next_after(second_before), Some(tick), "{text}: from one second before");
        time = tick;
    }
}

/// A pattern and the values that its fields allow.
struct KnownPattern {
    text: String,
    seconds: Vec<u32>,
    minutes: Vec<u32>,
    hours: Vec<u32>,
    days: Vec<u32>,
    /// From 1.
    months: Vec<u32>,
    /// 0 is Sunday.
    weekdays: Vec<u32>,
}

impl KnownPattern {
    fn chosen(choices: &mut Unstructured, dialect: Dialect) -> Result<KnownPattern> {
        let (first_month, last_weekday) = match dialect {
            Dialect::Crontab => (1, 7),
            Dialect::NodeCron => (0, 6),
        };
        let (second, seconds) = if choices.arbitrary()? { field(choices, 0, 59)? } else { (String::new(), vec![0]) };
        let (minute, minutes) = field(choices, 0, 59)?;
        let (hour, hours) = field(choices, 0, 23)?;
        let (day, days) = field(choices, 1, 31)?;
        let (month, months) = field(choices, first_month, first_month + 11)?;
        let (weekday, weekdays) = field(choices, 0, last_weekday)?;
        Ok(KnownPattern {
            text: format!("{second} {minute} {hour} {day} {month} {weekday}"),
            seconds,
            minutes,
            hours,
            days,
            months: months.into_iter().map(|month| month - first_month + 1).collect(),
            weekdays: weekdays.into_iter().map(|weekday| weekday % 7).collect(),
        })
    }

    fn compare(&self, dialect: Dialect, time: Timestamp) {
        let time = time.to_utc();
        if !(1971..2090).contains(&time.year()) {
            return;
        }
        let expected = self.first_after(time);
        let found = Pattern::parse(&self.text, dialect).map(|pattern| {
            let tick = Schedule::new(pattern, zone_named("UTC").expect("a zone")).next_after(time.into());
            tick.map(Timestamp::to_utc)
        });
        assert_eq!(found.ok().flatten(), expected, "{} after {time}", self.text);
    }

    fn first_after(&self, time: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let today = time.date_naive();
        let days = (0..DAYS_AHEAD).filter_map(|ahead| today.checked_add_days(Days::new(ahead)));
        days.filter(|day| self.has_day(*day)).find_map(|day| {
            let mut ticks = self.times_of_day().map(|at| day.and_time(at).and_utc());
            ticks.find(|tick| *tick > time)
        })
    }

    /// In order, because the values of the fields are.
    fn times_of_day(&self) -> impl Iterator<Item = NaiveTime> {
        self.hours.iter().flat_map(move |hour| {
            self.minutes.iter().flat_map(move |minute| {
                self.seconds.iter().filter_map(move |second| NaiveTime::from_hms_opt(*hour, *minute, *second))
            })
        })
    }

    fn has_day(&self, day: NaiveDate) -> bool {
        let by_day = self.days.contains(&day.day());
        let by_weekday = self.weekdays.contains(&day.weekday().num_days_from_sunday());
        let all_days = (1..=31).all(|day| self.days.contains(&day));
        let all_weekdays = (0..7).all(|weekday| self.weekdays.contains(&weekday));
        let matches = match (all_days, all_weekdays) {
            (true, true) => true,
            (false, true) => by_day,
            (true, false) => by_weekday,
            (false, false) => by_day || by_weekday,
        };
        matches && self.months.contains(&day.month())
    }
}

/// A field of one to three items, and its values in order.
fn field(choices: &mut Unstructured, low: u32, high: u32) -> Result<(String, Vec<u32>)> {
    let mut items = Vec::new();
    let mut values = Vec::new();
    for _ in 0..choices.int_in_range(1..=3)? {
        let (first, second) = (choices.int_in_range(low..=high)?, choices.int_in_range(low..=high)?);
        let (first, last) = (first.min(second), first.max(second));
        let step = choices.int_in_range(1..=high)?;
        let (text, range, step) = match choices.int_in_range(0..=4)? {
            0 => ("*".to_owned(), low..=high, 1),
            1 => (format!("*/{step}"), low..=high, step),
            2 => (first.to_string(), first..=first, 1),
            3 => (format!("{first}-{last}"), first..=last, 1),
            _ => (format!("{first}-{last}/{step}"), first..=last, step),
        };
        values.extend(range.step_by(step as usize));
        items.push(text);
    }
    values.sort_unstable();
    values.dedup();
    Ok((items.join(","), values))
}
