//! Every setting: default < file < environment < flags, with the origin of each value. The only reader of settings files
//! and of the environment.

mod sources;

use std::net::SocketAddr;
use std::path::PathBuf;

use figment::value::Value;
use serde::{Deserialize, Serialize};
use wask_egress::{BadRange, EgressConfig};
use wask_model::{ActionLimits, Limits, LimitsProfile};
use wask_sandbox::{SandboxConfig, SandboxError};
use wask_store::{LockError, StoreConfig};

use crate::alarms::AlarmSettings;
use crate::api::{HttpConfig, WebConfig, check_sites};
use crate::callbacks::CallbackConfig;
use crate::catalog::CatalogConfig;
use crate::gate::LoginConfig;
use crate::gateway::GatewayConfig;
use crate::invoke::RecordConfig;
use crate::memory::MemoryConfig;
use crate::queue::QueueConfig;
use crate::telemetry::{self, LogConfig};
pub use sources::BadConfig;
use sources::Sources;

/// The reference of all settings, compiled in; its values are the defaults.
pub const DEFAULTS: &str = include_str!("../../wask.default.toml");

/// The smallest budget that a server can live on.
const LEAST_MEMORY: u64 = 64 << 20;

/// All settings of a node.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    pub server: ServerConfig,
    pub memory: MemoryConfig,
    pub http: HttpConfig,
    pub logins: LoginConfig,
    pub web: WebConfig,
    pub limits: Limits,
    pub activations: RecordConfig,
    pub queue: QueueConfig,
    pub alarms: AlarmSettings,
    pub callbacks: CallbackConfig,
    pub egress: EgressConfig,
    pub catalog: CatalogConfig,
    pub gateway: GatewayConfig,
    pub sandbox: SandboxConfig,
    pub store: StoreConfig,
    pub log: LogConfig,
}

/// Who this node is and where it lives.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServerConfig {
    /// Address and port to listen on.
    pub listen: SocketAddr,
    /// Folder of everything that survives a restart.
    pub data_dir: PathBuf,
    /// What the server calls itself to receivers of callbacks.
    pub name: String,
    /// The URL that guests reach the API under; empty: `http://` and the address listened on.
    pub api_host: String,
    /// How long a stopping node waits for what runs.
    pub grace_ms: u64,
    /// How much memory the process may use. 0: three quarters of the machine's, or of what its cgroup allows.
    pub memory_bytes: u64,
}

impl Default for ServerConfig {
    fn default() -> Self {
        ServerConfig {
            listen: SocketAddr::from(([127, 0, 0, 1], 3233)),
            data_dir: PathBuf::from("wask-data"),
            name: "wask".to_owned(),
            api_host: String::new(),
            grace_ms: 30_000,
            memory_bytes: 0,
        }
    }
}

/// What the command line says.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    pub file: Option<PathBuf>,
    pub listen: Option<String>,
    pub data_dir: Option<PathBuf>,
}

/// All settings, and where each of them comes from.
#[derive(Debug)]
pub struct Loaded {
    pub config: Config,
    sources: Sources,
}

impl Loaded {
    /// Reads all sources. `adjust` lays a command's own defaults under file, environment and flags, and over those of the
    /// profile that these name.
    pub fn read(flags: &Flags, adjust: &[(&str, Value)]) -> Result<Loaded, BadConfig> {
        let mut sources = Loaded::layers(flags, LimitsProfile::Adobe, adjust)?;
        if sources.text("limits.profile").as_deref() == Some("openwhisk") {
            sources = Loaded::layers(flags, LimitsProfile::Openwhisk, adjust)?;
        }
        let loaded = Loaded { config: sources.extract()?, sources };
        loaded.check()?;
        Ok(loaded)
    }

    fn layers(flags: &Flags, profile: LimitsProfile, adjust: &[(&str, Value)]) -> Result<Sources, BadConfig> {
        let mut sources = Sources::defaults(DEFAULTS);
        for (limit, value) in profile.differences() {
            sources.set("limits.profile = \"openwhisk\"", &format!("limits.{limit}"), Value::from(*value));
        }
        for (setting, value) in adjust {
            sources.set("default", setting, value.clone());
        }
        if let Some(file) = &flags.file {
            sources.add_file(file)?;
        }
        sources.add_environment(std::env::vars_os())?;
        if let Some(listen) = &flags.listen {
            sources.set("--listen", "server.listen", Value::from(listen.as_str()));
        }
        if let Some(data_dir) = &flags.data_dir {
            let text =
                data_dir.to_str().ok_or_else(|| BadConfig::new("server.data_dir (--data-dir): must be UTF-8"))?;
            sources.set("--data-dir", "server.data_dir", Value::from(text));
        }
        Ok(sources)
    }

    /// Where the value of a setting comes from: `default`, a file, a variable, a flag.
    pub fn origin(&self, setting: &str) -> String {
        self.sources.origin(setting)
    }

    /// What is wrong with a setting, in words that follow on its name, value and origin.
    pub fn refuse(&self, setting: &str, problem: &str) -> BadConfig {
        self.sources.refuse(setting, problem)
    }

    /// Makes the data folder, for its owner only; for a readable message before anything is started. `Err` also if others
    /// may enter it.
    pub fn ensure_data_dir(&self) -> Result<(), BadConfig> {
        wask_store::make_data_dir(&self.config.server.data_dir).map_err(|refused| {
            let problem = match refused {
                LockError::Io { cause, .. } => format!("must be a folder that can be written to: {cause}"),
                other => format!("must be its owner's alone: {other}"),
            };
            self.refuse("server.data_dir", &problem)
        })
    }

    /// What the type of a setting does not say, and what no single setting can know: that they fit together.
    fn check(&self) -> Result<(), BadConfig> {
        let Config { server, queue, log, .. } = &self.config;
        self.check_ranges()?;
        if queue.lease_ms < queue.renew_ms.saturating_mul(3) {
            let renew = self.sources.describe("queue.renew_ms");
            return Err(self.refuse("queue.lease_ms", &format!("must be at least 3 × {renew}")));
        }
        let host = server.api_host.as_str();
        if !host.is_empty() && (!host.starts_with("http://") && !host.starts_with("https://") || host.ends_with('/')) {
            return Err(self.refuse("server.api_host", "must begin with http:// or https:// and not end with a slash"));
        }
        self.check_memory()?;
        telemetry::filter(&log.level).map_err(|problem| self.refuse("log.level", &problem))?;
        self.check_action_limits()
    }

    /// Asks every section for its own ranges.
    fn check_ranges(&self) -> Result<(), BadConfig> {
        let Config { memory, http, web, logins, queue, limits, activations, alarms, callbacks, gateway, store, .. } =
            &self.config;
        for (section, checked) in [
            ("memory", memory.check()),
            ("http", http.check()),
            ("logins", logins.check()),
            ("limits", limits.check()),
            ("activations", activations.check()),
            ("callbacks", callbacks.check()),
            ("queue", queue.check()),
            ("alarms", alarms.check()),
            ("gateway", gateway.check()),
            ("store.sqlite", store.sqlite.check()),
        ] {
            checked.map_err(|out| self.refuse(&format!("{section}.{}", out.setting), &out.to_string()))?;
        }
        if let Err(BadRange { setting, index, value }) = self.config.egress.check() {
            let problem = format!("must be ranges like 10.0.0.0/8; number {}, {value}, is not", index + 1);
            return Err(self.refuse(&format!("egress.{setting}"), &problem));
        }
        if let Err(index) = http.check_proxies() {
            let (number, value) = (index + 1, &http.trusted_proxies[index]);
            let problem = format!("must be addresses or ranges like 10.0.0.0/8; number {number}, {value}, is not");
            return Err(self.refuse("http.trusted_proxies", &problem));
        }
        if let Err(bad) = check_sites(http, web) {
            return Err(self.refuse(bad.setting, &bad.problem));
        }
        match self.config.sandbox.check() {
            Err(SandboxError::Setting { setting, least, most, .. }) => {
                Err(self.refuse(&format!("sandbox.{setting}"), &format!("must be from {least} to {most}")))
            }
            Err(other) => Err(BadConfig::new(&format!("sandbox: {other}"))),
            Ok(()) => Ok(()),
        }
    }

    fn check_memory(&self) -> Result<(), BadConfig> {
        let Config { server, memory, .. } = &self.config;
        if (1..LEAST_MEMORY).contains(&server.memory_bytes) {
            return Err(self.refuse("server.memory_bytes", &format!("must be 0 or at least {LEAST_MEMORY}")));
        }
        if memory.sum() > 100 {
            let problem = format!("must be at most 100 together with the other parts; all are {}", memory.sum());
            return Err(self.refuse("memory.guests_percent", &problem));
        }
        Ok(())
    }

    fn check_action_limits(&self) -> Result<(), BadConfig> {
        let Config { limits, sandbox, .. } = &self.config;
        let least = u64::from(limits.action_memory_max_mb) << 20;
        if sandbox.max_memory_bytes < least {
            let most = self.sources.describe("limits.action_memory_max_mb");
            return Err(self.refuse("sandbox.max_memory_bytes", &format!("must be at least {least}, which is {most}")));
        }
        limits.check_defaults().map_err(|out| {
            self.refuse(&format!("limits.{}", out.setting), &format!("{out}, the bounds of an action"))
        })?;
        debug_assert!(ActionLimits::defaults(limits).check(limits).is_ok(), "every range is checked above");
        Ok(())
    }
}

impl Config {
    pub fn wskprops(&self) -> PathBuf {
        self.server.data_dir.join("wskprops")
    }

    pub fn database(&self) -> PathBuf {
        self.store.file_in(&self.server.data_dir)
    }

    pub fn code_cache(&self) -> PathBuf {
        self.server.data_dir.join("cache")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_page_notes_what_differs_in_each_profile() {
        let noted = DEFAULTS.lines().filter_map(|line| {
            let (setting, value) =
                line.split_once(" = ").zip(line.split_once("(openwhisk: ")).map(|(s, v)| (s.0, v.1))?;
            Some((setting, value.trim_end_matches(')').parse().ok()?))
        });
        let noted: std::collections::BTreeMap<&str, u64> = noted.collect();
        let differences = LimitsProfile::Openwhisk.differences();
        assert_eq!(noted, differences.iter().copied().collect());
        assert!(LimitsProfile::Adobe.differences().is_empty());
    }

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
