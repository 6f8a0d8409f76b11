//! Where settings come from: layers of values, each with the name of its origin, and the one line that is said of a
//! setting that cannot be used.

use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;

use figment::error::{Actual, Kind};
use figment::providers::{Format as _, Toml};
use figment::value::{Dict, Map, Value};
use figment::{Figment, Metadata, Profile, Provider};
use serde::de::DeserializeOwned;

/// Variables are `WASK_<SECTION>__<SETTING>`; others that begin with `WASK_` are not ours.
const PREFIX: &str = "WASK_";
const SEPARATOR: &str = "__";

/// A setting that cannot be used: which one, its value, where that comes from, what is allowed. One line.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct BadConfig(String);

impl BadConfig {
    pub fn new(problem: &str) -> Self {
        BadConfig(problem.split_whitespace().collect::<Vec<_>>().join(" "))
    }
}

/// Layers of settings, later ones above earlier ones.
#[derive(Debug)]
pub struct Sources(Figment);

/// One layer: its origin as people read it, and its values.
struct Layer {
    origin: Arc<str>,
    values: Map<Profile, Dict>,
}

impl Provider for Layer {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.origin.to_string())
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        Ok(self.values.clone())
    }
}

impl Sources {
    /// The lowest layer: the page of defaults.
    pub fn defaults(page: &str) -> Self {
        let values = Toml::string(page).data().expect("the page of defaults is TOML, a test reads it");
        Sources(Figment::from(Layer { origin: "default".into(), values }))
    }

    /// Lays one value on top.
    pub fn set(&mut self, origin: &str, setting: &str, value: Value) {
        let dict = figment::util::nest(setting, value).into_dict().unwrap_or_default();
        self.add(origin, Profile::Default.collect(dict));
    }

    fn add(&mut self, origin: &str, values: Map<Profile, Dict>) {
        self.0 = self.0.clone().merge(Layer { origin: origin.into(), values });
    }

    /// Lays a TOML file on top.
    pub fn add_file(&mut self, file: &Path) -> Result<(), BadConfig> {
        let name = file.display();
        let text = std::fs::read_to_string(file)
            .map_err(|cause| BadConfig::new(&format!("--config = {name}: the file cannot be read: {cause}")))?;
        let values = Toml::string(&text).data().map_err(|error| {
            let text = error.to_string(); // where, then the line itself and a pointer, then what is wrong
            let mut lines = text.lines().filter(|line| !line.trim().is_empty());
            let (place, wrong) = (lines.next().unwrap_or_default(), lines.next_back().unwrap_or_default());
            BadConfig::new(&format!("--config = {name}: {place}: {wrong}"))
        })?;
        self.add(&name.to_string(), values);
        Ok(())
    }

    /// Lays the variables that are settings on top. A setting whose default is text takes the variable's text as it is.
    pub fn add_environment(&mut self, variables: impl Iterator<Item = (OsString, OsString)>) -> Result<(), BadConfig> {
        for (name, text) in variables {
            let Some(name) = name.to_str() else { continue };
            let Some(setting) = name.strip_prefix(PREFIX).filter(|rest| rest.contains(SEPARATOR)) else { continue };
            let setting = setting.to_lowercase().replace(SEPARATOR, ".");
            let text = text.to_str().ok_or_else(|| BadConfig::new(&format!("{setting} ({name}): must be UTF-8")))?;
            let value = match self.0.find_value(&setting) {
                Ok(Value::String(..)) => Value::from(text),
                Ok(Value::Num(..)) => parsed(&text.replace('_', "")),
                Ok(_) | Err(_) => parsed(text),
            };
            self.set(name, &setting, value);
        }
        Ok(())
    }

    /// The value of each setting from the topmost layer that has one.
    pub fn extract<T: DeserializeOwned>(&self) -> Result<T, BadConfig> {
        self.0.extract().map_err(|error| self.one_line(&error))
    }

    /// `setting = value (origin): problem`
    pub fn refuse(&self, setting: &str, problem: &str) -> BadConfig {
        BadConfig::new(&format!("{}: {problem}", self.describe(setting)))
    }

    /// The value of a setting that is text.
    pub fn text(&self, setting: &str) -> Option<String> {
        self.0.find_value(setting).ok()?.into_string()
    }

    pub fn origin(&self, setting: &str) -> String {
        self.0.find_metadata(setting).map_or("default", |metadata| &metadata.name).to_owned()
    }

    /// `setting = value (origin)`
    pub fn describe(&self, setting: &str) -> String {
        let origin = self.origin(setting);
        match self.0.find_value(setting) {
            Ok(value) => format!("{setting} = {} ({origin})", shown(&value)),
            Err(_) => format!("{setting} ({origin})"),
        }
    }

    /// The first of the errors.
    fn one_line(&self, error: &figment::Error) -> BadConfig {
        let path = error.path.join(".");
        match &error.kind {
            Kind::UnknownField(name, known) => {
                let (section, dot) = (path.strip_suffix(name.as_str()).unwrap_or(&path).trim_end_matches('.'), ".");
                let setting = if section.is_empty() { name.clone() } else { [section, name].join(dot) };
                let origin = error.metadata.as_ref().map_or("unknown", |metadata| &metadata.name);
                BadConfig::new(&format!(
                    "{setting} ({origin}): there is no such setting; there are {}",
                    known.join(", ")
                ))
            }
            kind => self.refuse(&path, &problem(kind)),
        }
    }
}

fn parsed(text: &str) -> Value {
    text.parse().unwrap_or_else(|never: std::convert::Infallible| match never {})
}

fn shown(value: &Value) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

fn problem(kind: &Kind) -> String {
    match kind {
        Kind::InvalidType(_, expected) | Kind::InvalidValue(Actual::Signed(_) | Actual::Unsigned(_), expected) => {
            format!("must be {}", in_words(expected))
        }
        Kind::UnknownVariant(_, known) => format!("must be one of {}", known.join(", ")),
        Kind::Message(text) if text.contains("socket address") => {
            "must be an IP address and a port, like 127.0.0.1:3233".to_owned()
        }
        other => other.to_string(),
    }
}

/// What serde calls a type, for people.
fn in_words(expected: &str) -> String {
    match expected {
        "u16" => format!("a whole number from 0 to {}", u16::MAX),
        "u32" => format!("a whole number from 0 to {}", u32::MAX),
        "u64" | "usize" => "a whole number from 0 on".to_owned(),
        "a boolean" => "true or false".to_owned(),
        "a string" | "path string" => "text".to_owned(),
        "socket address" => "an IP address and a port, like 127.0.0.1:3233".to_owned(),
        section if section.starts_with("struct ") => "a section of settings".to_owned(),
        other => other.to_owned(),
    }
}
