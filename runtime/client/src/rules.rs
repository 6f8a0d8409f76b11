//! `wask rule …`.

use clap::{Args, Subcommand};
use http::Method;
use serde_json::{Map, Value, json};

use crate::entities::{self, Page, RULE, Sorting};
use crate::failure::{Failure, Refusal};
use crate::http::Server;
use crate::names::{self, Name, Scope};
use crate::parameters::AnnotationArgs;
use crate::screen::{self, Screen, bold};

#[derive(Subcommand)]
pub enum Command {
    /// Create a rule that invokes ACTION whenever TRIGGER fires
    Create(ChangeArgs),
    /// Change a rule, or create it
    Update(ChangeArgs),
    /// Enable a rule
    Enable {
        /// NAME or /NAMESPACE/NAME
        #[arg(value_name = "RULE")]
        name: Name,
    },
    /// Disable a rule
    Disable {
        /// NAME or /NAMESPACE/NAME
        #[arg(value_name = "RULE")]
        name: Name,
    },
    /// Show whether a rule is active
    Status {
        /// NAME or /NAMESPACE/NAME
        #[arg(value_name = "RULE")]
        name: Name,
    },
    /// Print a rule, or one of its fields
    Get {
        /// NAME or /NAMESPACE/NAME
        #[arg(value_name = "RULE")]
        name: Name,
        /// Print only this field
        #[arg(conflicts_with = "summary")]
        field: Option<String>,
        /// Print one line: its trigger, its action and its status
        #[arg(short = 's', long)]
        summary: bool,
    },
    /// Delete a rule
    Delete {
        /// NAME or /NAMESPACE/NAME
        #[arg(value_name = "RULE")]
        name: Name,
        /// Disable it first
        #[arg(long)]
        disable: bool,
    },
    /// List the rules of a namespace
    List {
        /// /NAMESPACE [default: your own]
        #[arg(value_name = "NAMESPACE", value_parser = names::namespace)]
        scope: Option<Scope>,
        #[command(flatten)]
        page: Page,
        #[command(flatten)]
        sorting: Sorting,
    },
}

/// The arguments of a rule.
#[derive(Args)]
pub struct ChangeArgs {
    /// NAME or /NAMESPACE/NAME
    #[arg(value_name = "RULE")]
    name: Name,
    /// NAME or /NAMESPACE/NAME
    #[arg(value_name = "TRIGGER")]
    trigger: Name,
    /// NAME, PACKAGE/NAME or /NAMESPACE/[PACKAGE/]NAME
    #[arg(value_name = "ACTION")]
    action: Name,
    #[command(flatten)]
    annotations: AnnotationArgs,
}

pub fn run(command: Command, server: &Server, screen: Screen) -> Result<(), Failure> {
    match command {
        Command::Create(change) => {
            let made = put(&change, "false", server)?
                .map_err(|refusal| refusal.because(format!("Unable to create rule '{}'", change.name.short())))?;
            screen.done(&format!("created rule {}", bold(change.name.short())), &made);
            Ok(())
        }
        Command::Update(change) => {
            let made = put(&change, "true", server)?
                .map_err(|refusal| refusal.because(format!("Unable to update rule '{}'", change.name.short())))?;
            screen.done(&format!("updated rule {}", bold(change.name.short())), &made);
            Ok(())
        }
        Command::Enable { name } => switch(server, &name, "active")
            .map(|()| screen.done(&format!("enabled rule {}", bold(name.short())), &json!({ "status": "active" })))
            .map_err(|refusal| refusal.because(format!("Unable to enable rule '{}'", name.short()))),
        Command::Disable { name } => switch(server, &name, "inactive")
            .map(|()| screen.done(&format!("disabled rule {}", bold(name.short())), &json!({ "status": "inactive" })))
            .map_err(|refusal| refusal.because(format!("Unable to disable rule '{}'", name.short()))),
        Command::Status { name } => {
            let document = server
                .get(&name.path("rules"))
                .map_err(|refusal| refusal.because(format!("Unable to get status of rule '{}'", name.short())))?;
            let status = document["status"].as_str().unwrap_or("unknown");
            let sentence = format!("rule {} is {}", bold(name.short()), bold(status));
            screen.done(&sentence, &json!({ "status": status }));
            Ok(())
        }
        Command::Get { name, field, summary } => {
            let document = entities::fetch(server, RULE, &name)?;
            if summary {
                screen::line(&self::summary(&document));
                return Ok(());
            }
            entities::show(screen, RULE, &name.short(), &document, field.as_deref())
        }
        Command::Delete { name, disable } => {
            if disable {
                switch(server, &name, "inactive")
                    .map_err(|refusal| refusal.because(format!("Unable to disable rule '{}'", name.short())))?;
            }
            entities::delete(server, screen, RULE, &name, "")
        }
        Command::List { scope, page, sorting } => {
            let scope = scope.unwrap_or_default();
            let mut list = entities::page(server, RULE, &scope, &page)?;
            sorting.apply(&mut list);
            print_list(screen, server, &scope, list);
            Ok(())
        }
    }
}

/// A list of rules lacks their status, so each rule is fetched.
pub fn print_list(screen: Screen, server: &Server, scope: &Scope, mut list: Value) {
    for rule in list.as_array_mut().into_iter().flatten() {
        let name = Name { namespace: scope.namespace.clone(), ..Name::own(rule["name"].as_str().unwrap_or_default()) };
        let status = server.get(&name.path("rules")).map(|document| document["status"].clone());
        rule["status"] = status.unwrap_or_else(|_| "unknown".into()); // it may have been deleted
    }
    let row = |rule: &Value| {
        let status = rule["status"].as_str().unwrap_or_default().to_owned();
        let binds = format!("{} -> {}", reference(&rule["trigger"]), reference(&rule["action"]));
        entities::row(rule).into_iter().chain([status, binds]).collect()
    };
    let rows: Vec<_> = list.as_array().into_iter().flatten().map(row).collect();
    screen.list("rules", &rows, &list);
}

fn summary(rule: &Value) -> String {
    let status = rule["status"].as_str().unwrap_or("unknown");
    let (trigger, action) = (reference(&rule["trigger"]), reference(&rule["action"]));
    format!("{} {}: {trigger} -> {action}\n   (status: {status})", bold("rule"), entities::full_name(rule))
}

/// `{"path", "name"}` → `/path/name`.
fn reference(value: &Value) -> String {
    let part = |key: &str| value[key].as_str().unwrap_or_default().to_owned();
    format!("/{}/{}", part("path"), part("name"))
}

fn put(change: &ChangeArgs, overwrite: &str, server: &Server) -> Result<Result<Value, Refusal>, Failure> {
    let mut body = Map::new();
    body.insert("trigger".to_owned(), change.trigger.to_string().into());
    body.insert("action".to_owned(), change.action.to_string().into());
    if let Some(annotations) = change.annotations.wire()? {
        body.insert("annotations".to_owned(), annotations);
    }
    Ok(server.put(&format!("{}?overwrite={overwrite}", change.name.path("rules")), &Value::Object(body)))
}

fn switch(server: &Server, name: &Name, status: &str) -> Result<(), Refusal> {
    server.send(Method::POST, &name.path("rules"), Some(&json!({ "status": status }))).map(|_| ())
}
