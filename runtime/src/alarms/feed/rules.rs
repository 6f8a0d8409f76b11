//! What CREATE and UPDATE accept, row by row of the feeds contract §A.4; the numbers are its rows. A refusal is the
//! contract's sentence.

use serde_json::Value;
use wask_model::messages::alarms as messages;
use wask_model::{AlarmSchedule, Arguments, Message, Timestamp};

use super::dates::date;
use super::parameters::{as_text, given};
use super::settings::AlarmSettings;
use crate::alarms::schedule::{Pattern, zone_named};

/// What a call says about the schedule; nothing here depends on what is stored.
pub struct GivenSchedule {
    pub cron: Option<String>,
    pub timezone: Option<String>,
    pub start_date: Option<GivenDate>,
    pub stop_date: Option<GivenDate>,
}

/// A date in the form it was given, and what it means.
pub struct GivenDate {
    pub value: Value,
    pub time: Timestamp,
}

impl GivenSchedule {
    /// Rows 10 to 17; parameters that are not given are not missed.
    pub fn read(args: &Arguments, settings: &AlarmSettings, now: Timestamp) -> Result<Self, Message> {
        let timezone = timezone(args)?;
        let cron = cron(args, settings)?;
        let start_date = future_date(args, "startDate", now)?;
        if given(args, "maxTriggers").is_some() && given(args, "stopDate").is_some() {
            return Err(messages::MAX_TRIGGERS_AND_STOP.into()); // 16
        }
        let stop_date = future_date(args, "stopDate", now)?;
        Ok(GivenSchedule { cron, timezone, start_date, stop_date })
    }

    pub fn is_empty(&self) -> bool {
        self.cron.is_none() && self.timezone.is_none() && self.start_date.is_none() && self.stop_date.is_none()
    }

    /// Row 18 against the start that will hold, the given or else the `stored` one; and §A.5 point 4: a new start alone
    /// has to be before the stored stop.
    pub fn check_against(&self, stored: &AlarmSchedule) -> Result<(), Message> {
        let AlarmSchedule::Alarm { start_date, stop_date, .. } = stored;
        self.check_stop_after_start(start_date.as_ref())?;
        match (&self.start_date, &self.stop_date, stop_date.as_ref()) {
            (Some(start), None, Some(stop)) if date(stop).is_some_and(|time| time <= start.time) => {
                Err(messages::start_after_stop(as_text(&start.value), as_text(stop)))
            }
            _ => Ok(()),
        }
    }

    /// Row 18; `stored` is the start date that holds when none is given.
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

    /// The schedule of a new alarm; row 9 if there is no pattern.
    pub fn on_its_own(self) -> Result<AlarmSchedule, Message> {
        Ok(AlarmSchedule::Alarm {
            cron: self.cron.ok_or(messages::CRON_MISSING)?,
            timezone: self.timezone,
            start_date: self.start_date.map(|start| start.value),
            stop_date: self.stop_date.map(|stop| stop.value),
        })
    }

    /// The `stored` schedule with what is given laid over it.
    pub fn over(self, stored: &AlarmSchedule) -> AlarmSchedule {
        let AlarmSchedule::Alarm { cron, timezone, start_date, stop_date } = stored.clone();
        AlarmSchedule::Alarm {
            cron: self.cron.unwrap_or(cron),
            timezone: self.timezone.or(timezone),
            start_date: self.start_date.map(|start| start.value).or(start_date),
            stop_date: self.stop_date.map(|stop| stop.value).or(stop_date),
        }
    }
}

/// Row 9.
pub fn check_cron_given(args: &Arguments) -> Result<(), Message> {
    given(args, "cron").map(|_| ()).ok_or_else(|| messages::CRON_MISSING.into())
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
    match limited && !pattern.is_on_whole_minutes() {
        true => Err(messages::CRON_FIELDS.into()),
        false => Ok(Some(text.to_owned())),
    }
}

/// Rows 13, 14 and 17.
fn future_date(args: &Arguments, parameter: &str, now: Timestamp) -> Result<Option<GivenDate>, Message> {
    let Some(value) = given(args, parameter) else { return Ok(None) };
    let time = date(value).ok_or_else(|| messages::not_a_date(parameter, as_text(value)))?;
    match now < time {
        true => Ok(Some(GivenDate { value: value.clone(), time })),
        false => Err(messages::not_in_the_future(parameter, as_text(value))),
    }
}
