//! The client's commands, and the function that runs each.

use std::process::ExitCode;

use clap::{Args, Subcommand};

use crate::connection::Connection;
use crate::failure::Failure;
use crate::names::{self, Scope};
use crate::screen::{self, Screen};
use crate::{
    actions, activations, callbacks, dead_letters, gateway, http, manifest, namespaces, packages, property, rules,
    tasks, triggers,
};

/// The commands of the client.
#[derive(Subcommand)]
pub enum Command {
    /// Create, change, invoke, print, list and delete actions
    Action(NounArgs<actions::Command>),
    /// Show activations with their state, record, result and logs; cancel and rerun them
    Activation(NounArgs<activations::Command>),
    /// Create, change, bind, print, list and delete packages
    Package(NounArgs<packages::Command>),
    /// Create, change, fire, print, list and delete triggers
    Trigger(NounArgs<triggers::Command>),
    /// Connect triggers to actions with rules
    Rule(NounArgs<rules::Command>),
    /// List, redrive or purge activations that exhausted their retries
    Dlq(NounArgs<dead_letters::Command>),
    /// List, retry or cancel the callbacks that are sent when activations end
    Callback(NounArgs<callbacks::Command>),
    /// List activations, firings and callbacks together
    Task(NounArgs<tasks::Command>),
    /// Map paths and HTTP methods to web actions
    Api(NounArgs<gateway::Command>),
    /// Show the namespaces of a key. The operator uses `wask namespace` too, so the server's command line defines it.
    #[command(skip)]
    Namespace(NounArgs<namespaces::Command>),
    /// List everything in a namespace
    List {
        /// /NAMESPACE [default: your own]
        #[arg(value_name = "NAMESPACE", value_parser = names::namespace)]
        scope: Option<Scope>,
        #[command(flatten)]
        connection: Connection,
    },
    /// Print and change the properties in ~/.wskprops, or in the file named by WSK_CONFIG_FILE
    Property {
        #[command(subcommand)]
        command: property::Command,
    },
    #[command(flatten)]
    Manifest(manifest::Command),
}

/// A noun's verbs, and the server that they talk to.
#[derive(Args)]
pub struct NounArgs<C: Subcommand> {
    #[command(subcommand)]
    pub command: C,
    #[command(flatten)]
    pub connection: Connection,
}

/// Runs a command and returns its exit code. `earlier`: the flags in front of the noun.
pub fn run(command: Command, earlier: &Connection) -> ExitCode {
    match dispatch(command, earlier) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failed) => {
            screen::error(&failed);
            ExitCode::from(failed.exit)
        }
    }
}

fn dispatch(command: Command, earlier: &Connection) -> Result<(), Failure> {
    match command {
        Command::Action(noun) => noun.run(earlier, actions::run),
        Command::Activation(noun) => noun.run(earlier, activations::run),
        Command::Package(noun) => noun.run(earlier, packages::run),
        Command::Trigger(noun) => noun.run(earlier, triggers::run),
        Command::Rule(noun) => noun.run(earlier, rules::run),
        Command::Dlq(noun) => noun.run(earlier, dead_letters::run),
        Command::Callback(noun) => noun.run(earlier, callbacks::run),
        Command::Task(noun) => noun.run(earlier, tasks::run),
        Command::Api(noun) => noun.run(earlier, gateway::run),
        Command::Namespace(noun) => noun.run(earlier, namespaces::run),
        Command::List { scope, connection } => {
            let noun = NounArgs { command: namespaces::Command::Get { scope }, connection };
            noun.run(earlier, namespaces::run)
        }
        Command::Property { command } => property::run(command, earlier),
        Command::Manifest(command) => manifest::run(command, earlier),
    }
}

impl<C: Subcommand> NounArgs<C> {
    fn run(
        self,
        earlier: &Connection,
        command: impl FnOnce(C, &http::Server, Screen) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let connection = self.connection.or(earlier);
        command(self.command, &connection.open()?, Screen { format: connection.format() })
    }
}
