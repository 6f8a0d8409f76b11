//! From a manifest to what it asks for. Source: the manifest format of wskdeploy, which aio shares.

use std::path::Path;

use serde_json::{Map, Value, json};

use super::inputs;
use super::node::Node;
use super::wanted::{Feed, Kind, WantedEntity};
use crate::actions::{Web, exec_of_file};
use crate::failure::Failure;
use crate::names::Name;
use crate::parameters::wire;

/// The package of this name is no package: what is in it stands in the namespace itself.
pub const NO_PACKAGE: &str = "default";

/// Where the packages may stand: wskdeploy's two places, then aio's two.
const PACKAGES: [&[&str]; 4] = [
    &["packages"],
    &["project", "packages"],
    &["application", "runtimeManifest", "packages"],
    &["runtimeManifest", "packages"],
];

const OF_PACKAGES: [&str; 17] = [
    "name",
    "version",
    "license",
    "public",
    "publish",
    "description",
    "annotations",
    "inputs",
    "parameters",
    "actions",
    "sequences",
    "triggers",
    "rules",
    "dependencies",
    "namespace",
    "credential",
    "apiHost",
];
const OF_ACTIONS: [&str; 19] = [
    "name",
    "version",
    "description",
    "function",
    "location",
    "code",
    "runtime",
    "docker",
    "native",
    "main",
    "web",
    "web-export",
    "web-secure",
    "conductor",
    "limits",
    "annotations",
    "inputs",
    "parameters",
    "outputs",
];
const OF_LIMITS: [&str; 7] =
    ["timeout", "memorySize", "memory", "logSize", "logs", "concurrency", "concurrentActivations"];

/// What a manifest asks for, and what in it was not understood.
#[derive(Debug, Default)]
pub struct ManifestContents {
    pub wanted: Vec<WantedEntity>,
    pub warnings: Vec<String>,
}

/// Reads a manifest; code is taken from files beside `file`.
pub fn wanted(manifest: &Value, file: &Path) -> Result<ManifestContents, Failure> {
    let root = Node::root(manifest);
    let found = PACKAGES.iter().find_map(|path| path.iter().try_fold(root.clone(), |node, key| node.member(key)));
    let Some(packages) = found else {
        return Err(Failure::general(format!("{}: there is no mapping `packages`", file.display())));
    };
    let mut reader = Reader { folder: file.parent().unwrap_or(Path::new("")), read: ManifestContents::default() };
    for (name, package) in packages.members()? {
        reader.package(name, &package)?;
    }
    let mut read = reader.read;
    read.wanted.sort_by_key(|wanted| wanted.kind); // stable: within a kind the manifest's order
    Ok(read)
}

struct Reader<'a> {
    folder: &'a Path,
    read: ManifestContents,
}

impl Reader<'_> {
    fn package(&mut self, name: &str, node: &Node<'_>) -> Result<(), Failure> {
        if !node.value.is_null() {
            node.members()?;
        }
        node.unknown(&OF_PACKAGES, &mut self.read.warnings);
        let package = (name != NO_PACKAGE).then_some(name);
        if package.is_some() {
            let mut body = entity(node)?;
            let public = node.member("public").or_else(|| node.member("publish"));
            body.insert("publish".to_owned(), public.map_or(Ok(false), |node| node.flag())?.into());
            self.add(Kind::Package, Name::own(name), body, None);
        }
        for (name, dependency) in node.members_of("dependencies")? {
            self.binding(name, &dependency)?;
        }
        for (name, action) in node.members_of("actions")? {
            self.action(within(package, name), &action)?;
        }
        for (name, sequence) in node.members_of("sequences")? {
            self.sequence(within(package, name), &sequence)?;
        }
        for (name, trigger) in node.members_of("triggers")? {
            self.trigger(name, &trigger)?;
        }
        for (name, rule) in node.members_of("rules")? {
            self.rule(name, package, &rule)?;
        }
        Ok(())
    }

    fn add(&mut self, kind: Kind, name: Name, body: Map<String, Value>, feed: Option<Feed>) {
        self.read.wanted.push(WantedEntity { kind, name, body, feed });
    }

    /// A dependency is a binding: its location is a package, like `/whisk.system/alarms`.
    fn binding(&mut self, name: &str, node: &Node<'_>) -> Result<(), Failure> {
        node.unknown(&["location", "version", "inputs", "parameters", "annotations"], &mut self.read.warnings);
        let location = node.member("location").ok_or_else(|| node.wrong("needs a location"))?;
        let package = location.text()?;
        let package: Name = match package.starts_with('/').then(|| package.parse()) {
            Some(Ok(package @ Name { package: None, .. })) => package,
            _ => return Err(location.wrong("must be a package like /whisk.system/alarms")),
        };
        let mut body = entity(node)?;
        body.insert("binding".to_owned(), json!({ "namespace": package.namespace, "name": package.entity }));
        self.add(Kind::Package, Name::own(name), body, None);
        Ok(())
    }

    fn action(&mut self, name: Name, node: &Node<'_>) -> Result<(), Failure> {
        node.unknown(&OF_ACTIONS, &mut self.read.warnings);
        let mut body = entity(node)?;
        let mut annotations = annotations(node)?;
        if let Some(conductor) = node.member("conductor") {
            annotations.insert("conductor".to_owned(), conductor.flag()?.into());
        }
        body.insert("annotations".to_owned(), wire(&annotations));
        body.insert("exec".to_owned(), self.exec(node)?);
        if let Some(limits) = node.member("limits") {
            limits.unknown(&OF_LIMITS, &mut self.read.warnings);
            let limits = read_limits(&limits)?;
            body.insert("limits".to_owned(), Value::Object(limits));
        }
        self.add(Kind::Action, name, body, None);
        Ok(())
    }

    /// `function` names a file beside the manifest, `code` is the code itself.
    fn exec(&self, node: &Node<'_>) -> Result<Value, Failure> {
        let native = node.member("native").map_or(Ok(false), |node| node.flag())?;
        let image = match (node.text_of("docker")?, native) {
            (Some(image), _) => Some(image),
            (None, native) => native.then(|| "openwhisk/dockerskeleton".to_owned()),
        };
        let kind = if image.is_some() { Some("blackbox".to_owned()) } else { node.text_of("runtime")? };
        let function = node.member("function").or_else(|| node.member("location"));
        let mut exec = match (&function, node.text_of("code")?) {
            (Some(function), _) => exec_of_file(&self.folder.join(function.text()?), kind.as_deref())
                .map_err(|failed| Failure { message: format!("{}: {}", function.path, failed.message), ..failed })?,
            (None, Some(code)) => json!({ "kind": kind.as_deref().unwrap_or("wasm:default"), "code": code }),
            (None, None) if image.is_some() => json!({ "kind": "blackbox" }),
            (None, None) => return Err(node.wrong("needs a function, which is a file, or code")),
        };
        if let Some(image) = image {
            exec["image"] = image.into();
        }
        if let Some(main) = node.text_of("main")? {
            exec["main"] = main.into();
        }
        Ok(exec)
    }

    fn sequence(&mut self, name: Name, node: &Node<'_>) -> Result<(), Failure> {
        node.unknown(
            &["actions", "web", "web-export", "web-secure", "description", "annotations", "inputs", "limits"],
            &mut self.read.warnings,
        );
        let actions = node.member("actions").ok_or_else(|| node.wrong("needs actions"))?;
        let list = match actions.value {
            Value::Array(items) => items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(","),
            _ => actions.text()?,
        };
        let components: Result<Vec<String>, Failure> = list
            .split(',')
            .map(str::trim)
            .map(|action| Ok(reference(action, name.package.as_deref(), &actions)?.to_string()))
            .collect();
        let mut body = Map::new();
        body.insert("annotations".to_owned(), wire(&annotations(node)?));
        body.insert("exec".to_owned(), json!({ "kind": "sequence", "components": components? }));
        self.add(Kind::Sequence, name, body, None);
        Ok(())
    }

    fn trigger(&mut self, name: &str, node: &Node<'_>) -> Result<(), Failure> {
        node.unknown(
            &["feed", "source", "namespace", "credential", "inputs", "parameters", "description", "annotations"],
            &mut self.read.warnings,
        );
        let mut annotations = annotations(node)?;
        let parameters = inputs::read(node)?;
        let source = node.member("feed").or_else(|| node.member("source"));
        let (feed, own) = match source {
            None => (None, parameters),
            Some(source) => {
                let action: Name = source.text()?.parse().map_err(|cause: String| source.wrong(&cause))?;
                annotations.insert("feed".to_owned(), action.to_string().into());
                (Some(Feed { action, parameters }), Map::new())
            }
        };
        let body =
            Map::from_iter([("annotations".to_owned(), wire(&annotations)), ("parameters".to_owned(), wire(&own))]);
        self.add(Kind::Trigger, Name::own(name), body, feed);
        Ok(())
    }

    fn rule(&mut self, name: &str, package: Option<&str>, node: &Node<'_>) -> Result<(), Failure> {
        node.unknown(&["trigger", "action", "rule", "description", "annotations"], &mut self.read.warnings);
        let needed = |key: &str| node.member(key).ok_or_else(|| node.wrong(&format!("needs {key}")));
        let (trigger, action) = (needed("trigger")?, needed("action")?);
        let body = Map::from_iter([
            ("trigger".to_owned(), reference(&trigger.text()?, None, &trigger)?.to_string().into()),
            ("action".to_owned(), reference(&action.text()?, package, &action)?.to_string().into()),
            ("annotations".to_owned(), wire(&annotations(node)?)),
        ]);
        self.add(Kind::Rule, Name::own(name), body, None);
        Ok(())
    }
}

fn within(package: Option<&str>, name: &str) -> Name {
    Name { package: package.map(str::to_owned), ..Name::own(name) }
}

/// A bare name is in the package that it is mentioned in.
fn reference(text: &str, package: Option<&str>, node: &Node<'_>) -> Result<Name, Failure> {
    let name: Name = text.parse().map_err(|cause: String| node.wrong(&cause))?;
    match text.contains('/') {
        true => Ok(name),
        false => Ok(Name { package: package.map(str::to_owned), ..name }),
    }
}

/// What all entities have: parameters and annotations.
fn entity(node: &Node<'_>) -> Result<Map<String, Value>, Failure> {
    Ok(Map::from_iter([
        ("parameters".to_owned(), wire(&inputs::read(node)?)),
        ("annotations".to_owned(), wire(&annotations(node)?)),
    ]))
}

/// Annotations as such, and the members that are short for some.
fn annotations(node: &Node<'_>) -> Result<Map<String, Value>, Failure> {
    let mut all = Map::new();
    if let Some(description) = node.text_of("description")? {
        all.insert("description".to_owned(), description.into());
    }
    all.extend(node.object_of("annotations")?);
    if let Some(web) = node.member("web").or_else(|| node.member("web-export")) {
        let mode: Web = web.text()?.parse().map_err(|cause: String| web.wrong(&cause))?;
        all.extend(mode.annotations());
    }
    if let Some(secret) = node.member("web-secure") {
        match secret.value {
            Value::Bool(false) => None,
            Value::Bool(true) => {
                return Err(secret.wrong("must be the secret itself, or each deployment would make another"));
            }
            secret => all.insert("require-whisk-auth".to_owned(), secret.clone()),
        };
    }
    Ok(all)
}

fn read_limits(node: &Node<'_>) -> Result<Map<String, Value>, Failure> {
    let mut limits = Map::new();
    for (key, name) in [
        ("timeout", "timeout"),
        ("memory", "memory"),
        ("memorySize", "memory"),
        ("logs", "logs"),
        ("logSize", "logs"),
        ("concurrency", "concurrency"),
        ("concurrentActivations", "concurrency"),
    ] {
        if let Some(limit) = node.member(key) {
            limits.insert(name.to_owned(), limit.whole()?.into());
        }
    }
    Ok(limits)
}
