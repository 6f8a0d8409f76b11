//! `wask activation poll`: prints the logs of activations as they end.

use std::collections::HashMap;
use std::time::Duration;

use clap::Args;
use serde_json::Value;

use super::{Filter, ListQuery, Page};
use crate::clock::Clock;
use crate::failure::Failure;
use crate::http::Server;
use crate::screen;

/// The pause between two polls.
const INTERVAL: Duration = Duration::from_secs(2);
/// A list is ordered by start time, but an activation appears when it ends. Polling looks back this far to find those
/// that ran for a long time.
const LONGEST_RUN_MS: u64 = 15 * 60 * 1_000;
const PAGE: u64 = 200;
/// How many pages one poll reads; the next poll finds the rest.
const MOST_PAGES: u64 = 25;

#[derive(Args)]
pub struct PollArgs {
    /// /NAMESPACE, or an action or trigger [default: all activations of your namespace]
    #[arg(value_name = "NAME")]
    filter: Option<Filter>,
    /// Stop after this time; 0 polls once
    #[arg(short = 'e', long, value_name = "SECONDS")]
    exit: Option<u64>,
    /// Start with activations that began this many seconds ago; --since-minutes, -hours and -days add to it
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    since_seconds: u64,
    /// The same in minutes
    #[arg(long, value_name = "MINUTES", default_value_t = 0)]
    since_minutes: u64,
    /// The same in hours
    #[arg(long, value_name = "HOURS", default_value_t = 0)]
    since_hours: u64,
    /// The same in days
    #[arg(long, value_name = "DAYS", default_value_t = 0)]
    since_days: u64,
}

pub fn run(args: PollArgs, server: &Server) -> Result<(), Failure> {
    let clock = Clock::system();
    let mut poll = Poll { begin: begin(&args, server, &clock)?, seen: HashMap::new(), filter: args.filter };
    screen::note("Enter Ctrl-c to exit.");
    screen::note("Polling for activation logs");
    let exit = args.exit.map(Duration::from_secs);
    loop {
        if let Err(failed) = poll.look(server) {
            screen::error(&failed); // the next poll may succeed
        }
        let left = exit.map(|exit| exit.saturating_sub(clock.passed()));
        match left {
            Some(Duration::ZERO) => return Ok(()),
            left => clock.sleep(left.map_or(INTERVAL, |left| left.min(INTERVAL))),
        }
    }
}

/// The earliest start of an activation to print, in milliseconds since 1970. Without a span, it is just after the start
/// of the newest activation, so that this machine's clock does not matter.
fn begin(args: &PollArgs, server: &Server, clock: &Clock) -> Result<u64, Failure> {
    let hours = args.since_hours + 24 * args.since_days;
    let span = args.since_seconds + 60 * (args.since_minutes + 60 * hours);
    if span > 0 {
        return Ok(clock.now_ms().saturating_sub(1_000 * span));
    }
    let page = Page { skip: 0, limit: 1 };
    let newest = super::fetch_list(server, &ListQuery { filter: None, page, since: None, upto: None, full: false })
        .map_err(|refusal| refusal.because("Unable to obtain the list of activations for namespace '_'"))?;
    Ok(newest[0]["start"].as_u64().map_or(0, |start| start + 1))
}

/// Remembers which activations were printed, as long as a poll can find them again.
struct Poll {
    begin: u64,
    /// The start of each printed activation, by id.
    seen: HashMap<String, u64>,
    filter: Option<Filter>,
}

impl Poll {
    fn look(&mut self, server: &Server) -> Result<(), Failure> {
        let (mut fresh, mut skip) = (Vec::new(), 0);
        for _ in 0..MOST_PAGES {
            let wanted = ListQuery {
                filter: self.filter.clone(),
                page: Page { skip, limit: PAGE },
                since: Some(self.begin),
                upto: None,
                full: true,
            };
            let list = super::fetch_list(server, &wanted)
                .map_err(|refusal| refusal.because("Unable to obtain the list of activations for namespace '_'"))?;
            let list = list.as_array().cloned().unwrap_or_default();
            let before = fresh.len();
            skip += list.len() as u64; // a page of large records is shorter than was asked for
            fresh.extend(list.into_iter().filter(|record| self.is_new(record)));
            if fresh.len() == before {
                break;
            }
        }
        for record in fresh.iter().rev() {
            let name = record["name"].as_str().unwrap_or_default();
            let id = record["activationId"].as_str().unwrap_or_default();
            screen::line(&format!("\nActivation: '{name}' ({id})"));
            screen::foreign(&screen::pretty(&record["logs"]));
        }
        self.forget();
        Ok(())
    }

    fn is_new(&mut self, record: &Value) -> bool {
        let id = record["activationId"].as_str().unwrap_or_default().to_owned();
        self.seen.insert(id, record["start"].as_u64().unwrap_or_default()).is_none()
    }

    /// Forgets activations that started too long before the newest one to be found again.
    fn forget(&mut self) {
        let newest = self.seen.values().copied().max().unwrap_or_default();
        self.begin = self.begin.max(newest.saturating_sub(LONGEST_RUN_MS));
        let begin = self.begin;
        self.seen.retain(|_, start| begin <= *start);
    }
}
