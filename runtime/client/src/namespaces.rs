//! `wask namespace list|get` and `wask list`: what the holder of a key can see.

use clap::Subcommand;
use serde_json::json;

use crate::connection::Format;
use crate::entities::{self, ACTION, PACKAGE, Page, RULE, TRIGGER};
use crate::failure::Failure;
use crate::http::Server;
use crate::names::{self, Scope};
use crate::screen::{self, Screen};
use crate::{actions, packages, rules, triggers};

#[derive(Subcommand)]
pub enum Command {
    /// List the namespaces of your key
    List,
    /// List everything in a namespace
    Get {
        /// /NAMESPACE [default: your own]
        #[arg(value_name = "NAMESPACE", value_parser = names::namespace)]
        scope: Option<Scope>,
    },
}

pub fn run(command: Command, server: &Server, screen: Screen) -> Result<(), Failure> {
    match command {
        Command::List => list(server, screen),
        Command::Get { scope } => entities(&scope.unwrap_or_default(), server, screen),
    }
}

/// Lists the namespaces of the key.
pub fn list(server: &Server, screen: Screen) -> Result<(), Failure> {
    let names = server
        .get("namespaces")
        .map_err(|refusal| refusal.because("Unable to obtain the list of available namespaces"))?;
    let rows: Vec<_> =
        names.as_array().into_iter().flatten().filter_map(|name| Some(vec![name.as_str()?.to_owned()])).collect();
    screen.list("namespaces", &rows, &names);
    Ok(())
}

/// Lists packages, actions, triggers and rules of a namespace.
pub fn entities(scope: &Scope, server: &Server, screen: Screen) -> Result<(), Failure> {
    let page = Page { skip: 0, limit: 0 };
    let list = |noun| entities::page(server, noun, scope, &page);
    let (packages, actions, triggers, rules) = (list(PACKAGE)?, list(ACTION)?, list(TRIGGER)?, list(RULE)?);
    if screen.format == Format::Json {
        let all = json!({ "packages": packages, "actions": actions, "triggers": triggers, "rules": rules });
        screen.document(&all);
        return Ok(());
    }
    screen::line(&format!("Entities in namespace: {}", name_of(scope, server)?));
    packages::print_list(screen, &packages);
    actions::print_list(screen, &actions);
    triggers::print_list(screen, &triggers);
    rules::print_list(screen, server, scope, rules);
    Ok(())
}

/// The real name behind `_`.
pub fn name_of(scope: &Scope, server: &Server) -> Result<String, Failure> {
    if scope.namespace != "_" {
        return Ok(scope.namespace.clone());
    }
    let names = server
        .get("namespaces")
        .map_err(|refusal| refusal.because("Unable to obtain the list of available namespaces"))?;
    Ok(names[0].as_str().map_or_else(|| "_".to_owned(), str::to_owned))
}
