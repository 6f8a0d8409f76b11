//! Sends log lines to standard error: as text on a terminal, otherwise as JSON.

use std::io::IsTerminal as _;

use serde::{Deserialize, Serialize};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

/// Quietens a library that would fill the first screen; `log.level` can override it.
const QUIET: &str = "refinery_core=warn";

/// What is logged; settings below `log.`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogConfig {
    /// `error`, `warn`, `info`, `debug`, `trace`, or directives such as `warn,wask::queue=debug`.
    pub level: String,
    /// `auto` (text on a terminal, JSON otherwise), `text` or `json`.
    pub format: LogFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    Auto,
    Text,
    Json,
}

impl Default for LogConfig {
    fn default() -> Self {
        LogConfig { level: "info".to_owned(), format: LogFormat::Auto }
    }
}

/// The filter that `log.level` describes. `Err` lists what is allowed.
pub fn filter(level: &str) -> Result<EnvFilter, String> {
    let allowed =
        || "must be off, error, warn, info, debug, trace, or directives like warn,wask::queue=debug".to_owned();
    for directive in level.split(',') {
        // `EnvFilter` would take an unknown word for a module and log everything in it.
        let level = directive.rsplit_once('=').map_or(directive, |(_, level)| level);
        level.trim().parse::<LevelFilter>().map_err(|_| allowed())?;
    }
    EnvFilter::try_new(format!("{QUIET},{},{level}", wask_sandbox::QUIET_LOGS)).map_err(|_| allowed())
}

/// Starts logging for this process.
pub fn start(config: &LogConfig) -> anyhow::Result<()> {
    let filter = filter(&config.level).map_err(anyhow::Error::msg)?;
    let json = match config.format {
        LogFormat::Auto => !std::io::stderr().is_terminal(),
        LogFormat::Text => false,
        LogFormat::Json => true,
    };
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = if json { lines.json().flatten_event(true).try_init() } else { lines.with_target(false).try_init() };
    started.map_err(|e| anyhow::anyhow!("logging could not be started: {e}"))
}
