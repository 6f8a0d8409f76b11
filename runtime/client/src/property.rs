//! `wask property …`: the file `.wskprops`.

use clap::{Args, Subcommand};
use serde_json::{Map, Value};

use crate::connection::{Connection, Format, url_of};
use crate::failure::Failure;
use crate::screen::{self, Screen, bold};
use crate::wskprops::{self, Properties};

#[derive(Subcommand)]
pub enum Command {
    /// Print properties; without a flag, all of them
    Get(PropertyFlags),
    /// Set properties
    #[command(override_usage = "wask property set [OPTIONS]")]
    Set(PropertyValues),
    /// Remove properties
    Unset(PropertyFlags),
}

/// The properties that a command is about.
#[derive(Args)]
pub struct PropertyFlags {
    /// Address of the server
    #[arg(long)]
    apihost: bool,
    /// Version of the API
    #[arg(long)]
    apiversion: bool,
    /// Key
    #[arg(long, short = 'u')]
    auth: bool,
    /// Namespace; aio reads it from this file
    #[arg(long)]
    namespace: bool,
    /// Whether the server's certificate is left unchecked
    #[arg(long)]
    insecure: bool,
    /// Version of this client
    #[arg(long)]
    cliversion: bool,
    /// Build of the server
    #[arg(long)]
    apibuild: bool,
    /// Build number of the server
    #[arg(long)]
    apibuildno: bool,
    /// All properties
    #[arg(long)]
    all: bool,
    /// Output format: table or json [default: table]
    #[arg(short = 'o', long, value_name = "FORMAT", value_enum, hide_possible_values = true)]
    output: Option<Format>,
}

/// New values of properties.
#[derive(Args)]
#[group(required = true, multiple = true)]
pub struct PropertyValues {
    /// Address of the server; https:// unless it has a scheme
    #[arg(long, value_name = "HOST")]
    apihost: Option<String>,
    /// Version of the API
    #[arg(long, value_name = "VERSION")]
    apiversion: Option<String>,
    /// Key, as UUID:KEY
    #[arg(long, short = 'u', value_name = "KEY")]
    auth: Option<String>,
    /// Namespace; aio reads it from this file
    #[arg(long, value_name = "NAMESPACE")]
    namespace: Option<String>,
    /// Do not check the server's certificate
    #[arg(long, value_name = "BOOL")]
    insecure: Option<bool>,
}

pub fn run(command: Command, connection: &Connection) -> Result<(), Failure> {
    match command {
        Command::Get(which) => get(&which, connection),
        Command::Set(values) => set(&values),
        Command::Unset(which) => unset(&which),
    }
}

impl PropertyFlags {
    fn names_none(&self) -> bool {
        let file = self.apihost || self.apiversion || self.auth || self.namespace || self.insecure;
        !(file || self.cliversion || self.apibuild || self.apibuildno)
    }
}

fn get(which: &PropertyFlags, connection: &Connection) -> Result<(), Failure> {
    let all = which.all || which.names_none();
    let properties = Properties::load()?;
    let of_file = |key: &str| properties.get(key).map(str::to_owned);
    let mut shown: Vec<(&str, Option<String>)> = Vec::new();
    for (wanted, label, value) in [
        (which.auth, "whisk auth", of_file(wskprops::AUTH)),
        (which.apihost, "whisk API host", of_file(wskprops::API_HOST)),
        (
            which.apiversion,
            "whisk API version",
            Some(of_file(wskprops::API_VERSION).unwrap_or_else(|| "v1".to_owned())),
        ),
        (which.namespace, "whisk namespace", Some(of_file(wskprops::NAMESPACE).unwrap_or_else(|| "_".to_owned()))),
        (which.insecure, "insecure SSL", Some(of_file(wskprops::INSECURE).unwrap_or_else(|| "false".to_owned()))),
        (which.cliversion, "whisk CLI version", Some(env!("CARGO_PKG_VERSION").to_owned())),
    ] {
        if all || wanted {
            shown.push((label, value));
        }
    }
    let mut built = Ok(());
    if all || which.apibuild || which.apibuildno {
        let build = build_of(connection);
        let member = |key: &str| build.as_ref().ok().and_then(|build| build[key].as_str().map(str::to_owned));
        for (wanted, label, key) in
            [(which.apibuild, "whisk API build", "build"), (which.apibuildno, "whisk API build number", "buildno")]
        {
            if all || wanted {
                shown.push((label, Some(member(key).unwrap_or_else(|| "Unknown".to_owned()))));
            }
        }
        built = build.map(|_| ());
    }
    print(&shown, which.output.unwrap_or(connection.format()));
    built
}

fn build_of(connection: &Connection) -> Result<Value, Failure> {
    let unable = "Unable to obtain API build information";
    let server = connection
        .open_anonymously()
        .map_err(|failed| Failure { message: format!("{unable}: {}", failed.message), ..failed })?;
    server.get("").map_err(|refusal| refusal.because(unable))
}

fn print(shown: &[(&str, Option<String>)], format: Format) {
    match (format, shown) {
        (Format::Json, _) => {
            let all: Map<String, Value> =
                shown.iter().map(|(label, value)| ((*label).to_owned(), value.clone().into())).collect();
            Screen { format }.document(&Value::Object(all));
        }
        (Format::Table, shown) => {
            for (label, value) in shown {
                screen::line(&format!("{label}\t\t{}", value.as_deref().unwrap_or("not set")));
            }
        }
    }
}

fn set(values: &PropertyValues) -> Result<(), Failure> {
    let mut properties = Properties::load_own()?;
    let mut said = Vec::new();
    if let Some(auth) = &values.auth {
        if !auth.contains(':') {
            return Err(Failure::usage("The authorization key must have the form UUID:KEY"));
        }
        properties.set(wskprops::AUTH, auth);
        said.push("whisk auth set. Run 'wask property get --auth' to see the new value.".to_owned());
    }
    if let Some(host) = &values.apihost {
        let url: Result<http::Uri, _> = url_of(host).parse();
        if let Err(cause) = url {
            return Err(Failure::usage(format!(
                "Unable to set API host value; the API host value '{host}' is invalid: {cause}"
            )));
        }
        properties.set(wskprops::API_HOST, host.trim_end_matches('/'));
        said.push(format!("whisk API host set to {}", bold(host)));
    }
    for (key, label, value) in [
        (wskprops::API_VERSION, "whisk API version", values.apiversion.clone()),
        (wskprops::NAMESPACE, "whisk namespace", values.namespace.clone()),
        (wskprops::INSECURE, "insecure SSL", values.insecure.map(|value| value.to_string())),
    ] {
        if let Some(value) = value {
            properties.set(key, &value);
            said.push(format!("{label} set to {}", bold(value)));
        }
    }
    properties.save()?;
    say(&said);
    Ok(())
}

fn unset(which: &PropertyFlags) -> Result<(), Failure> {
    let mut properties = Properties::load_own()?;
    let mut said = Vec::new();
    for (wanted, key, sentence) in [
        (which.auth, wskprops::AUTH, "whisk auth unset."),
        (which.apihost, wskprops::API_HOST, "whisk API host unset."),
        (which.apiversion, wskprops::API_VERSION, "whisk API version unset; the default value of v1 will be used."),
        (which.namespace, wskprops::NAMESPACE, "whisk namespace unset; the default value of _ will be used."),
        (which.insecure, wskprops::INSECURE, "insecure SSL unset; the default value of false will be used."),
    ] {
        if wanted || which.all {
            properties.unset(key);
            said.push(sentence.to_owned());
        }
    }
    if said.is_empty() {
        return Err(Failure::usage(
            "Name the properties to unset: --auth, --apihost, --apiversion, --namespace, --insecure or --all",
        ));
    }
    properties.save()?;
    say(&said);
    Ok(())
}

fn say(sentences: &[String]) {
    let screen = Screen { format: Format::Table };
    for sentence in sentences {
        screen.done(sentence, &Value::Null);
    }
}
