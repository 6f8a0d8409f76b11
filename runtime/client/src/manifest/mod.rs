//! `wask deploy`, `undeploy` and `export`: a manifest of packages, actions, sequences, triggers and rules, in the format of
//! wskdeploy and aio. A command compares the wanted entities with the existing ones, prints the plan, then applies it.

mod apply;
mod differences;
mod existing;
mod export;
mod file;
mod format;
mod inputs;
mod plan;
mod reader;
mod wanted;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use crate::connection::Connection;
use crate::failure::Failure;
use crate::http::Server;
use crate::names::Scope;
use crate::namespaces;
use crate::screen::{self, Screen};
use existing::Existing;
pub use export::written;
pub use file::parse;
use plan::Plan;
pub use reader::{ManifestContents, wanted};
use wanted::WantedEntity;

/// The files that a command without an argument looks for.
const USUAL: [&str; 3] = ["manifest.yaml", "manifest.yml", "app.config.yaml"];

/// The commands for manifests.
#[derive(Subcommand)]
pub enum Command {
    /// Deploy a manifest: print the changes, then apply them
    ///
    /// Reads manifests of wskdeploy and aio: packages with actions, sequences, triggers, rules, dependencies, inputs,
    /// annotations and limits. ${VAR} is an environment variable, or a variable in the file .env next to the manifest.
    /// Entities that the manifest does not name stay as they are.
    Deploy(DeployArgs),
    /// Delete the entities that a manifest names
    Undeploy(DeployArgs),
    /// Write a namespace to a manifest and code files, for `wask deploy`
    Export(export::ExportArgs),
}

#[derive(Args)]
pub struct DeployArgs {
    /// Manifest [default: manifest.yaml, manifest.yml or app.config.yaml in this folder]
    #[arg(value_name = "MANIFEST")]
    file: Option<PathBuf>,
    /// The same as MANIFEST, in the syntax of wskdeploy
    #[arg(short = 'm', long, value_name = "FILE", conflicts_with = "file")]
    manifest: Option<PathBuf>,
    /// Print what would change, and change nothing
    #[arg(long, visible_alias = "preview")]
    dry_run: bool,
    #[command(flatten)]
    connection: Connection,
}

/// Runs a command. `earlier`: the flags in front of it.
pub fn run(command: Command, earlier: &Connection) -> Result<(), Failure> {
    match command {
        Command::Deploy(args) => deploy(args, earlier),
        Command::Undeploy(args) => undeploy(args, earlier),
        Command::Export(args) => export::run(args, earlier),
    }
}

fn deploy(args: DeployArgs, earlier: &Connection) -> Result<(), Failure> {
    let PlanInputs { server, screen, wanted, existing, namespace } = prepare(&args, earlier)?;
    let plan = Plan::to_deploy(&wanted, &existing, &namespace);
    plan.print(screen);
    if args.dry_run { Ok(()) } else { apply::deploy(&plan, &existing, &server, screen) }
}

fn undeploy(args: DeployArgs, earlier: &Connection) -> Result<(), Failure> {
    let PlanInputs { server, screen, wanted, existing, .. } = prepare(&args, earlier)?;
    let plan = Plan::to_undeploy(&wanted, &existing);
    plan.print(screen);
    if args.dry_run { Ok(()) } else { apply::undeploy(&plan, &existing, &server, screen) }
}

/// Everything that a plan is made from.
struct PlanInputs {
    server: Server,
    screen: Screen,
    wanted: Vec<WantedEntity>,
    existing: Existing,
    namespace: String,
}

fn prepare(args: &DeployArgs, earlier: &Connection) -> Result<PlanInputs, Failure> {
    let connection = args.connection.clone().or(earlier);
    let path = find(args.file.as_deref().or(args.manifest.as_deref()))?;
    let manifest = file::read(&path)?;
    let read = reader::wanted(&manifest, &path)?;
    read.warnings.iter().for_each(|warning| screen::warning(warning));
    let server = connection.open()?;
    let namespace = namespaces::name_of(&Scope::default(), &server)?;
    let existing = Existing::fetch(&server, &read.wanted)?;
    let screen = Screen { format: connection.format() };
    Ok(PlanInputs { server, screen, wanted: read.wanted, existing, namespace })
}

fn find(given: Option<&Path>) -> Result<PathBuf, Failure> {
    match given {
        Some(path) => Ok(path.to_owned()),
        None => {
            USUAL.map(PathBuf::from).into_iter().find(|path| path.is_file()).ok_or_else(|| {
                Failure::usage(format!("There is no {} in this folder; name a manifest", USUAL.join(", ")))
            })
        }
    }
}
