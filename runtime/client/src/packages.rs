//! `wask package …`.

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Map, Value, json};

use crate::entities::{self, PACKAGE, Page, Sorting};
use crate::failure::Failure;
use crate::http::Server;
use crate::names::{self, Name, Scope};
use crate::parameters::{AnnotationArgs, ParameterArgs};
use crate::screen::{self, Screen, bold};

#[derive(Subcommand)]
pub enum Command {
    /// Create a binding: a package of your own that points at another one and adds parameters
    Bind {
        /// Package to point at, like /whisk.system/alarms: NAME or /NAMESPACE/NAME
        #[arg(value_name = "PACKAGE")]
        package: Name,
        /// Name of the binding
        #[arg(value_name = "NAME")]
        name: Name,
        #[command(flatten)]
        parameters: ParameterArgs,
        #[command(flatten)]
        annotations: AnnotationArgs,
    },
    /// Create a package
    Create(ChangeArgs),
    /// Change a package, or create it; anything not given stays as it is
    Update(ChangeArgs),
    /// Print a package with its actions, or one of its fields
    Get {
        /// NAME or /NAMESPACE/NAME
        #[arg(value_name = "PACKAGE")]
        name: Name,
        /// Print only this field
        #[arg(conflicts_with = "summary")]
        field: Option<String>,
        /// Print the descriptions of the package and its actions
        #[arg(short = 's', long)]
        summary: bool,
    },
    /// Delete a package, which must be empty
    Delete {
        /// NAME or /NAMESPACE/NAME
        #[arg(value_name = "PACKAGE")]
        name: Name,
        /// Delete its actions too
        #[arg(short = 'f', long, visible_alias = "recursive")]
        force: bool,
    },
    /// List the packages of a namespace
    List {
        /// /NAMESPACE [default: your own]; another namespace lists only its shared packages
        #[arg(value_name = "NAMESPACE", value_parser = names::namespace)]
        scope: Option<Scope>,
        #[command(flatten)]
        page: Page,
        #[command(flatten)]
        sorting: Sorting,
    },
}

/// The flags of a package.
#[derive(Args)]
pub struct ChangeArgs {
    /// NAME or /NAMESPACE/NAME
    #[arg(value_name = "PACKAGE")]
    name: Name,
    /// Let every namespace use the package: yes or no
    #[arg(long, value_name = "SCOPE", num_args = 0..=1, default_missing_value = "yes")]
    shared: Option<Sharing>,
    #[command(flatten)]
    parameters: ParameterArgs,
    #[command(flatten)]
    annotations: AnnotationArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Sharing {
    #[value(alias = "true")]
    Yes,
    #[value(alias = "false")]
    No,
}

pub fn run(command: Command, server: &Server, screen: Screen) -> Result<(), Failure> {
    match command {
        Command::Bind { package, name, parameters, annotations } => {
            let binding = json!({ "namespace": package.namespace, "name": package.entity });
            let mut body = defaults(&parameters, &annotations)?;
            body.insert("binding".to_owned(), binding);
            let made =
                put(server, &name, "false", body).map_err(|refusal| refusal.because("Binding creation failed"))?;
            screen.done(&format!("created binding {}", bold(name.short())), &made);
            Ok(())
        }
        Command::Create(change) => {
            let made = put(server, &change.name, "false", body_of(&change)?)
                .map_err(|refusal| refusal.because(format!("Unable to create package '{}'", change.name.short())))?;
            screen.done(&format!("created package {}", bold(change.name.short())), &made);
            Ok(())
        }
        Command::Update(change) => {
            let made = put(server, &change.name, "true", body_of(&change)?)
                .map_err(|refusal| refusal.because("Package update failed"))?;
            screen.done(&format!("updated package {}", bold(change.name.short())), &made);
            Ok(())
        }
        Command::Get { name, field, summary } => {
            let document = entities::fetch(server, PACKAGE, &name)?;
            if summary {
                print_summary(&document);
                return Ok(());
            }
            entities::show(screen, PACKAGE, &name.short(), &document, field.as_deref())
        }
        Command::Delete { name, force } => {
            entities::delete(server, screen, PACKAGE, &name, if force { "?force=true" } else { "" })
        }
        Command::List { scope, page, sorting } => {
            let mut list = entities::page(server, PACKAGE, &scope.unwrap_or_default(), &page)?;
            sorting.apply(&mut list);
            print_list(screen, &list);
            Ok(())
        }
    }
}

pub fn print_list(screen: Screen, list: &Value) {
    let row = |document: &Value| {
        let binding = &document["binding"];
        let bound = match (binding["namespace"].as_str(), binding["name"].as_str()) {
            (Some(namespace), Some(name)) => format!("binding of /{namespace}/{name}"),
            _ => String::new(),
        };
        entities::row(document).into_iter().chain([bound]).collect()
    };
    let rows: Vec<_> = list.as_array().into_iter().flatten().map(row).collect();
    screen.list("packages", &rows, list);
}

fn put(
    server: &Server,
    name: &Name,
    overwrite: &str,
    body: Map<String, Value>,
) -> Result<Value, crate::failure::Refusal> {
    server.put(&format!("{}?overwrite={overwrite}", name.path("packages")), &Value::Object(body))
}

fn body_of(change: &ChangeArgs) -> Result<Map<String, Value>, Failure> {
    let mut body = defaults(&change.parameters, &change.annotations)?;
    if let Some(shared) = change.shared {
        body.insert("publish".to_owned(), (shared == Sharing::Yes).into());
    }
    Ok(body)
}

fn defaults(parameters: &ParameterArgs, annotations: &AnnotationArgs) -> Result<Map<String, Value>, Failure> {
    let given = [("parameters", parameters.wire()?), ("annotations", annotations.wire()?)];
    Ok(given.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect())
}

fn print_summary(document: &Value) {
    screen::line(&entities::summary(PACKAGE, document));
    let owner = format!(
        "{}/{}",
        document["namespace"].as_str().unwrap_or_default(),
        document["name"].as_str().unwrap_or_default()
    );
    for (noun, list) in [("action", "actions"), ("feed", "feeds")] {
        for entry in document[list].as_array().into_iter().flatten() {
            let described = entities::annotation(entry, "description").and_then(Value::as_str);
            let name = entry["name"].as_str().unwrap_or_default();
            screen::line(&format!(" {noun:<7}/{owner}/{name}: {}", described.unwrap_or("no description")));
        }
    }
}
