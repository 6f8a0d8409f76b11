//! Every setting: default < file < environment < flags, with the origin of each value. The only reader of files and
//! environment for this purpose.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use figment::providers::{Env, Format as _, Serialized, Toml};
use figment::{Figment, Profile};
use serde::{Deserialize, Serialize};
use wask_model::{ActionLimits, Limits};
use wask_sandbox::SandboxConfig;
use wask_store::sqlite::SqliteConfig;

use crate::alarms::AlarmSettings;
use crate::api::HttpConfig;
use crate::catalog::CatalogConfig;
use crate::invoke::RecordConfig;
use crate::queue::QueueConfig;
use crate::telemetry::LogConfig;

/// The reference of all settings, compiled in; its values are the defaults.
pub const DEFAULTS: &str = include_str!("../wask.default.toml");

/// Variables are `WASK_<SECTION>__<SETTING>`; others that begin with `WASK_` are not ours.
const ENVIRONMENT: &str = "WASK_";

/// All settings of a node.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    pub server: ServerConfig,
    pub http: HttpConfig,
    pub limits: Limits,
    pub activations: RecordConfig,
    pub queue: QueueConfig,
    pub alarms: AlarmSettings,
    pub catalog: CatalogConfig,
    pub sandbox: SandboxConfig,
    pub store: StoreConfig,
    pub log: LogConfig,
}

/// Where records, entities and jobs are kept.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct StoreConfig {
    pub sqlite: SqliteConfig,
}

/// Who this node is and where it lives.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServerConfig {
    /// Address and port to listen on.
    pub listen: SocketAddr,
    /// Folder of everything that survives a restart.
    pub data_dir: PathBuf,
    /// The URL that guests reach the API under; empty: `http://` and the address listened on.
    pub api_host: String,
    /// How long a stopping node waits for what runs.
    pub grace_ms: u64,
}

impl Default for ServerConfig {
    fn default() -> Self {
        ServerConfig {
            listen: SocketAddr::from(([127, 0, 0, 1], 3233)),
            data_dir: PathBuf::from("wask-data"),
            api_host: String::new(),
            grace_ms: 30_000,
        }
    }
}

/// A setting that cannot be used: which one, where it comes from, what is allowed. One line.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct BadConfig(String);

impl BadConfig {
    pub fn new(setting: &str, problem: &str) -> Self {
        BadConfig(format!("{setting}: {problem}").replace('\n', " "))
    }
}

/// What the command line says.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    pub file: Option<PathBuf>,
    pub listen: Option<SocketAddr>,
    pub data_dir: Option<PathBuf>,
}

impl Config {
    /// Reads all sources. `adjust` lays a command's own defaults under file, environment and flags.
    pub fn load(flags: &Flags, adjust: &[(&str, figment::value::Value)]) -> Result<Config, BadConfig> {
        let mut sources = Figment::from(Toml::string(DEFAULTS));
        for (key, value) in adjust {
            sources = sources.merge(Serialized::from(value, Profile::Default).key(key));
        }
        if let Some(file) = &flags.file {
            if !file.is_file() {
                return Err(BadConfig(format!("--config: there is no file {}", file.display())));
            }
            sources = sources.merge(Toml::file_exact(file));
        }
        let ours = |key: &figment::value::UncasedStr| key.as_str().contains("__");
        sources = sources.merge(Env::prefixed(ENVIRONMENT).filter(ours).split("__"));
        if let Some(listen) = flags.listen {
            sources = sources.merge(Serialized::default("server.listen", listen));
        }
        if let Some(data_dir) = &flags.data_dir {
            sources = sources.merge(Serialized::default("server.data_dir", data_dir));
        }
        let config: Config = sources.extract().map_err(|error| BadConfig(one_line(&error)))?;
        config.check(&sources)?;
        Ok(config)
    }

    /// What no single setting can know: that they fit together.
    fn check(&self, sources: &Figment) -> Result<(), BadConfig> {
        let refuse = |setting: &str, value: String, allowed: String| {
            let origin = sources.find_metadata(setting).map_or_else(|| "defaults".to_owned(), origin);
            Err(BadConfig(format!("{setting} = {value} ({origin}): {allowed}")))
        };
        let (queue, limits) = (&self.queue, &self.limits);
        if queue.lease_ms < queue.renew_ms.saturating_mul(3) {
            let allowed = format!("must be at least 3 × queue.renew_ms, that is {}", queue.renew_ms.saturating_mul(3));
            return refuse("queue.lease_ms", queue.lease_ms.to_string(), allowed);
        }
        for (setting, value) in [
            ("queue.renew_ms", queue.renew_ms),
            ("queue.poll_ms", queue.poll_ms),
            ("queue.concurrent_runs", queue.concurrent_runs as u64),
            ("queue.claim_batch", queue.claim_batch.into()),
            ("queue.max_attempts", queue.max_attempts.into()),
            ("activations.backlog", self.activations.backlog as u64),
            ("activations.batch", self.activations.batch as u64),
            ("http.connections", self.http.connections as u64),
            ("limits.blocking_wait_ms", limits.blocking_wait_ms),
        ] {
            if value == 0 {
                return refuse(setting, value.to_string(), "must be at least 1".to_owned());
            }
        }
        if 60_000 < limits.blocking_wait_ms {
            return refuse("limits.blocking_wait_ms", limits.blocking_wait_ms.to_string(), "at most 60000".to_owned());
        }
        let defaults = ActionLimits {
            timeout: limits.action_timeout_default_ms,
            memory: limits.action_memory_default_mb,
            logs: limits.action_logs_default_mb,
            concurrency: limits.action_concurrency_default,
            instances: None,
        };
        if let Err(out_of_range) = defaults.check(limits) {
            return Err(BadConfig(format!("limits: the defaults of an action are out of range: {out_of_range}")));
        }
        if self.sandbox.max_memory_bytes < u64::from(limits.action_memory_max_mb) << 20 {
            let allowed = "must be at least limits.action_memory_max_mb".to_owned();
            return refuse("sandbox.max_memory_bytes", self.sandbox.max_memory_bytes.to_string(), allowed);
        }
        Ok(())
    }

    pub fn wskprops(&self) -> PathBuf {
        self.server.data_dir.join("wskprops")
    }

    pub fn database(&self) -> PathBuf {
        self.server.data_dir.join("wask.sqlite")
    }

    pub fn code_cache(&self) -> PathBuf {
        self.server.data_dir.join("cache")
    }
}

fn origin(metadata: &figment::Metadata) -> String {
    match &metadata.source {
        Some(figment::Source::File(path)) => path.display().to_string(),
        _ => metadata.name.to_string(),
    }
}

/// `setting: what is wrong (origin)`, for the first of the errors.
fn one_line(error: &figment::Error) -> String {
    let path = error.path.join(".");
    let from_environment = error.metadata.as_ref().is_some_and(|m| m.name.contains("environment"));
    let origin = match (&error.metadata, from_environment) {
        (_, true) => format!("{ENVIRONMENT}{}", path.to_uppercase().replace('.', "__")),
        (Some(metadata), false) => origin(metadata),
        (None, false) => "configuration".to_owned(),
    };
    let setting = if path.is_empty() { "configuration".to_owned() } else { path };
    format!("{setting}: {} (from {origin})", error.kind).replace('\n', " ")
}

/// Whether `path` is a folder that this process may create files in; for a message before anything is started.
pub fn ensure_folder(path: &Path) -> Result<(), BadConfig> {
    std::fs::create_dir_all(path)
        .map_err(|cause| BadConfig(format!("server.data_dir = {}: cannot be created: {cause}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(prefix: &str, value: &serde_json::Value, into: &mut Vec<String>) {
        match value {
            serde_json::Value::Object(members) => {
                for (key, value) in members {
                    let dot = if prefix.is_empty() { "" } else { "." };
                    keys(&format!("{prefix}{dot}{key}"), value, into);
                }
            }
            _ => into.push(prefix.to_owned()),
        }
    }

    #[test]
    fn the_reference_page_has_every_setting_with_its_default() {
        let page: toml::Value = toml::from_str(DEFAULTS).unwrap();
        let (page, code) = (serde_json::to_value(page).unwrap(), serde_json::to_value(Config::default()).unwrap());
        let (mut of_page, mut of_code) = (Vec::new(), Vec::new());
        keys("", &page, &mut of_page);
        keys("", &code, &mut of_code);
        of_page.sort();
        of_code.sort();
        assert_eq!(of_page, of_code);
        for key in of_code {
            let pointer = format!("/{}", key.replace('.', "/"));
            assert_eq!(page.pointer(&pointer), code.pointer(&pointer), "{key}");
        }
    }
}
