//! `wask namespace`: what an operator does with namespaces, on the data folder itself. A server may be running on it: the
//! folder's lock is not taken, SQLite's own serves. Without a folder, `list` and `get` are the client's, as in `wsk`.

mod limits;

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use wask_client::{Connection, Format, NounArgs, Scope, namespaces};
use wask_model::{Failure, Identity, NamespaceName, messages};
use wask_store::sqlite::SqliteStore;

use crate::catalog::{NamespaceKey, NamespaceState, Namespaces, OlderKeys};
use crate::clock::Clock;
use crate::config::{BadConfig, Flags, Loaded};

#[derive(Args)]
pub struct NamespaceArgs {
    #[command(subcommand)]
    command: NamespaceCommand,
    /// Folder of the server's data [default: ./wask-data]; `list` and `get` ask the server when it is not given
    #[arg(long, global = true, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// The server's file with settings (TOML)
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    connection: Connection,
}

#[derive(Subcommand)]
enum NamespaceCommand {
    /// Make a namespace and print its key, `uuid:key`, the only time that it can be read
    Create { name: NamespaceName },
    /// List the namespaces of your key, or with --data-dir all that the server has
    List,
    /// List everything in a namespace, or with --data-dir its uuid, whether it is blocked, its keys and limits
    Get {
        /// [/]NAMESPACE [default: your own]
        #[arg(value_name = "NAMESPACE", value_parser = bare)]
        name: Option<NamespaceName>,
    },
    /// Make a new key for a namespace and print it; the one before stays valid
    Key {
        name: NamespaceName,
        /// No older key stays valid
        #[arg(long)]
        revoke_others: bool,
    },
    /// Show the limits that hold for a namespace and where each comes from, or change its own
    Limits {
        name: NamespaceName,
        /// Give it a limit of its own, named as in `wask settings`; 0 per minute or at a time blocks it
        #[arg(long, value_name = "LIMIT=VALUE")]
        set: Vec<String>,
        /// Let the server's limit hold again
        #[arg(long, value_name = "LIMIT")]
        unset: Vec<String>,
    },
    /// Shut a namespace out: its keys are refused, its web actions are gone, what is queued ends as an error
    Block { name: NamespaceName },
    /// Let a blocked namespace in again
    Unblock { name: NamespaceName },
    /// Delete a namespace with everything in it
    Delete {
        name: NamespaceName,
        /// Yes, everything
        #[arg(long)]
        yes: bool,
    },
}

impl NamespaceArgs {
    /// `list` and `get` without a folder are questions to the server, which the client asks.
    pub fn of_the_client(&self) -> Option<wask_client::Command> {
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

/// Runs the command to its end.
pub fn run(args: NamespaceArgs, earlier: &Connection) -> anyhow::Result<()> {
    let format = args.connection.or(earlier).format();
    let flags = Flags { file: args.config, listen: None, data_dir: args.data_dir };
    let loaded = Loaded::read(&flags, &[])?;
    if let NamespaceCommand::Delete { name, yes: false } = &args.command {
        return Err(BadConfig::of(&messages::namespaces::delete_needs_yes(name)).into());
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let store = join(&loaded)?;
        let clock = Clock::system();
        let operator = Operator { namespaces: Namespaces::new(&store, &clock), loaded: &loaded, format };
        let ended = operator.carry_out(args.command).await;
        store.close().await;
        ended
    })
}

/// The store of a data folder that some server has made.
fn join(loaded: &Loaded) -> anyhow::Result<SqliteStore> {
    let folder = loaded.config.server.data_dir.display();
    let database = loaded.config.database();
    if !database.is_file() {
        bail!("{folder} is no data folder of wask: there is no {} (--data-dir chooses another)", database.display());
    }
    SqliteStore::join(&database, &loaded.config.store.sqlite).with_context(|| format!("{folder} cannot be used"))
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
                eprintln!("namespace `{}` made; its key cannot be read again:", made.identity.namespace);
                self.hand_over(&made);
                eprintln!("use it:  wsk property set --auth UUID:KEY, or wskprops with APIHOST= and AUTH=");
            }
            NamespaceCommand::List => self.list(&self.namespaces.list().await?),
            NamespaceCommand::Get { name } => {
                let name = name.ok_or_else(|| BadConfig::of(messages::namespaces::NAME_MISSING))?;
                self.show(&self.namespaces.get(&name).await?).await?;
            }
            NamespaceCommand::Key { name, revoke_others } => {
                let older = if revoke_others { OlderKeys::Revoke } else { OlderKeys::KeepOne };
                let made = self.namespaces.add_key(&name, older).await?;
                match older {
                    OlderKeys::KeepOne => eprintln!("new key of `{name}`; the one before stays valid until the next:"),
                    OlderKeys::Revoke => eprintln!("new key of `{name}`; no other is valid any more:"),
                }
                self.hand_over(&made);
            }
            NamespaceCommand::Limits { name, set, unset } => {
                let identity = match set.is_empty() && unset.is_empty() {
                    true => self.namespaces.get(&name).await?,
                    false => self.change_limits(&name, &set, &unset).await?,
                };
                limits::print(&identity, self.loaded, self.format);
            }
            NamespaceCommand::Block { name } => {
                self.namespaces.set_state(&name, NamespaceState::Blocked).await?;
                say!("namespace `{name}` is blocked");
            }
            NamespaceCommand::Unblock { name } => {
                self.namespaces.set_state(&name, NamespaceState::Active).await?;
                say!("namespace `{name}` is let in again");
            }
            NamespaceCommand::Delete { name, .. } => {
                self.namespaces.delete(&name).await?;
                say!("namespace `{name}` is deleted with everything that was in it");
            }
        }
        Ok(())
    }

    /// The key alone on standard output, so that it can be piped.
    fn hand_over(&self, made: &NamespaceKey) {
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

    /// All or nothing; `Err` for the first that cannot be.
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
        changed.await.map_err(|error| match error.is::<Failure>() {
            true => BadConfig::of(&error.to_string()).into(),
            false => error,
        })
    }
}

/// `wsk` writes a slash in front of a namespace.
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
