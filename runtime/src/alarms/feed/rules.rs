//! The rules of CREATE and UPDATE. "Row" is a row of the table in feeds.md §A.4; a refusal is its sentence.

use std::time::Duration;

use serde_json::Value;
use wask_model::messages::alarms as messages;
use wask_model::{AlarmSchedule, Arguments, DeleteAfterFire, Message, Timestamp};

use super::dates::date;
use super::parameters::{Feed, as_text, delete_after_fire, given, minutes};
use super::settings::AlarmSettings;
use crate::alarms::schedule::{Pattern, zone_named};

/// The time to the first tick of an interval without a start date.
const START_OF_INTERVAL: Duration = Duration::from_secs(30);

/// Rows 2, 6 and 9: the parameter that a new alarm cannot do without.
pub fn check_required(feed: Feed, args: &Arguments) -> Result<(), Message> {
    let (parameter, missing) = match feed {
        Feed::Alarm => ("cron", messages::CRON_MISSING),
        Feed::Interval => ("minutes", messages::MINUTES_MISSING),
        Feed::Once => ("date", messages::DATE_MISSING),
    };
    given(args, parameter).map(|_| ()).ok_or_else(|| missing.into())
}

/// The parts of a schedule that a call gives and its feed knows. Nothing in it depends on the stored alarm.
#[derive(Default)]
pub struct GivenSchedule {
    cron: Option<String>,
    timezone: Option<String>,
    minutes: Option<u64>,
    date: Option<GivenDate>,
    delete_after_fire: Option<DeleteAfterFire>,
    start_date: Option<GivenDate>,
    stop_date: Option<GivenDate>,
}

/// A date as it was given, and its time.
struct GivenDate {
    value: Value,
    time: Timestamp,
}

impl GivenSchedule {
    /// Rows 3 to 17. Any parameter may be missing.
    pub fn read(feed: Feed, args: &Arguments, settings: &AlarmSettings, now: Timestamp) -> Result<Self, Message> {
        let none = GivenSchedule::default();
        match feed {
            Feed::Alarm => {
                let timezone = timezone(args)?;
                let cron = cron(args, settings)?;
                let span = none.with_span(args, messages::MAX_TRIGGERS_AND_STOP, now)?;
                Ok(GivenSchedule { cron, timezone, ..span })
            }
            Feed::Interval => {
                let minutes = minutes(args)?;
                let span = none.with_span(args, messages::MAX_TRIGGERS_OF_INTERVAL, now)?;
                Ok(GivenSchedule { minutes, ..span })
            }
            Feed::Once => {
                let date = future_date(args, "date", now)?;
                Ok(GivenSchedule { date, delete_after_fire: delete_after_fire(args)?, ..none })
            }
        }
    }

    /// Rows 13 to 17; `not_both` is the sentence of rows 15 and 16.
    fn with_span(self, args: &Arguments, not_both: &'static str, now: Timestamp) -> Result<Self, Message> {
        let start_date = future_date(args, "startDate", now)?;
        if given(args, "maxTriggers").is_some() && given(args, "stopDate").is_some() {
            return Err(not_both.into());
        }
        let stop_date = future_date(args, "stopDate", now)?;
        Ok(GivenSchedule { start_date, stop_date, ..self })
    }

    /// This schedule, with the start that a new alarm of the feed gets if none is given.
    #[must_use]
    pub fn with_default_start(self, feed: Feed, now: Timestamp) -> Self {
        let soon = || now.after(START_OF_INTERVAL);
        let default = match feed {
            Feed::Interval => Some(GivenDate { value: soon().millis().into(), time: soon() }),
            Feed::Alarm | Feed::Once => None,
        };
        GivenSchedule { start_date: self.start_date.or(default), ..self }
    }

    pub fn is_empty(&self) -> bool {
        let GivenSchedule { cron, timezone, minutes, date, delete_after_fire, start_date, stop_date } = self;
        let pattern = cron.is_none() && timezone.is_none() && minutes.is_none();
        pattern && date.is_none() && delete_after_fire.is_none() && start_date.is_none() && stop_date.is_none()
    }

    /// Row 18 with the start that will apply, which is the given or else the `stored` one, and feeds.md §A.5 point 4: a new
    /// start without a new stop must be before the stored stop.
    pub fn check_against(&self, stored: &AlarmSchedule) -> Result<(), Message> {
        let (start_date, stop_date) = span(stored);
        self.check_stop_after_start(start_date)?;
        match (&self.start_date, &self.stop_date, stop_date) {
            (Some(start), None, Some(stop)) if date(stop).is_some_and(|time| time <= start.time) => {
                Err(messages::start_after_stop(as_text(&start.value), as_text(stop)))
            }
            _ => Ok(()),
        }
    }

    /// Row 18; `stored` is the start date that applies if none is given.
    pub fn check_stop_after_start(&self, stored: Option<&Value>) -> Result<(), Message> {
        let Some(stop) = &self.stop_date else { return Ok(()) };
        let stored = stored.and_then(|value| Some((value, date(value)?)));
        match self.start_date.as_ref().map(|start| (&start.value, start.time)).or(stored) {
            Some((start, time)) if stop.time <= time => {
                Err(messages::stop_before_start(as_text(&stop.value), as_text(start)))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// The schedule of a new alarm. `Err` as in rows 2, 6 and 9 if its main parameter is missing.
    pub fn on_its_own(self, feed: Feed) -> Result<AlarmSchedule, Message> {
        let start_date = self.start_date.map(|start| start.value);
        let stop_date = self.stop_date.map(|stop| stop.value);
        Ok(match feed {
            Feed::Alarm => {
                let cron = self.cron.ok_or(messages::CRON_MISSING)?;
                AlarmSchedule::Alarm { cron, timezone: self.timezone, start_date, stop_date }
            }
            Feed::Interval => {
                let minutes = self.minutes.ok_or(messages::MINUTES_MISSING)?;
                AlarmSchedule::Interval { minutes, start_date: start_date.unwrap_or_default(), stop_date }
            }
            Feed::Once => {
                let date = self.date.ok_or(messages::DATE_MISSING)?.value;
                AlarmSchedule::Once { date, delete_after_fire: self.delete_after_fire }
            }
        })
    }

    /// The `stored` schedule with the given parts in place of its own.
    pub fn over(self, stored: &AlarmSchedule) -> AlarmSchedule {
        let new_start = self.start_date.map(|start| start.value);
        let new_stop = self.stop_date.map(|stop| stop.value);
        match stored.clone() {
            AlarmSchedule::Alarm { cron, timezone, start_date, stop_date } => AlarmSchedule::Alarm {
                cron: self.cron.unwrap_or(cron),
                timezone: self.timezone.or(timezone),
                start_date: new_start.or(start_date),
                stop_date: new_stop.or(stop_date),
            },
            AlarmSchedule::Interval { minutes, start_date, stop_date } => AlarmSchedule::Interval {
                minutes: self.minutes.unwrap_or(minutes),
                start_date: new_start.unwrap_or(start_date),
                stop_date: new_stop.or(stop_date),
            },
            AlarmSchedule::Once { date, delete_after_fire } => AlarmSchedule::Once {
                date: self.date.map_or(date, |date| date.value),
                delete_after_fire: self.delete_after_fire.or(delete_after_fire),
            },
        }
    }
}

/// The start and stop date of a schedule.
fn span(schedule: &AlarmSchedule) -> (Option<&Value>, Option<&Value>) {
    match schedule {
        AlarmSchedule::Alarm { start_date, stop_date, .. } => (start_date.as_ref(), stop_date.as_ref()),
        AlarmSchedule::Interval { start_date, stop_date, .. } => (Some(start_date), stop_date.as_ref()),
        AlarmSchedule::Once { .. } => (None, None),
    }
}

/// Row 10.
fn timezone(args: &Arguments) -> Result<Option<String>, Message> {
    let Some(timezone) = given(args, "timezone") else { return Ok(None) };
    let name = timezone.as_str().ok_or(messages::TIMEZONE_INVALID)?;
    zone_named(name)?;
    Ok(Some(name.to_owned()))
}

/// Rows 11 and 12.
fn cron(args: &Arguments, settings: &AlarmSettings) -> Result<Option<String>, Message> {
    let Some(cron) = given(args, "cron") else { return Ok(None) };
    let text = cron.as_str().ok_or_else(|| messages::cron_invalid(as_text(cron)))?;
    let pattern = Pattern::parse(text, settings.cron_dialect)?;
    let limited = settings.limit_cron_fields || given(args, "limitCronFields").is_some();
    if limited && !pattern.is_on_whole_minutes() {
        return Err(messages::CRON_FIELDS.into());
    }
    Ok(Some(text.to_owned()))
}

/// Rows 3, 4, 13, 14 and 17.
fn future_date(args: &Arguments, parameter: &str, now: Timestamp) -> Result<Option<GivenDate>, Message> {
    let Some(value) = given(args, parameter) else { return Ok(None) };
    let time = date(value).ok_or_else(|| messages::not_a_date(parameter, as_text(value)))?;
    if time <= now {
        return Err(messages::not_in_the_future(parameter, as_text(value)));
    }
    Ok(Some(GivenDate { value: value.clone(), time }))
}
