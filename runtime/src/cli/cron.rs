//! `wask cron next`: the next times of a pattern. feeds.md §A.8.

use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use wask_model::{Message, Timestamp};

use crate::alarms::{Dialect, Pattern, Schedule, iso_date, zone_named};

#[derive(Subcommand)]
pub enum CronCommand {
    /// Print the next times at which an alarm with this pattern fires, in UTC, one per line
    Next(NextArgs),
}

#[derive(Args)]
pub struct NextArgs {
    /// Five fields (minute hour day month weekday) or six (second first)
    #[arg(value_name = "PATTERN")]
    pattern: String,
    /// Show only times after this one (ISO 8601, UTC unless it has an offset) [default: now]
    #[arg(long, value_name = "TIME", value_parser = time)]
    from: Option<Timestamp>,
    /// How many times to show
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    count: u32,
    /// Time zone of the pattern
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    timezone: String,
    /// How the pattern numbers months and weekdays
    #[arg(long, value_enum, default_value_t = Numbers::Crontab)]
    dialect: Numbers,
}

/// [`Dialect`] on the command line.
#[derive(Clone, Copy, ValueEnum)]
enum Numbers {
    /// Months 1 to 12, weekdays 0 to 7
    Crontab,
    /// Months 0 to 11, weekdays 0 to 6
    NodeCron,
}

fn time(text: &str) -> Result<Timestamp, String> {
    iso_date(text).ok_or_else(|| format!("'{text}' is not a time like 2027-01-01T00:00:00Z"))
}

/// Prints the times. Errors in the pattern or the time zone have the same text as in the feed.
pub fn run(command: &CronCommand, now: Timestamp) -> ExitCode {
    let CronCommand::Next(args) = command;
    match next(args, now) {
        Ok(ticks) => {
            for tick in ticks {
                say!("{}", tick.to_utc().format("%Y-%m-%dT%H:%M:%SZ"));
            }
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

fn next(args: &NextArgs, now: Timestamp) -> Result<Vec<Timestamp>, Message> {
    let zone = zone_named(&args.timezone)?;
    let dialect = match args.dialect {
        Numbers::Crontab => Dialect::Crontab,
        Numbers::NodeCron => Dialect::NodeCron,
    };
    let schedule = Schedule::new(Pattern::parse(&args.pattern, dialect)?, zone);
    let first = schedule.next_after(args.from.unwrap_or(now));
    Ok(std::iter::successors(first, |&tick| schedule.next_after(tick)).take(args.count as usize).collect())
}
