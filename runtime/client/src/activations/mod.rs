//! `wask activation …`.

mod events;
mod follow;
mod logs;
mod poll;
mod rows;
mod status;

use clap::{Args, Subcommand};
use serde_json::Value;

use crate::entities::Page;
use crate::failure::{Failure, Refusal};
use crate::http::Server;
use crate::names::{Name, Scope, query, segment};
use crate::screen::{self, Screen, bold};
use logs::LineFormat;

const UNABLE_TO_LOG: &str = "Unable to get logs for activation";

#[derive(Subcommand)]
pub enum Command {
    /// List activations, newest first
    List(ListArgs),
    /// Print the record of an activation, or one of its fields
    Get {
        #[command(flatten)]
        which: ActivationArgs,
        /// Print only the outcome and the result
        #[arg(short = 's', long)]
        summary: bool,
        /// Print only the logs, without time and stream
        #[arg(short = 'g', long, conflicts_with = "summary")]
        logs: bool,
    },
    /// Print the logs of an activation
    Logs {
        #[command(flatten)]
        which: ActivationArgs,
        /// Leave out time and stream
        #[arg(short = 'r', long)]
        strip: bool,
        /// Print each line as it is written, until the activation ends
        #[arg(short = 'f', long)]
        follow: bool,
    },
    /// Print the result of an activation
    Result {
        #[command(flatten)]
        which: ActivationArgs,
    },
    /// Show whether an activation is queued, running, retrying or ended
    Status(status::StatusArgs),
    /// Cancel an activation that has not ended
    Cancel {
        /// Activation id
        #[arg(value_name = "ID")]
        id: String,
    },
    /// Start a new activation with the input of one that has ended
    Rerun(status::RerunArgs),
    /// Print the input of an activation, without the defaults of its action
    Input {
        #[command(flatten)]
        which: ActivationArgs,
    },
    /// Print the logs of activations as they end, until Ctrl-C
    Poll(poll::PollArgs),
}

#[derive(Args)]
pub struct ListArgs {
    /// /NAMESPACE, or an action or trigger [default: all activations of your namespace]
    #[arg(value_name = "NAME")]
    filter: Option<Filter>,
    #[command(flatten)]
    page: Page,
    /// Print whole records
    #[arg(short = 'f', long)]
    full: bool,
    /// Only activations that started at SINCE or later, in milliseconds since 1970
    #[arg(long, value_name = "SINCE")]
    since: Option<u64>,
    /// Only activations that started at UPTO or earlier, in milliseconds since 1970
    #[arg(long, value_name = "UPTO")]
    upto: Option<u64>,
}

/// One activation, and an optional field of it.
#[derive(Args)]
pub struct ActivationArgs {
    /// Activation id; with --last, a field
    #[arg(value_name = "ID", required_unless_present = "last")]
    first: Option<String>,
    /// Print only this field
    #[arg(value_name = "FIELD")]
    second: Option<String>,
    /// Use the newest activation
    #[arg(short = 'l', long)]
    last: bool,
}

/// Limits a list to a namespace, or to one action or trigger.
#[derive(Clone, Debug)]
pub struct Filter {
    scope: Scope,
    name: Option<String>,
}

impl std::str::FromStr for Filter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(scope) = crate::names::namespace(text) {
            return Ok(Filter { scope, name: None });
        }
        let name: Name = text.parse()?;
        let scope = Scope { namespace: name.namespace.clone(), package: None };
        Ok(Filter { scope, name: Some(name.short()) })
    }
}

/// The query of a list.
struct ListQuery {
    filter: Option<Filter>,
    page: Page,
    since: Option<u64>,
    upto: Option<u64>,
    /// Whole records instead of summaries.
    full: bool,
}

pub fn run(command: Command, server: &Server, screen: Screen) -> Result<(), Failure> {
    match command {
        Command::List(args) => list(args, server, screen),
        Command::Get { which, summary, logs } => {
            let (id, field) = which.find(server, "Unable to get activation")?;
            let record = fetch(server, &id, "", "Unable to get activation")?;
            let part = match (logs, summary, field) {
                (true, _, _) => RecordPart::Logs,
                (_, true, _) => RecordPart::Summary,
                (_, _, Some(field)) => RecordPart::Field(field),
                (_, _, None) => RecordPart::Whole,
            };
            show(&record, &id, part, screen)
        }
        Command::Logs { which, strip, follow } => {
            let (id, _) = which.find(server, UNABLE_TO_LOG)?;
            let lines = if strip { LineFormat::Stripped } else { LineFormat::Whole };
            if follow {
                return follow::run(server, &id, lines);
            }
            logs::print(&fetch(server, &id, "/logs", UNABLE_TO_LOG)?["logs"], lines);
            Ok(())
        }
        Command::Result { which } => {
            let (id, _) = which.find(server, "Unable to get result for activation")?;
            let response = fetch(server, &id, "/result", "Unable to get result for activation")?;
            screen.document(&response["result"]);
            Ok(())
        }
        Command::Status(args) => status::status(args, server, screen),
        Command::Cancel { id } => status::cancel(&id, server, screen),
        Command::Rerun(args) => status::rerun(args, server, screen),
        Command::Input { which } => status::input(which, server, screen),
        Command::Poll(args) => poll::run(args, server),
    }
}

fn list(args: ListArgs, server: &Server, screen: Screen) -> Result<(), Failure> {
    let ListArgs { filter, page, full, since, upto } = args;
    let namespace = filter.as_ref().map_or("_".to_owned(), |filter| filter.scope.namespace.clone());
    let list = fetch_list(server, &ListQuery { filter, page, since, upto, full }).map_err(|refusal| {
        refusal.because(format!("Unable to obtain the list of activations for namespace '{namespace}'"))
    })?;
    if full {
        screen.document(&list);
    } else {
        screen.table(&rows::COLUMNS, &rows::of(&list), &list);
    }
    Ok(())
}

fn fetch_list(server: &Server, wanted: &ListQuery) -> Result<Value, Refusal> {
    let scope = wanted.filter.as_ref().map(|filter| filter.scope.clone()).unwrap_or_default();
    let query = query(&[
        ("limit", Some(wanted.page.limit.to_string())),
        ("skip", Some(wanted.page.skip.to_string())),
        ("name", wanted.filter.as_ref().and_then(|filter| filter.name.clone())),
        ("since", wanted.since.map(|since| since.to_string())),
        ("upto", wanted.upto.map(|upto| upto.to_string())),
        ("docs", wanted.full.then(|| "true".to_owned())),
    ]);
    server.get(&format!("{}{query}", scope.path("activations")))
}

fn fetch(server: &Server, id: &str, part: &str, unable: &str) -> Result<Value, Failure> {
    server
        .get(&format!("namespaces/_/activations/{}{part}", segment(id)))
        .map_err(|refusal| refusal.because(format!("{unable} '{id}'")))
}

impl ActivationArgs {
    /// The id and the field; asks the server for the id with `--last`.
    fn find(self, server: &Server, unable: &str) -> Result<(String, Option<String>), Failure> {
        if !self.last {
            let id = self.first.ok_or_else(|| Failure::usage("An activation ID is required."))?;
            return Ok((id, self.second));
        }
        let page = Page { skip: 0, limit: 1 };
        let newest = fetch_list(server, &ListQuery { filter: None, page, since: None, upto: None, full: false })
            .map_err(|refusal| refusal.because(unable))?;
        match newest[0]["activationId"].as_str() {
            Some(id) => Ok((id.to_owned(), self.first)),
            None => Err(Failure::general(format!("{unable}: Activation list does not contain any activations."))),
        }
    }
}

/// The part of a record to print.
enum RecordPart {
    Whole,
    Field(String),
    /// Outcome and result.
    Summary,
    /// Logs without time and stream.
    Logs,
}

fn show(record: &Value, id: &str, part: RecordPart, screen: Screen) -> Result<(), Failure> {
    match part {
        RecordPart::Logs => logs::print(&record["logs"], LineFormat::Stripped),
        RecordPart::Summary => {
            let name = crate::entities::full_name(record);
            let status = record["response"]["status"].as_str().unwrap_or_default();
            let ended = screen::time_of(record["end"].as_i64().or(record["start"].as_i64()).unwrap_or_default());
            screen.heading(&format!("activation result for '{name}' ({status} at {ended})"));
            screen.document(&record["response"]["result"]);
        }
        RecordPart::Whole => {
            screen.heading(&format!("got activation {}", bold(id)));
            screen.document(record);
        }
        RecordPart::Field(field) => {
            let Some(value) = record.get(&field) else {
                return Err(Failure::general(format!("Invalid field filter '{field}'.")));
            };
            screen.heading(&format!("got activation {}, displaying field {}", bold(id), bold(&field)));
            screen.document(value);
        }
    }
    Ok(())
}
