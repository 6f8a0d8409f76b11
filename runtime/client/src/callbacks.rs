//! `wask callback …`: the URLs that are notified when activations end. Only wask servers have callbacks.

use clap::{ArgAction, Args, Subcommand};
use http::Method;
use serde_json::{Map, Value};

use crate::entities::Page;
use crate::failure::Failure;
use crate::http::Server;
use crate::names::{query, segment};
use crate::parameters;
use crate::screen::{self, Screen, bold};

const COLUMNS: [&str; 7] = ["Created", "Callback ID", "State", "Failed", "Next attempt", "Action", "URL"];
const SETTINGS: &str = "namespaces/_/callbacks/settings";

#[derive(Subcommand)]
pub enum Command {
    /// List callbacks, newest first
    List(ListArgs),
    /// Print a callback with its attempts
    Get {
        /// Callback id
        #[arg(value_name = "ID")]
        id: String,
    },
    /// Send a failed, blocked or delivered callback again, with all its retries
    Retry {
        /// Callback id
        #[arg(value_name = "ID")]
        id: String,
    },
    /// Cancel a callback that has not been delivered
    Cancel {
        /// Callback id
        #[arg(value_name = "ID")]
        id: String,
    },
    /// Print or change how callbacks are sent unless a request says otherwise
    #[command(after_help = EXAMPLE)]
    Settings(SettingsArgs),
    /// Create a new signing secret; the previous one also signs for another 24 hours
    Rotate,
}

const EXAMPLE: &str = "\
Settings: retryMode (constant, linear or squared), intervalSeconds, maxRetries, httpsOnly, payload, timeoutMs.

Example:
  wask callback settings --set retryMode=squared --set intervalSeconds=30 --unset maxRetries";

#[derive(Args)]
pub struct ListArgs {
    /// Only callbacks in this state: waiting, pending, in_flight, delivered, failed, blocked or cancelled
    #[arg(long, value_name = "STATE")]
    state: Option<String>,
    /// Only callbacks of this activation
    #[arg(long, value_name = "ID")]
    activation: Option<String>,
    /// Only callbacks of activations that this one caused, such as a firing
    #[arg(long, value_name = "ID")]
    cause: Option<String>,
    /// Only callbacks of this action: NAME, PACKAGE/NAME or /NAMESPACE/[PACKAGE/]NAME
    #[arg(long, value_name = "ACTION")]
    name: Option<String>,
    /// Only callbacks whose request has this correlationId
    #[arg(long, value_name = "ID")]
    correlation_id: Option<String>,
    #[command(flatten)]
    page: Page,
}

#[derive(Args)]
pub struct SettingsArgs {
    /// Set KEY; repeat it for more. VALUE is JSON if it parses as JSON, otherwise text
    #[arg(long, value_name = "KEY=VALUE", value_parser = setting, action = ArgAction::Append)]
    set: Vec<(String, Value)>,
    /// Use the server's default for KEY again; repeat it for more
    #[arg(long, value_name = "KEY", action = ArgAction::Append)]
    unset: Vec<String>,
}

pub fn run(command: Command, server: &Server, screen: Screen) -> Result<(), Failure> {
    match command {
        Command::List(args) => list(args, server, screen),
        Command::Get { id } => {
            let callback =
                server.get(&path(&id)).map_err(|refusal| refusal.because(format!("Unable to get callback '{id}'")))?;
            screen.heading(&format!("got callback {}", bold(&id)));
            screen.document(&callback);
            Ok(())
        }
        Command::Retry { id } => {
            let callback = server
                .send(Method::POST, &format!("{}/retry", path(&id)), None)
                .and_then(|answer| answer.json())
                .map_err(|refusal| refusal.because(format!("Unable to retry callback '{id}'")))?;
            screen.done(&format!("retried callback {}", bold(&id)), &callback);
            Ok(())
        }
        Command::Cancel { id } => {
            let callback = server
                .delete(&path(&id))
                .map_err(|refusal| refusal.because(format!("Unable to cancel callback '{id}'")))?;
            screen.done(&format!("cancelled callback {}", bold(&id)), &callback);
            Ok(())
        }
        Command::Settings(args) => settings(args, server, screen),
        Command::Rotate => {
            let settings = server
                .send(Method::POST, &format!("{SETTINGS}/rotate"), None)
                .and_then(|answer| answer.json())
                .map_err(|refusal| refusal.because("Unable to rotate the signing secret of callbacks"))?;
            screen.heading("rotated the signing secret of callbacks");
            screen.document(&settings);
            Ok(())
        }
    }
}

fn list(args: ListArgs, server: &Server, screen: Screen) -> Result<(), Failure> {
    let query = query(&[
        ("limit", Some(args.page.limit.to_string())),
        ("skip", Some(args.page.skip.to_string())),
        ("state", args.state),
        ("activationId", args.activation),
        ("cause", args.cause),
        ("name", args.name),
        ("correlationId", args.correlation_id),
    ]);
    let callbacks = server
        .get(&format!("namespaces/_/callbacks{query}"))
        .map_err(|refusal| refusal.because("Unable to obtain the list of callbacks for namespace '_'"))?;
    let row = |callback: &Value| {
        let text = |key: &str| callback[key].as_str().unwrap_or_default().to_owned();
        vec![
            screen::time(&callback["createdAt"]),
            text("id"),
            text("state"),
            callback["failedAttempts"].as_u64().unwrap_or_default().to_string(),
            screen::time(&callback["nextAttemptAt"]),
            text("name"),
            text("url"),
        ]
    };
    let rows: Vec<_> = callbacks.as_array().into_iter().flatten().map(row).collect();
    screen.table(&COLUMNS, &rows, &callbacks);
    Ok(())
}

fn settings(args: SettingsArgs, server: &Server, screen: Screen) -> Result<(), Failure> {
    let mut patch = Map::from_iter(args.set);
    patch.extend(args.unset.into_iter().map(|key| (key, Value::Null)));
    if patch.is_empty() {
        let settings =
            server.get(SETTINGS).map_err(|refusal| refusal.because("Unable to get the settings of callbacks"))?;
        screen.document(&settings);
        return Ok(());
    }
    let settings = server
        .put(SETTINGS, &Value::Object(patch))
        .map_err(|refusal| refusal.because("Unable to update the settings of callbacks"))?;
    screen.heading("updated the settings of callbacks");
    screen.document(&settings);
    Ok(())
}

/// `KEY=VALUE`.
fn setting(text: &str) -> Result<(String, Value), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), parameters::value(value))),
        _ => Err(format!("'{text}' is not KEY=VALUE")),
    }
}

fn path(id: &str) -> String {
    format!("namespaces/_/callbacks/{}", segment(id))
}
