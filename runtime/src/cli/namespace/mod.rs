//! `wask namespace`: an operator's commands, which work on the data folder itself. A server may run on it at the same time,
//! because they take only SQLite's lock and not the folder's. Without a folder, `list` and `get` ask the server, as in `wsk`.

mod limits;

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use wask_client::{Connection, Format, NounArgs, Scope, namespaces};
use wask_model::{Failure, Identity, NamespaceName, messages};
use wask_store::OpenStore;

use crate::catalog::{NamespaceKey, NamespaceState, Namespaces, OlderKeys};
use crate::clock::Clock;
use crate::config::{BadConfig, Flags, Loaded};

#[derive(Args)]
pub struct NamespaceArgs {
    #[command(subcommand)]
    command: NamespaceCommand,
    /// The server's data folder [default: ./wask-data]; without it, `list` and `get` ask the server
    #[arg(long, global = true, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// The server's settings file (TOML)
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    connection: Connection,
}

#[derive(Subcommand)]
enum NamespaceCommand {
    /// Create a namespace and print its key, `UUID:KEY`, which is not shown again
    Create {
        /// Name of the namespace
        name: NamespaceName,
    },
    /// List the namespaces of your key; with --data-dir, all namespaces
    List,
    /// List everything in a namespace; with --data-dir, show its UUID, state, keys and limits
    Get {
        /// [/]NAMESPACE [default: your own]
        #[arg(value_name = "NAMESPACE", value_parser = bare)]
        name: Option<NamespaceName>,
    },
    /// Create another key for a namespace and print it; the previous key stays valid
    Key {
        /// Name of the namespace
        name: NamespaceName,
        /// Revoke all older keys
        #[arg(long)]
        revoke_others: bool,
    },
    /// Show the limits of a namespace and where each comes from, or change them
    Limits {
        /// Name of the namespace
        name: NamespaceName,
        /// Set a limit, named as in `wask settings`; a rate or concurrency of 0 blocks the namespace
        #[arg(long, value_name = "LIMIT=VALUE")]
        set: Vec<String>,
        /// Use the server's limit again
        #[arg(long, value_name = "LIMIT")]
        unset: Vec<String>,
    },
    /// Block a namespace: reject its keys, hide its web actions, end its queued activations with an error
    Block {
        /// Name of the namespace
        name: NamespaceName,
    },
    /// Unblock a namespace
    Unblock {
        /// Name of the namespace
        name: NamespaceName,
    },
    /// Delete a namespace and everything in it
    Delete {
        /// Name of the namespace
        name: NamespaceName,
        /// Confirm the deletion
        #[arg(long)]
        yes: bool,
    },
}

impl NamespaceArgs {
    /// `list` and `get` without a folder: the client runs them.
    pub fn client_command(&self) -> Option<wask_client::Command> {
        let command = match &self.command {
            _ if self.data_dir.is_some() || self.config.is_some() => return None,
            NamespaceCommand::List => namespaces::Command::List,
            NamespaceCommand::Get { name } => {
                let scope = name.as_ref().map(|name| Scope { namespace: name.to_string(), package: None });
                namespaces::Command::Get { scope }
            }
            _ => return None,
        };
        let connection = self.connection.clone();
        Some(wask_client::Command::Namespace(NounArgs { command, connection }))
    }
}

/// Runs an operator's command.
pub fn run(args: NamespaceArgs, earlier: &Connection) -> anyhow::Result<()> {
    let format = args.connection.or(earlier).format();
    let flags = Flags { file: args.config, listen: None, data_dir: args.data_dir };
    let loaded = Loaded::read(&flags, &[])?;
    if let NamespaceCommand::Delete { name, yes: false } = &args.command {
        return Err(BadConfig::new(&messages::namespaces::delete_needs_yes(name)).into());
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let opened = join(&loaded)?;
        let clock = Clock::system();
        let operator = Operator { namespaces: Namespaces::new(&*opened.store, &clock), loaded: &loaded, format };
        let ended = operator.carry_out(args.command).await;
        opened.close().await;
        ended
    })
}

/// Opens the store in the data folder of a server.
fn join(loaded: &Loaded) -> anyhow::Result<OpenStore> {
    let folder = loaded.config.server.data_dir.display();
    let database = loaded.config.database();
    if !database.is_file() {
        bail!(
            "{folder} is not a data folder of wask: there is no {} (choose another with --data-dir)",
            database.display()
        );
    }
    wask_store::join(&loaded.config.store, &loaded.config.server.data_dir)
        .with_context(|| format!("{folder} cannot be used"))
}

struct Operator<'a> {
    namespaces: Namespaces<'a>,
    loaded: &'a Loaded,
    format: Format,
}

impl Operator<'_> {
    async fn carry_out(&self, command: NamespaceCommand) -> anyhow::Result<()> {
        match command {
            NamespaceCommand::Create { name } => {
                let made = self.namespaces.create(name, None).await?;
                eprintln!("created namespace `{}`; its key is not shown again:", made.identity.namespace);
                self.print_key(&made);
                eprintln!("use it:  wask property set --auth UUID:KEY, or a file .wskprops with APIHOST= and AUTH=");
            }
            NamespaceCommand::List => self.list(&self.namespaces.list().await?),
            NamespaceCommand::Get { name } => {
                let name = name.ok_or_else(|| BadConfig::new(messages::namespaces::NAME_MISSING))?;
                self.show(&self.namespaces.get(&name).await?).await?;
            }
            NamespaceCommand::Key { name, revoke_others } => {
                let older = if revoke_others { OlderKeys::Revoke } else { OlderKeys::KeepOne };
                let made = self.namespaces.add_key(&name, older).await?;
                match older {
                    OlderKeys::KeepOne => {
                        eprintln!("new key of `{name}`; the previous key stays valid until the next one is created:")
                    }
                    OlderKeys::Revoke => eprintln!("new key of `{name}`; all older keys are revoked:"),
                }
                self.print_key(&made);
            }
            NamespaceCommand::Limits { name, set, unset } => {
                let identity = if set.is_empty() && unset.is_empty() {
                    self.namespaces.get(&name).await?
                } else {
                    self.change_limits(&name, &set, &unset).await?
                };
                limits::print(&identity, self.loaded, self.format);
            }
            NamespaceCommand::Block { name } => {
                self.namespaces.set_state(&name, NamespaceState::Blocked).await?;
                say!("namespace `{name}` is blocked");
            }
            NamespaceCommand::Unblock { name } => {
                self.namespaces.set_state(&name, NamespaceState::Active).await?;
                say!("namespace `{name}` is unblocked");
            }
            NamespaceCommand::Delete { name, .. } => {
                self.namespaces.delete(&name).await?;
                say!("namespace `{name}` and everything in it are deleted");
            }
        }
        Ok(())
    }

    /// Prints the key alone on standard output, so that it can be piped.
    fn print_key(&self, made: &NamespaceKey) {
        let auth = made.key.expose();
        match self.format {
            Format::Table => say!("{auth}"),
            Format::Json => say!("{}", json!({ "namespace": made.identity.namespace, "auth": auth })),
        }
    }

    fn list(&self, all: &[Identity]) {
        match self.format {
            Format::Json => say!("{}", Value::from_iter(all.iter().map(document))),
            Format::Table => {
                let width = all.iter().map(|identity| identity.namespace.as_str().len()).max().unwrap_or(0);
                for identity in all {
                    say!("{:width$}  {}  {}", identity.namespace.as_str(), identity.uuid, state(identity));
                }
            }
        }
    }

    async fn show(&self, identity: &Identity) -> anyhow::Result<()> {
        let keys = self.namespaces.count_keys(identity).await?;
        let mut document = document(identity);
        document["keys"] = keys.into();
        if self.format == Format::Json {
            say!("{document}");
            return Ok(());
        }
        say!("namespace  {}", identity.namespace);
        say!("uuid       {}", identity.uuid);
        say!("state      {}", state(identity));
        say!("keys       {keys}");
        for (name, value) in document["limits"].as_object().into_iter().flatten() {
            say!("limit      {name} = {value}");
        }
        Ok(())
    }

    /// Changes all of them or none; `Err` names the first that is not valid.
    async fn change_limits(&self, name: &NamespaceName, set: &[String], unset: &[String]) -> anyhow::Result<Identity> {
        let system = &self.loaded.config.limits;
        let changed = self.namespaces.set_limits(name, |own| {
            unset.iter().try_for_each(|limit| own.unset(limit))?;
            for assignment in set {
                let malformed = || Failure::BadRequest(messages::namespaces::assignment_malformed(assignment));
                let (limit, value) = assignment.split_once('=').ok_or_else(malformed)?;
                own.set(limit.trim(), value.trim(), system)?;
            }
            own.check()
        });
        changed.await.map_err(
            |error| {
                if error.is::<Failure>() { BadConfig::new(&error.to_string()).into() } else { error }
            },
        )
    }
}

/// Accepts a namespace with a slash in front, as `wsk` writes it.
fn bare(text: &str) -> Result<NamespaceName, Failure> {
    text.strip_prefix('/').unwrap_or(text).parse()
}

fn state(identity: &Identity) -> &'static str {
    if identity.blocked { "blocked" } else { "active" }
}

fn document(identity: &Identity) -> Value {
    json!({
        "namespace": identity.namespace, "uuid": identity.uuid,
        "blocked": identity.blocked, "limits": identity.limits,
    })
}
