//! `wask dlq …`: the dead letters. Only wask servers have them.

use clap::{Args, Subcommand};
use http::Method;
use serde_json::Value;

use crate::entities::Page;
use crate::failure::Failure;
use crate::http::Server;
use crate::names::{query, segment};
use crate::screen::{self, Screen, bold};

const COLUMNS: [&str; 5] = ["Died", "Activation ID", "Attempts", "Action", "Reason"];

#[derive(Subcommand)]
pub enum Command {
    /// List dead letters, newest first
    List {
        /// Only dead letters of this action: NAME, PACKAGE/NAME or /NAMESPACE/[PACKAGE/]NAME
        #[arg(long, value_name = "ACTION")]
        name: Option<String>,
        #[command(flatten)]
        page: Page,
    },
    /// Print a dead letter with its arguments and the error of each attempt
    Get {
        /// Activation id
        #[arg(value_name = "ID")]
        id: String,
    },
    /// Run dead letters again, each as a new activation
    Redrive(DeadLetterArgs),
    /// Delete dead letters for good; the records of their activations stay
    Purge(DeadLetterArgs),
}

/// One dead letter, or all of an action or of the namespace.
#[derive(Args)]
pub struct DeadLetterArgs {
    /// Activation id
    #[arg(value_name = "ID", required_unless_present = "all")]
    id: Option<String>,
    /// All dead letters
    #[arg(long, conflicts_with = "id")]
    all: bool,
    /// With --all, only dead letters of this action: NAME, PACKAGE/NAME or /NAMESPACE/[PACKAGE/]NAME
    #[arg(long, value_name = "ACTION", requires = "all")]
    name: Option<String>,
}

pub fn run(command: Command, server: &Server, screen: Screen) -> Result<(), Failure> {
    match command {
        Command::List { name, page } => list(name, &page, server, screen),
        Command::Get { id } => {
            let letter = server
                .get(&path(&id))
                .map_err(|refusal| refusal.because(format!("Unable to get dead letter '{id}'")))?;
            screen.heading(&format!("got dead letter {}", bold(&id)));
            screen.document(&letter);
            Ok(())
        }
        Command::Redrive(DeadLetterArgs { id: Some(id), .. }) => redrive(&id, server, screen),
        Command::Redrive(DeadLetterArgs { id: None, name, .. }) => redrive_all(name, server, screen),
        Command::Purge(DeadLetterArgs { id: Some(id), .. }) => {
            let gone = server
                .delete(&path(&id))
                .map_err(|refusal| refusal.because(format!("Unable to purge dead letter '{id}'")))?;
            screen.done(&format!("purged dead letter {}", bold(&id)), &gone);
            Ok(())
        }
        Command::Purge(DeadLetterArgs { id: None, name, .. }) => {
            let purged = server
                .delete(&format!("namespaces/_/dead-letters{}", query(&[("name", name)])))
                .map_err(|refusal| refusal.because("Unable to purge dead letters"))?;
            screen.done(&format!("purged {}", number(purged["purged"].as_u64().unwrap_or_default())), &purged);
            Ok(())
        }
    }
}

fn list(name: Option<String>, page: &Page, server: &Server, screen: Screen) -> Result<(), Failure> {
    let (limit, skip) = (Some(page.limit.to_string()), Some(page.skip.to_string()));
    let query = query(&[("limit", limit), ("skip", skip), ("name", name)]);
    let letters = server
        .get(&format!("namespaces/_/dead-letters{query}"))
        .map_err(|refusal| refusal.because("Unable to obtain the list of dead letters for namespace '_'"))?;
    let row = |letter: &Value| {
        let text = |key: &str| letter[key].as_str().unwrap_or_default().to_owned();
        let attempts = letter["attempts"].as_u64().unwrap_or_default().to_string();
        vec![screen::time(&letter["died"]), text("activationId"), attempts, text("name"), text("reason")]
    };
    let rows: Vec<_> = letters.as_array().into_iter().flatten().map(row).collect();
    screen.table(&COLUMNS, &rows, &letters);
    Ok(())
}

fn redrive(id: &str, server: &Server, screen: Screen) -> Result<(), Failure> {
    let document = server
        .send(Method::POST, &format!("{}/redrive", path(id)), None)
        .and_then(|answer| answer.json())
        .map_err(|refusal| refusal.because(format!("Unable to redrive dead letter '{id}'")))?;
    let again = document["activationId"].as_str().unwrap_or("unknown");
    screen.done(&format!("redrove dead letter {} with id {}", bold(id), bold(again)), &document);
    Ok(())
}

fn redrive_all(name: Option<String>, server: &Server, screen: Screen) -> Result<(), Failure> {
    let document = server
        .send(Method::POST, &format!("namespaces/_/dead-letters/redrive{}", query(&[("name", name)])), None)
        .and_then(|answer| answer.json())
        .map_err(|refusal| refusal.because("Unable to redrive dead letters"))?;
    let redriven = document["activationIds"].as_array().map_or(0, Vec::len);
    screen.done(&format!("redrove {}", number(redriven as u64)), &document);
    Ok(())
}

fn number(letters: u64) -> String {
    match letters {
        1 => "1 dead letter".to_owned(),
        some => format!("{some} dead letters"),
    }
}

fn path(id: &str) -> String {
    format!("namespaces/_/dead-letters/{}", segment(id))
}
