//! `wask task list`: activations, firings and callbacks in one list. Only wask servers have it.

use clap::Subcommand;
use serde_json::Value;

use crate::entities::Page;
use crate::failure::Failure;
use crate::http::Server;
use crate::names::query;
use crate::screen::{self, Screen};

const COLUMNS: [&str; 7] = ["Type", "ID", "State", "Start", "End", "Parent", "Name"];

#[derive(Subcommand)]
pub enum Command {
    /// List activations, firings and callbacks together, newest start first
    List {
        /// Only tasks of this type: ACTN (activations), TRIG (firings of triggers), CBCK (callbacks) or EVNT (events)
        #[arg(short = 't', long = "type", value_name = "TYPE")]
        kind: Option<String>,
        #[command(flatten)]
        page: Page,
    },
}

pub fn run(command: Command, server: &Server, screen: Screen) -> Result<(), Failure> {
    match command {
        Command::List { kind, page } => list(kind, &page, server, screen),
    }
}

fn list(kind: Option<String>, page: &Page, server: &Server, screen: Screen) -> Result<(), Failure> {
    let (limit, skip) = (Some(page.limit.to_string()), Some(page.skip.to_string()));
    let query = query(&[("limit", limit), ("skip", skip), ("type", kind)]);
    let tasks = server
        .get(&format!("namespaces/_/tasks{query}"))
        .map_err(|refusal| refusal.because("Unable to obtain the list of tasks for namespace '_'"))?;
    let row = |task: &Value| {
        let text = |key: &str| task[key].as_str().unwrap_or_default().to_owned();
        let (start, end) = (screen::time(&task["start"]), screen::time(&task["end"]));
        vec![text("type"), text("id"), text("state"), start, end, text("parent"), text("name")]
    };
    let rows: Vec<_> = tasks.as_array().into_iter().flatten().map(row).collect();
    screen.table(&COLUMNS, &rows, &tasks);
    Ok(())
}
