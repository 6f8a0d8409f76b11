//! The command line: the arguments of each command, and its exit code.

/// Prints a line.
macro_rules! say {
    ($($line:tt)*) => { $crate::cli::print_line(format_args!($($line)*)) };
}

mod cron;
mod descriptors;
mod dev;
mod namespace;
mod serve;
mod signals;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use crate::clock::Clock;
use crate::config::{BadConfig, Config, DEFAULTS, Flags, Loaded};
use crate::node::Shared;
use crate::telemetry;

/// Exit code of a server whose store can no longer be relied on. A start reads what is on the disk, and is clean.
const STORE_FAULT: i32 = 70;
/// Exit code for settings or arguments that are not valid.
const BAD_USAGE: u8 = 2;

const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (wasmtime ", env!("WASMTIME_VERSION"), ")");

/// Run OpenWhisk actions as WebAssembly modules, each in a fresh sandbox
#[derive(Parser)]
#[command(name = "wask", version = VERSION, max_term_width = 100)]
#[command(after_help = "Start here: `wask dev`, then paste the curl line that it prints.")]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// Like `wsk`, wask takes these flags in front of the noun too: `wask -i action list`.
    #[command(flatten)]
    connection: wask_client::Connection,
}

#[derive(Subcommand)]
enum Command {
    /// Run a development server: loopback only, the well-known guest key, no throttles
    ///
    /// Deploys every .wasm and .wat file in FOLDER as a web action of the same name, and redeploys a file when it
    /// changes. Without FOLDER, deploys three demo actions. Prints one line per activation. Ctrl-C stops the server;
    /// the data folder keeps everything.
    #[command(after_help = SETTINGS)]
    Dev(DevArgs),
    /// Run a server
    ///
    /// The first start creates the namespace `guest` with a random key and writes the key to wskprops in the data
    /// folder, a file that wsk and aio can read. SIGTERM or Ctrl-C shuts the server down in order; a second one stops
    /// it at once.
    #[command(after_help = SETTINGS)]
    Serve(ServeArgs),
    /// Show the namespaces of your key; as the operator, create, limit, block and delete them
    ///
    /// The operator's commands work on the data folder, also while a server runs on it; the server notices a change
    /// within a second. Use the same settings file and environment variables as the server, because the limits that
    /// these commands show and check come from there.
    #[command(after_help = SETTINGS)]
    Namespace(namespace::NamespaceArgs),
    /// Show when a cron pattern fires
    #[command(subcommand)]
    Cron(cron::CronCommand),
    /// Print every setting with its meaning and default, as a file for `wask serve --config`
    Settings,
    #[command(flatten)]
    Client(Box<wask_client::Command>),
    /// What a server starts for each module that it compiles
    #[command(hide = true)]
    CompileModule { order: String },
    /// Print a shell script that completes commands and flags
    ///
    /// bash: eval "$(wask completions bash)" in ~/.bashrc; zsh: wask completions zsh > DIR/_wask with DIR in fpath;
    /// fish: wask completions fish > ~/.config/fish/completions/wask.fish
    Completions {
        /// Shell to print the script for
        #[arg(value_enum)]
        shell: Shell,
    },
}

/// A shell whose completions can be printed.
#[derive(Clone, Copy, clap::ValueEnum)]
enum Shell {
    Bash,
    Zsh,
    Fish,
}

const SETTINGS: &str = "\
`wask settings` prints all other settings as a file. Each can also be an environment variable: \
limits.concurrent_invocations is WASK_LIMITS__CONCURRENT_INVOCATIONS. Flags override variables, and variables override \
the file.";

#[derive(Args)]
struct ServeArgs {
    /// Settings file (TOML)
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Address and port to listen on [default: 127.0.0.1:3233]
    #[arg(long, value_name = "ADDR:PORT")]
    listen: Option<String>,
    /// Data folder: everything that survives a restart [default: ./wask-data]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

#[derive(Args)]
struct DevArgs {
    /// Folder with .wasm and .wat files to deploy [default: three demo actions]
    #[arg(value_name = "FOLDER")]
    folder: Option<PathBuf>,
    /// Loopback address and port to listen on [default: 127.0.0.1:3233]
    #[arg(long, value_name = "ADDR:PORT")]
    listen: Option<String>,
    /// Data folder: everything that survives a restart [default: ./.wask]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

/// Runs the command of this process's arguments.
pub fn run() -> ExitCode {
    let Cli { command, connection } = parse();
    let ended = match command {
        Command::Serve(args) => {
            let flags = Flags { file: args.config, listen: args.listen, data_dir: args.data_dir };
            with_runtime(Loaded::read(&flags, &[]), serve::run)
        }
        Command::Dev(args) => {
            let flags = Flags { file: None, listen: args.listen, data_dir: args.data_dir };
            let loaded = Loaded::read(&flags, &dev::defaults()).and_then(dev::check);
            with_runtime(loaded, |config| dev::run(config, args.folder))
        }
        Command::Namespace(args) => match args.client_command() {
            Some(command) => return wask_client::run(command, &connection),
            None => namespace::run(args, &connection),
        },
        Command::Cron(command) => return cron::run(&command, Clock::system().now()),
        Command::Settings => {
            say!("{}", DEFAULTS.trim_end());
            Ok(())
        }
        Command::Client(command) => return wask_client::run(*command, &connection),
        Command::CompileModule { order } => return wask_sandbox::compile_module(&order),
        Command::Completions { shell } => {
            complete(shell);
            Ok(())
        }
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("wask: {error:#}");
            ExitCode::from(if error.is::<BadConfig>() { BAD_USAGE } else { 1 })
        }
    }
}

/// Parses the arguments; the process ends if they are not valid.
fn parse() -> Cli {
    let mut command = command();
    let matches = command.get_matches_mut();
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.format(&mut command).exit());
    let runs_a_server = matches!(cli.command, Command::Serve(_) | Command::Dev(_) | Command::Settings);
    if runs_a_server && cli.connection.is_given() {
        let why = "the flags in front of this command are for commands that talk to a server";
        command.error(clap::error::ErrorKind::ArgumentConflict, why).exit();
    }
    cli
}

/// Hides the client's flags in the top-level help: every noun defines and shows them again.
fn command() -> clap::Command {
    Cli::command().mut_args(|arg| arg.global(false).hide(true))
}

fn complete(shell: Shell) {
    let shell = match shell {
        Shell::Bash => clap_complete::Shell::Bash,
        Shell::Zsh => clap_complete::Shell::Zsh,
        Shell::Fish => clap_complete::Shell::Fish,
    };
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command(), "wask", &mut script);
    let _ = std::io::stdout().write_all(&script);
}

/// Prints a line. Unlike `println!`, it does not panic if standard output is closed.
fn print_line(line: std::fmt::Arguments<'_>) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{line}");
}

/// What a node in a process of its own does that others must not: a fault of its store ends the process.
fn of_a_process() -> Shared {
    let end = |what: &str| {
        eprintln!(
            "wask: the store failed and this server ends: {what}; start it again, nothing that was promised is lost"
        );
        std::process::exit(STORE_FAULT)
    };
    Shared { on_store_fault: Some(Arc::new(end)), ..Shared::default() }
}

fn with_runtime<F>(loaded: Result<Loaded, BadConfig>, command: impl FnOnce(Config) -> F) -> anyhow::Result<()>
where
    F: Future<Output = anyhow::Result<()>>,
{
    let loaded = loaded?;
    loaded.ensure_data_dir()?;
    telemetry::start(&loaded.config.log)?;
    descriptors::raise();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let ended = runtime.block_on(command(loaded.config));
    runtime.shutdown_background(); // a compile or a read that hangs must not delay the exit
    ended
}
