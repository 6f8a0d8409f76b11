//! The manifest format of wskdeploy, which aio shares: which fields there are and what each may hold. A field that starts
//! with an underscore is known and has no effect here.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use crate::actions::Web;
use crate::names::Name;

/// How many characters of a wrong value an error quotes.
const QUOTED: usize = 60;

#[derive(Default, Deserialize)]
#[serde(expecting = "a mapping")]
pub struct Package {
    pub public: Option<Flag>,
    pub publish: Option<Flag>,
    pub description: Option<Text>,
    pub annotations: Option<Map<String, Value>>,
    pub inputs: Option<Map<String, Value>>,
    pub parameters: Option<Map<String, Value>>,
    pub actions: Option<Entries<Option<Action>>>,
    pub sequences: Option<Entries<Sequence>>,
    pub triggers: Option<Entries<Option<Trigger>>>,
    pub rules: Option<Entries<Rule>>,
    pub dependencies: Option<Entries<Dependency>>,
    #[serde(rename = "name")]
    _name: Option<Value>,
    #[serde(rename = "version")]
    _version: Option<Value>,
    #[serde(rename = "license")]
    _license: Option<Value>,
    #[serde(rename = "namespace")]
    _namespace: Option<Value>,
    #[serde(rename = "credential")]
    _credential: Option<Value>,
    #[serde(rename = "apiHost")]
    _api_host: Option<Value>,
}

/// A binding: its location is a package, like `/whisk.system/alarms`.
#[derive(Deserialize)]
#[serde(expecting = "a mapping")]
pub struct Dependency {
    pub location: Parsed<BoundPackage>,
    pub description: Option<Text>,
    pub annotations: Option<Map<String, Value>>,
    pub inputs: Option<Map<String, Value>>,
    pub parameters: Option<Map<String, Value>>,
    #[serde(rename = "version")]
    _version: Option<Value>,
}

#[derive(Default, Deserialize)]
#[serde(expecting = "a mapping", rename_all = "kebab-case")]
pub struct Action {
    /// A file next to the manifest.
    pub function: Option<Text>,
    pub location: Option<Text>,
    /// The code itself.
    pub code: Option<Text>,
    pub runtime: Option<Text>,
    pub docker: Option<Text>,
    pub native: Option<Flag>,
    pub main: Option<Text>,
    pub web: Option<Parsed<Web>>,
    pub web_export: Option<Parsed<Web>>,
    pub web_secure: Option<WebSecure>,
    pub conductor: Option<Flag>,
    pub limits: Option<Limits>,
    pub description: Option<Text>,
    pub annotations: Option<Map<String, Value>>,
    pub inputs: Option<Map<String, Value>>,
    pub parameters: Option<Map<String, Value>>,
    #[serde(rename = "name")]
    _name: Option<Value>,
    #[serde(rename = "version")]
    _version: Option<Value>,
    #[serde(rename = "outputs")]
    _outputs: Option<Value>,
}

#[derive(Deserialize)]
#[serde(expecting = "a mapping", rename_all = "camelCase")]
pub struct Limits {
    pub timeout: Option<Whole>,
    pub memory: Option<Whole>,
    pub memory_size: Option<Whole>,
    pub logs: Option<Whole>,
    pub log_size: Option<Whole>,
    pub concurrency: Option<Whole>,
    pub concurrent_activations: Option<Whole>,
}

#[derive(Deserialize)]
#[serde(expecting = "a mapping", rename_all = "kebab-case")]
pub struct Sequence {
    pub actions: Components,
    pub web: Option<Parsed<Web>>,
    pub web_export: Option<Parsed<Web>>,
    pub web_secure: Option<WebSecure>,
    pub description: Option<Text>,
    pub annotations: Option<Map<String, Value>>,
    #[serde(rename = "inputs")]
    _inputs: Option<Value>,
    #[serde(rename = "limits")]
    _limits: Option<Value>,
}

#[derive(Default, Deserialize)]
#[serde(expecting = "a mapping")]
pub struct Trigger {
    pub feed: Option<Parsed<Name>>,
    pub source: Option<Parsed<Name>>,
    pub description: Option<Text>,
    pub annotations: Option<Map<String, Value>>,
    pub inputs: Option<Map<String, Value>>,
    pub parameters: Option<Map<String, Value>>,
    #[serde(rename = "namespace")]
    _namespace: Option<Value>,
    #[serde(rename = "credential")]
    _credential: Option<Value>,
}

#[derive(Deserialize)]
#[serde(expecting = "a mapping")]
pub struct Rule {
    pub trigger: Parsed<Name>,
    pub action: Parsed<Reference>,
    pub description: Option<Text>,
    pub annotations: Option<Map<String, Value>>,
    #[serde(rename = "rule")]
    _rule: Option<Value>,
}

/// The members of a mapping, in the manifest's order.
pub struct Entries<T>(pub Vec<(String, T)>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Entries<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EntriesVisitor<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for EntriesVisitor<T> {
            type Value = Entries<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a mapping")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }

        deserializer.deserialize_map(EntriesVisitor(PhantomData))
    }
}

/// Text; a number or a boolean counts as what it looks like.
pub struct Text(pub String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        text(&value).map(Text).ok_or_else(|| wrong("must be text", &value))
    }
}

/// A boolean; `yes` and `no` are booleans too.
pub struct Flag(pub bool);

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        match text(&value).unwrap_or_default().to_ascii_lowercase().as_str() {
            "true" | "yes" => Ok(Flag(true)),
            "false" | "no" => Ok(Flag(false)),
            _ => Err(wrong("must be true or false", &value)),
        }
    }
}

/// A whole number, perhaps as text.
pub struct Whole(pub u64);

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let number = value.as_u64().or_else(|| value.as_str()?.parse().ok());
        number.map(Whole).ok_or_else(|| wrong("must be a whole number", &value))
    }
}

/// Text with a form of its own.
pub struct Parsed<T>(pub T);

impl<'de, T: FromStr<Err = String>> Deserialize<'de> for Parsed<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let text = text(&value).ok_or_else(|| wrong("must be text", &value))?;
        text.parse().map(Parsed).map_err(|cause: String| wrong(&cause, &value))
    }
}

/// The secret of a web action; `None` for `false`.
pub struct WebSecure(pub Option<Value>);

impl<'de> Deserialize<'de> for WebSecure {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::Bool(false) => Ok(WebSecure(None)),
            random @ Value::Bool(true) => {
                Err(wrong("must be the secret itself, because a random one would change with each deployment", &random))
            }
            secret => Ok(WebSecure(Some(secret))),
        }
    }
}

/// A package that a binding can point at.
pub struct BoundPackage {
    pub namespace: String,
    pub name: String,
}

impl FromStr for BoundPackage {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.starts_with('/').then(|| text.parse()) {
            Some(Ok(Name { namespace, package: None, entity })) => Ok(BoundPackage { namespace, name: entity }),
            _ => Err("must be a package like /whisk.system/alarms".to_owned()),
        }
    }
}

/// An action's name in a package; a bare name belongs to that package.
pub struct Reference {
    name: Name,
    is_bare: bool,
}

impl Reference {
    pub fn within(self, package: Option<&str>) -> Name {
        if self.is_bare { Name { package: package.map(str::to_owned), ..self.name } } else { self.name }
    }
}

impl FromStr for Reference {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Ok(Reference { name: text.parse()?, is_bare: !text.contains('/') })
    }
}

/// The actions of a sequence: a list, or text with commas.
pub struct Components(pub Vec<Reference>);

impl<'de> Deserialize<'de> for Components {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let list = match &value {
            Value::Array(items) => items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(","),
            other => text(other).ok_or_else(|| wrong("must be text", other))?,
        };
        let components = list.split(',').map(|action| action.trim().parse());
        components.collect::<Result<_, String>>().map(Components).map_err(|cause| wrong(&cause, &value))
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn wrong<E: Error>(what: &str, value: &Value) -> E {
    let quoted: String = value.to_string().chars().take(QUOTED).collect();
    E::custom(format!("{what}, it is {quoted}"))
}
