//! `wask export`: writes a namespace as a manifest and code files.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Map, Value, json};

use super::file::escaped;
use super::inputs;
use super::reader::NO_PACKAGE;
use crate::actions::{Web, decoded, write_new};
use crate::connection::Connection;
use crate::entities::{self, ACTION, PACKAGE, RULE, TRIGGER};
use crate::failure::Failure;
use crate::feeds::{self, LifecycleEvent};
use crate::http::Server;
use crate::names::{Name, Scope};
use crate::parameters::{object_of, wire};
use crate::screen::{self, Screen};
use crate::triggers::feed_of;
use crate::yaml;

/// Annotations that the manifest expresses in another field, or that the server sets.
const NOT_EXPORTED: [&str; 5] = ["exec", "provide-api-key", "binding", "feed", "require-whisk-auth"];

#[derive(Args)]
pub struct ExportArgs {
    /// Packages to export, with the rules that invoke their actions [default: everything]
    #[arg(value_name = "PACKAGE")]
    packages: Vec<String>,
    /// Manifest to write, with the code in files next to it; existing files are not overwritten
    #[arg(short = 'm', long, value_name = "FILE", default_value = "manifest.yaml")]
    manifest: PathBuf,
    #[command(flatten)]
    connection: Connection,
}

pub fn run(args: ExportArgs, earlier: &Connection) -> Result<(), Failure> {
    let connection = args.connection.clone().or(earlier);
    let screen = Screen { format: connection.format() };
    let server = connection.open()?;
    let folder = args.manifest.parent().unwrap_or(Path::new(""));
    let mut export = Export {
        server: &server,
        folder,
        only: args.packages,
        packages: Map::new(),
        lent: HashMap::new(),
        files: Vec::new(),
    };
    export.packages()?;
    export.actions()?;
    let triggers = export.rules()?;
    export.triggers(triggers)?;
    if let Some(missing) = export.only.iter().find(|package| !export.packages.contains_key(*package)) {
        return Err(Failure { message: format!("Unable to get package '{missing}'"), exit: 148 });
    }
    let manifest = json!({ "packages": export.packages });
    let manifest = (args.manifest.clone(), written(manifest)?.into_bytes());
    // The manifest first: if it exists already, nothing is written.
    for (file, bytes) in std::iter::once(&manifest).chain(&export.files) {
        let parent = file.parent().unwrap_or(Path::new(""));
        std::fs::create_dir_all(parent)
            .map_err(|cause| Failure::general(format!("Cannot create folder '{}': {cause}", parent.display())))?;
        write_new(file, bytes)?;
    }
    let count = export.files.len();
    let sentence = format!("wrote {} and {count} code files", args.manifest.display());
    screen.done(
        &sentence,
        &json!({ "manifest": args.manifest, "files": export.files.iter().map(|(file, _)| file).collect::<Vec<_>>() }),
    );
    Ok(())
}

/// A manifest as YAML without variables, which [`parse`](super::file::parse) reads unchanged.
pub fn written(manifest: Value) -> Result<String, Failure> {
    yaml::write(&escape(manifest))
        .map_err(|cause| Failure::general(format!("cannot write the manifest as YAML: {cause}")))
}

struct Export<'a> {
    server: &'a Server,
    folder: &'a Path,
    /// The packages to export; empty: everything.
    only: Vec<String>,
    packages: Map<String, Value>,
    /// The parameters of each package, which its actions list among their own.
    lent: HashMap<String, Map<String, Value>>,
    /// Code files and their contents.
    files: Vec<(PathBuf, Vec<u8>)>,
}

impl Export<'_> {
    fn wants(&self, package: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only == package)
    }

    /// Adds an entity to a section of a package.
    fn add(&mut self, package: &str, section: &str, name: &str, entity: Map<String, Value>) {
        let package = self.packages.entry(package).or_insert_with(|| json!({}));
        if package[section].is_null() {
            package[section] = json!({});
        }
        package[section][name] = Value::Object(entity);
    }

    fn packages(&mut self) -> Result<(), Failure> {
        for summary in entities::all(self.server, PACKAGE, &Scope::default())? {
            let name = text(&summary["name"]);
            if !self.wants(name) {
                continue;
            }
            let document = entities::fetch(self.server, PACKAGE, &Name::own(name))?;
            let mut entity = described(&document);
            match document["binding"]["name"].as_str() {
                Some(bound) => {
                    let location = format!("/{}/{bound}", text(&document["binding"]["namespace"]));
                    entity.insert("location".to_owned(), location.into());
                    let home = if self.only.is_empty() { NO_PACKAGE } else { name };
                    self.add(home, "dependencies", name, entity);
                }
                None => {
                    if document["publish"] == true {
                        entity.insert("public".to_owned(), true.into());
                    }
                    self.lent.insert(name.to_owned(), object_of(&document["parameters"]));
                    self.packages.insert(name.to_owned(), Value::Object(entity));
                }
            }
        }
        Ok(())
    }

    fn actions(&mut self) -> Result<(), Failure> {
        let package_of =
            |summary: &Value| text(&summary["namespace"]).split_once('/').map(|(_, package)| package.to_owned());
        for summary in entities::all(self.server, ACTION, &Scope::default())? {
            let package = package_of(&summary);
            let section = package.clone().unwrap_or_else(|| NO_PACKAGE.to_owned());
            if !self.wants(&section) {
                continue;
            }
            let name = Name { package, ..Name::own(text(&summary["name"])) };
            let mut document = self
                .server
                .get(&name.path("actions"))
                .map_err(|refusal| refusal.because(format!("Unable to get action '{}'", name.short())))?;
            let mut own = object_of(&document["parameters"]);
            own.retain(|key, value| self.lent.get(&section).and_then(|lent| lent.get(key)) != Some(value));
            document["parameters"] = wire(&own);
            if document["exec"]["kind"] == "sequence" {
                self.add(&section, "sequences", &name.entity, sequence(&document));
            } else {
                let entity = self.action(&section, &name.entity, &document)?;
                self.add(&section, "actions", &name.entity, entity);
            }
        }
        Ok(())
    }

    fn action(&mut self, package: &str, name: &str, document: &Value) -> Result<Map<String, Value>, Failure> {
        let exec = &document["exec"];
        let mut entity = Map::new();
        if exec["code"].as_str().is_some_and(|code| !code.is_empty()) {
            let (bytes, extension) = decoded(exec)?;
            let file = format!("{package}/{name}.{extension}");
            self.files.push((self.folder.join(&file), bytes));
            entity.insert("function".to_owned(), file.into());
        }
        match exec["image"].as_str() {
            Some(image) => entity.insert("docker".to_owned(), image.into()),
            None => entity.insert("runtime".to_owned(), exec["kind"].clone()),
        };
        if let Some(main) = exec["main"].as_str() {
            entity.insert("main".to_owned(), main.into());
        }
        let limits =
            [("timeout", "timeout"), ("memorySize", "memory"), ("logSize", "logs"), ("concurrency", "concurrency")];
        let limits = limits.into_iter().filter_map(|(key, name)| {
            Some((key.to_owned(), document["limits"].get(name).filter(|limit| !limit.is_null())?.clone()))
        });
        entity.insert("limits".to_owned(), Value::Object(limits.collect()));
        entity.extend(web(document));
        entity.extend(described(document));
        Ok(entity)
    }

    /// Adds the rules of the namespace, or those that invoke actions of the packages. Returns the triggers that they use.
    fn rules(&mut self) -> Result<Vec<String>, Failure> {
        let mut triggers = Vec::new();
        for rule in entities::all(self.server, RULE, &Scope::default())? {
            let action = text(&rule["action"]["path"]).split_once('/').map_or(NO_PACKAGE, |(_, package)| package);
            if !self.wants(action) {
                continue;
            }
            let full = |reference: &Value| format!("/{}/{}", text(&reference["path"]), text(&reference["name"]));
            let mut entity = described(&rule);
            let own = |reference: &Value| own_name(&full(reference), text(&rule["namespace"]));
            entity.insert("trigger".to_owned(), own(&rule["trigger"]).into());
            entity.insert("action".to_owned(), own(&rule["action"]).into());
            triggers.push(text(&rule["trigger"]["name"]).to_owned());
            self.add(action, "rules", text(&rule["name"]), entity);
        }
        Ok(triggers)
    }

    fn triggers(&mut self, needed: Vec<String>) -> Result<(), Failure> {
        for summary in entities::all(self.server, TRIGGER, &Scope::default())? {
            let name = text(&summary["name"]);
            let home = match self.only.first() {
                None => NO_PACKAGE.to_owned(),
                Some(first) if needed.iter().any(|needed| needed == name) => first.clone(),
                Some(_) => continue,
            };
            let document = entities::fetch(self.server, TRIGGER, &Name::own(name))?;
            let mut entity = described(&document);
            if let Some(feed) = feed_of(&document) {
                entity.insert("feed".to_owned(), feed.to_string().into());
                entity.insert("inputs".to_owned(), self.feed_parameters(&feed, &Name::own(name)));
            }
            self.add(&home, "triggers", name, entity);
        }
        Ok(())
    }

    /// The parameters of a feed, as far as it reports them.
    fn feed_parameters(&self, feed: &Name, trigger: &Name) -> Value {
        let record = match feeds::invoke(self.server, feed, LifecycleEvent::Read, trigger, Map::new()) {
            Ok(record) => record,
            Err(refusal) => {
                screen::warning(&refusal.because(format!("Unable to configure feed '{feed}'")).message);
                return json!({});
            }
        };
        let config = record["response"]["result"]["config"].as_object().cloned().unwrap_or_default();
        let told = config.into_iter().filter(|(key, _)| !["name", "namespace"].contains(&key.as_str()));
        let told = told.map(|(key, value)| match key.as_str() {
            "payload" => ("trigger_payload".to_owned(), inputs::written(&value)),
            _ => (key, inputs::written(&value)),
        });
        Value::Object(told.collect())
    }
}

fn sequence(document: &Value) -> Map<String, Value> {
    let namespace = text(&document["namespace"]).split('/').next().unwrap_or_default();
    let components = document["exec"]["components"].as_array().into_iter().flatten();
    let components: Vec<String> = components.map(|name| own_name(text(name), namespace)).collect();
    let mut entity = Map::from_iter([("actions".to_owned(), components.join(", ").into())]);
    entity.extend(web(document));
    entity.extend(described(document));
    entity.shift_remove("inputs"); // the server's own list of components
    entity
}

/// `/guest/p/a` in `guest` → `/_/p/a`, which is valid in any namespace.
fn own_name(full: &str, namespace: &str) -> String {
    let own = full.strip_prefix('/').and_then(|rest| rest.strip_prefix(namespace)?.strip_prefix('/'));
    own.map_or_else(|| full.to_owned(), |rest| format!("/_/{rest}"))
}

/// Parameters and annotations.
fn described(document: &Value) -> Map<String, Value> {
    let mut entity = Map::new();
    let parameters = object_of(&document["parameters"]);
    if !parameters.is_empty() {
        let written = parameters.iter().map(|(key, value)| (key.clone(), inputs::written(value)));
        entity.insert("inputs".to_owned(), Value::Object(written.collect()));
    }
    let mut annotations = object_of(&document["annotations"]);
    annotations.retain(|key, _| !NOT_EXPORTED.contains(&key.as_str()));
    if let Some(mode) = web_mode(document) {
        mode.annotations().iter().for_each(|(key, _)| drop(annotations.shift_remove(key)));
    }
    if !annotations.is_empty() {
        entity.insert("annotations".to_owned(), Value::Object(annotations));
    }
    entity
}

/// The web mode whose annotations an action has; `None` if they match no mode.
fn web_mode(document: &Value) -> Option<Web> {
    let is = |mode: &Web| {
        let mut annotations = mode.annotations().into_iter();
        annotations.all(|(key, value)| entities::annotation(document, &key) == Some(&value))
    };
    [Web::Yes, Web::Raw, Web::No].into_iter().find(is)
}

fn web(document: &Value) -> Map<String, Value> {
    let mut entity = Map::new();
    if let Some(mode) = web_mode(document) {
        let written = match mode {
            Web::Yes => true.into(),
            Web::Raw => "raw".into(),
            Web::No => false.into(),
        };
        entity.insert("web".to_owned(), written);
    }
    if let Some(secret) = entities::annotation(document, "require-whisk-auth") {
        entity.insert("web-secure".to_owned(), secret.clone());
    }
    entity
}

/// Escapes all texts, so that reading finds no variables in them.
fn escape(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(escaped(&text)),
        Value::Array(items) => items.into_iter().map(escape).collect(),
        Value::Object(members) => members.into_iter().map(|(key, value)| (escaped(&key), escape(value))).collect(),
        other => other,
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
