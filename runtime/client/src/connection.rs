//! The server that a command talks to, the key that it uses, and the format of its output.

use clap::{Args, ValueEnum};

use crate::failure::Failure;
use crate::http::{Server, Trust};
use crate::trace::Trace;
use crate::wskprops::{self, Properties};

/// The output format: tables and sentences, or the server's JSON and nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Table,
    Json,
}

/// The flags that every command takes, before or after the noun.
#[derive(Args, Clone, Default)]
#[command(next_help_heading = "Connection")]
pub struct Connection {
    /// Address of the server; https:// unless it has a scheme [default: APIHOST of .wskprops]
    #[arg(long, value_name = "HOST", global = true)]
    apihost: Option<String>,
    /// Key, as UUID:KEY [default: AUTH of .wskprops]
    #[arg(short = 'u', long, value_name = "KEY", global = true)]
    auth: Option<String>,
    /// Version of the API [default: v1]
    #[arg(long, value_name = "VERSION", global = true, hide = true)]
    apiversion: Option<String>,
    /// Do not check the server's certificate
    #[arg(short = 'i', long, global = true)]
    insecure: bool,
    /// Print requests and responses to standard error, without the key
    #[arg(short = 'v', long, global = true)]
    verbose: bool,
    /// Like --verbose, but print bodies in full
    #[arg(short = 'd', long, global = true)]
    debug: bool,
    /// Output format: table, or json for the server's response and nothing else [default: table]
    #[arg(short = 'o', long, value_name = "FORMAT", global = true, value_enum, hide_possible_values = true)]
    output: Option<Format>,
}

impl Connection {
    /// Fills in the flags in front of the noun for those that are missing here.
    pub fn or(self, earlier: &Connection) -> Self {
        Connection {
            apihost: self.apihost.or_else(|| earlier.apihost.clone()),
            auth: self.auth.or_else(|| earlier.auth.clone()),
            apiversion: self.apiversion.or_else(|| earlier.apiversion.clone()),
            insecure: self.insecure || earlier.insecure,
            verbose: self.verbose || earlier.verbose,
            debug: self.debug || earlier.debug,
            output: self.output.or(earlier.output),
        }
    }

    pub fn is_given(&self) -> bool {
        let valued = self.apihost.is_some() || self.auth.is_some() || self.apiversion.is_some();
        valued || self.insecure || self.verbose || self.debug || self.output.is_some()
    }

    pub fn format(&self) -> Format {
        self.output.unwrap_or(Format::Table)
    }

    /// The server that flags or properties name, with its key.
    pub fn open(&self) -> Result<Server, Failure> {
        let properties = Properties::load()?;
        let auth = self.auth.as_deref().or_else(|| properties.get(wskprops::AUTH));
        let Some(auth) = auth.filter(|auth| auth.contains(':')) else {
            return Err(match auth {
                Some(_) => Failure::usage("The authorization key must have the form UUID:KEY"),
                None => Failure::usage(format!(
                    "Authorization key is not configured (--auth is required, or AUTH in {})",
                    properties.location()
                )),
            });
        };
        let auth = auth.to_owned();
        self.reach(&properties, Some(auth))
    }

    /// Like `open`, but without a key, for routes that need none.
    pub fn open_anonymously(&self) -> Result<Server, Failure> {
        self.reach(&Properties::load()?, None)
    }

    fn reach(&self, properties: &Properties, auth: Option<String>) -> Result<Server, Failure> {
        let Some(host) = self.apihost.as_deref().or_else(|| properties.get(wskprops::API_HOST)) else {
            return Err(Failure::usage(format!(
                "An API host must be provided: --apihost HOST, or APIHOST in {}",
                properties.location()
            )));
        };
        let version = self.apiversion.as_deref().or_else(|| properties.get(wskprops::API_VERSION)).unwrap_or("v1");
        let insecure = self.insecure || properties.get(wskprops::INSECURE).is_some_and(|value| value == "true");
        let trust = if insecure { Trust::Everyone } else { Trust::Certified };
        let trace = match (self.verbose, self.debug) {
            (_, true) => Trace::Whole,
            (true, false) => Trace::Short,
            (false, false) => Trace::Off,
        };
        Server::new(&url_of(host), version, auth, trust, trace)
    }
}

/// `host` → `https://host`, without a slash at the end.
pub fn url_of(host: &str) -> String {
    let host = host.trim();
    let whole = if host.contains("://") { host.to_owned() } else { format!("https://{host}") };
    whole.trim_end_matches('/').to_owned()
}
